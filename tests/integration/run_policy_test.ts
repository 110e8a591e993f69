import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { eventsOf, runGuarded, stateOf } from "./lab_run.ts";

const ATTACKER = ADDRESSES.attacker.ipv4;
const NOBODY = 65534;

/** Contacts of each kind that an entry can name. */
const BUILD = `
  curl -sS https://allowed.test/ https://www.allowed.test:8443/
  curl -sS http://chain.test/ https://203.0.113.31/ -k
  curl -sS -6 https://x.wild.test/
  exec 3<>/dev/udp/203.0.113.10/7; echo echoed >&3; head -n 1 <&3
  ping -c 1 -W 2 203.0.113.50 | grep -o '1 received'
  dig +short +time=2 cdn.test AAAA`;
const BUILT = [
  ...["site allowed.test", "site www.allowed.test", "site chain.test"],
  ...["site 203.0.113.31", "site x.wild.test"],
  ...["echoed", "1 received", "2001:db8:2::20"],
];

Deno.test("the policy that an audit prints lets exactly that pass in block mode", async () => {
  await using lab = await Lab.up();
  const audit = await runGuarded(lab, {
    command: ["bash", "-c", BUILD],
    egress: "audit",
  });
  assert.deepEqual(built(audit.stdout), BUILT, audit.stderr);
  const policy = policyIn(audit.stderr);
  assert.match(policy, /^version: 1\negress: block\n/);
  const path = `${lab.directory}/policy.yaml`;
  await Deno.writeTextFile(path, policy);

  await using capture = await lab.capture(`host ${ATTACKER} or port 8443`);
  const block = await runGuarded(lab, {
    command: [
      "bash",
      "-c",
      `${BUILD}
    curl -sS -m 5 http://evil.test/ || echo no evil
    curl -sS -m 5 https://other.test/ || echo no other
    curl -sS -m 5 http://allowed.test/ || echo no port
    curl -sS -m 5 http://${ATTACKER}/ || echo no address`,
    ],
    more: ["--policy", path],
  });
  assert.deepEqual(built(block.stdout), BUILT, block.stderr);
  assert.deepEqual(block.stdout.match(/^no .*$/gm), [
    ...["no evil", "no other", "no port", "no address"],
  ]);
  const strays = (await capture.stop()).filter(({ source, destination }) =>
    source === ATTACKER || destination === ATTACKER
  );
  assert.deepEqual(strays, []);
  const refused = block.stderr.matchAll(/^(\S+) .* refused$/gm);
  assert.deepEqual(
    [...refused].map(([, name]) => name).sort(),
    ["-", "allowed.test", "evil.test", "other.test"],
  );
});

Deno.test("the line that a refusal prints lets the refused pass", async () => {
  await using lab = await Lab.up();
  const script =
    `curl -sS -m 5 http://other.test/; curl -sS -m 5 http://203.0.113.20/; true`;
  const first = await runGuarded(lab, ["bash", "-c", script]);
  assert.equal(first.stdout, "");
  const allow = [...first.stderr.matchAll(/^ {4}--allow (\S+)$/gm)]
    .map(([, entry]) => entry!);
  assert.ok(allow.includes("203.0.113.20:80"), first.stderr);
  const second = await runGuarded(lab, {
    command: ["bash", "-c", script],
    allow,
  });
  // A name that was never answered says nothing of its port: 443 is assumed.
  assert.match(second.stdout, /^site 203\.0\.113\.20 /m);
  const more = [...second.stderr.matchAll(/^ {4}--allow (\S+)$/gm)]
    .map(([, entry]) => entry!);
  const third = await runGuarded(lab, {
    command: ["bash", "-c", script],
    allow: [...allow, ...more],
  });
  assert.match(third.stdout, /^site other\.test .*\nsite 203\.0\.113\.20 /);
  assert.doesNotMatch(third.stderr, /refused/);
});

const ENDS: readonly {
  name: string;
  egress: "audit" | "block";
  denied: string;
  code: number;
  exit: number;
}[] = [
  { name: "4", egress: "block", denied: "fail", code: 0, exit: 4 },
  {
    name: "the command's own code",
    egress: "block",
    denied: "fail",
    code: 9,
    exit: 9,
  },
  { name: "0", egress: "block", denied: "warn", code: 0, exit: 0 },
  { name: "0", egress: "audit", denied: "fail", code: 0, exit: 0 },
];

