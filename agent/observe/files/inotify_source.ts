/**
 * Changes of files by inotify, which any user may ask for: a watch for each
 * directory, and nothing of who does it.
 *
 * @see inotify(7)
 * @module
 */
import { type BytePath, bytePath } from "../../../ffi/byte_path.ts";
import { openDirectory } from "../../../ffi/directory_entries.ts";
import { lookBehind } from "../../../ffi/file_look.ts";
import { Inotify } from "../../../ffi/inotify.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { ReadySign } from "../../../ffi/ready_sign.ts";
import {
  decodeInotifyEvent,
  INOTIFY,
  type InotifyEvent,
} from "../../decode/inotify_event.ts";
import type { FileChange, FileSource, LostChanges } from "./file_source.ts";
import { changeOf } from "./inotify_acts.ts";
import { InotifyDoors } from "./inotify_doors.ts";
import { InotifyFollows } from "./inotify_follows.ts";
import { InotifyMoves } from "./inotify_moves.ts";
import { pathAt, type Place, Places } from "./inotify_places.ts";
import { InotifyTasks } from "./inotify_tasks.ts";
import { InotifyWalks, type Refused } from "./inotify_walks.ts";
import { InotifyWatches } from "./inotify_watches.ts";

/** Events are heard for so long, then others get a turn. */
const TURN_MS = 3;
const MAX_TOLD = 4_096;

