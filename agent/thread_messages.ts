/**
 * What the main thread and the packet thread tell each other.
 *
 * @module
 */
import type { Policy } from "./decide/policy.ts";
import type { HostsEntry } from "./decode/hosts_file.ts";
import type { Slot } from "./enforce/marks.ts";

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
  /** The only slot that may be bound; null is the first that is free. */
  readonly slot: number | null;
  /** An eventfd that becomes readable when the thread is to end. */
  readonly stopFd: number;
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
  | { readonly kind: "done"; readonly packets: number };
