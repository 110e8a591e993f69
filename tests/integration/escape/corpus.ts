/**
 * One class of ways out, played on every side: unguarded each way must lead
 * out, under `sluice run` and under `sluice start` none may.
 *
 * The ways are in the Python file of the same name; frame.py plays them. A
 * capture on the far side judges, by the time in which each was tried.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CapturedPacket } from "../../lab/frame.ts";
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES, ECHO, type Side } from "../../lab/topology.ts";
import { Guarding } from "../guarding.ts";
import { runGuarded } from "../lab_run.ts";
import { NOBODY, prepare, PYTHON, SECRET } from "./attack.ts";

/** What is particular about a class. */
export interface ClassPlan {
  /** The Python file, without its ending. */
  readonly script: string;
  /** Besides `allowed.test`. */
  readonly allow?: readonly string[];
  /** Lines of the policy file besides. */
  readonly policy?: string;
  /** A shell line for `run`, as root, before anything is tried. */
  readonly setup?: string;
  /** A Python file that runs on the far side all the time. */
  readonly outside?: string;
  /** A Python file that runs in `run` from before the guard is armed. */
  readonly before?: string;
  /** Whether `sluice run` is to hold the class too. Default true. */
  readonly command?: boolean;
}

/** One way over one family, as frame.py reports it. */
interface Row {
  readonly row: string;
  /** Seconds since 1970. */
  readonly begun: number;
  readonly ended: number;
  readonly fault: string | null;
  /** Whether this kernel does not have it. */
  readonly absent: boolean;
}

/** From where a script is played. */
interface Player {
  readonly side: Side;
  readonly user: number | undefined;
}

const PLAYERS: readonly Player[] = [
  { side: "run", user: NOBODY },
  { side: "run", user: undefined },
  { side: "box", user: undefined },
];

const TIMEOUT_MS = 120_000;

/** Whatever is not sent to these, nor by the far side to the near one, has left. */
const EXPECTED: ReadonlySet<string> = new Set(
  [ADDRESSES.run, ADDRESSES.box, ADDRESSES.bridge, ADDRESSES.resolver, ECHO]
    .flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]),
);

/**
 * Plays a class; each way is a step of the test.
 *
 * @param test Of `Deno.test`.
 * @param plan The class.
 */
export async function playClass(
  test: Deno.TestContext,
  plan: ClassPlan,
): Promise<void> {
  await using lab = await Lab.up({ container: true });
  if (plan.setup !== undefined) await prepare(lab, plan.setup);
  await using background = new AsyncDisposableStack();
  for (const [side, name] of [["out", plan.outside], ["run", plan.before]]) {
    if (name === undefined) continue;
    const stdin = await readParts(["wire", name]);
    const command = [PYTHON, "-I", "-"];
    const program = lab.spawn(side as Side, command, { stdin });
    background.use(program);
    await program.waitFor("ready");
  }
  const isAnswered = plan.outside !== undefined;
  await judge(test, lab, {
    title: "unguarded",
    isHeld: false,
    isAnswered,
    play: () => playAll(lab, { ...plan, guarded: false }),
  });
  const policy = `${lab.directory}/corpus.yml`;
  await Deno.writeTextFile(policy, renderPolicy(plan));
  if (plan.command ?? true) {
    await judge(test, lab, {
      title: "run",
      isHeld: true,
      isAnswered,
      play: () => playCommand(lab, plan, policy),
    });
  }
  const more = ["--policy", policy];
  const guard = await Guarding.arm(lab, { egress: "block", more });
  await judge(test, lab, {
    title: "start",
    isHeld: true,
    isAnswered,
    play: () => playAll(lab, { ...plan, guarded: true }),
  });
  await guard.waitFor({ decision: "deny", enforced: true });
}

