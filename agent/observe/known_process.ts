/**
 * One process, held by descriptors on its /proc files.
 *
 * @module
 */
import { decodeArguments, decodeProcStat } from "../decode/proc.ts";
import { fromBytes } from "../../ffi/text.ts";
import type { ProcFiles } from "./proc_files.ts";

/**
 * What was read is believed for this long. A process that executes another
 * program under its own pid in that time is shown with its former one.
 */
const FRESH_MS = 100;

/** A process that can be looked at again and again, at a system call each. */
export class KnownProcess implements Disposable {
  readonly #files: ProcFiles;
  // -1 once closed: the numbers may be of other files then.
  #directoryFd: number;
  #cmdlineFd: number;
  #statFd: number;
  readonly pid: number;
  #exe: string | null = null;
  #exeBytes = new Uint8Array(0);
  #isGenuine = false;
  #container: string | null = null;
  #args: readonly string[] = [];
  #cmdline = new Uint8Array(0);
  #parentPid = 0;
  #startTicks = 0;
  #readAtMs = -Infinity;

  /**
   * Opens a process's files.
   *
   * @param files Must outlive this object.
   * @param pid One that is gone has neither executable nor arguments.
   */
  constructor(files: ProcFiles, pid: number) {
    this.#files = files;
    this.pid = pid;
    this.#directoryFd = files.openDirectory(`/proc/${pid}`);
    this.#cmdlineFd = files.openFile(this.#directoryFd, "cmdline");
    this.#statFd = files.openFile(this.#directoryFd, "stat");
    this.read();
  }

  /** As last read; null for a kernel thread, or when it was never there. */
  get exe(): string | null {
    return this.#exe;
  }

  /**
   * The executable as far as a policy may go by it, as last read: null where
   * the policy names that path and another file stands behind it.
   */
  get program(): string | null {
    return this.#isGenuine ? this.#exe : null;
  }

  /** As last read. */
  get args(): readonly string[] {
    return this.#args;
  }

  /** 0 for none. */
  get parentPid(): number {
    return this.#parentPid;
  }

  /** The id of its container, as last read. */
  get container(): string | null {
    return this.#container;
  }

  /** Clock ticks from boot to its start; 0 when it was never there. */
  get startTicks(): number {
    return this.#startTicks;
  }

  /** Whether a link such as `fd/7` holds exactly this text. */
  isLink(name: Uint8Array<ArrayBuffer>, text: Uint8Array): boolean {
    return this.#files.isLink({ directoryFd: this.#directoryFd, name }, text);
  }

  /** False when the process is gone: what was read while it lived stays. */
  readExe(): boolean {
    const bytes = this.#files.exe(this.#directoryFd);
    if (bytes.length === 0) return false;
    // Decoding costs more than the system call, and it hardly ever changes.
    if (!isEqual(bytes, this.#exeBytes)) {
      this.#exeBytes = bytes.slice();
      this.#exe = fromBytes(this.#exeBytes);
    }
    const { programs } = this.#files;
    this.#isGenuine = programs.isGenuine(this.#directoryFd, this.#exe!);
    return true;
  }

  /** The SHA-256 of its executable in hex; null when that cannot be told. */
  hash(): string | null {
    return this.#files.hashes.of(this.#directoryFd);
  }

  /** Reads its container; of one that is gone it stays. */
  readContainer(): void {
    this.#container = this.#files.container(this.#directoryFd) ??
      this.#container;
  }

  #readArguments(): void {
    const bytes = this.#files.read(this.#cmdlineFd);
    // Empty also when it is gone: what was read while it lived stays.
    if (bytes.length === 0 || isEqual(bytes, this.#cmdline)) return;
    this.#cmdline = bytes.slice();
    this.#args = decodeArguments(this.#cmdline);
  }

  /**
   * Reads everything anew, unless that was done a moment ago.
   *
   * @param nowMs Milliseconds on a clock that never goes back.
   */
  refresh(nowMs: number): void {
    if (nowMs - this.#readAtMs < FRESH_MS) return;
    this.#readAtMs = nowMs;
    this.read();
  }

  /** Reads everything anew. */
  read(): void {
    this.readExe();
    this.#readArguments();
    const stat = decodeProcStat(this.#files.read(this.#statFd));
    if (stat.ok) this.#startTicks = stat.value.startTicks;
    // One that has ended may have been given to init since.
    if (!stat.ok || stat.value.state === "Z") return;
    this.#parentPid = stat.value.parentPid;
  }

  /** Closes its descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#files.close(this.#directoryFd);
    this.#files.close(this.#cmdlineFd);
    this.#files.close(this.#statFd);
    this.#directoryFd = this.#cmdlineFd = this.#statFd = -1;
  }
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) {
    if (left[at] !== right[at]) return false;
  }
  return true;
}
