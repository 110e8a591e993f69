import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MARK,
  MARK_MASK,
  SLOT_COUNT,
  slotOf,
  withMark,
} from "../../../agent/enforce/marks.ts";
import {
  type Guarded,
  PROBE_ADDRESS,
  type Rule,
} from "../../../agent/enforce/rule.ts";
import { guardRules } from "../../../agent/enforce/rules.ts";
import { renderRules } from "../../../agent/enforce/rules_text.ts";
import { anyGuard, anyPacket, guardOf } from "./guards.ts";
import { isTracked, type Passing, traverse } from "./rule_machine.ts";

const FAMILIES = [4, 6] as const;
const RUNS = { numRuns: 5_000 };

const anyFamily = fc.constantFrom(...FAMILIES);
const anyHook = fc.constantFrom("OUTPUT" as const, "FORWARD" as const);

const NEIGHBOUR = [131, 132, 133, 135, 136, 143];

for (const scope of ["host", "command"] as const) {
  for (const egress of ["audit", "block"] as const) {
    for (const family of FAMILIES) {
      const name = `${scope}_${egress}_v${family}.rules`;
      Deno.test(`renderRules() writes ${name}`, () => {
        const url = new URL(`../../fixtures/rules/${name}`, import.meta.url);
        const rules = guardRules(guardOf(scope, egress), family);
        assert.equal(renderRules(rules), Deno.readTextFileSync(url));
      });
    }
  }
}

/** What a rule set must let by without a question, said once more. */
function isExempt(
  packet: Passing,
  { guarded, family, hook }: {
    guarded: Guarded;
    family: 4 | 6;
    hook: "OUTPUT" | "FORWARD";
  },
): boolean {
  const { cgroup, inbound, listening } = guarded;
  const isReply = packet.direction === "REPLY" && isTracked(packet);
  const { protocol } = packet;
  const hasPorts = protocol === "tcp" || protocol === "udp";
  if (nibble(packet.connmark) === guarded.slot.allowMark) {
    // A command's rules see nothing else's packets.
    const isOurs = cgroup === null ||
      (hook === "OUTPUT" && isBelow(packet.cgroup, cgroup));
    return !(isOurs && isOpening(packet, guarded));
  }
  const isQuestion = protocol === "udp" && packet.destinationPort === 53;
  if (hook === "FORWARD") {
    return cgroup !== null || (inbound === "allow" && isReply && !isQuestion);
  }
  if (cgroup !== null && !isBelow(packet.cgroup, cgroup)) return true;
  const isBlocking = guarded.egress === "block";
  if (isBlocking && isForged(packet, { guarded, hook })) return false;
  if (packet.outInterface === "lo") {
    const isDns = hasPorts && packet.destinationPort === 53;
    const isProbe = family === 4 &&
      packet.destination === PROBE_ADDRESS.join(".");
    return !isDns && !isProbe;
  }
  if (isQuestion) return false;
  if (isReply && inbound === "allow") return true;
  if (
    isReply && inbound === "listening" && hasPorts &&
    listening[protocol].includes(packet.sourcePort)
  ) return true;
  if (cgroup !== null || !packet.byKernel) return false;
  if (nibble(packet.mark) === MARK.DENY) return false;
  if (packet.state === "RELATED") {
    if (isReply && !packet.confirmed) return true;
    if (nibble(packet.connmark) === guarded.slot.dnsMark) return true;
  }
  return family === 4
    ? protocol === "igmp"
    : protocol === "ipv6-icmp" && NEIGHBOUR.includes(packet.icmpType);
}

/** What it is asked as: some connections lose the mark that they have. */
function renew(
  packet: Passing,
  { guarded, hook }: { guarded: Guarded; hook: "OUTPUT" | "FORWARD" },
): Passing {
  const { slot, cgroup } = guarded;
  const isGuarded = cgroup === null ||
    (hook === "OUTPUT" && isBelow(packet.cgroup, cgroup));
  const isNew = (packet.protocol === "tcp" && packet.isSyn) ||
    (packet.state === "RELATED" && packet.isHelped);
  const isMarked = nibble(packet.connmark) === slot.allowMark;
  return isGuarded && isNew && isMarked
    ? { ...packet, connmark: withMark(packet.connmark, 0) }
    : packet;
}

