import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { findCgroup2Mount } from "../../agent/decode/mountinfo.ts";
import { makeClaims, type Plays } from "../demo/claims.ts";
import { LabProcess } from "../lab/command.ts";
import type { CapturedPacket } from "../lab/frame.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { waitUntil } from "../lab/wait.ts";

const DEMO = fileURLToPath(new URL("../demo/main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const TIMEOUT_MS = 120_000;

Deno.test("demo shows the theft, its end, and exits with 0", async () => {
  await using demo = startDemo();
  const { code, stdout, stderr } = await demo.finished(TIMEOUT_MS);

  assert.equal(code, 0, stdout + stderr);
  const [, alone, guarded, implant] = stdout.split(/^[123]\. /m);
  assert.match(alone!, /by HTTPS, to evil\.test: token=npm_[0-9a-f]{16}\n/);
  assert.match(alone!, /by TCP, to 203\.0\.113\.66:4444: token=npm_/);
  assert.match(alone!, /by DNS: a query for npm_[0-9a-f]{16}\.evil\.test\n/);
  assert.match(guarded!, /^ {3}\| evil\.test .* refused$/m);
  assert.match(guarded!, /^ {3}\| allowed\.test .* allowed$/m);
  assert.match(guarded!, /^ {5}0 to or from the attacker, 0 with the token/m);
  for (const part of [alone!, guarded!]) {
    assert.match(part, /^ {3}\| downloaded "site allowed\.test /m);
  }
  assert.match(implant!, /^ {3}\| .*price\.c: changed and restored after/m);
  assert.doesNotMatch(stdout, /FALSE/);
  // No terminal, no colours.
  assert.ok(!stdout.includes("\x1b"));
  assert.deepEqual(await remains(demo.pid), []);
});

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  Deno.test(`demo leaves nothing behind after ${signal}`, async () => {
    await using demo = startDemo();
    // Its guard is what is hardest to take away, so it must be there.
    await waitUntil(async () => (await cgroupsOf(demo.pid)).length > 0, {
      what: "the cgroup of the demo's guard",
      timeoutMs: TIMEOUT_MS,
    });
    const cgroups = await cgroupsOf(demo.pid);
    // Stopped, the agent cannot clear up by itself before it is killed too.
    Deno.kill(Number(/\d+$/.exec(cgroups[0]!)![0]), "SIGSTOP");
    Deno.kill(demo.pid, signal);

    await waitUntil(async () => (await remains(demo.pid)).length === 0, {
      what: "the end of the demo's lab",
      timeoutMs: 10_000,
    });
    assert.deepEqual(cgroups.filter(isThere), []);
  });
}

const TOKENS = { alone: "npm_1111", guarded: "npm_2222" } as const;
const DOWNLOAD = 'downloaded "site allowed.test 203.0.113.10 443"\n';
const REPORT = [
  "evil.test  -  -  dns  /usr/bin/curl  1  refused",
  "-  203.0.113.66  4444  tcp  /usr/bin/nc  1  refused",
  `${TOKENS.guarded}.evil.test  -  -  dns  /usr/bin/dig  1  refused`,
].join("\n");

const IMPLANT = `
  /w/src/price.c: modified
    by /usr/bin/sed (pid 9): sed -i s/a/b/
    below /usr/bin/dash < /usr/bin/dash
    in step "run"
    | -  return cents;
    | +  return cents + 1;
  /w/src/price.c: changed and restored after 1.1 s
`;

const BROKEN: readonly {
  name: string;
  change: (plays: Plays) => Partial<Plays>;
  fails: number;
}[] = [
  {
    name: "nothing was stolen by HTTPS",
    change: ({ alone }) => ({
      alone: {
        ...alone,
        contacts: alone.contacts.filter(({ protocol }) => protocol !== "tls"),
      },
    }),
    fails: 0,
  },
  {
    name: "nothing was stolen by DNS",
    change: ({ alone }) => ({ alone: { ...alone, queries: [] } }),
    fails: 0,
  },
  {
    name: "a packet came to the attacker",
    change: ({ guarded }) => ({
      guarded: {
        ...guarded,
        packets: [packet(ADDRESSES.attacker.ipv6, "")],
      },
    }),
    fails: 1,
  },
  {
    name: "the attacker heard somebody",
    change: ({ alone, guarded }) => ({
      guarded: { ...guarded, contacts: alone.contacts },
    }),
    fails: 1,
  },
  {
    name: "a packet held the token",
    change: ({ guarded }) => ({
      guarded: {
        ...guarded,
        packets: [packet(ADDRESSES.resolver.ipv4, `..${TOKENS.guarded}..`)],
      },
    }),
    fails: 2,
  },
  {
    name: "a query held the token",
    change: ({ guarded }) => ({
      guarded: { ...guarded, queries: [query(TOKENS.guarded)] },
    }),
    fails: 2,
  },
  {
    name: "the guarded build had no download",
    change: ({ guarded }) => ({
      guarded: { ...guarded, build: { ...guarded.build, stdout: "" } },
    }),
    fails: 3,
  },
  {
    name: "the build alone failed",
    change: ({ alone }) => ({
      alone: { ...alone, build: { ...alone.build, code: 6 } },
    }),
    fails: 3,
  },
  {
    name: "the capture saw nothing at all",
    change: ({ guarded }) => ({ guarded: { ...guarded, packets: [] } }),
    fails: 3,
  },
  {
    name: "the report is silent",
    change: ({ guarded }) => ({
      guarded: { ...guarded, build: { ...guarded.build, stderr: "" } },
    }),
    fails: 4,
  },
  {
    name: "the source is as it was left",
    change: ({ implant }) => ({
      implant: { ...implant, status: " M src/price.c\n" },
    }),
    fails: 5,
  },
  {
    name: "what was built is what its source says",
    change: ({ implant }) => ({
      implant: { ...implant, printed: "100 cents\n" },
    }),
    fails: 5,
  },
  ...IMPLANT.trim().split("\n").map((line) => ({
    name: `the report does not say "${line.trim()}"`,
    change: ({ implant }: Plays) => {
      const stderr = IMPLANT.replace(line, "");
      return { implant: { ...implant, build: { ...implant.build, stderr } } };
    },
    fails: 6,
  })).slice(1),
];

Deno.test("makeClaims() confirms what the plays show", () => {
  assert.deepEqual(makeClaims(plays()).filter(({ holds }) => !holds), []);
});

for (const { name, change, fails } of BROKEN) {
  Deno.test(`makeClaims() fails when ${name}`, () => {
    const good = plays();
    const claims = makeClaims({ ...good, ...change(good) });
    assert.equal(claims[fails]?.holds, false);
  });
}

function plays(): Plays {
  const token = TOKENS.alone;
  const contact = { contact: 0, peer: "", bytes: `token=${token}` };
  const build = { code: 0, stdout: DOWNLOAD, stderr: REPORT, milliseconds: 1 };
  return {
    alone: {
      token,
      build,
      contacts: [
        { ...contact, protocol: "tls", port: 443 },
        { ...contact, protocol: "tcp", port: 4444 },
      ],
      queries: [query(token)],
      packets: [],
    },
    guarded: {
      token: TOKENS.guarded,
      build,
      contacts: [],
      queries: [],
      packets: [packet("203.0.113.10", "hello")],
    },
    implant: {
      build: { ...build, stderr: IMPLANT },
      status: "",
      printed: "101 cents\n",
    },
  };
}

function query(token: string) {
  return { type: "A", name: `${token}.evil.test`, client: "198.51.100.10" };
}

function packet(destination: string, text: string): CapturedPacket {
  return {
    ...{ seconds: 0, protocol: "tcp", flags: "", bytes: 0, text, destination },
    ...{ source: "198.51.100.10", sourcePort: 1, destinationPort: 1 },
    payload: new Uint8Array(),
  };
}

function startDemo(): LabProcess {
  return new LabProcess([
    ...[Deno.execPath(), "run", "-A", "--config", CONFIG, DEMO],
  ]);
}

/** The lab is named after the process that made it, and by chance. */
function isOfLab(pid: number, name: string): boolean {
  return name.startsWith(`sl${pid}x`);
}

/** The cgroups of the guards in the demo's state directory. */
async function cgroupsOf(pid: number): Promise<string[]> {
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  const runs = names("/run/sluice-lab").filter((name) => isOfLab(pid, name))
    .flatMap((name) => names(`/run/sluice-lab/${name}/state`));
  return runs.map((run) => `${findCgroup2Mount(mounts)}/sluice/${run}`)
    .filter(isThere);
}

/** Paths that are named after the demo's lab and still there. */
async function remains(pid: number): Promise<string[]> {
  const parents = ["/run/netns", "/etc/netns", "/run/sluice-lab"];
  const left = parents.flatMap((parent) =>
    names(parent).filter((name) => isOfLab(pid, name))
      .map((name) => `${parent}/${name}`)
  );
  return [...left, ...await cgroupsOf(pid)];
}

function names(directory: string): string[] {
  return isThere(directory)
    ? [...Deno.readDirSync(directory)].map(({ name }) => name)
    : [];
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
