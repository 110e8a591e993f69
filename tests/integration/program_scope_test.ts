/**
 * Entries for a program by its content, and for what is below a program; what
 * came of them is told by what is on the wire.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Lab } from "../lab/lab.ts";
import { Guarding } from "./guarding.ts";

const SITE = "203.0.113.10";
/** A shell that can connect by itself. */
const BASH = "/bin/bash";
/** The one port of each kind of entry, all of which the site listens on. */
const PORT = { right: 443, wrong: 8443, below: 80, path: 7 } as const;

type Kind = keyof typeof PORT;

/** A lab with an entry of each kind, all for the same program. */
class Ground implements AsyncDisposable {
  readonly lab: Lab;
  /** The program that entries name, at its path. */
  readonly program: string;
  /** What entries name as `ancestor`. */
  readonly launcher: string;
  /** Another content for the program's path. */
  readonly other: string;

  private constructor(lab: Lab) {
    this.lab = lab;
    this.program = `${lab.directory}/program`;
    this.launcher = `${lab.directory}/launcher`;
    this.other = `${lab.directory}/other`;
  }

  static async up(): Promise<Ground> {
    const ground = new Ground(await Lab.up());
    const { program, launcher, other } = ground;
    await Deno.copyFile(BASH, program);
    await Deno.copyFile("/bin/dash", launcher);
    await Deno.copyFile(BASH, other);
    // The kernel does not mind, and runs it as before.
    await Deno.writeTextFile(other, "other", { append: true });
    return ground;
  }

  /** Arms a guard with an entry of each kind in one list of its policy. */
  async arm(
    egress: "audit" | "block",
    list: "allow" | "deny",
  ): Promise<Guarding> {
    const { program, launcher, lab } = this;
    const right = createHash("sha256")
      .update(await Deno.readFile(program)).digest("hex");
    const scopes: Record<Kind, string> = {
      right: `process: ${program}, sha256: "${right}"`,
      wrong: `process: ${program}, sha256: "${"0".repeat(64)}"`,
      below: `ancestor: ${launcher}`,
      path: `process: ${program}`,
    };
    const entries = Object.entries(scopes).map(([kind, scope]) =>
      `  - { address: "${SITE}", port: ${PORT[kind as Kind]}, ${scope} }`
    );
    const policy = `${lab.directory}/policy.yml`;
    const lines = ["version: 1", `egress: ${egress}`, `${list}:`, ...entries];
    await Deno.writeTextFile(policy, [...lines, ""].join("\n"));
    return await Guarding.arm(lab, { egress, more: ["--policy", policy] });
  }

  /** Whether anything of what a command sends to a kind's port is on the wire. */
  async isSent(kind: Kind, command: readonly string[]): Promise<boolean> {
    await using capture = await this.lab.capture(`dst host ${SITE}`);
    const { stderr } = await this.lab.in("run", command);
    const packets = await capture.stop();
    const ports = packets.map(({ destinationPort }) => destinationPort);
    assert.ok(ports.every((port) => port === PORT[kind]), stderr);
    // And the client has heard the same.
    assert.equal(/refused/i.test(stderr), ports.length === 0, stderr);
    return ports.length > 0;
  }