async function judge(
  test: Deno.TestContext,
  lab: Lab,
  of: {
    readonly title: string;
    readonly isHeld: boolean;
    /** Whether the kernel answers somebody outside, so that only secrets count. */
    readonly isAnswered: boolean;
    readonly play: () => Promise<ReadonlyMap<string, readonly Row[]>>;
  },
): Promise<void> {
  await using capture = await lab.capture();
  const played = await of.play();
  const packets = (await capture.stop({ chatter: true })).filter((packet) =>
    packet.text.includes(SECRET) || (!of.isAnswered && isLeak(packet))
  );
  const told = new Set<CapturedPacket>();
  for (const [where, rows] of played) {
    for (const row of rows) {
      const { begun, ended, fault, absent } = row;
      const leaks = packets.filter(({ seconds }) =>
        seconds >= begun && seconds <= ended
      );
      leaks.forEach((packet) => told.add(packet));
      const name = `${of.title}, ${where}: ${row.row}`;
      const ignore = absent;
      const fn = () => {
        if (of.isHeld) return assert.deepEqual(leaks.map(describe), []);
        assert.notEqual(leaks.length, 0, fault ?? "the way leads nowhere");
      };
      await test.step({ name, ignore, fn });
    }
  }
  if (!of.isHeld) return;
  const late = packets.filter((packet) => !told.has(packet)).map(describe);
  assert.deepEqual(late, [], `${of.title}: later than its way`);
}

/** Plays a class from every side; what is allowed is tried where it is guarded. */
export async function playAll(
  lab: Lab,
  plan: Pick<ClassPlan, "script"> & { readonly guarded: boolean },
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const stdin = await readClass(plan);
  const guarded = plan.guarded ? "guarded" : "open";
  const played = new Map<string, readonly Row[]>();
  for (const { side, user } of PLAYERS) {
    const who = user === undefined ? "root" : "user";
    const command = [PYTHON, "-I", "-", side, who, guarded, "host"];
    const { code, stdout, stderr } = await lab.in(side, command, {
      stdin,
      user,
      timeoutMs: TIMEOUT_MS,
    });
    assert.equal(code, 0, stderr);
    played.set(`${side} as ${who}`, readRows(stdout));
  }
  return played;
}

async function playCommand(
  lab: Lab,
  plan: ClassPlan,
  policy: string,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const stdin = await readClass(plan);
  const played = new Map<string, readonly Row[]>();
  for (const { side, user } of PLAYERS) {
    if (side !== "run") continue;
    const who = user === undefined ? "root" : "user";
    const { code, stdout, stderr } = await runGuarded(lab, {
      command: [PYTHON, "-I", "-", side, who, "guarded", "command"],
      stdin,
      user,
      more: ["--policy", policy],
    });
    assert.equal(code, 0, stderr);
    played.set(who, readRows(stdout));
  }
  return played;
}

/** Also that what is allowed was to be had beside it. */
function readRows(stdout: string): Row[] {
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  for (const line of lines) {
    if ("allowed" in line) assert.equal(line.allowed, true, stdout);
  }
  return lines.filter((line) => "row" in line);
}

async function readClass(
  { script }: Pick<ClassPlan, "script">,
): Promise<string> {
  return `${await readParts(["wire", "frame", script])}\nplay(*sys.argv[1:])\n`;
}

async function readParts(names: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    names.map((name) =>
      Deno.readTextFile(new URL(`${name}.py`, import.meta.url))
    ),
  );
  return parts.join("\n");
}

function renderPolicy({ allow = [], policy = "" }: ClassPlan): string {
  const entries = ["allowed.test", ...allow].map((entry) =>
    `  - ${JSON.stringify(entry)}\n`
  );
  return `version: 1\negress: block\nallow:\n${entries.join("")}${policy}\n`;
}

function isLeak(packet: CapturedPacket): boolean {
  return !isChatter(packet) && !EXPECTED.has(packet.destination);
}

/** What the kernel says by itself, as long as it says nothing else. */
function isChatter({ protocol, payload }: CapturedPacket): boolean {
  if (protocol.startsWith("ethertype")) return true;
  const type = payload[0]!;
  return protocol === "icmp6" && type >= 130 && type <= 143;
}

function describe(packet: CapturedPacket): string {
  const { protocol, source, destination, flags, text } = packet;
  const { sourcePort, destinationPort } = packet;
  return `${protocol} ${source}:${sourcePort} > ` +
    `${destination}:${destinationPort} ${flags} ${text.slice(0, 80)}`;
}
