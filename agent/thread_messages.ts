/**
 * What the main thread and the packet thread tell each other.
 *
 * @module
 */
import type { Policy } from "./decide/policy.ts";
import type { HostsEntry } from "./decode/hosts_file.ts";
import type { Slot } from "./enforce/marks.ts";
import type { FilesFds } from "./observe/process_source.ts";

/** What the packet thread may ask about processes, without a message. */
export interface SharedProcesses {
  /** The map of descents that the kernel keeps; null where it keeps none. */
  readonly lineageFd: number | null;
  /** What lists the holders of sockets; null where the kernel has nothing. */
  readonly filesFds: FilesFds | null;
  /** The names of steps, {@link StepBoard}. */
  readonly steps: SharedArrayBuffer;
}

/** What the main thread tells this one, once. */
export interface ThreadOrder {
  readonly policy: Policy;
  /** Resolvers as `addressKey` writes them. */
  readonly resolvers: readonly string[];
  readonly hosts: readonly HostsEntry[];
  readonly families: readonly (4 | 6)[];
  /** A network namespace file; null is the one of the process. */
  readonly netns: string | null;
  /** The `cgroup.procs` of a guarded command; null guards the host. */
  readonly procsPath: string | null;
  readonly probeName: string;
  /** Flows that live on, as `flowKey` writes them. */
  readonly openFlows: readonly string[];
  /** Null when processes are not watched. */
  readonly processes: SharedProcesses | null;
  /** The only slot that may be bound; null is the first that is free. */
  readonly slot: number | null;
  /** An eventfd that becomes readable when the thread is to end. */
  readonly stopFd: number;
  /** An eventfd that becomes readable when all is to be told that is known. */
  readonly tellFd: number;
}

/** What this thread tells the main thread. */
export type ThreadReport =
  | { readonly kind: "ready"; readonly slot: Slot }
  | {
    readonly kind: "failed";
    readonly code: "queue_unavailable" | "internal";
    readonly why: string;
  }
  | { readonly kind: "events"; readonly encoded: readonly string[] }
  /** Its events so far are in the messages before this one. */
  | { readonly kind: "told"; readonly packets: number }
  | { readonly kind: "done"; readonly packets: number };
