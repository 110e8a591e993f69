/**
 * The journal's events about files: sources, tools and secrets.
 *
 * As in `event.ts`, fields are added, never renamed, and text is kept as it came.
 *
 * @module
 */
import type { Done } from "./done.ts";

/** What a file was at a moment. */
export interface FileStateField {
  /**
   * The object id that `git hash-object` prints of its content: SHA-1, or
   * SHA-256 where the repository uses that or there is none. Null when the
   * content was not read.
   */
  readonly blob: string | null;
  /** SHA-256 of the content, lower case hex; null when it was not read. */
  readonly sha256: string | null;
  /** Null when it is not known. */
  readonly bytes: number | null;
  /** As git writes it: `100644`, `100755`, `120000` for a symbolic link. */
  readonly mode: string;
}

/** A file was changed, or a secret one was read. */
export interface FileEvent extends Done {
  /** Tells the kinds of events apart. */
  readonly kind: "file";
  /**
   * What happened. `modified`, `deleted` and `mode` are of what was there;
   * `created` of a new program among sources; `restored` of one that is as it
   * was before; `rewritten` of one that was written and has the same content;
   * `mounted` of something that hides sources; `checkout` of a repository whose
   * git has put other sources in place; `replaced` of a tool between two uses;
   * `read` of a secret.
   */
  readonly change:
    | "modified"
    | "deleted"
    | "mode"
    | "created"
    | "restored"
    | "rewritten"
    | "mounted"
    | "checkout"
    | "replaced"
    | "read";
  /** What the file is to us. */
  readonly subject: "source" | "tool" | "secret";
  /** Absolute, lossy UTF-8. Of `checkout` and `mounted` the directory. */
  readonly path: string;
  /** Whether the policy's `on.overwritten` is about it. */
  readonly overwritten: boolean;
  /** The entry under `source` that lets it pass, as written; null for none. */
  readonly rule: string | null;
  /** One sentence for a person. */
  readonly reason: string;
  /** Null when there was none, or it is not known. */
  readonly before: FileStateField | null;
  /** Null when there is none any more, or it was not seen. */
  readonly after: FileStateField | null;
  /** Unified, bounded; null when it is no text or not known. */
  readonly diff: string | null;
  /** `restored`: milliseconds for which it was another. */
  readonly changedMs?: number;
  /** `checkout`: how many sources are other than before. */
  readonly files?: number;
}
