/**
 * What /proc says of a process at one moment.
 *
 * @module
 */
import { microsecondsOf } from "../decode/clock_ticks.ts";
import {
  decodeArguments,
  decodeNamespace,
  decodeProcStat,
  decodeRealUser,
} from "../decode/proc.ts";
import { readDirectory } from "../../ffi/directories.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString, fromBytes } from "../../ffi/text.ts";
import { ProcFiles } from "./proc_files.ts";
import type { Child } from "./proc_lineage.ts";

const EXE = cString("exe");
const CWD = cString("cwd");
const NETWORK = cString("ns/net");

/** An environment past it is cut; that of a runner's step has 10 to 20 KiB. */
const ENVIRONMENT_BYTES = 256 << 10;
const PATH_MAX = 4096; // <linux/limits.h>

/** A process that was there. */
export interface Running extends Child {
  /** False for one that has ended and is not yet waited for. */
  readonly isAlive: boolean;
}

/** The program of a process, as far as it could be read. */
export interface Snapshot {
  /** Null when the process was gone. */
  readonly uid: number | null;
  readonly parentPid: number | null;
  readonly exe: string | null;
  readonly args: readonly string[];
  readonly cwd: string | null;
}

/** Reads /proc for a source that only hears of pids. */
export class ProcSnapshots {
  readonly #libc: Libc;
  readonly #files: ProcFiles;
  readonly #buffer = new Uint8Array(ENVIRONMENT_BYTES);

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#files = new ProcFiles(libc);
  }

  /** All processes there are. */
  list(): Running[] {
    return (readDirectory(this.#libc, "/proc") ?? []).flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      return this.look(Number(name)) ?? [];
    });
  }

  /** Whether a process is there, and since when; null when it is gone. */
  look(pid: number): Running | null {
    return this.#within(pid, (directoryFd) => {
      const stat = decodeProcStat(this.#read(directoryFd, "stat"));
      if (!stat.ok) return null;
      const { parentPid, state, startTicks, threads } = stat.value;
      // The first thread may end before the others: it is a zombie until then.
      const isAlive = !/[ZX]/.test(state) || threads > 1;
      return { pid, parentPid, startUs: microsecondsOf(startTicks), isAlive };
    });
  }

  /** What a process executes. */
  read(pid: number): Snapshot {
    const found = this.#within(pid, (directoryFd) => {
      const exe = this.#link(directoryFd, EXE);
      // Without it the process is gone, or a zombie that has no more either.
      if (exe === null) return null;
      const args = decodeArguments(this.#read(directoryFd, "cmdline"));
      const cwd = this.#link(directoryFd, CWD);
      const uid = decodeRealUser(this.#read(directoryFd, "status"));
      const stat = decodeProcStat(this.#read(directoryFd, "stat"));
      const parentPid = stat.ok ? stat.value.parentPid : null;
      return { uid, parentPid, exe, args, cwd };
    });
    return found ??
      { uid: null, parentPid: null, exe: null, args: [], cwd: null };
  }

  /** The number of its network namespace; null when it is gone. */
  netNamespace(pid: number): number | null {
    return this.#within(pid, (directoryFd) => {
      const count = this.#readLink(directoryFd, NETWORK);
      return decodeNamespace(this.#buffer.subarray(0, Math.max(count, 0)));
    });
  }

  /** What it was started with, `NAME=value` each; null when it is gone. */
  environment(pid: number): readonly string[] | null {
    return this.#within(pid, (directoryFd) => {
      const bytes = this.#read(directoryFd, "environ");
      if (bytes.length === 0) return null;
      return fromBytes(bytes).split("\0").filter((text) => text !== "");
    });
  }

  #within<T>(pid: number, act: (directoryFd: number) => T | null): T | null {
    const directoryFd = this.#files.openDirectory(`/proc/${pid}`);
    if (directoryFd < 0) return null;
    try {
      return act(directoryFd);
    } finally {
      this.#files.close(directoryFd);
    }
  }

  /** Dies with the next call. */
  #read(directoryFd: number, name: string): Uint8Array {
    const fd = this.#files.openFile(directoryFd, name);
    if (fd < 0) return new Uint8Array(0);
    const length = BigInt(ENVIRONMENT_BYTES);
    const count = this.#libc.symbols.pread(fd, this.#buffer, length, 0n);
    this.#files.close(fd);
    return this.#buffer.subarray(0, Math.max(count, 0));
  }

  #link(directoryFd: number, name: Uint8Array<ArrayBuffer>): string | null {
    const count = this.#readLink(directoryFd, name);
    return count < 0 ? null : fromBytes(this.#buffer.subarray(0, count));
  }

  #readLink(directoryFd: number, name: Uint8Array<ArrayBuffer>): number {
    const { symbols } = this.#libc;
    const length = BigInt(PATH_MAX);
    return symbols.readlinkat(directoryFd, name, this.#buffer, length);
  }
}
