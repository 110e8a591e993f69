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

/** The calling thread's own network namespace, to come back to. */
export class HomeNamespace implements Disposable {
  readonly #libc: Libc;
  #fd: number;

  /**
   * Remembers where the thread is.
   *
   * @param libc Must outlive this object.
   * @throws {SystemCallError} With the errno of open(2).
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#fd = openFile(libc, "/proc/thread-self/ns/net", { flags: O.RDONLY });
  }

  /**
   * Does something in another network namespace. It must not await.
   *
   * @param fd A descriptor of that namespace.
   * @param act What to do there.
   * @returns What `act` returns; null when the thread may not go there.
   * @throws {SystemCallError} When it cannot come back.
   */
  visit<T>(fd: number, act: () => T): T | null {
    const { symbols } = this.#libc;
    if (symbols.setns(fd, CLONE_NEWNET) < 0) return null;
    try {
      return act();
    } finally {
      this.#libc.check("setns", symbols.setns(this.#fd, CLONE_NEWNET));
    }
  }

  /** Closes its descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Does something in another network namespace and comes back: the sockets that
 * are opened there stay there.
 *
 * @param path As {@linkcode enterNetworkNamespace} takes it.
 * @param act Must not await: what runs meanwhile would be there, too.
 * @throws {SystemCallError} With the errno of open(2) or setns(2).
 */
export function withinNetworkNamespace<T>(
  libc: Libc,
  path: string,
  act: () => T,
): T {
  const flags = O.RDONLY;
  const home = openFile(libc, "/proc/thread-self/ns/net", { flags });
  try {
    enterNetworkNamespace(libc, path);
    try {
      return act();
    } finally {
      libc.check("setns", libc.symbols.setns(home, CLONE_NEWNET));
    }
  } finally {
    libc.symbols.close(home);
  }
}
