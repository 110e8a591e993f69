/**
 * The rules by which audit tells of execs, put in and taken out without a trace.
 *
 * What was set before stands in the key of the rules: so the last guard that
 * leaves puts it back, also when the first one was killed, and nobody needs a
 * file for it.
 *
 * @module
 */
import { type AuditStatus, decodeRuleKey } from "../decode/audit_control.ts";
import { microsecondsOf, ticksOf } from "../decode/clock_ticks.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { AuditControl } from "./audit_control.ts";
import { ProcSnapshots } from "./proc_snapshot.ts";

/** <linux/audit.h> */
const AUDIT_FILTER_EXIT = 4;
const AUDIT_ALWAYS = 2;
const AUDIT_EQUAL = 0x4000_0000;
const FIELD = { ARCH: 11, SUCCESS: 104, FILTERKEY: 210 } as const;

/** struct audit_rule_data, <linux/audit.h>: 64 words each. */
const AT = {
  action: 4,
  fieldCount: 8,
  mask: 12,
  fields: 268,
  values: 524,
  operators: 780,
  textBytes: 1036,
  text: 1040,
} as const;

/**
 * AUDIT_ARCH_* of the machine's own programs and of its 32-bit ones, with the
 * numbers of execve and execveat there: <asm/unistd.h>.
 */
const INTERFACES = Deno.build.arch === "aarch64"
  ? [{ arch: 0xc000_00b7, calls: [221, 281] }, {
    arch: 0x4000_0028,
    calls: [11, 387],
  }]
  : [{ arch: 0xc000_003e, calls: [59, 322] }, {
    arch: 0x4000_0003,
    calls: [11, 358],
  }];

/**
 * At the limit a process waits inside its own system call, so nothing is lost;
 * the kernel's 64 would make a parallel build wait all the time.
 */
const BACKLOG_LIMIT = 16_384;

const KEY =
  /^sluice-(\d{1,10})-(\d{1,16})-(\d)-(\d{1,10})-(\d{1,10})-(\d{1,10})$/;

/** Whose rules they are, and how audit was set before all guards. */
interface Owner {
  readonly pid: number;
  readonly startTicks: number;
  readonly before: Pick<
    AuditStatus,
    "enabled" | "backlogLimit" | "rateLimit" | "daemonPid"
  >;
}

/** In place from construction to disposal. */
export class AuditRules implements Disposable {
  readonly #libc: Libc;
  readonly #owner: Owner;
  #isOpen = true;

