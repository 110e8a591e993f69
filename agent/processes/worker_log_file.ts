/**
 * A worker's log as it is written, and who else could write it.
 *
 * The file belongs to the runner's user, so to every step. Whoever opens it for
 * writing, or writes to it, is heard of by fanotify; from then on nothing more
 * is read from it. What remains: a step that takes the worker's own descriptor
 * (ptrace(2), pidfd_getfd(2)) and maps it, what was written before the guard
 * was there, and a message of the worker's that holds text of a step with line
 * breaks in it.
 *
 * @module
 */
import { WorkerLogDecoder } from "../decode/worker_log.ts";
import { canWrite, isWritable, WriterSearch } from "../observe/file_writers.ts";
import { LogStrangers } from "./log_strangers.ts";
import type { LoggedSteps } from "./logged_steps.ts";
import { readDirectory, stampOf } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { FAN, Fanotify } from "../../ffi/fanotify.ts";
import { O, openFile, readLink, tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** `_diag/Worker_20260102-030405-utc.log`. */
const LOG_PATH = /\/_diag\/Worker_[\w-]+\.log$/;
const WATCHED = FAN.OPEN | FAN.MODIFY | FAN.CLOSE_WRITE | FAN.CLOSE_NOWRITE;
const CHUNK_BYTES = 65_536;
const EXECUTING_MS = 2;
/** The runner begins another file after 8 MiB. */
const MAX_TURN_BYTES = 16 << 20;

/** Somebody else can write it. */
export interface LogIntruder {
  /** 0 when nobody can say. */
  readonly pid: number;
  readonly path: string;
}

/** One file of one worker's log. */
export class WorkerLogFile implements Disposable {
  readonly #libc: Libc;
  readonly #workerPid: number;
  readonly #onIntruder: (intruder: LogIntruder) => void;
  readonly #decoder = new WorkerLogDecoder();
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #fanotify: Fanotify;
  readonly #fileFd: number;
  readonly path: string;
  /** The worker's own descriptor of it, under /proc. */
  readonly link: string;
  /** Of the file, {@link stampOf}. */
  readonly id: string;
  readonly #steps: LoggedSteps;
  #offset = 0;
  #isBelieved = true;
  readonly #strangers: LogStrangers;
  #turnsShrunk = 0;

  private constructor(
    libc: Libc,
    of: WorkerLogOptions & LogPlace & { fileFd: number; fanotify: Fanotify },
  ) {
    this.#libc = libc;
    this.#workerPid = of.workerPid;
    this.#onIntruder = of.onIntruder;
    this.#fanotify = of.fanotify;
    this.#fileFd = of.fileFd;
    this.path = of.path;
    this.link = of.link;
    this.id = stampOf(libc, of.fileFd)!.id;
    this.#strangers = new LogStrangers(libc, this.id);
    this.#steps = of.steps;
    // A later one was there before we looked, so who wrote its beginning?
    if (!of.isFirst) this.#offset = stampOf(libc, of.fileFd)!.sizeBytes;
  }

  /**
   * Opens the file that a worker has open for writing.
   *
   * @returns Null when it has none, or the kernel tells nothing of its writers:
   * then it could not be believed.
   */
  static open(libc: Libc, options: WorkerLogOptions): WorkerLogFile | null {
    const place = findLog(libc, options.workerPid);
    if (place === null) return null;
    using stack = new DisposableStack();
    let fileFd: number;
    let fanotify: Fanotify;
    try {
      // The very file, whatever its name leads to by now.
      fileFd = openFile(libc, place.link, { flags: O.RDONLY | O.NONBLOCK });
      stack.defer(() => libc.symbols.close(fileFd));
      fanotify = stack.use(new Fanotify(libc));
      fanotify.mark(fileFd, WATCHED);
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    }
    const held = { fileFd, fanotify };
    const file = new WorkerLogFile(libc, { ...options, ...place, ...held });
    stack.move();
    const search = new WriterSearch(libc, file.id);
    const other = file.#strangerOf(search.lookOn(Infinity));
    if (other !== undefined) file.#distrust(other);
    return file;
  }

  /** Becomes readable when somebody does something with it. */
  get fd(): number {
    return this.#fanotify.fd;
  }

  /** False from when somebody else could write it. */
  get isBelieved(): boolean {
    return this.#isBelieved;
  }

  /** Takes in what was written since, if it can be believed. */
  read(): void {
    if (!this.#isBelieved) {
      this.#fanotify.read();
      return;
    }
    // Bytes first: whoever wrote one of them was heard of before we are done.
    const chunks = this.#readBytes();
    this.#lookAtEvents();
    // The worker only adds to it; who else did this is heard of a moment later.
    if (chunks === null && this.#turnsShrunk++ > 0) this.#distrust(0);
    if (!this.#isBelieved || chunks === null) return;
    for (const chunk of chunks) {
      for (const entry of this.#decoder.push(chunk)) this.#steps.apply(entry);
    }
  }

  /** Null when there is less than there was. */
  #readBytes(): Uint8Array[] | null {
    const size = stampOf(this.#libc, this.#fileFd)?.sizeBytes ?? 0;
    if (size < this.#offset) return null;
    const chunks: Uint8Array[] = [];
    const limit = this.#offset + MAX_TURN_BYTES;
    while (this.#offset < limit) {
      const count = this.#libc.symbols.pread(
        this.#fileFd,
        this.#chunk,
        BigInt(CHUNK_BYTES),
        BigInt(this.#offset),
      );
      if (count <= 0) break;
      chunks.push(this.#chunk.slice(0, count));
      this.#offset += count;
    }
    return chunks;
  }

  #lookAtEvents(): void {
    const ownPid = this.#libc.symbols.getpid();
    const opened: number[] = [];
    for (const { mask, pid } of this.#fanotify.read()) {
      if ((mask & FAN.Q_OVERFLOW) !== 0) this.#distrust(0);
      if (pid === this.#workerPid || pid === ownPid) continue;
      if ((mask & (FAN.MODIFY | FAN.CLOSE_WRITE)) !== 0) this.#distrust(pid);
      else if ((mask & FAN.CLOSE_NOWRITE) !== 0) this.#strangers.closed(pid);
      else opened.push(pid);
    }
    this.#lookAtStrangers(opened);
  }

  /** It can be open without being written to: that is seen by its holder. */
  #lookAtStrangers(opened: readonly number[]): void {
    for (const pid of opened) {
      if (canWrite(this.#libc, pid, this.id)) return this.#distrust(pid);
      this.#strangers.opened(pid);
    }
    const writers = this.#strangers.lookOn(performance.now());
    const writer = this.#strangerOf(writers);
    if (writer !== undefined) this.#distrust(writer);
  }

  #strangerOf(writers: readonly number[]): number | undefined {
    const workerPid = this.#workerPid;
    return writers.find((pid) =>
      pid !== workerPid && !isOfWorker(this.#libc, pid, workerPid) &&
      this.#canStillWrite(pid)
    );
  }

  /**
   * A child of the worker's that executes its program has that for its own a
   * moment before it lets go of what the worker has open.
   */
  #canStillWrite(pid: number): boolean {
    const never = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(never, 0, 0, EXECUTING_MS);
    return canWrite(this.#libc, pid, this.id);
  }

  #distrust(pid: number): void {
    if (!this.#isBelieved) return;
    this.#isBelieved = false;
    this.#steps.forget();
    this.#onIntruder({ pid, path: this.path });
  }

  /** Closes its descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fanotify.fd < 0) return;
    this.#fanotify[Symbol.dispose]();
    this.#libc.symbols.close(this.#fileFd);
  }
}

/** What a log is opened with. */
export interface WorkerLogOptions {
  readonly workerPid: number;
  /** Take in what it says. */
  readonly steps: LoggedSteps;
  /** Whether it is the first file of that worker that is looked at. */
  readonly isFirst: boolean;
  /** Somebody else could write it: told once. */
  readonly onIntruder: (intruder: LogIntruder) => void;
}

/**
 * Whether a process is a worker's child that has not executed anything yet: it
 * still has all that the worker has open.
 */
function isOfWorker(libc: Libc, pid: number, workerPid: number): boolean {
  const exe = readLink(libc, `/proc/${pid}/exe`);
  const status = tryReadText(libc, `/proc/${pid}/status`) ?? "";
  return exe !== null && exe === readLink(libc, `/proc/${workerPid}/exe`) &&
    new RegExp(`^PPid:\t${workerPid}$`, "m").test(status);
}

interface LogPlace {
  readonly link: string;
  readonly path: string;
}

/** The log that a worker writes now. */
function findLog(libc: Libc, workerPid: number): LogPlace | null {
  const directory = `/proc/${workerPid}/fd`;
  for (const fd of readDirectory(libc, directory) ?? []) {
    const link = `${directory}/${fd}`;
    const path = readLink(libc, link);
    if (path === null || !LOG_PATH.test(path)) continue;
    const info = tryReadText(libc, `/proc/${workerPid}/fdinfo/${fd}`) ?? "";
    if (isWritable(info)) return { link, path };
  }
  return null;
}
