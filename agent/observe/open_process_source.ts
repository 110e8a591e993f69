/**
 * Chooses by what processes are heard of.
 *
 * @module
 */
import { AuditSource } from "./audit_source.ts";
import { BpfSource } from "./bpf/source.ts";
import { ConnectorSource } from "./connector_source.ts";
import type { ProcessSource, ProcessSourceName } from "./process_source.ts";
import { readLink } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** PROC_PID_INIT_INO, <linux/proc_ns.h>: the same on every machine. */
const INITIAL_PIDS = "pid:[4026531836]";

/** All there are, the best first. */
const OPENERS: readonly {
  readonly name: ProcessSourceName;
  readonly open: (libc: Libc) => ProcessSource;
}[] = [
  { name: "bpf", open: (libc) => new BpfSource(libc) },
  { name: "audit", open: (libc) => new AuditSource(libc) },
  { name: "connector", open: (libc) => new ConnectorSource(libc) },
];

/** A better source that was not to be had. */
export interface RefusedSource {
  readonly name: ProcessSourceName;
  /** For a person. */
  readonly why: string;
}

/** The source, and what would have been better. */
export interface OpenedSource {
  readonly source: ProcessSource;
  readonly refused: readonly RefusedSource[];
}

/**
 * Opens the best source that this kernel has.
 *
 * @param libc Must outlive the source.
 * @param options `preferred` names the only ones to try; default all.
 * @throws {Error} When none of them can be opened; it says why of each.
 */
export function openProcessSource(
  libc: Libc,
  options: { readonly preferred?: readonly ProcessSourceName[] } = {},
): OpenedSource {
  const { preferred } = options;
  const pids = readLink(libc, "/proc/self/ns/pid");
  // All three speak of pids as the whole machine counts them; in a container
  // they would be those of other processes.
  if (pids !== INITIAL_PIDS) {
    throw new Error(
      `Cannot hear of processes: the pid namespace is ${pids}, ` +
        `that of the machine is needed`,
    );
  }
  const refused: RefusedSource[] = [];
  for (const { name, open } of OPENERS) {
    if (preferred !== undefined && !preferred.includes(name)) continue;
    try {
      return { source: open(libc), refused };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      refused.push({ name, why });
    }
  }
  throw new Error(`Cannot hear of processes: ${describeRefused(refused)}`);
}

/** All refusals in one sentence, without its full stop. */
export function describeRefused(refused: readonly RefusedSource[]): string {
  return refused.map(({ name, why }) => `${name}: ${why}`).join("; ");
}
