/**
 * Commands as root, in an environment that no step has touched.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { EntryError } from "./failure.ts";

const SUDO = "/usr/bin/sudo";
const ROOT_ID = 0;

/** All that a command of root's gets to see. */
const CLEAN = [
  "/usr/bin/env",
  "-i",
  "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
  "LC_ALL=C.UTF-8",
];

/** Whether this user can be root without being asked for a password. */
export function canBeRoot(): boolean {
  return userId() === ROOT_ID ||
    run([SUDO, "-n", "/usr/bin/true"]).status === 0;
}

/**
 * The command that runs another as root.
 *
 * @param args A program by its absolute path, and its arguments.
 */
export function asRoot(args: readonly string[]): string[] {
  const become = userId() === ROOT_ID ? [] : [SUDO, "-n"];
  return [...become, ...CLEAN, ...args];
}

/**
 * Runs a command as root that must succeed.
 *
 * @param what What it is for, as in `Cannot ${what}`.
 * @throws {EntryError} When it does not.
 */
export function runAsRoot(args: readonly string[], what: string): void {
  const { status, stderr, error } = run(asRoot(args));
  if (status === 0) return;
  const why = stderr?.trim() || error?.message || `exit code ${status}`;
  throw new EntryError(
    `Cannot ${what}: "${args[0]}" ended with "${why}"`,
    "Look whether that directory can be written on this machine",
  );
}

function userId(): number {
  return process.getuid!();
}

function run([command, ...args]: readonly string[]) {
  return spawnSync(command!, args, {
    cwd: "/",
    // Of sudo itself: what it would take from us is nobody's to say.
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
}
