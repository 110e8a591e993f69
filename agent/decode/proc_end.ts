/**
 * How a process has ended that its parent has not looked at yet.
 *
 * @see {@link https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html | proc_pid_stat(5)}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** Of the fields after the name: `state` is the first. */
const AT = { state: 0, exitCode: 49 } as const;
const CODE_CLOSE = 0x29;

/**
 * Decodes /proc/<pid>/stat as far as it tells of the end.
 *
 * @param text The whole file, as root reads it: for others the status is 0.
 * @returns The status as wait(2) gives it; null for one that has not ended.
 */
export function decodeProcEnd(text: Uint8Array): Decoded<number | null> {
  const close = text.lastIndexOf(CODE_CLOSE);
  if (close < 0) return { ok: false, why: "proc stat has no name" };
  const rest = new TextDecoder().decode(text.subarray(close + 1));
  const fields = rest.trim().split(" ");
  const state = fields[AT.state]!;
  if (!/^[A-Za-z]$/.test(state)) {
    return { ok: false, why: "proc stat has no state" };
  }
  if (state !== "Z" && state !== "X") return { ok: true, value: null };
  const status = fields[AT.exitCode] ?? "";
  if (!/^\d{1,5}$/.test(status)) {
    return { ok: false, why: "proc stat has no exit code" };
  }
  return { ok: true, value: Number(status) };
}
