/**
 * Who sent something, as far as a policy can ask for it.
 *
 * @module
 */
import type { Done } from "../record/done.ts";
import type { Judged } from "../record/event.ts";

/** The sender of a connection or a look-up. */
export interface Sender {
  /** The name of its step; null when it is not known. */
  readonly step: string | null;
  /** Its program; null when it is not known. */
  readonly exe: string | null;
}

/** How the journal names the entries that are for the runner alone. */
const RUNNER_RULE = "runner: ";

/** Programs that look names up for others, who asked them on this machine. */
const FORWARDERS: ReadonlySet<string> = new Set([
  "/usr/lib/systemd/systemd-resolved",
  "/lib/systemd/systemd-resolved",
  "/usr/sbin/dnsmasq",
  "/usr/sbin/unbound",
  "/usr/sbin/nscd",
]);

/** What a policy can ask of who did something. */
export function policySender({ step, process }: Done): Sender {
  return { step, exe: process?.exe ?? null };
}

/** Whether something was let out because the runner itself sent it. */
export function isRunners({ rule }: Pick<Judged, "rule">): boolean {
  return rule?.startsWith(RUNNER_RULE) ?? false;
}

/** Whether a sender asks for somebody else, who was judged before. */
export function isForwarder({ step, exe }: Sender): boolean {
  return step === null && exe !== null && FORWARDERS.has(exe);
}
