/**
 * Every way out, tried three times: unguarded it works, guarded it does not,
 * and what is allowed works beside it. The capture on the other side judges.
 */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, ECHO, type Side } from "../lab/topology.ts";
import { Guarding } from "./guarding.ts";
import { assertRefused, type Attempt, Probe } from "./probing.ts";

type Family = "ipv4" | "ipv6";

/** One kind of attack, and how the same thing is done where it is allowed. */
interface Way {
  readonly protocol: "tcp" | "udp" | "icmp";
  /** For {@linkcode Probe}; `@` stands for the address. */
  readonly attack: string;
  readonly allowed: string;
  /** What comes of both where nobody refuses. */
  readonly results: readonly [attack: string, allowed: string];
  /** Appended to the address in a policy entry. */
  readonly entry: string;
  readonly port: number;
}

const WAYS: readonly Way[] = [
  {
    protocol: "tcp",
    attack: "tcp @ 4444 stolen",
    allowed: "tcp @ 443",
    results: ["ok", "ok"],
    entry: ":443",
    port: 4444,
  },
  {
    protocol: "udp",
    attack: "wait 200 udp @ 4444 73746f6c656e",
    allowed: "udp @ 7 68656c6c6f",
    results: ["silence", "answered"],
    entry: ":7/udp",
    port: 4444,
  },
  {
    protocol: "icmp",
    attack: "icmp @",
    allowed: "icmp @",
    results: ["answered", "answered"],
    entry: "/icmp",
    port: 0,
  },
];

const ROWS: readonly Row[] = (["run", "box"] as const).flatMap((side) =>
  (["ipv4", "ipv6"] as const).flatMap((family) =>
    WAYS.map((way) => ({ side, family, way }))
  )
);

for (const row of ROWS) {
  const { side, family, way } = row;
  const what = `${way.protocol} over ${family} from ${side}`;

  Deno.test(`block refuses ${what} and lets out what is allowed`, async () => {
    await using trial = await Trial.up(row);
    await trial.assertOpen();
    const guard = await trial.arm({ egress: "block", allow: [trial.entry] });
    const { attack, packets } = await trial.attack();
    assertRefused(attack);
    assert.deepEqual(packets, []);
    assert.equal((await trial.allowed()).result, way.results[1]);

    const [denied] = await guard.waitFor(trial.event);
    assert.equal(denied?.decision, "deny");
    assert.equal(denied.enforced, true);
    assert.equal(denied.why, "address_not_allowed");
    const [allowed] = await guard.waitFor({ rule: trial.entry });
    assert.equal(allowed?.decision, "allow");
    assert.equal(allowed.why, "allowed_address");
  });

  Deno.test(`audit lets ${what} go and says so`, async () => {
    await using trial = await Trial.up(row);
    const guard = await trial.arm({ egress: "audit", allow: [trial.entry] });
    await trial.assertOpen();
    const [denied] = await guard.waitFor(trial.event);
    assert.equal(denied?.decision, "deny");
    assert.equal(denied.enforced, false);
    assert.equal(denied.why, "address_not_allowed");
    await guard.waitFor({ rule: trial.entry, decision: "allow" });
  });

  Deno.test(`audit refuses ${what} where a deny entry says so`, async () => {
    await using trial = await Trial.up(row);
    const deny = ADDRESSES.attacker[family];
    await trial.assertOpen();
    const guard = await trial.arm({ egress: "audit", deny: [deny] });
    const { attack, packets } = await trial.attack();
    assertRefused(attack);
    assert.deepEqual(packets, []);
    assert.equal((await trial.allowed()).result, way.results[1]);

    const [denied] = await guard.waitFor(trial.event);
    assert.equal(denied?.decision, "deny");
    assert.equal(denied.enforced, true);
    assert.equal(denied.why, "denied_by_rule");
    assert.equal(denied.rule, deny);
  });
}

/** Which way out, of whom. */
interface Row {
  readonly side: Side;
  readonly family: Family;
  readonly way: Way;
}

/** A lab in which one way out is tried. */
class Trial implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #probe: Probe;
  readonly #of: Row;

  private constructor(row: Row, { lab, probe }: { lab: Lab; probe: Probe }) {
    this.#lab = lab;
    this.#probe = probe;
    this.#of = row;
  }

  static async up(row: Row): Promise<Trial> {
    const lab = await Lab.up({ container: row.side === "box" });
    return new Trial(row, { lab, probe: await Probe.compile(lab) });
  }

  /** The policy entry for the allowed way. */
  get entry(): string {
    const { family, way } = this.#of;
    const address = ECHO[family];
    const isBare = family === "ipv4" || !way.entry.startsWith(":");
    return (isBare ? address : `[${address}]`) + way.entry;
  }

  /** What the attack's event must hold. */
  get event(): Readonly<Record<string, unknown>> {
    const { side, family, way } = this.#of;
    const address = ADDRESSES.attacker[family];
    return {
      kind: "connection",
      protocol: way.protocol,
      direction: side === "run" ? "output" : "forward",
      source: { address: ADDRESSES[side === "run" ? "run" : "box"][family] },
      destination: { address, port: way.port },
    };
  }

  arm(flags: Parameters<typeof Guarding.arm>[1]): Promise<Guarding> {
    return Guarding.arm(this.#lab, flags);
  }

  /** Asserts that the attack reaches the attacker and the allowed way works. */
  async assertOpen(): Promise<void> {
    const { way } = this.#of;
    const { attack, packets } = await this.attack();
    assert.equal(attack.result, way.results[0]);
    assert.ok(packets.length > 0);
    if (way.protocol !== "icmp") await this.#lab.attacker.waitFor("stolen");
    assert.equal((await this.allowed()).result, way.results[1]);
  }

  /** Attacks once; the packets are those that the attacker's wire saw. */
  async attack(): Promise<{ attack: Attempt; packets: unknown[] }> {
    const { way, family } = this.#of;
    const address = ADDRESSES.attacker[family];
    await using capture = await this.#lab.capture();
    const attack = await this.#try(way.attack, address);
    const packets = (await capture.stop()).filter((packet) =>
      packet.destination === address || packet.source === address
    );
    return { attack, packets };
  }

  allowed(): Promise<Attempt> {
    const { way, family } = this.#of;
    return this.#try(way.allowed, ECHO[family]);
  }

  #try(args: string, address: string): Promise<Attempt> {
    return this.#probe.one(this.#of.side, args.replace("@", address));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lab[Symbol.asyncDispose]();
  }
}