/** Whether a user's process gives it a source of somebody else's. */
function isForged(
  packet: Passing,
  { guarded, hook }: { guarded: Guarded; hook: "OUTPUT" | "FORWARD" },
): boolean {
  const { slot, cgroup } = guarded;
  if (hook === "FORWARD" || nibble(packet.connmark) === slot.allowMark) {
    return false;
  }
  if (cgroup !== null && !isBelow(packet.cgroup, cgroup)) return false;
  const { isLocal, isUnspecified, byKernel, byRoot, state } = packet;
  const isUsers = !byKernel && !byRoot;
  return state === "NEW" && isUsers && !isLocal && !isUnspecified;
}

/** What may open a connection to another name, in a flow that was let go. */
function isOpening(packet: Passing, { slot, saidPorts }: Guarded): boolean {
  const { protocol, destinationPort, direction, mayOpen, connmark } = packet;
  return protocol === "udp" && mayOpen && direction === "ORIGINAL" &&
    isTracked(packet) && nibble(connmark) === slot.allowMark &&
    (saidPorts === null || saidPorts.includes(destinationPort));
}

function nibble(mark: number): number {
  return (mark & MARK_MASK) >>> 0;
}

function isBelow(path: string, cgroup: string): boolean {
  return path === cgroup || path.startsWith(`${cgroup}/`);
}

Deno.test("guardRules() asks about every packet that is not exempt, without its old verdict", () => {
  fc.assert(
    fc.property(
      ...[anyGuard, anyFamily, anyHook, anyPacket] as const,
      (guarded, family, hook, packet) => {
        const { slot } = guarded;
        const asked = renew(packet, { guarded, hook });
        const exempt = isExempt(asked, { guarded, family, hook });
        const after = { ...packet };
        const fate = traverse(guardRules(guarded, family), {
          table: "mangle",
          hook,
          packet: after,
        });
        assert.equal(after.connmark, asked.connmark);
        if (isForged(asked, { guarded, hook })) {
          const number = slot.flowQueue;
          assert.deepEqual(fate, { end: "queue", number, bypass: true });
          assert.equal(after.mark, withMark(packet.mark, MARK.DENY));
          return;
        }
        if (exempt) {
          assert.deepEqual(fate, { end: "continue" });
          return;
        }
        const { protocol } = packet;
        const isDns = (protocol === "udp" || protocol === "tcp") &&
          (packet.destinationPort === 53 ||
            (packet.sourcePort === 53 &&
              nibble(packet.connmark) === slot.dnsMark));
        const number = isDns ? slot.dnsQueue : slot.flowQueue;
        assert.deepEqual(fate, { end: "queue", number, bypass: true });
        const told = isOpening(asked, guarded) ? MARK.OPEN : 0;
        assert.equal(nibble(after.mark), told);
        assert.equal(after.mark & ~MARK_MASK, packet.mark & ~MARK_MASK);
      },
    ),
    RUNS,
  );
});

Deno.test("guardRules() refuses in block mode what nobody has decided", () => {
  fc.assert(
    fc.property(
      ...[anyGuard, anyFamily, anyHook, anyPacket] as const,
      (any, family, hook, packet) => {
        const guarded = { ...any, egress: "block" as const };
        fc.pre(!isExempt(packet, { guarded, family, hook }));
        const rules = guardRules(guarded, family);
        const { allowMark, dnsMark } = guarded.slot;
        const marks = [MARK.PASS, allowMark, dnsMark];
        fc.pre(!marks.some((mark) => mark === nibble(packet.mark)));
        const before = packet.connmark;
        const fate = traverse(rules, { table: "filter", hook, packet });
        assert.deepEqual(
          fate,
          isTracked(packet) && !isForged(packet, { guarded, hook })
            ? { end: "reject", how: refusalOf(packet, family) }
            : { end: "drop" },
        );
        assert.equal(packet.connmark, before);
        // And once more, should others' rules stand in front of the filter.
        const backstop = traverse(rules, { table: "security", hook, packet });
        assert.deepEqual(backstop, { end: "drop" });
      },
    ),
    RUNS,
  );
});

