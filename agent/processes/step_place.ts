/**
 * Where `sluice step` finds a guard: a directory that everybody may enter and
 * only root may write, so that nobody puts a false guard there.
 *
 * @module
 */
import {
  makeDirectories,
  ownership,
  readDirectory,
} from "../../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { Socket } from "../../ffi/sockets.ts";
import { cString } from "../../ffi/text.ts";
import {
  openMessageSocket,
  peerOf,
  unixAddress,
} from "../../ffi/unix_sockets.ts";

/** Where a guarded command finds its guard. */
export const STEPS_VARIABLE = "SLUICE_STEPS";

const STEP_SOCKETS = "/run/sluice-steps";
/** The state directory's, by its hash. */
const SOCKET_NAME = /^[0-9a-f]{16}$/;
const BACKLOG = 64;

/**
 * Where a guard listens.
 *
 * @param directory Its state directory, absolute: for `sluice run` one of its
 * own.
 */
export function stepSocketPath(directory: string): string {
  const plain = directory.replaceAll(/\/+/g, "/").replace(/\/$/, "");
  // FNV-1a of 64 bits: no secret, only short enough for a socket's path.
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of new TextEncoder().encode(plain)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  }
  return `${STEP_SOCKETS}/${hash.toString(16).padStart(16, "0")}`;
}

/**
 * Takes away where a guard listened, and the directory with the last one.
 *
 * @param path As {@linkcode stepSocketPath} gives it.
 */
export function removeStepSocket(libc: Libc, path: string): void {
  libc.symbols.unlink(cString(path));
  libc.symbols.rmdir(cString(STEP_SOCKETS));
}

/**
 * Listens, for every user of the machine.
 *
 * @param path As {@linkcode stepSocketPath} gives it.
 * @returns Null when that cannot be had: a guard without it is one all the same.
 */
export function listenForSteps(
  libc: Libc,
  path: string | null,
): Socket | null {
  if (path === null) return null;
  const socket = openMessageSocket(libc);
  try {
    makeDirectories(libc, STEP_SOCKETS, 0o755);
    libc.check("chmod", libc.symbols.chmod(cString(STEP_SOCKETS), 0o755));
    const { uid, isShared } = ownership(libc, STEP_SOCKETS);
    if (uid !== 0 || isShared || isServed(libc, path)) {
      socket[Symbol.dispose]();
      return null;
    }
    clearUnserved(libc);
    // Under its name from when it listens: else another guard's clearing would
    // take it for one that is left behind.
    const early = `${path}.new`;
    libc.symbols.unlink(cString(early));
    socket.bind(unixAddress(early));
    libc.check("chmod", libc.symbols.chmod(cString(early), 0o666));
    socket.listen(BACKLOG);
    const renamed = libc.symbols.rename(cString(early), cString(path));
    libc.check("rename", renamed);
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}

/**
 * Takes away where a guard listened that was killed. The next one may listen
 * there already: it begins to before it looks at what is left.
 *
 * @param path As {@linkcode stepSocketPath} gives it.
 */
export function clearStepSocket(libc: Libc, path: string): void {
  using socket = openMessageSocket(libc);
  const errno = socket.connect(unixAddress(path));
  // Not the directory with it: the next one may be about to use that.
  if (errno === ERRNO.ECONNREFUSED) libc.symbols.unlink(cString(path));
}

/** Of guards that were killed, and whose state is nowhere to be found. */
function clearUnserved(libc: Libc): void {
  for (const name of readDirectory(libc, STEP_SOCKETS) ?? []) {
    if (SOCKET_NAME.test(name)) {
      clearStepSocket(libc, `${STEP_SOCKETS}/${name}`);
    }
  }
}

/** Whether another guard listens there; a former thread of ours does not. */
function isServed(libc: Libc, path: string): boolean {
  using socket = openMessageSocket(libc);
  if (socket.connect(unixAddress(path)) !== 0) return false;
  return peerOf(libc, socket.fd).pid !== libc.symbols.getpid();
}

/**
 * Whether only root can have put something at a path.
 *
 * @param path Where a guard should listen.
 */
export function isTrusted(libc: Libc, path: string): boolean {
  try {
    const directory = path.slice(0, path.lastIndexOf("/"));
    const { uid, isShared } = ownership(libc, directory);
    return uid === 0 && !isShared && ownership(libc, path).uid === 0;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  }
}