for (const { name, egress, denied, code, exit } of ENDS) {
  Deno.test(`sluice run exits with ${name} when egress is denied in ${egress}, "on: denied: ${denied}" and the command ends with ${code}`, async () => {
    await using lab = await Lab.up();
    const path = `${lab.directory}/policy.yaml`;
    await Deno.writeTextFile(
      path,
      `version: 1\negress: ${egress}\non: { denied: ${denied} }\n`,
    );
    const script = `curl -sS -m 5 http://${ATTACKER}/; exit ${code}`;
    const result = await runGuarded(lab, {
      command: ["bash", "-c", script],
      egress,
      more: ["--policy", path],
    });
    assert.equal(result.code, exit, result.stderr);
  });
}

Deno.test("sluice run keeps its journal where it says, for root alone", async () => {
  await using lab = await Lab.up();
  const result = await runGuarded(lab, ["curl", "-sS", `http://${ATTACKER}/`]);
  const path = `${stateOf(lab)}/run-${result.pid}/journal.ndjson`;
  assert.ok(result.stderr.endsWith(`Journal: ${path}\n`), result.stderr);
  const kinds = (await eventsOf(lab, result)).map(({ kind }) => kind)
    .filter((kind) => kind !== "step" && kind !== "exec");
  assert.deepEqual(kinds, ["agent", "connection", "agent"]);
  const { mode } = await Deno.stat(`${stateOf(lab)}/run-${result.pid}`);
  assert.equal(mode! & 0o777, 0o700);
});

Deno.test("sluice run gives the journal of --journal to the user behind it, and goes on in it", async () => {
  await using lab = await Lab.up();
  await Deno.chmod(lab.directory, 0o755);
  const path = `${lab.directory}/mine.ndjson`;
  const flags = {
    user: NOBODY,
    egress: "audit",
    more: ["--journal", "mine.ndjson"],
  } as const;
  const first = await runGuarded(lab, {
    command: [
      ...["curl", "-sS", "http://other.test/"],
    ],
    ...flags,
  });
  assert.ok(first.stderr.endsWith(`Journal: ${path}\n`), first.stderr);
  const read = await lab.in("run", ["wc", "-l", path], { user: NOBODY });
  assert.equal(read.code, 0, read.stderr);

  const second = await runGuarded(lab, { command: ["true"], ...flags });
  // The summary is about the last run only.
  assert.match(second.stderr, /^sluice \(audit\): nothing contacted$/m);
  const text = await Deno.readTextFile(path);
  const numbers = text.trimEnd().split("\n").map((line) =>
    JSON.parse(line).seq
  );
  assert.deepEqual(numbers, numbers.map((_, index) => index + 1));
  assert.ok(numbers.length > Number(read.stdout.split(" ")[0]));
});

Deno.test("a command cannot put another journal in the place of its own", async () => {
  await using lab = await Lab.up();
  await Deno.chmod(lab.directory, 0o777);
  await Deno.writeTextFile(
    `${lab.directory}/policy.yaml`,
    "version: 1\negress: block\non: { denied: fail }\n",
  );
  const { code, stderr } = await runGuarded(lab, {
    command: [
      ...[
        "bash",
        "-c",
        `curl -sS -m 5 http://${ATTACKER}/
      rm -f mine.ndjson; echo > mine.ndjson; true`,
      ],
    ],
    user: NOBODY,
    more: ["--policy", "policy.yaml", "--journal", "mine.ndjson"],
  });
  assert.match(stderr, /^sluice \(block\): 1 endpoint: 1 refused$/m);
  assert.equal(code, 4, stderr);
});

/** What the build printed, without addresses and what it complained about. */
function built(stdout: string): string[] {
  return stdout.trim().split("\n").filter((line) => !line.startsWith("no "))
    .map((line) => line.replace(/^(site \S+) .*/, "$1"));
}

function policyIn(stderr: string): string {
  const [, text] = /This policy allows exactly that[^\n]*:\n\n((?: {2}.*\n)+)/
    .exec(stderr) ?? [];
  assert.ok(text !== undefined, stderr);
  return text.replaceAll(/^ {2}/gm, "");
}
