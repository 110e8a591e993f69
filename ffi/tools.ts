/**
 * A system tool, run to its end with its output in memory.
 *
 * @module
 */
import { O, openFile, writeAll } from "./files.ts";
import type { Libc } from "./libc.ts";
import { Poller } from "./sockets.ts";
import { spawn, waitForExitBlocking } from "./spawn.ts";
import { fromBytes } from "./text.ts";

/** What a tool gave back. */
export interface ToolResult {
  /** Its exit code, or 128 and the signal's number. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A pipe's default capacity, pipe(7): a writer up to here never waits. */
const PIPE_BYTES = 65_536;

/**
 * Only what a tool needs: a caller's PATH or locale must not change its way.
 * Images of runners let everybody write to /usr/local/bin, and what apt-get
 * runs looks for its programs by PATH.
 */
const ENVIRONMENT = [
  "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
  "LC_ALL=C",
  "DEBIAN_FRONTEND=noninteractive",
];

/**
 * Runs a tool and waits for it, blocking this thread.
 *
 * @param command The argument vector; its first is the absolute path.
 * @param input Its standard input, at most 64 KiB of UTF-8.
 * @throws {SystemCallError} When it cannot be started.
 * @throws {RangeError} When the input is larger than a pipe holds.
 */
export function runTool(
  libc: Libc,
  command: readonly string[],
  input = "",
): ToolResult {
  const bytes = new TextEncoder().encode(input);
  if (bytes.length > PIPE_BYTES) {
    throw new RangeError(
      `Cannot give ${bytes.length} bytes to a tool: at most ${PIPE_BYTES} fit`,
    );
  }
  const stdin = openPipe(libc);
  const stdout = openPipe(libc);
  const stderr = openPipe(libc);
  let pid: number;
  try {
    writeAll(libc, stdin.write, bytes);
    pid = spawn(libc, {
      path: command[0]!,
      args: command,
      environment: ENVIRONMENT,
      directory: "/",
      stdio: [stdin.read, stdout.write, stderr.write],
    });
  } catch (error) {
    libc.symbols.close(stdout.read);
    libc.symbols.close(stderr.read);
    throw error;
  } finally {
    libc.symbols.close(stdin.read);
    libc.symbols.close(stdin.write);
    libc.symbols.close(stdout.write);
    libc.symbols.close(stderr.write);
  }
  const [out, err] = readBoth(libc, [stdout.read, stderr.read]);
  const code = waitForExitBlocking(libc, pid);
  return { code, stdout: out!, stderr: err! };
}

/** Opens a pipe that children do not inherit. */
export function openPipe(libc: Libc): { read: number; write: number } {
  const fds = new Int32Array(2);
  libc.check("pipe2", libc.symbols.pipe2(fds, O.CLOEXEC));
  return { read: fds[0]!, write: fds[1]! };
}

/** Opens /dev/null for reading and writing. */
export function openNull(libc: Libc): number {
  return openFile(libc, "/dev/null", { flags: O.RDWR });
}

function readBoth(libc: Libc, fds: readonly number[]): string[] {
  const chunks: Uint8Array[][] = fds.map(() => []);
  const open = new Set(fds.keys());
  while (open.size > 0) {
    const waiting = [...open];
    const poller = new Poller(libc, waiting.map((index) => fds[index]!));
    poller.wait(-1);
    for (const [position, index] of waiting.entries()) {
      if (!poller.isReady(position)) continue;
      const chunk = new Uint8Array(PIPE_BYTES);
      const size = BigInt(PIPE_BYTES);
      const count = libc.check(
        "read",
        libc.symbols.read(fds[index]!, chunk, size),
      );
      if (count > 0) chunks[index]!.push(chunk.subarray(0, count));
      else {
        open.delete(index);
        libc.symbols.close(fds[index]!);
      }
    }
  }
  return chunks.map((parts) => {
    const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return fromBytes(whole);
  });
}
