/**
 * Hears of changes by fanotify: of whole file systems, and by whom.
 *
 * @module
 */
import {
  decodeFanotifyEvent,
  FANOTIFY,
  type FanotifyEvent,
  type Span,
} from "../../decode/fanotify_event.ts";
import { below, type BytePath, bytePath } from "../../../ffi/byte_path.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import type { FileKey } from "../../../ffi/file_handles.ts";
import { FileSystemWatch } from "../../../ffi/file_system_watch.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { ReadySign } from "../../../ffi/ready_sign.ts";
import { DirectoryFinder } from "./directory_finder.ts";
import { actsOf, ofFile, ofName } from "./fanotify_acts.ts";
import { FanotifyMarks, type RefusedDirectory } from "./fanotify_marks.ts";
import { FanotifyWalks } from "./fanotify_walks.ts";
import type { FileChange, FileSource, LostChanges } from "./file_source.ts";
import { FollowedFiles } from "./followed_files.ts";

/** Some 400 events. */
const BUFFER_BYTES = 32_768;
/** One call must not keep the thread from everything else. */
const MAX_CHANGES = 4096;
const TURN_MS = 3;

const ARRIVALS = FANOTIFY.CREATE | FANOTIFY.MOVED_TO;
const DEPARTURES = FANOTIFY.DELETE | FANOTIFY.MOVED_FROM;

/** The better of the two sources: it needs root. */
export class FanotifySource implements FileSource {
  /** Which it is. */
  readonly name = "fanotify";
  /** What the kernel writes to, and a sign that work is left. */
  readonly fds: readonly number[];
  readonly #sign: ReadySign;
  readonly #ownPid: number;
  readonly #watch: FileSystemWatch;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #finder: DirectoryFinder;
  readonly #marks: FanotifyMarks;
  readonly #followed: FollowedFiles;
  readonly #walks: FanotifyWalks;
  #told: (FileChange | LostChanges)[] = [];
  #drainedMs = performance.now();

