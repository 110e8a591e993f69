/**
 * What is mounted for the filter of container requests, and taken off again:
 * also when the agent that did it was killed.
 *
 * Nothing of the machine is written to: what was there is as it was, as soon as
 * nothing is mounted over it.
 *
 * @module
 */
import { decodeMounts } from "../../decode/mountinfo.ts";
import { limitMount } from "../../../ffi/bind_mounts.ts";
import {
  makeDirectories,
  ownership,
  readDirectory,
} from "../../../ffi/directories.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import {
  O,
  openFile,
  readText,
  tryReadText,
  writeAll,
} from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { bindOver, unmount } from "../../../ffi/mounts.ts";
import { cString } from "../../../ffi/text.ts";
import { AgentError } from "../../errors.ts";

/** Where the filter keeps what it shows; only root may enter. */
export const CONTAINERS_DIRECTORY = "/run/sluice-containers";

const RECORD = "mounts";
/** Below it, what containers see of the machine. */
const BINDS = "binds";

/** The mounts of one filter. */
export class PlacedMounts {
  readonly #libc: Libc;
  /** Only root may enter it. */
  readonly directory: string;

  private constructor(libc: Libc, directory: string) {
    this.#libc = libc;
    this.directory = directory;
  }

  /**
   * Begins, after what another agent has left was taken away.
   *
   * @throws {AgentError} `state_unusable` when others may write there.
   */
  static begin(libc: Libc, directory: string): PlacedMounts {
    clearPlacedMounts(libc, directory);
    makeDirectories(libc, `${directory}/${BINDS}`, 0o700);
    const { uid, isShared } = ownership(libc, directory);
    if (uid !== 0 || isShared) {
      throw new AgentError("state_unusable", {
        what: `Cannot keep sockets in "${directory}"`,
        why: "others than root may write there",
        hint: `Remove "${directory}"`,
      });
    }
    return new PlacedMounts(libc, directory);
  }

  /** The same in another thread, which {@linkcode PlacedMounts.begin} is over for. */
  static of(libc: Libc, directory: string): PlacedMounts {
    return new PlacedMounts(libc, directory);
  }

  /** Where the next thing that a container is to see can be mounted. */
  bindPath(number: number): string {
    return `${this.directory}/${BINDS}/${number}`;
  }

  /**
   * Shows a file or directory in the place of another.
   *
   * @throws {SystemCallError} With the errno of mount(2).
   */
  bind(source: string, target: string): void {
    this.#note(target);
    bindOver(this.#libc, { source, target });
  }

  /**
   * Sees to it that no file of a directory gives more rights than its reader
   * has.
   *
   * @throws {SystemCallError} With the errno of mount(2).
   */
  limit(path: string): void {
    this.#note(path);
    limitMount(this.#libc, path);
  }

  /** Takes all of it away; whoever uses it still may go on. */
  undo(): void {
    clearPlacedMounts(this.#libc, this.directory);
  }

  /** First, as whoever is killed in between notes nothing. */
  #note(target: string): void {
    const libc = this.#libc;
    const { length } = mountsAt(libc, target);
    const flags = O.WRONLY | O.CREAT | O.APPEND | O.NOFOLLOW;
    const fd = openFile(libc, `${this.directory}/${RECORD}`, { flags });
    try {
      const line = `${JSON.stringify([target, length])}\n`;
      writeAll(libc, fd, new TextEncoder().encode(line));
    } finally {
      libc.symbols.close(fd);
    }
  }
}

/**
 * Takes away what a filter has mounted that was killed; nothing where none was.
 *
 * @param directory Default {@linkcode CONTAINERS_DIRECTORY}.
 */
export function clearPlacedMounts(
  libc: Libc,
  directory: string = CONTAINERS_DIRECTORY,
): void {
  if (!isOwn(libc, directory)) return;
  const text = tryReadText(libc, `${directory}/${RECORD}`) ?? "";
  for (const line of text.split("\n").toReversed()) {
    const noted = decodeLine(line);
    if (noted === null) continue;
    // As many as there were before stay, whatever came on top.
    const count = mountsAt(libc, noted.target).length - noted.before;
    if (count > 0) unmount(libc, noted.target);
  }
  const { symbols } = libc;
  const binds = `${directory}/${BINDS}`;
  for (const name of readDirectory(libc, binds) ?? []) {
    const path = cString(`${binds}/${name}`);
    if (symbols.unlink(path) < 0) symbols.rmdir(path);
  }
  symbols.rmdir(cString(binds));
  for (const name of readDirectory(libc, directory) ?? []) {
    symbols.unlink(cString(`${directory}/${name}`));
  }
  symbols.rmdir(cString(directory));
}

function mountsAt(libc: Libc, path: string) {
  const mounts = decodeMounts(readText(libc, "/proc/self/mountinfo"));
  return mounts.filter(({ mountPoint }) => mountPoint === path);
}

function isOwn(libc: Libc, directory: string): boolean {
  try {
    const { uid, isShared } = ownership(libc, directory);
    return uid === 0 && !isShared;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  }
}

function decodeLine(
  line: string,
): { readonly target: string; readonly before: number } | null {
  try {
    const [target, before] = JSON.parse(line);
    const isLine = typeof target === "string" && Number.isInteger(before);
    return isLine ? { target, before } : null;
  } catch {
    return null;
  }
}
