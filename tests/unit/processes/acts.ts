/**
 * What processes do, as the kernel would tell it.
 *
 * @module
 */
import type {
  ExecRecord,
  ExitRecord,
  ForkRecord,
} from "../../../agent/decode/process_record.ts";

/** A process by its pid; its start follows from that. */
export function keyOf(pid: number): { pid: number; startUs: number } {
  return { pid, startUs: 5_000_000 + pid * 7 };
}

/** A process makes another. */
export function fork(parentPid: number, pid: number): ForkRecord {
  const key = keyOf(pid);
  return { kind: "fork", ...key, parentPid, atUs: key.startUs };
}

/** A process executes a program. */
export function exec(pid: number, args: readonly string[]): ExecRecord {
  const key = keyOf(pid);
  return {
    kind: "exec",
    ...key,
    parentPid: 1,
    atUs: key.startUs + 100,
    uid: 1001,
    exe: args[0] ?? null,
    args,
    cwd: "/work",
    netNamespace: null,
    environment: null,
  };
}

/** A process ends. */
export function exit(pid: number, exitCode: number | null = 0): ExitRecord {
  const key = keyOf(pid);
  return {
    kind: "exit",
    ...key,
    atUs: key.startUs + 900,
    exitCode,
    signal: null,
  };
}
