/**
 * What became of a request's body.
 *
 * @module
 */
import type { Json } from "../../decode/strict_json.ts";

/** Something of the machine that a container is to see. */
export interface BindWish {
  /** An absolute path, as it was asked for. */
  readonly source: string;
  readonly isReadOnly: boolean;
  /** Whether a directory is to be made where nothing is. */
  readonly isMade: boolean;
}

/** What the runtime is asked before a request is passed on. */
export interface Question {
  readonly kind: "container" | "exec" | "network" | "volume";
  /** A name, an id, or the beginning of one. */
  readonly name: string;
}

/** A body that nothing is against, if the answers are well. */
export interface AcceptedBody {
  readonly binds: readonly BindWish[];
  readonly questions: readonly Question[];
  /**
   * The body to be sent; null for none.
   *
   * @param sources For each of the binds, where the filter holds it.
   */
  readonly write: (sources: readonly string[]) => Json;
}

/** Accepted, or why not: a phrase such as `Privileged: true`. */
export type JudgedBody =
  | { readonly ok: true; readonly value: AcceptedBody }
  | { readonly ok: false; readonly why: string };
