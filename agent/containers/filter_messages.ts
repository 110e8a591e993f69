/**
 * What the main thread and the filter's thread tell each other.
 *
 * @module
 */
import type { SharedProcesses } from "../thread_messages.ts";

/** A runtime's socket, and ours in its place. */
export interface FilteredSocket {
  /** Of the socket that listens; lent. */
  readonly listenFd: number;
  /** Of the runtime's own socket, opened as a path; lent. */
  readonly runtimeFd: number;
  /** Where the runtime's own socket is, without links. */
  readonly path: string;
  /** Where ours is. */
  readonly ownPath: string;
}

/** What the main thread tells this one, once. */
export interface FilterOrder {
  readonly sockets: readonly FilteredSocket[];
  /** Directories whose files containers may see. */
  readonly workspaces: readonly string[];
  /** Where mounts are kept. */
  readonly directory: string;
  /** Null when processes are not watched. */
  readonly processes: SharedProcesses | null;
  /** An eventfd that becomes readable when the thread is to end. */
  readonly stopFd: number;
}

/** What this thread tells the main thread. */
export type FilterReport =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly why: string }
  /** As `encodeEvent` gives them. */
  | { readonly kind: "events"; readonly encoded: readonly string[] }
  | { readonly kind: "done" };
