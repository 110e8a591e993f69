/**
 * Processes that hold a socket, for the tests of who sent what.
 *
 * @module
 */
import { readDirectory } from "../../../ffi/directories.ts";
import { tryReadText } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import type { Socket } from "../../../ffi/sockets.ts";
import { spawn, waitForExitBlocking } from "../../../ffi/spawn.ts";
import { openNull } from "../../../ffi/tools.ts";
import { inodeOf, openUdp } from "./sockets.ts";

const SIGKILL = 9;

/** Sleeps for longer than a test. */
export const SLEEP = ["/bin/sleep", "60"];

/** Sockets and children of one test. */
export class Children implements Disposable {
  readonly libc = new Libc();
  readonly #null = openNull(this.libc);
  readonly #sockets: Socket[] = [];
  readonly #pids = new Set<number>();

  /** Opens a socket of this process's own. */
  openSocket(): { socket: Socket; inode: number } {
    const socket = openUdp(this.libc, 4);
    this.#sockets.push(socket);
    return { socket, inode: inodeOf(this.libc, socket.fd) };
  }

  /**
   * Starts a child that has a socket for its standard input.
   *
   * @param fd The descriptor; default none.
   * @param command The program's absolute path and its arguments.
   */
  start(fd = this.#null, command: readonly string[] = SLEEP): number {
    const pid = spawn(this.libc, {
      path: command[0]!,
      args: command,
      environment: ["PATH=/usr/bin:/bin"],
      stdio: [fd, this.#null, this.#null],
    });
    this.#pids.add(pid);
    // The kernel wakes us when the program is loaded, and only then puts its
    // arguments in place.
    const cmdline = `/proc/${pid}/cmdline`;
    while (tryReadText(this.libc, cmdline) === "");
    return pid;
  }

  /**
   * Starts a child that alone holds a new socket.
   *
   * @param command The program's absolute path and its arguments.
   */
  startOwner(command?: readonly string[]): { pid: number; inode: number } {
    const { socket, inode } = this.openSocket();
    const pid = this.start(socket.fd, command);
    socket[Symbol.dispose]();
    return { pid, inode };
  }

  /** Ends a child and waits for its end. */
  end(pid: number): void {
    this.libc.symbols.kill(pid, SIGKILL);
    waitForExitBlocking(this.libc, pid);
    this.#pids.delete(pid);
  }

  /** How many descriptors this process has open. */
  openDescriptors(): number {
    return readDirectory(this.libc, "/proc/self/fd")!.length;
  }

  /** Ends all children and closes all sockets. */
  [Symbol.dispose](): void {
    for (const pid of this.#pids) this.libc.symbols.kill(pid, SIGKILL);
    for (const pid of this.#pids) waitForExitBlocking(this.libc, pid);
    for (const socket of this.#sockets) socket[Symbol.dispose]();
    this.libc.symbols.close(this.#null);
    this.libc[Symbol.dispose]();
  }
}
