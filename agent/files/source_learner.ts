/**
 * What learning sources takes, at arming as after a checkout.
 *
 * @module
 */
import type { BytePath } from "../../ffi/byte_path.ts";
import type { FileLook } from "../../ffi/file_look.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { FileClock } from "./file_clock.ts";
import type { Source, Sources } from "./sources.ts";
import type { Texts } from "./texts.ts";

/** What the learning works with; all of it is lent. */
export interface LearningWorld {
  readonly libc: Libc;
  readonly texts: Texts;
  readonly clock: FileClock;
}

/** Lent to whoever learns. */
export interface SourceLearner extends LearningWorld {
  readonly sources: Sources;
  /** Takes in a source, unless nobody is to look at it. */
  readonly put: (
    path: BytePath,
    source: Source,
    look: FileLook | null,
  ) => void;
  /** A source is one no more. */
  readonly remove: (path: BytePath) => void;
}
