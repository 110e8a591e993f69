/**
 * An attack in its three parts: it succeeds without the agent, it fails with
 * it, and the allowed way works in the same run.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CapturedPacket } from "../../lab/frame.ts";
import type { LabProcess } from "../../lab/command.ts";
import type { Lab, LabRunOptions } from "../../lab/lab.ts";
import { ADDRESSES, type Side } from "../../lab/topology.ts";
import { type GuardFlags, Guarding } from "../guarding.ts";

/** The user of a build, who owns nothing. */
export const NOBODY = 65_534;

/** What is to be stolen; each attack sends it. */
export const SECRET = "stolen";

/** As {@linkcode SECRET}, for the probe. */
export const SECRET_HEX = "73746f6c656e";

/** Debian's own: one that a user installed may be closed to others. */
export const PYTHON = "/usr/bin/python3";

/** Whatever is sent there was not meant for anybody allowed. */
const FOREIGN: ReadonlySet<string> = new Set([
  ADDRESSES.attacker.ipv4,
  ADDRESSES.attacker.ipv6,
  "239.1.2.3",
  "ff0e::1234",
]);

/** How a script is run. */
export interface ScriptOptions extends Omit<LabRunOptions, "stdin"> {
  /** Default `run`. */
  readonly side?: Side;
}

/** The three parts. */
export interface AttackPlan {
  readonly flags: GuardFlags;
  /** `turn` is 0 without the agent and 1 with it: no flow is used twice. */
  readonly attack: (turn: number) => Promise<unknown>;
  /** What must work beside it. Default: a page of `allowed.test`. */
  readonly allowed?: () => Promise<unknown>;
}

/**
 * Plays an attack without and with the agent, judged by what is on the wire.
 *
 * @param lab Nothing else may send in it.
 * @param plan Attack, policy, and what the policy allows.
 * @returns The guard, still armed.
 */
export async function assertHeld(
  lab: Lab,
  plan: AttackPlan,
): Promise<Guarding> {
  await assertLeaks(lab, () => plan.attack(0));
  const guard = await Guarding.arm(lab, plan.flags);
  await assertTight(lab, () => plan.attack(1));
  await (plan.allowed ?? (() => fetchAllowed(lab)))();
  return guard;
}

/** Asserts that the attacker gets something. */
export async function assertLeaks(
  lab: Lab,
  attack: () => Promise<unknown>,
): Promise<void> {
  await using capture = await lab.capture();
  await attack();
  const packets = leaked(await capture.stop());
  assert.notEqual(packets.length, 0, "the attack fails by itself");
}

/** Asserts that nothing for the attacker, and no secret, is on the wire. */
export async function assertTight(
  lab: Lab,
  attack: () => Promise<unknown>,
): Promise<void> {
  await using capture = await lab.capture();
  await attack();
  assert.deepEqual(leaked(await capture.stop()).map(describe), []);
}

/** Asserts that the allowed site answers. */
export async function fetchAllowed(
  lab: Lab,
  side: Side = "run",
): Promise<void> {
  const fetch = ["curl", "-sS", "--max-time", "8", "https://allowed.test/"];
  const { code, stderr } = await lab.in(side, fetch, { user: NOBODY });
  assert.equal(code, 0, stderr);
}

/**
 * Runs a Python script of this directory to its end.
 *
 * @param line Its name and its arguments, separated by spaces.
 * @returns What it printed.
 */
export async function runScript(
  lab: Lab,
  line: string,
  options: ScriptOptions = {},
): Promise<string> {
  await using program = await startScript(lab, line, options);
  const { timeoutMs = 20_000 } = options;
  const { code, stdout, stderr } = await program.finished(timeoutMs);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Starts a Python script of this directory. */
export async function startScript(
  lab: Lab,
  line: string,
  options: ScriptOptions = {},
): Promise<LabProcess> {
  const [name, ...args] = line.split(" ");
  const stdin = await readScript(name!);
  const { side = "run", ...others } = options;
  // Isolated: nothing of the invoker's Python is loaded.
  const command = [PYTHON, "-I", "-", ...args];
  return lab.spawn(side, command, { ...others, stdin });
}

/** A Python script of this directory, with what it starts with. */
export async function readScript(name: string): Promise<string> {
  const [wire, script] = await Promise.all(
    ["wire", name].map((file) =>
      Deno.readTextFile(new URL(`${file}.py`, import.meta.url))
    ),
  );
  return `${wire}${script}`;
}

/** Runs a shell line as root; it must succeed. */
export async function prepare(lab: Lab, shellLine: string): Promise<void> {
  const { code, stderr } = await lab.in("run", ["sh", "-ec", shellLine]);
  assert.equal(code, 0, stderr);
}

function leaked(packets: readonly CapturedPacket[]): CapturedPacket[] {
  return packets.filter(({ destination, text }) =>
    FOREIGN.has(destination) || text.includes(SECRET)
  );
}

function describe(packet: CapturedPacket): string {
  const { protocol, source, destination, flags, text } = packet;
  return `${protocol} ${source} > ${destination} ${flags} ${text}`;
}