function refusalOf({ protocol }: Passing, family: 4 | 6): string {
  if (protocol === "tcp") return "tcp-reset";
  return family === 4 ? "icmp-admin-prohibited" : "icmp6-adm-prohibited";
}

/** What begins a connection has lost its mark on the way to the queue. */
function isRenewed(
  { protocol, isSyn, connmark }: Passing,
  allowMark: number,
): boolean {
  return protocol === "tcp" && isSyn && nibble(connmark) === allowMark;
}

Deno.test("guardRules() takes a mark that was saved meanwhile from what begins a connection", () => {
  fc.assert(
    fc.property(
      ...[anyGuard, anyFamily, anyHook, anyPacket] as const,
      (any, family, hook, packet) => {
        const guarded = { ...any, egress: "block" as const };
        const { allowMark } = guarded.slot;
        const begun = {
          ...packet,
          protocol: "tcp" as const,
          isSyn: true,
          state: "ESTABLISHED" as const,
          mark: withMark(packet.mark, MARK.PASS),
          connmark: withMark(packet.connmark, allowMark),
        };
        const rules = guardRules(guarded, family);
        traverse(rules, { table: "filter", hook, packet: begun });
        const isGuarded = guarded.cgroup === null ||
          (hook === "OUTPUT" && begun.cgroup === guarded.cgroup);
        fc.pre(isGuarded);
        assert.equal(nibble(begun.connmark), 0);
      },
    ),
    RUNS,
  );
});

Deno.test("guardRules() lets out in block mode what was allowed, in every table", () => {
  fc.assert(
    fc.property(
      ...[anyGuard, anyFamily, anyHook, anyPacket] as const,
      fc.constantFrom("pass", "allow", "dns"),
      (any, family, hook, packet, verdict) => {
        const guarded = { ...any, egress: "block" as const };
        const { allowMark, dnsMark } = guarded.slot;
        fc.pre(isTracked(packet) || verdict === "pass");
        fc.pre(!isForged(packet, { guarded, hook }));
        fc.pre(!isRenewed(packet, allowMark));
        // No query is of a flow that is not asked about again.
        fc.pre(verdict !== "dns" || nibble(packet.connmark) !== allowMark);
        const marks = { pass: MARK.PASS, allow: allowMark, dns: dnsMark };
        const mark = marks[verdict as keyof typeof marks];
        const before = packet.connmark;
        packet.mark = ((packet.mark & ~MARK_MASK) | mark) >>> 0;
        fc.pre(!isExempt(packet, { guarded, family, hook }));
        const rules = guardRules(guarded, family);
        for (const table of ["filter", "security"] as const) {
          const fate = traverse(rules, { table, hook, packet });
          assert.deepEqual(fate, { end: "continue" }, table);
        }
        // A flow is opened in its own direction, and not in somebody else's
        // name; a query is remembered in both directions.
        const isForeign = hook === "OUTPUT" && !packet.isLocal &&
          packet.outInterface !== "lo";
        const isOpening = packet.direction === "ORIGINAL" && !isForeign;
        const isSaved = packet.state !== "RELATED" &&
          (verdict === "dns" || (verdict === "allow" && isOpening));
        assert.equal(
          packet.connmark,
          isSaved ? ((before & ~MARK_MASK) | mark) >>> 0 : before,
        );
      },
    ),
    RUNS,
  );
});

