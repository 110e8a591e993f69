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

/** How a tool is run. */
export interface ToolOptions {
  /** Its standard input, at most 64 KiB of UTF-8. Default: nothing. */
  readonly input?: string;
  /** How long it may take, in milliseconds. Default: two minutes. */
  readonly timeoutMs?: number;
}

/** Rules, accounts and services take a second; what hangs must not hang us. */
const TIMEOUT_MS = 120_000;
const SIGKILL = 9; // <asm/signal.h>

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
 * Runs a tool and waits for it, blocking this thread. One that takes too long is
 * killed, and the last line of its `stderr` says so.
 *
 * @param command The argument vector; its first is the absolute path.
 * @throws {SystemCallError} When it cannot be started.
 * @throws {RangeError} When the input is larger than a pipe holds.
 */
export function runTool(
  libc: Libc,
  command: readonly string[],
  { input = "", timeoutMs = TIMEOUT_MS }: ToolOptions = {},
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
  const untilMs = performance.now() + timeoutMs;
  const fds = [stdout.read, stderr.read];
  const { texts: [out, err], isWhole } = readAll(libc, fds, untilMs);
  if (!isWhole) libc.symbols.kill(pid, SIGKILL);
  const code = waitForExitBlocking(libc, pid);
  if (isWhole) return { code, stdout: out!, stderr: err! };
  const name = command[0]!.slice(command[0]!.lastIndexOf("/") + 1);
  const late = `${name} took longer than ${timeoutMs / 1000} s and was ended\n`;
  const isLine = err === "" || err!.endsWith("\n");
  return { code, stdout: out!, stderr: `${err}${isLine ? "" : "\n"}${late}` };
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

/** Reads until all are at their end, or it is too late; closes them. */
function readAll(
  libc: Libc,
  fds: readonly number[],
  untilMs: number,
): { readonly texts: readonly string[]; readonly isWhole: boolean } {
  const chunks: Uint8Array[][] = fds.map(() => []);
  const open = new Set(fds.keys());
  while (open.size > 0) {
    const waiting = [...open];
    const poller = new Poller(libc, waiting.map((index) => fds[index]!));
    const leftMs = Math.ceil(untilMs - performance.now());
    if (leftMs <= 0 || poller.wait(leftMs) === 0) break;
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
  for (const index of open) libc.symbols.close(fds[index]!);
  return { texts: chunks.map(textOf), isWhole: open.size === 0 };
}

function textOf(parts: readonly Uint8Array[]): string {
  const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return fromBytes(whole);
}