  /** For each kind, whether the program's packets are on the wire. */
  async sent(program: string = this.program): Promise<Record<Kind, boolean>> {
    const all = { right: false, wrong: false, below: false, path: false };
    for (const kind of Object.keys(PORT) as Kind[]) {
      all[kind] = await this.isSent(kind, connect(program, kind));
    }
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** The command line that connects to a kind's port, after something else. */
function connect(program: string, kind: Kind, first = ":"): string[] {
  return [program, "-c", `${first}; : <>/dev/tcp/${SITE}/${PORT[kind]}`];
}

/** The same by a child of the launcher, which waits for it. */
function below({ launcher, program }: Ground): string[] {
  const [shell, flag, line] = connect(program, "below");
  return [launcher, "-c", `${shell} ${flag} '${line}'; :`];
}

/** The same by a child that the launcher has left alone. */
function orphaned({ launcher, program, lab }: Ground): string[] {
  const isAlone = `until [ -e ${lab.directory}/alone ]; do sleep 0.05; done`;
  const [shell, flag, line] = connect(program, "below", isAlone);
  const child = `${shell} ${flag} '${line}' & :`;
  // Its standard error keeps whoever runs this waiting for it.
  const after = `sleep 0.2; : >${lab.directory}/alone`;
  return ["/bin/sh", "-c", `${launcher} -c "${child}"; ${after}`];
}

Deno.test("block lets out a program of the right content, and what is below one", async () => {
  await using ground = await Ground.up();
  const { program, other } = ground;
  await ground.arm("block", "allow");

  assert.deepEqual(await ground.sent(), {
    ...{ right: true, wrong: false, below: false, path: true },
  });
  assert.equal(await ground.isSent("below", below(ground)), true);
  assert.equal(await ground.isSent("below", orphaned(ground)), false);
  // The same content by another path is another program.
  await Deno.copyFile(program, `${other}-same`);
  const nothing = { right: false, wrong: false, below: false, path: false };
  assert.deepEqual(await ground.sent(`${other}-same`), nothing);
});

Deno.test("audit refuses who is denied by content or for what is above it", async () => {
  await using ground = await Ground.up();
  await ground.arm("audit", "deny");

  assert.deepEqual(await ground.sent(), {
    ...{ right: false, wrong: true, path: false },
    below: await isInitKnown(),
  });
  assert.equal(await ground.isSent("below", below(ground)), false);
  // Nobody can tell any more what was above it.
  assert.equal(await ground.isSent("below", orphaned(ground)), false);
  const { below: _, ...others } = await ground.sent(BASH);
  assert.deepEqual(others, { right: true, wrong: true, path: true });
});

const REPLACED: readonly {
  readonly name: string;
  readonly replace: (path: string, by: string) => Promise<void>;
}[] = [
  {
    name: "another file put in its place",
    async replace(path, by) {
      await Deno.copyFile(by, `${path}-new`);
      await Deno.rename(`${path}-new`, path);
    },
  },
  { name: "its bytes written over", replace: (path, by) => write(path, by) },
  {
    name: "its bytes written over, and its time set back",
    async replace(path, by) {
      const { atime, mtime } = await Deno.stat(path);
      await write(path, by);
      await Deno.utime(path, atime!, mtime!);
    },
  },
];

for (const { name, replace } of REPLACED) {
  Deno.test(`block goes by what a program is now: ${name}`, async () => {
    await using ground = await Ground.up();
    const { program, other, lab } = ground;
    await ground.arm("block", "allow");
    const right = connect(program, "right");
    assert.equal(await ground.isSent("right", right), true);
    await Deno.copyFile(program, `${lab.directory}/kept`);
    await replace(program, other);
    assert.equal(await ground.isSent("right", right), false);
    // An entry for the path alone does not ask what is there.
    assert.equal(await ground.isSent("path", connect(program, "path")), true);
    await replace(program, `${lab.directory}/kept`);
    assert.equal(await ground.isSent("right", right), true);
  });
}

Deno.test("block goes by what a process runs, and not by what is at its path since", async () => {
  await using ground = await Ground.up();
  const { program, other, lab } = ground;
  await ground.arm("block", "allow");
  const path = lab.directory;
  await Deno.copyFile(program, `${path}/kept`);
  await Deno.copyFile(other, `${path}/evil`);
  for (const kind of ["right", "path"] as const) {
    const start = `mv ${path}/evil ${program}; `;
    // It runs what is at the path, and then puts back what was there.
    const moved = `mv ${program} ${path}/evil; cp ${path}/kept ${program}`;
    const [shell, flag, line] = connect(program, kind, moved);
    const command = `${start}exec ${shell} ${flag} '${line}'`;
    assert.equal(
      await ground.isSent(kind, ["/bin/sh", "-c", command]),
      false,
    );
    assert.equal(await ground.isSent(kind, connect(program, kind)), true);
  }
});

/**
 * Whether anybody can be shown not to be below a program: in some containers
 * not even root may see what the first process is.
 */
function isInitKnown(): Promise<boolean> {
  return Deno.readLink("/proc/1/exe").then(() => true, () => false);
}

/** Writes into the same file. */
async function write(path: string, by: string): Promise<void> {
  await Deno.writeFile(path, await Deno.readFile(by));
}