/** A {@linkcode FileSource} for any user. */
export class InotifySource implements FileSource {
  readonly name = "inotify";
  readonly #libc: Libc;
  readonly #inotify: Inotify;
  readonly #sign: ReadySign;
  readonly #places = new Places();
  readonly #moves = new InotifyMoves();
  readonly #watches: InotifyWatches;
  readonly #walks: InotifyWalks;
  readonly #tasks: InotifyTasks;
  readonly #follows: InotifyFollows;
  readonly #doors: InotifyDoors;
  readonly #roots = new Set<BytePath>();
  #told: (FileChange | LostChanges)[] = [];
  #drainedMs = performance.now();

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} EMFILE past fs.inotify.max_user_instances.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#inotify = new Inotify(libc);
    this.#sign = new ReadySign(libc);
    const inotify = this.#inotify;
    const places = this.#places;
    const tell = (change: FileChange) => void this.#told.push(change);
    this.#doors = new InotifyDoors({ libc, inotify });
    const doors = this.#doors;
    this.#watches = new InotifyWatches({ libc, inotify, places, doors });
    this.#walks = new InotifyWalks({ libc, watches: this.#watches });
    const walks = this.#walks;
    this.#tasks = new InotifyTasks({ inotify, places, walks, tell });
    this.#follows = new InotifyFollows({ libc, inotify });
  }

  /** Readable when there is something to {@linkcode drain}. */
  get fds(): readonly number[] {
    return [this.#inotify.fd, this.#sign.fd];
  }

  /** See {@linkcode FileSource.watchTree}. */
  *watchTree(root: BytePath): Generator<void> {
    this.#doors.open(root);
    this.#roots.add(root);
    yield* this.#tasks.ask(root);
    this.#signal();
  }

  /**
   * See {@linkcode FileSource.watchDirectory}.
   *
   * @throws {SystemCallError} When it cannot be watched.
   */
  watchDirectory(path: BytePath): void {
    const fd = openDirectory(this.#libc, path);
    try {
      const look = lookBehind(this.#libc, fd);
      const spot = { parent: null, name: path, isTree: false };
      this.#watches.watch(fd, { spot, look });
    } finally {
      this.#libc.symbols.close(fd);
    }
  }

  /**
   * See {@linkcode FileSource.follow}.
   *
   * @param reads Whether of who opens it too: by inotify also of ourselves.
   */
  follow(path: BytePath, reads = false): boolean {
    return this.#follows.follow(path, reads);
  }

  /** See {@linkcode FileSource.drain}. */
  drain(): readonly (FileChange | LostChanges)[] {
    const nowMs = performance.now();
    const untilMs = nowMs + TURN_MS;
    let old = this.#moves.old(nowMs);
    do {
      const events = this.#read();
      // The other end of a move is right behind it, or there is none.
      for (const place of this.#moves.leave(old, events)) {
        this.#places.leave(place);
      }
      old = [];
      if (events.length === 0) {
        this.#drainedMs = nowMs;
        break;
      }
      for (const event of events) this.#hear(event);
    } while (this.#told.length < MAX_TOLD && performance.now() < untilMs);
    this.#tasks.work(untilMs);
    this.#signal();
    const told = this.#told;
    this.#told = [];
    return told;
  }

  /** See {@linkcode FileSource.drainedMs}. */
  get drainedMs(): number {
    return this.#drainedMs;
  }

  /** See {@linkcode FileSource.takeRefused}. */
  takeRefused(): readonly Refused[] {
    return this.#walks.takeRefused();
  }

  /** Ends all watches; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#inotify[Symbol.dispose]();
    this.#sign[Symbol.dispose]();
  }

  #signal(): void {
    this.#sign.set(this.#tasks.hasMore);
  }

  #read(): InotifyEvent[] {
    const bytes = this.#inotify.read();
    const events: InotifyEvent[] = [];
    for (let at = 0; at < bytes.length;) {
      const decoded = decodeInotifyEvent(bytes, at);
      if (!decoded.ok) {
        this.#lose();
        break;
      }
      events.push(decoded.value);
      at += decoded.value.bytes;
    }
    return events;
  }

  #hear(event: InotifyEvent): void {
    const { watch, mask } = event;
    if ((mask & INOTIFY.Q_OVERFLOW) !== 0) return this.#lose();
    if ((mask & INOTIFY.IGNORED) !== 0) {
      this.#places.forget(watch);
      this.#follows.forget(watch);
      this.#doors.forget(watch);
      return;
    }
    for (const path of this.#follows.hear(watch, mask)) this.#tell(path, mask);
    let isInTree = false;
    for (const place of this.#places.of(watch)) {
      this.#hearAt(place, event);
      isInTree ||= place.isTree && place.path !== null;
    }
    // A door within a tree is not needed.
    if (!isInTree && this.#doors.has(watch)) this.#hearAtDoor(event);
  }

  /** What has come unheard of is searched for; what was changed is not known. */
  #lose(): void {
    this.#told.push({ kind: "lost" });
    this.#follows.forgive();
    this.#tasks.search(this.#roots);
  }

  #hearAt(place: Place, { mask, cookie, name }: InotifyEvent): void {
    if (place.isLeft) return;
    if (name === null) {
      // Of any other, what it is in tells.
      if (place.parent === null) this.#hearOfTop(place, mask);
      return;
    }
    const entry = bytePath(name);
    const spot = { parent: place, name: entry, isTree: true };
    const path = pathAt(spot);
    const isDirectory = (mask & INOTIFY.ISDIR) !== 0;
    // Where nobody can say, what it is in is about to be told of as moved.
    if (path !== null) {
      this.#tell(path, mask);
      if (!isDirectory) this.#follows.hearOfName(path, mask);
    }
    if (!isDirectory || !place.isTree) return;
    if ((mask & INOTIFY.CREATE) !== 0) this.#tasks.arrive(spot);
    if ((mask & INOTIFY.MOVED_FROM) !== 0) {
      const child = place.children?.get(entry);
      const move = { cookie, nowMs: performance.now() };
      if (child !== undefined) this.#moves.begin(child, move);
    }
    if ((mask & INOTIFY.MOVED_TO) !== 0) {
      const moved = this.#moves.end(cookie);
      if (moved !== null) this.#places.put(moved, spot);
      // The one that was found by the old name can have come after this move.
      this.#tasks.arrive(spot);
    }
  }

  #hearOfTop(place: Place, mask: number): void {
    const isAway = (mask & (INOTIFY.MOVE_SELF | INOTIFY.DELETE_SELF)) !== 0;
    if (isAway && this.#doors.isOpenFor(place.name)) return;
    this.#tell(place.name, mask | INOTIFY.ISDIR);
    if (isAway) this.#places.leave(place);
  }

  #hearAtDoor({ watch, mask, name }: InotifyEvent): void {
    const root = name && this.#doors.rootAt(watch, bytePath(name));
    if (root === null) return;
    this.#tell(root, mask);
    const hasGone = (mask & (INOTIFY.MOVED_FROM | INOTIFY.DELETE)) !== 0;
    if (hasGone) {
      const place = this.#places.top(root);
      if (place !== null) this.#places.leave(place);
    } else if ((mask & INOTIFY.ISDIR) !== 0) {
      this.#tasks.arrive({ parent: null, name: root, isTree: true });
    }
  }

  #tell(path: BytePath, mask: number): void {
    const change = changeOf(path, mask);
    if (change !== null) this.#told.push(change);
  }
}
