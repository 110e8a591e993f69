import assert from "node:assert/strict";
import { type BenchProgram, compileProgram } from "../bench/compile.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";

const COUNT = 200;

const PROBES: readonly {
  name: string;
  program: BenchProgram;
  args: readonly string[];
  failures: number;
}[] = [
  {
    name: "connects over IPv4",
    program: "connect",
    args: ["203.0.113.10", "80"],
    failures: 0,
  },
  {
    name: "connects over IPv6",
    program: "connect",
    args: ["2001:db8:2::10", "80"],
    failures: 0,
  },
  {
    name: "connects by a process each, among idle ones",
    program: "crowd",
    args: ["203.0.113.10", "80", "5", "10"],
    failures: 0,
  },
  {
    name: "counts refused connections",
    program: "connect",
    args: ["203.0.113.10", "81"],
    failures: COUNT,
  },
  {
    name: "looks a name up",
    program: "dns_probe",
    args: [ADDRESSES.resolver.ipv4, "53", "allowed.test"],
    failures: 0,
  },
  {
    name: "counts names that are denied",
    program: "dns_probe",
    args: [ADDRESSES.resolver.ipv6, "53", "nobody.invalid"],
    failures: COUNT,
  },
];

for (const { name, program, args, failures } of PROBES) {
  Deno.test(`${program} ${name}`, async () => {
    await using lab = await Lab.up();
    const path = await compileProgram(program, lab.directory);
    const probe = await lab.in("run", [path, String(COUNT), ...args]);
    assert.equal(probe.stderr, "");
    const result = JSON.parse(probe.stdout);
    assert.equal(result.failures, failures);
    assert.equal(result.count, COUNT - failures);
    assert.ok(result.p50 <= result.p90 && result.p90 <= result.p99);
    assert.equal(result.p50 > 0, failures === 0);
  });
}

for (const program of ["connect", "dns_probe"] as const) {
  Deno.test(`${program} refuses an address that is none`, async () => {
    await using lab = await Lab.up();
    const path = await compileProgram(program, lab.directory);
    const args = ["1", "nowhere", "53", "allowed.test"];
    const arity = program === "connect" ? 3 : 4;
    const { code, stderr } = await lab.in("run", [
      path,
      ...args.slice(0, arity),
    ]);
    assert.equal(code, 2);
    assert.match(stderr, /^usage: /);
  });
}

Deno.test("accept_all accepts with the mark it was given", async () => {
  await using lab = await Lab.up();
  const [acceptAll, connect] = await Promise.all([
    compileProgram("accept_all", lab.directory),
    compileProgram("connect", lab.directory),
  ]);
  // Whatever comes back from the queue without the mark is refused.
  await firewall(
    lab,
    "-t mangle -A OUTPUT -p tcp --syn -j NFQUEUE --queue-num 5",
  );
  await firewall(
    lab,
    "-A OUTPUT -p tcp --syn -m mark ! --mark 0x7 " +
      "-j REJECT --reject-with tcp-reset",
  );
  const command = [connect, String(COUNT), "203.0.113.10", "80"];

  await using wrong = lab.spawn("run", [acceptAll, "5", "6"]);
  await wrong.waitFor("ready");
  const refused = await lab.in("run", command);
  assert.equal(JSON.parse(refused.stdout).failures, COUNT);
  wrong.kill();
  await wrong.finished(5_000);

  await using right = lab.spawn("run", [acceptAll, "5", "7"]);
  await right.waitFor("ready");
  const accepted = await lab.in("run", command);
  assert.equal(JSON.parse(accepted.stdout).failures, 0);
});

async function firewall(lab: Lab, rule: string): Promise<void> {
  const { code, stderr } = await lab.in("run", [
    "iptables",
    ...rule.split(" "),
  ]);
  assert.equal(code, 0, stderr);
}