Deno.test("guardRules() takes no other slot's mark for its own", () => {
  const anyOther = fc.integer({ min: 1, max: SLOT_COUNT - 1 });
  const anyMark = fc.constantFrom("allowMark" as const, "dnsMark" as const);
  fc.assert(
    fc.property(
      ...[anyGuard, anyFamily, anyHook, anyPacket, anyOther, anyMark] as const,
      (any, family, hook, anyOne, distance, kind) => {
        const guarded = { ...any, egress: "block" as const };
        const other = slotOf((guarded.slot.number + distance) % SLOT_COUNT);
        const packet = {
          ...anyOne,
          mark: withMark(anyOne.mark, other[kind]),
          connmark: withMark(anyOne.connmark, other[kind]),
        };
        const rules = guardRules(guarded, family);
        // As an answer it is not this guard's to learn from.
        for (const protocol of ["udp", "tcp"] as const) {
          const answer = { ...packet, protocol, sourcePort: 53 };
          assert.deepEqual(
            traverse(rules, { table: "mangle", hook: "INPUT", packet: answer }),
            { end: "continue" },
          );
        }
        fc.pre(!isExempt(packet, { guarded, family, hook }));
        // Each as if the tables before had let it by.
        const ends = (["mangle", "filter", "security"] as const).map((table) =>
          traverse(rules, { table, hook, packet: { ...packet } }).end
        );
        const isQuiet = !isTracked(packet) ||
          isForged(packet, { guarded, hook });
        const refusal = isQuiet ? "drop" : "reject";
        assert.deepEqual(ends, ["queue", refusal, "drop"]);
      },
    ),
    RUNS,
  );
});

Deno.test("guardRules() refuses in audit mode only what was denied", () => {
  fc.assert(
    fc.property(
      ...[anyGuard, anyFamily, anyHook, anyPacket] as const,
      (any, family, hook, packet) => {
        const guarded = { ...any, egress: "audit" as const };
        fc.pre(!isRenewed(packet, guarded.slot.allowMark));
        const rules = guardRules(guarded, family);
        assert.ok(rules.every(({ table }) => table !== "security"));
        const isDenied = nibble(packet.mark) === MARK.DENY &&
          !isExempt(packet, { guarded, family, hook });
        const fate = traverse(rules, { table: "filter", hook, packet });
        assert.deepEqual(
          fate,
          isDenied
            ? { end: "reject", how: refusalOf(packet, family) }
            : { end: "continue" },
        );
      },
    ),
    RUNS,
  );
});

Deno.test("guardRules() lets nothing new out in block mode with nobody on the queue", () => {
  const tables = ["mangle", "filter", "security"] as const;
  fc.assert(
    fc.property(
      ...[anyGuard, anyFamily, anyHook, anyPacket] as const,
      (any, family, hook, packet) => {
        const guarded = { ...any, egress: "block" as const };
        // A mark that it brings is taken from it on the way to the queue.
        const bare = { ...packet, mark: withMark(packet.mark, 0) };
        const asked = renew(bare, { guarded, hook });
        fc.pre(!isExempt(asked, { guarded, family, hook }));
        const rules = guardRules(guarded, family);
        // The queue's bypass goes on to the next table with the mark as it is.
        const fates = tables.map((table) =>
          traverse(rules, { table, hook, packet }).end
        );
        assert.equal(fates[0], "queue");
        assert.ok(fates[1] === "reject" || fates[1] === "drop");
      },
    ),
    RUNS,
  );
});

Deno.test("guardRules() asks about exactly the answers to its own queries", () => {
  fc.assert(
    fc.property(anyGuard, anyFamily, anyPacket, (guarded, family, packet) => {
      const { slot } = guarded;
      const rules = guardRules(guarded, family);
      const { protocol, sourcePort } = packet;
      const isDns = protocol === "udp" || protocol === "tcp";
      const isAnswer = isDns && sourcePort === 53 &&
        nibble(packet.connmark) === slot.dnsMark;
      const hook = "INPUT";
      assert.deepEqual(
        traverse(rules, { table: "mangle", hook, packet }),
        isAnswer
          ? { end: "queue", number: slot.dnsQueue, bypass: true }
          : { end: "continue" },
      );
      for (const table of ["filter", "security"] as const) {
        const fate = traverse(rules, { table, hook, packet });
        assert.deepEqual(fate, {
          end: table === "filter" && isAstray(packet, guarded)
            ? "drop"
            : "continue",
        });
      }
    }),
    RUNS,
  );
});

