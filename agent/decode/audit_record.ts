/**
 * The records of audit that tell of an exec.
 *
 * @see <linux/audit.h>, audit_log_exit() in kernel/auditsc.c
 * @module
 */
import {
  auditBytes,
  auditFields,
  auditNumber,
  auditString,
  decodeAuditText,
} from "./audit_text.ts";
import type { Decoded } from "./bytes.ts";

/** AUDIT_*, <linux/audit.h>. */
const TYPE = { SYSCALL: 1300, CWD: 1307, EXECVE: 1309, EOE: 1320 } as const;

/** `a3=`, or `a3[1]=` for a piece of one that fills more than one record. */
const ARGUMENT = /^a(\d{1,7})(?:\[\d{1,7}\])?$/;

/** Who called what, and how it ended. */
export interface AuditSyscall {
  readonly kind: "syscall";
  readonly pid: number;
  readonly parentPid: number;
  /** The real user. */
  readonly uid: number;
  /** Null when the kernel could not write it. */
  readonly exe: string | null;
  readonly succeeded: boolean;
}

/** A piece of the argument vector; pieces come in order. */
export interface AuditPiece {
  /** Which argument, from 0. */
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Arguments, of which there may be more in the next record. */
export interface AuditArguments {
  readonly kind: "arguments";
  readonly pieces: readonly AuditPiece[];
}

/** The directory that it was called from. */
export interface AuditDirectory {
  readonly kind: "directory";
  readonly path: string | null;
}

/** There is no more of the event. */
export interface AuditEnd {
  readonly kind: "end";
}

/** One record; `event` joins those of one event. */
export type AuditRecord =
  & { readonly event: string }
  & (AuditSyscall | AuditArguments | AuditDirectory | AuditEnd);

/**
 * Decodes one record.
 *
 * @param message Type and payload of a netlink message of audit.
 * @returns The record, null for one of another type, or why the bytes were
 * refused.
 */
export function decodeAuditRecord(
  message: { readonly type: number; readonly payload: Uint8Array },
): Decoded<AuditRecord | null> {
  const { type } = message;
  // Most records are of no use here: not even their header is read.
  if (!isKnown(type)) return { ok: true, value: null };
  const text = decodeAuditText(message.payload);
  if (text === null) return refuse("has no header");
  const { event, body } = text;
  if (type === TYPE.EOE) return { ok: true, value: { event, kind: "end" } };
  if (type === TYPE.EXECVE) {
    const pieces = readPieces(body);
    return { ok: true, value: { event, kind: "arguments", pieces } };
  }
  if (type === TYPE.CWD) {
    const path = auditString(firstFields(body).get("cwd") ?? "");
    return { ok: true, value: { event, kind: "directory", path } };
  }
  const syscall = readSyscall(firstFields(body));
  if (syscall === null) return refuse("has no process");
  return { ok: true, value: { event, ...syscall } };
}

function isKnown(type: number): boolean {
  return type === TYPE.SYSCALL || type === TYPE.CWD || type === TYPE.EXECVE ||
    type === TYPE.EOE;
}

function readSyscall(
  fields: ReadonlyMap<string, string>,
): AuditSyscall | null {
  const number = (name: string) => auditNumber(fields.get(name) ?? "");
  const pid = number("pid");
  const parentPid = number("ppid");
  const uid = number("uid");
  if (pid === null || parentPid === null || uid === null) return null;
  return {
    kind: "syscall",
    pid,
    parentPid,
    uid,
    exe: auditString(fields.get("exe") ?? ""),
    succeeded: fields.get("success") === "yes",
  };
}

function readPieces(body: string): AuditPiece[] {
  const pieces: AuditPiece[] = [];
  for (const { name, value } of auditFields(body)) {
    const found = ARGUMENT.exec(name);
    if (found === null) continue;
    // An argument that could not be read any more is there all the same.
    const bytes = auditBytes(value) ?? new Uint8Array(0);
    pieces.push({ index: Number(found[1]), bytes });
  }
  return pieces;
}

function firstFields(body: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const { name, value } of auditFields(body)) {
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `audit record ${why}` };
}
