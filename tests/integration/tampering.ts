/**
 * A guarded lab whose root turns against the guard.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { AgentEvent, Event } from "../../agent/record/event.ts";
import type { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { waitUntil } from "../lab/wait.ts";
import { type GuardFlags, Guarding, sluice, type Status } from "./guarding.ts";
import { assertRefused, type Probe } from "./probing.ts";

/** Runs a command where iptables is iptables-legacy, for it and its children. */
export const LEGACY: readonly string[] = [
  ...["unshare", "--mount", "sh", "-c"],
  'mount --bind /usr/sbin/xtables-legacy-multi "$0" && exec "$@"',
  "/usr/sbin/xtables-nft-multi",
];

/** What the issue promises, and as much again for a machine under load. */
const NOTICED_MS = 4_000;

/** What comes out at the end. */
export interface Verdict {
  readonly code: number;
  readonly status: Status & { readonly tampered: boolean };
  /** The report for a person. */
  readonly said: string;
}

/** Arms a guard that allows one site. */
export function armBlocking(
  lab: Lab,
  flags: Partial<GuardFlags> = {},
): Promise<Guarding> {
  const allow = ["allowed.test"];
  return Guarding.arm(lab, { egress: "block", allow, ...flags });
}

/**
 * Runs shell lines as root in the guarded namespace; they must succeed.
 *
 * @param lines The lines, alone or with the command that runs them.
 */
export async function asRoot(
  lab: Lab,
  lines: string | { readonly before: readonly string[]; readonly sh: string },
): Promise<string> {
  const { before, sh } = typeof lines === "string"
    ? { before: [], sh: lines }
    : lines;
  const command = [...before, "sh", "-ec", sh];
  const { code, stdout, stderr } = await lab.in("run", command);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** What the agent says about itself. */
export function ofAgent(
  events: readonly Event[],
  event: AgentEvent["event"],
): (AgentEvent & Event)[] {
  return events.filter((each) => each.kind === "agent")
    .filter((each) => each.event === event);
}

/** Waits for an event of the agent's own; the last such one counts. */
export async function waitForAgent(
  guard: Guarding,
  event: AgentEvent["event"],
): Promise<AgentEvent & Event> {
  let found: (AgentEvent & Event) | undefined;
  await waitUntil(async () => {
    // Of the packets: what is not heard of processes is a loss of its own.
    found = ofAgent(await guard.events(), event)
      .findLast(({ what }) => what !== "processes");
    return found !== undefined;
  }, { what: `an event "${event}"`, timeoutMs: NOTICED_MS });
  return found!;
}

/** Asserts that nothing gets to the attacker and the allowed site answers. */
export async function assertClosed(lab: Lab, probe: Probe): Promise<void> {
  await using capture = await lab.capture();
  const { attacker } = ADDRESSES;
  for (const address of Object.values(attacker)) {
    assertRefused(await probe.one("run", `tcp ${address} 4444 stolen`));
    assertRefused(await probe.one("run", `udp ${address} 4444 73746f6c`));
  }
  const evil: string[] = Object.values(attacker);
  const packets = (await capture.stop()).filter(({ destination, text }) =>
    evil.includes(destination) || text.includes("stol")
  );
  assert.deepEqual(packets, []);
  await assertAllowed(lab);
}

/** Asserts that the allowed site answers. */
export async function assertAllowed(lab: Lab): Promise<void> {
  const fetch = ["curl", "-sS", "--max-time", "8", "https://allowed.test/"];
  const { code, stderr } = await lab.in("run", fetch);
  assert.equal(code, 0, stderr);
}

/** Stops a guard, whatever it comes to. */
export async function verdictOf(
  lab: Lab,
  before: readonly string[] = [],
): Promise<Verdict> {
  const args = ["stop", "--state", `${lab.directory}/state`];
  const { code, stdout, stderr } = await sluice(args, before);
  return { code, status: JSON.parse(stdout), said: stderr };
}

/** Both families' rules without the time of day and without what they counted. */
export async function saveRules(
  lab: Lab,
  before: readonly string[] = [],
): Promise<string> {
  const saved = await asRoot(lab, {
    before,
    sh: "iptables-save; ip6tables-save",
  });
  return saved.replace(/^#.*\n/gm, "").replace(/ \[\d+:\d+\]$/gm, "")
    .split("\n").sort().join("\n");
}