/** Whether it came in by a way that is not its own, and nobody has judged it. */
function isAstray({ mark, state }: Passing, guarded: Guarded): boolean {
  const { cgroup, egress } = guarded;
  const isAsked = nibble(mark) === MARK.DENY && state === "NEW";
  return isAsked && cgroup === null && egress === "block";
}

Deno.test("guardRules() asks about arrivals whose source lies elsewhere, for a host", () => {
  fc.assert(
    fc.property(anyGuard, anyFamily, anyPacket, (guarded, family, packet) => {
      const { slot, cgroup } = guarded;
      const rules = guardRules(guarded, family);
      const hook = "PREROUTING";
      const isAsked = cgroup === null && !packet.isExpected &&
        nibble(packet.connmark) !== slot.allowMark;
      const after = { ...packet };
      assert.deepEqual(
        traverse(rules, { table: "mangle", hook, packet: after }),
        isAsked
          ? { end: "queue", number: slot.flowQueue, bypass: true }
          : { end: "continue" },
      );
      // With nobody there to take the mark from it, it is not let in.
      const mark = isAsked ? withMark(packet.mark, MARK.DENY) : packet.mark;
      assert.deepEqual({ ...after }, { ...packet, mark });
      for (const table of ["filter", "security"] as const) {
        const fate = traverse(rules, { table, hook, packet });
        assert.deepEqual(fate, { end: "continue" });
      }
    }),
    RUNS,
  );
});

Deno.test("guardRules() exempts no port of the host's in FORWARD", () => {
  fc.assert(fc.property(anyGuard, anyFamily, (guarded, family) => {
    for (const { chains, hooks } of guardRules(guarded, family)) {
      const forward = hooks.filter(({ chain }) => chain === "FORWARD");
      assert.equal(forward.length, guarded.cgroup === null ? 1 : 0);
      for (const { rule } of forward) {
        const chain = chains.find(({ name }) => name === rule.at(-1));
        const words = chain!.rules.flat();
        for (const word of ["--sports", "lo", "owner"]) {
          assert.ok(!words.includes(word), word);
        }
      }
    }
  }));
});

Deno.test("guardRules() has no packet of a command's asked about that is not its own", () => {
  fc.assert(fc.property(anyGuard, anyFamily, (guarded, family) => {
    const hooks = guardRules(guarded, family).flatMap(({ hooks }) => hooks);
    for (const { chain, rule } of hooks) {
      if (chain !== "OUTPUT") continue;
      const isScoped = rule.join(" ")
        .startsWith(`-m cgroup --path ${guarded.cgroup} -j `);
      assert.equal(isScoped, guarded.cgroup !== null);
    }
  }));
});

Deno.test("guardRules() reads and writes the top nibble of marks only", () => {
  fc.assert(fc.property(anyGuard, anyFamily, (guarded, family) => {
    const { allowMark, dnsMark } = guarded.slot;
    // Another guard's would be acted on as if they were this one's.
    const ours = [0, ...Object.values(MARK), allowMark, dnsMark];
    const rules = allRules(guarded, family);
    let seen = 0;
    for (const rule of rules) {
      for (const [at, word] of rule.entries()) {
        if (word === "--mark" || word === "--set-xmark") {
          const [mark, mask] = rule[at + 1]!.split("/").map(Number);
          assert.ok(ours.includes(mark!), word);
          assert.equal(mark! & ~MARK_MASK, 0);
          assert.equal(mask, MARK_MASK);
          seen++;
        } else if (word === "--nfmask" || word === "--ctmask") {
          assert.equal(Number(rule[at + 1]), MARK_MASK);
          seen++;
        }
      }
    }
    assert.ok(seen > 10, `${seen} marks`);
  }));
});

