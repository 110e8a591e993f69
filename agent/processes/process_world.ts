/**
 * What the parts of the process thread work with.
 *
 * @module
 */
import type { ProcessKey } from "../decode/process_record.ts";
import type { ProcessSource } from "../observe/process_source.ts";
import type { EventBody } from "../record/event.ts";
import type { BootClock } from "./boot_clock.ts";
import type { JobReport } from "./job_children.ts";
import type { KnownSecrets } from "./known_secrets.ts";
import type { ProcessOrder } from "./process_messages.ts";
import type { ProcessTree } from "./process_tree.ts";
import type { Programs } from "./programs.ts";
import type { StepBoard } from "./step_board.ts";
import type { Libc } from "../../ffi/libc.ts";

/** Lent to every part, for as long as the thread runs. */
export interface ProcessWorld {
  readonly libc: Libc;
  readonly order: ProcessOrder;
  readonly source: ProcessSource;
  readonly tree: ProcessTree;
  /** What processes ran before. */
  readonly programs: Programs;
  /** This thread is its one writer. */
  readonly steps: StepBoard;
  readonly secrets: KnownSecrets;
  readonly clock: BootClock;
  /** Hears at once of all that processes have done by now. */
  readonly catchUp: () => void;
  /** Writes an event, with the time of now. */
  readonly tell: (event: EventBody) => void;
  /** Says what becomes of a job's processes. */
  readonly tellJob: (report: JobReport) => void;
}

/** Gives a process a role, in the kernel's lineage as in the tree. */
export function setRole(
  { source, tree }: Pick<ProcessWorld, "source" | "tree">,
  { process, role }: {
    readonly process: ProcessKey;
    /** One of `ROLE`. */
    readonly role: number;
  },
): void {
  source.lineage.setRole(process, role);
  tree.setRole(process, role);
}

/** Puts a process into a tree, in the kernel's lineage as in ours. */
export function beginTree(
  { source, tree }: Pick<ProcessWorld, "source" | "tree">,
  { process, root }: {
    readonly process: ProcessKey;
    /** The tree's first process, which may be this one. */
    readonly root: ProcessKey;
  },
): void {
  source.lineage.beginTree(process, root);
  tree.beginTree(process, root);
}
