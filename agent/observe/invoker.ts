/**
 * Who asked for the guard: the user behind sudo, and where they stood.
 *
 * @module
 */
import { decodePasswd } from "../decode/passwd.ts";
import { AgentError } from "../errors.ts";
import { readFile, readLink, readText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { fromBytes } from "../../ffi/text.ts";

/** The user that a guarded command runs as. */
export interface Invoker {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

/** The environment this program was started with, `NAME=value` each. */
export function initialEnvironment(libc: Libc): string[] {
  const bytes = readFile(libc, "/proc/self/environ");
  return fromBytes(bytes).split("\0").filter((pair) => pair !== "");
}

/** One variable of an environment; null when it is not set. */
export function variable(
  environment: readonly string[],
  name: string,
): string | null {
  const found = environment.find((pair) => pair.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}

/**
 * Finds the user behind sudo, or the current one.
 *
 * @throws {AgentError} `user_unknown` when sudo names nobody in /etc/passwd.
 */
export function findInvoker(
  libc: Libc,
  environment: readonly string[],
): Invoker {
  const behindSudo = variable(environment, "SUDO_UID");
  const uid = libc.symbols.geteuid() === 0 && behindSudo !== null
    ? /^\d+$/.test(behindSudo) ? Number(behindSudo) : NaN
    : libc.symbols.geteuid();
  const users = decodePasswd(readText(libc, "/etc/passwd"));
  const user = users.find((entry) => entry.uid === uid);
  if (user !== undefined) return user;
  throw new AgentError("user_unknown", {
    what: "Cannot run the command as the user who asked for it",
    why: `user id ${JSON.stringify(behindSudo ?? uid)} is not in /etc/passwd`,
    hint: "Run through sudo from an account of this machine",
  });
}

/**
 * Where the user stood: `deno task` changes into the project's directory and
 * the task says where it came from.
 */
export function invokedDirectory(
  libc: Libc,
  environment: readonly string[],
): string {
  const told = variable(environment, "SLUICE_CWD");
  if (told !== null && told.startsWith("/")) return told;
  return readLink(libc, "/proc/self/cwd") ?? "/";
}
