/**
 * Namespaces of the calling thread.
 *
 * @module
 */
import { O, openFile } from "./files.ts";
import type { Libc } from "./libc.ts";

/** <sched.h> */
const CLONE_NEWNET = 0x4000_0000;

/**
 * Moves the calling thread into a network namespace: sockets it opens and
 * processes it starts from then on belong there. Other threads stay.
 *
 * @param path Such as /run/netns/NAME or /proc/PID/ns/net.
 * @throws {SystemCallError} With the errno of open(2) or setns(2).
 */
export function enterNetworkNamespace(libc: Libc, path: string): void {
  const fd = openFile(libc, path, { flags: O.RDONLY });
  try {
    libc.check("setns", libc.symbols.setns(fd, CLONE_NEWNET));
  } finally {
    libc.symbols.close(fd);
  }
}