Deno.test("guardRules() gives no multiport match more ports than it takes", () => {
  const guarded = guardOf("host", "block");
  const matched = allRules(guarded, 4).flatMap((rule) => {
    const at = rule.indexOf("--sports");
    return at < 0 ? [] : [rule[at + 1]!.split(",").map(Number)];
  });
  assert.deepEqual(matched.map(({ length }) => length).slice(0, 3), [15, 2, 2]);
  const { tcp, udp } = guarded.listening;
  assert.deepEqual(matched.slice(0, 3).flat(), [...tcp, ...udp]);
});

Deno.test("guardRules() names chains as iptables can, and no two the same", () => {
  const names: string[] = [];
  for (let number = 0; number < SLOT_COUNT; number++) {
    for (const scope of ["host", "command"] as const) {
      if (scope === "host" && number > 0) continue;
      const guarded = { ...guardOf(scope, "block"), slot: slotOf(number) };
      for (const { table, chains } of guardRules(guarded, 4)) {
        for (const { name } of chains) {
          // XT_EXTENSION_MAXNAMELEN 29, <linux/netfilter/x_tables.h>
          assert.ok(name.length <= 28, name);
          names.push(`${table} ${name}`);
        }
      }
    }
  }
  assert.equal(new Set(names).size, names.length);
});

Deno.test("guardRules() jumps only to chains that it makes", () => {
  const targets = /^(?:RETURN|REJECT|DROP|NFQUEUE|MARK|CONNMARK)$/;
  fc.assert(fc.property(anyGuard, anyFamily, (guarded, family) => {
    for (const { chains, hooks } of guardRules(guarded, family)) {
      const made = chains.map(({ name }) => name);
      const rules = [
        ...chains.flatMap(({ rules }) => rules),
        ...hooks.map(({ rule }) => rule),
      ];
      const named = rules.map((rule) =>
        rule[rule.findIndex((word) => word === "-j" || word === "-g") + 1]!
      );
      for (const name of named) {
        assert.ok(made.includes(name) || targets.test(name), name);
      }
      for (const name of made) assert.ok(named.includes(name), name);
    }
  }));
});

Deno.test("slotOf() gives each of the slots marks and queues of its own", () => {
  const slots = Array.from({ length: SLOT_COUNT }, (_, n) => slotOf(n));
  assert.equal(slots.length, 6);
  const marks = [
    ...Object.values(MARK),
    ...slots.flatMap(({ allowMark, dnsMark }) => [allowMark, dnsMark]),
  ];
  assert.equal(new Set(marks).size, 3 + 2 * SLOT_COUNT);
  for (const mark of marks) {
    assert.ok(mark > 0);
    assert.equal(nibble(mark), mark);
  }
  const queues = slots.flatMap((s) => [s.flowQueue, s.dnsQueue]);
  assert.equal(new Set(queues).size, 2 * SLOT_COUNT);
  for (const queue of queues) assert.ok(queue > 0 && queue <= 0xffff);
});

Deno.test("withMark() changes our bits and keeps everybody else's", () => {
  const marks = [0, MARK.DENY, slotOf(SLOT_COUNT - 1).dnsMark];
  for (const before of [0, 0xffff_ffff, 0x0000_4000, 0x9000_0001]) {
    for (const mark of marks) {
      const after = withMark(before, mark);
      assert.equal(nibble(after), mark);
      assert.equal(after & ~MARK_MASK, before & ~MARK_MASK);
      assert.ok(after >= 0);
    }
  }
});

Deno.test("slotOf() counts queues from where it is told", () => {
  const { flowQueue, dnsQueue } = slotOf(2, 100);
  assert.deepEqual([flowQueue, dnsQueue], [104, 105]);
});

function allRules(guarded: Guarded, family: 4 | 6): Rule[] {
  return guardRules(guarded, family).flatMap(({ chains, hooks }) => [
    ...chains.flatMap(({ rules }) => rules),
    ...hooks.map(({ rule }) => rule),
  ]);
}
