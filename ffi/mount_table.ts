/**
 * The mounts of this process's namespace, and when they change.
 *
 * @see proc_pid_mountinfo(5)
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import { O, openFile, readFile } from "./files.ts";
import type { Libc } from "./libc.ts";

const PATH = "/proc/self/mountinfo";
/** <sys/epoll.h> */
const EPOLL = { CLOEXEC: 0o2000000, ADD: 1, PRI: 2 } as const;
const POLLPRI = 2; // <bits/poll.h>
/** struct epoll_event, with room for the architectures that align it. */
const EVENT_BYTES = 16;
/** struct pollfd, <poll.h>. */
const POLLFD = { events: 4, revents: 6, bytes: 8 } as const;

/** Holds the file open. It borrows its {@linkcode Libc}. */
export class MountTable implements Disposable {
  readonly #libc: Libc;
  readonly #entry = new Uint8Array(POLLFD.bytes);
  readonly #view = new DataView(this.#entry.buffer);
  /** Only to be woken by: who asks such a descriptor has its answer once. */
  #wakeFd = -1;
  #epollFd = -1;
  #fd = -1;

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} EMFILE without a descriptor left.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    const { symbols } = libc;
    try {
      this.#fd = openFile(libc, PATH, { flags: O.RDONLY });
      this.#wakeFd = openFile(libc, PATH, { flags: O.RDONLY });
      const epollFd = symbols.epoll_create1(EPOLL.CLOEXEC);
      this.#epollFd = libc.check("epoll_create1", epollFd);
      // The file is always readable; a change is told as urgent.
      const event = new Uint8Array(EVENT_BYTES).with(0, EPOLL.PRI);
      const { ADD } = EPOLL;
      const result = symbols.epoll_ctl(epollFd, ADD, this.#wakeFd, event);
      libc.check("epoll_ctl", result);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Readable, for one poll(2), when something was mounted or unmounted. */
  get fd(): number {
    return this.#epollFd;
  }

  /** Whether something was mounted or unmounted since the last call. */
  hasChanged(): boolean {
    this.#view.setInt32(0, this.#fd, true);
    this.#view.setInt16(POLLFD.events, POLLPRI, true);
    const ready = this.#libc.symbols.poll(this.#entry, 1n, 0);
    if (ready >= 0) {
      return (this.#view.getInt16(POLLFD.revents, true) & POLLPRI) !== 0;
    }
    const errno = this.#libc.errno();
    if (errno === ERRNO.EINTR) return true;
    throw new SystemCallError("poll", errno);
  }

  /**
   * All mounts, as the kernel writes them.
   *
   * @throws {RangeError} When they are more than anybody has.
   */
  read(): Uint8Array {
    return readFile(this.#libc, PATH);
  }

  /** Closes it; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const fd of [this.#epollFd, this.#wakeFd, this.#fd]) {
      if (fd >= 0) this.#libc.symbols.close(fd);
    }
    this.#epollFd = this.#wakeFd = this.#fd = -1;
  }
}
