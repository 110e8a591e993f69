/** Root changes the firewall rules of a guard: noticed, put back, red. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait.ts";
import { runGuarded } from "./lab_run.ts";
import { Probe } from "./probing.ts";
import {
  armBlocking,
  asRoot,
  assertClosed,
  LEGACY,
  ofAgent,
  saveRules,
  verdictOf,
  waitForAgent,
} from "./tampering.ts";

/** What is done, and what stays of it although the guard's rules are back. */
const ATTACKS: readonly { name: string; lines: string; leaves?: RegExp }[] = [
  { name: "flushes a table", lines: "iptables -F; ip6tables -F" },
  {
    name: "flushes the backstop",
    lines: "iptables -t security -F SLUICE-BACKSTOP; iptables -F OUTPUT",
  },
  {
    name: "inserts a rule into a chain of the guard",
    lines: "iptables -I SLUICE-ENFORCE-OUT -j ACCEPT; " +
      "iptables -t security -I SLUICE-BACKSTOP-OUT -j RETURN",
  },
  {
    name: "renames the guard's chains",
    lines: "iptables -E SLUICE-ENFORCE-OUT AWAY; " +
      "ip6tables -t mangle -E SLUICE-ASK AWAY",
  },
  {
    name: "replaces all rules by its own",
    lines: "for tool in iptables ip6tables; do printf '*filter\\n:OUTPUT " +
      "ACCEPT\\nCOMMIT\\n*mangle\\nCOMMIT\\n*security\\nCOMMIT\\n' | " +
      "$tool-restore; done",
  },
  {
    name: "gives every packet a mark of the guard",
    lines: "iptables -t nat -A OUTPUT -j MARK --set-mark 0x10000000",
    leaves: /^(?:\*nat|:\S+ ACCEPT|COMMIT)$/,
  },
];

const WITH_NFT: typeof ATTACKS = [
  { name: "deletes a table", lines: "nft delete table ip security" },
  { name: "flushes the whole rule set", lines: "nft flush ruleset" },
];

const ROWS = [
  ...[...ATTACKS, ...WITH_NFT].map((row) => ({ ...row, before: [] })),
  ...ATTACKS.map((row) => ({
    ...row,
    name: `${row.name} with iptables-legacy`,
    before: LEGACY,
  })),
];

for (const { name, lines, leaves, before } of ROWS) {
  Deno.test(`the guard comes back when root ${name}`, async () => {
    await using lab = await Lab.up();
    const probe = await Probe.compile(lab);
    const guard = await armBlocking(lab, { before });
    const rules = (await saveRules(lab, before)).split("\n");
    await asRoot(lab, { before, sh: lines });
    const event = await waitForAgent(guard, "tampered");
    assert.equal(event.what, "rules");
    assert.equal(event.held, false);
    assert.ok(event.from! < event.to!, JSON.stringify(event));
    if (before.length === 0) {
      assert.match(event.by?.name ?? "", /^(?:ip6?tables|nft)/);
    }
    // The second family was changed after the first, which was said already.
    let left: string[] = [];
    await waitUntil(async () => {
      left = (await saveRules(lab, before)).split("\n");
      return rules.every((line) => left.includes(line));
    }, { what: "the rules" });
    await assertClosed(lab, probe);
    const more = left.filter((line) => !rules.includes(line));
    assert.deepEqual(more.filter((line) => !leaves?.test(line)), []);

    const { code, status, said } = await verdictOf(lab, before);
    assert.equal(code, 4, said);
    assert.equal(status.tampered, true);
    assert.ok(status.lost.some(({ from }) => from === event.from));
    assert.match(said, /^! TAMPERED/m);
    assert.doesNotMatch(await saveRules(lab, before), /SLUICE|AWAY/);
  });
}

Deno.test("the guard goes in front again when Docker has started, and the job is not red", async () => {
  await using lab = await Lab.up({ container: true });
  const probe = await Probe.compile(lab);
  const guard = await armBlocking(lab);
  // As dockerd does with each network that it makes.
  await asRoot(
    lab,
    `for tool in iptables ip6tables; do
      $tool -N DOCKER-USER; $tool -A DOCKER-USER -j RETURN
      $tool -I FORWARD -i eth1 ! -o eth1 -j ACCEPT
      $tool -I FORWARD -j DOCKER-USER; done`,
  );
  const event = await waitForAgent(guard, "tampered");
  assert.equal(event.held, true);
  assert.equal(event.from, undefined);
  await assertClosed(lab, probe);
  const forward = await asRoot(lab, "iptables -S FORWARD | grep -m 1 -e -A");
  assert.equal(forward, "-A FORWARD -j SLUICE-ENFORCE-FWD\n");
  const { code, status } = await verdictOf(lab);
  assert.equal(code, 0);
  assert.equal(status.tampered, false);
  assert.deepEqual(status.lost, []);
});

Deno.test("the guard does not mind rules of others beside its own", async () => {
  await using lab = await Lab.up();
  const guard = await armBlocking(lab);
  await asRoot(
    lab,
    `iptables -A INPUT -p tcp --dport 22 -j ACCEPT
    iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
    iptables -t mangle -A FORWARD -j MARK --set-xmark 0x4000/0x4000
    nft add table inet others`,
  );
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  assert.deepEqual(ofAgent(await guard.events(), "tampered"), []);
  assert.equal((await verdictOf(lab)).code, 0);
});

for (const [egress, wanted] of [["block", 4], ["audit", 0]] as const) {
  Deno.test(`sluice run exits with ${wanted} in ${egress} mode when its command removes the rules`, async () => {
    await using lab = await Lab.up();
    const { code, stderr } = await runGuarded(lab, {
      command: ["sh", "-c", "iptables -F; iptables -X; exit 0"],
      egress,
    });
    assert.equal(code, wanted, stderr);
    assert.match(stderr, /^! TAMPERED/m);
  });
}