  /**
   * Puts them in; those of guards that were killed are taken out first.
   *
   * @param libc Must outlive this object.
   * @throws {Error} When audit is not to be changed until the next boot.
   * @throws {SystemCallError} When the kernel refuses.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    using control = new AuditControl(libc);
    const others = clearDead(libc, control);
    const status = control.status();
    if (status.enabled > 1) {
      throw new Error(
        "Cannot add audit rules: audit is locked until the next boot",
      );
    }
    const pid = libc.symbols.getpid();
    const self = new ProcSnapshots(libc).look(pid);
    const startTicks = ticksOf(self?.startUs ?? 0);
    // Another guard has changed it: how it was, that one knows.
    const before = others[0]?.before ?? status;
    this.#owner = { pid, startTicks, before };
    try {
      for (const rule of rulesOf(this.#owner)) addOnce(control, rule);
      control.set({ enabled: 1, rateLimit: 0, ...raised(status) });
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Takes them out; a second call does nothing. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    using control = new AuditControl(this.#libc);
    remove(control, (owner) => isSame(owner, this.#owner));
  }
}

/**
 * Takes out the rules of guards that were killed, and puts back how audit was
 * set before them when no guard is left.
 */
export function clearAuditRemains(libc: Libc): void {
  using control = new AuditControl(libc);
  clearDead(libc, control);
}

/** @returns The owners that live. */
function clearDead(libc: Libc, control: AuditControl): readonly Owner[] {
  const snapshots = new ProcSnapshots(libc);
  return remove(control, ({ pid, startTicks }) => {
    const running = snapshots.look(pid);
    return running?.startUs !== microsecondsOf(startTicks) || !running.isAlive;
  });
}

/** @returns The owners of ours that are left. */
function remove(
  control: AuditControl,
  isGoing: (owner: Owner) => boolean,
): readonly Owner[] {
  const owned = control.rules().flatMap((rule) => {
    const key = decodeRuleKey(rule);
    const owner = key.ok && key.value !== null ? readKey(key.value) : null;
    return owner === null ? [] : [{ rule, owner }];
  });
  const going = owned.filter(({ owner }) => isGoing(owner));
  const left = owned.filter((each) => !going.includes(each));
  if (going.length === 0) return left.map(({ owner }) => owner);
  try {
    // First, so that one who is killed in between leaves a rule that says so.
    if (left.length === 0) restore(control, going[0]!.owner.before);
    for (const { rule } of going) control.deleteRule(rule);
  } catch (error) {
    // Locked meanwhile by somebody: then the rules stay until the next boot.
    if (!(error instanceof SystemCallError)) throw error;
  }
  return left.map(({ owner }) => owner);
}

/** A thread of ours may have ended without taking its rules out. */
function addOnce(control: AuditControl, rule: Uint8Array): void {
  try {
    control.addRule(rule);
  } catch (error) {
    const isThere = error instanceof SystemCallError &&
      error.errno === ERRNO.EEXIST;
    if (!isThere) throw error;
  }
}

function restore(control: AuditControl, before: Owner["before"]): void {
  const now = control.status();
  const { enabled, backlogLimit, rateLimit, daemonPid } = before;
  control.set({
    ...(now.backlogLimit === BACKLOG_LIMIT ? { backlogLimit } : {}),
    ...(now.rateLimit === 0 ? { rateLimit } : {}),
  });
  // A daemon that came meanwhile has switched it on for itself.
  if (now.enabled === 1 && now.daemonPid === daemonPid) {
    control.set({ enabled });
  }
}

function raised({ backlogLimit }: AuditStatus): { backlogLimit?: number } {
  const isEnough = backlogLimit === 0 || backlogLimit >= BACKLOG_LIMIT;
  return isEnough ? {} : { backlogLimit: BACKLOG_LIMIT };
}

function isSame(left: Owner, right: Owner): boolean {
  return left.pid === right.pid && left.startTicks === right.startTicks;
}

function writeKey({ pid, startTicks, before }: Owner): string {
  const { enabled, backlogLimit, rateLimit, daemonPid } = before;
  return [
    "sluice",
    pid,
    startTicks,
    enabled,
    backlogLimit,
    rateLimit,
    daemonPid,
  ]
    .join("-");
}

function readKey(key: string): Owner | null {
  const found = KEY.exec(key);
  if (found === null) return null;
  const [pid, startTicks, enabled, backlogLimit, rateLimit, daemonPid] = found
    .slice(1).map(Number) as [number, number, number, number, number, number];
  const before = { enabled, backlogLimit, rateLimit, daemonPid };
  return { pid, startTicks, before };
}

/** One for each interface: a rule has one architecture. */
function rulesOf(owner: Owner): Uint8Array[] {
  const text = new TextEncoder().encode(writeKey(owner));
  return INTERFACES.map(({ arch, calls }) => {
    const bytes = new Uint8Array(AT.text + text.length);
    const view = new DataView(bytes.buffer);
    const fields = [
      { field: FIELD.ARCH, value: arch },
      { field: FIELD.SUCCESS, value: 1 },
      { field: FIELD.FILTERKEY, value: text.length },
    ];
    // Behind all others: one that leaves a program out stays as it is meant.
    view.setUint32(0, AUDIT_FILTER_EXIT, true);
    view.setUint32(AT.action, AUDIT_ALWAYS, true);
    view.setUint32(AT.fieldCount, fields.length, true);
    for (const call of calls) bytes[AT.mask + (call >> 3)]! |= 1 << (call & 7);
    for (const [index, { field, value }] of fields.entries()) {
      view.setUint32(AT.fields + index * 4, field, true);
      view.setUint32(AT.values + index * 4, value, true);
      view.setUint32(AT.operators + index * 4, AUDIT_EQUAL, true);
    }
    view.setUint32(AT.textBytes, text.length, true);
    bytes.set(text, AT.text);
    return bytes;
  });
}