  /**
   * Asks for nothing yet.
   *
   * @param libc Must outlive this object.
   * @throws {SystemCallError} EPERM without CAP_SYS_ADMIN, EINVAL before Linux
   * 5.9.
   */
  constructor(libc: Libc) {
    this.#ownPid = libc.symbols.getpid();
    this.#watch = new FileSystemWatch(libc);
    this.#finder = new DirectoryFinder(libc);
    this.#followed = new FollowedFiles(libc, this.#watch);
    this.#marks = new FanotifyMarks(libc, {
      watch: this.#watch,
      finder: this.#finder,
    });
    this.#walks = new FanotifyWalks(this.#marks, this.#finder);
    this.#sign = new ReadySign(libc);
    this.fds = [this.#watch.fd, this.#sign.fd];
  }

  /** @see {@linkcode FileSource.watchTree} */
  *watchTree(root: BytePath): Generator<void> {
    yield* this.#walks.walkRoot(root);
  }

  /** @see {@linkcode FileSource.watchDirectory} */
  watchDirectory(path: BytePath): void {
    this.#marks.markDirectory(path);
  }

  /** @see {@linkcode FileSource.follow} */
  follow(path: BytePath, reads = false): boolean {
    return this.#followed.follow(path, reads);
  }

  /** @see {@linkcode FileSource.drain} */
  drain(): readonly (FileChange | LostChanges)[] {
    const nowMs = performance.now();
    const untilMs = nowMs + TURN_MS;
    let isEmpty = false;
    this.#told = [];
    try {
      this.#walks.work(untilMs);
      do {
        const filled = this.#watch.read(this.#buffer);
        isEmpty = filled === 0;
        if (isEmpty) break;
        this.#take(this.#buffer.subarray(0, filled));
      } while (
        this.#told.length < MAX_CHANGES && performance.now() < untilMs
      );
      return this.#told;
    } finally {
      if (isEmpty) this.#drainedMs = nowMs;
      this.#sign.set(this.#walks.hasMore);
      this.#finder.paths.rest();
      this.#told = [];
    }
  }

  /** @see {@linkcode FileSource.drainedMs} */
  get drainedMs(): number {
    return this.#drainedMs;
  }

  /** @see {@linkcode FileSource.takeRefused} */
  takeRefused(): readonly RefusedDirectory[] {
    return this.#marks.takeRefused();
  }

  /** Ends all marks; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#finder.paths[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    this.#sign[Symbol.dispose]();
  }

  #take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const decoded = decodeFanotifyEvent(bytes, at);
      // Of what cannot be read nobody knows where it ends.
      if (!decoded.ok) return this.#lose();
      const event = decoded.value;
      at += event.bytes;
      if ((event.mask & FANOTIFY.Q_OVERFLOW) !== 0) this.#lose();
      else if (event.pid !== this.#ownPid) this.#hear(event, bytes);
    }
  }

  #hear(event: FanotifyEvent, bytes: Uint8Array): void {
    const acts = actsOf(event.mask);
    const isDirectory = (event.mask & FANOTIFY.ONDIR) !== 0;
    const by = { isDirectory, pid: event.pid === 0 ? null : event.pid };
    const path = this.#nameOf(event, bytes);
    const named = path === null ? 0 : ofName(acts);
    if (named !== 0) this.#tell({ acts: named, path: path!, ...by });
    if (event.file === null || this.#followed.size === 0) return;
    const done = ofFile(acts);
    if (done === 0) return;
    const paths = this.#followed.find(keyOf(bytes, event.file)) ?? [];
    for (const each of paths) {
      // What was told already is not told again.
      const more = each === path ? done & ~named : done;
      if (more !== 0) this.#tell({ acts: more, path: each, ...by });
    }
  }

  /** Null for a name that is not watched. */
  #nameOf(event: FanotifyEvent, bytes: Uint8Array): BytePath | null {
    if (event.directory === null || event.name === null) return null;
    const key = keyOf(bytes, event.directory);
    const path = this.#find(key);
    const { roots } = this.#finder;
    if (path === null && !roots.isAbove(key)) return null;
    const { start, end } = event.name;
    const name = bytePath(bytes.subarray(start, end));
    const isMove = (event.mask & (ARRIVALS | DEPARTURES)) !== 0 &&
      (event.mask & FANOTIFY.ONDIR) !== 0;
    if (isMove) {
      const behind = roots.behind(key, name);
      if (behind !== undefined) this.#renew(behind);
      const file = event.file === null ? null : keyOf(bytes, event.file);
      // Below a directory that is watched for itself nothing is.
      if (path !== null && this.#finder.isInTree(key)) {
        this.#move(event.mask, { key, name, file, path: below(path, name) });
      }
    }
    if (path === null) return null;
    return name === "." ? path : below(path, name);
  }

  /** A name of a directory came or went: what is below it is elsewhere now. */
  #move(mask: number, at: {
    readonly key: FileKey;
    readonly name: BytePath;
    readonly file: FileKey | null;
    readonly path: BytePath;
  }): void {
    const { names } = this.#finder;
    const { key, name, file, path } = at;
    names.take(key, name);
    const hasCome = (mask & ARRIVALS) !== 0;
    // One that came and left, or left and came, may be here or anywhere. One
    // that came and was removed was here until then.
    const isHere = hasCome && (mask & FANOTIFY.MOVED_FROM) === 0;
    if (file !== null && isHere) names.put(file, { directory: key, name });
    else if (file !== null) names.detach(file);
    if (!hasCome) return;
    if ((mask & FANOTIFY.MOVED_TO) === 0) return this.#walks.addNew(path);
    // It may come from outside, with all that is below it; and what was made
    // in it, and could not be marked because it was on its way.
    names.forgetOutside();
    this.#walks.add(path);
  }

  /** Roots are not where they were, or are there again. */
  #renew(roots: ReadonlySet<BytePath>): void {
    this.#lose();
    for (const root of roots) this.#walks.addRoot(root);
  }

  #find(key: FileKey): BytePath | null {
    try {
      return this.#finder.find(key);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      // Nobody knows whether it was ours.
      this.#lose();
      return null;
    }
  }

  #tell(change: Omit<FileChange, "kind">): void {
    const sinceMs = this.#drainedMs;
    this.#told.push({ kind: "change", sinceMs, ...change });
  }

  #lose(): void {
    this.#finder.names.clear();
    if (this.#told.at(-1)?.kind !== "lost") this.#told.push({ kind: "lost" });
  }
}

function keyOf(bytes: Uint8Array, { start, end }: Span): FileKey {
  return bytes.subarray(start, end).toHex();
}
