/**
 * What the watching programs tell: who did what to whom.
 *
 * The layout is our own, that of `observe/bpf/privilege_shapes.ts`.
 *
 * @module
 */
import { formatAddress } from "./address.ts";
import type { Decoded } from "./bytes.ts";
import type { ProcessKey } from "./process_record.ts";

/** Byte offsets; all numbers are little-endian but for port and address. */
const AT = {
  kind: 0,
  pid: 4,
  start: 8,
  at: 16,
  targetPid: 24,
  flags: 28,
  targetStart: 32,
  detail: 40,
  extra: 44,
  more: 48,
  text: 64,
} as const;

const KIND = { memory: 1, signal: 2, call: 3, stdio: 4 } as const;
const FLAG = { denied: 1, protected: 2, ofParent: 4 } as const;
const AF_INET6 = 10; // <linux/socket.h>

const ROUTES = [
  "other",
  "mem",
  "environ",
  "vm",
  "ptrace",
  "mapFiles",
] as const;
const CALLS = [
  "ptrace",
  "pidfdGetfd",
  "moduleLoad",
  "moduleUnload",
  "kexec",
  "mode",
  "capability",
] as const;

/** By what way another process's memory was reached. */
export type MemoryRoute = typeof ROUTES[number];
/** By what call rights were taken. */
export type PrivilegeCall = typeof CALLS[number];

/** What every record says. */
interface Deed {
  /** Who did it. */
  readonly doer: ProcessKey;
  /** Microseconds from boot. */
  readonly atUs: number;
}

/** What is done to somebody. */
interface Aimed extends Deed {
  readonly target: ProcessKey;
  /** Whether the target is of the runner, or a copy of it. */
  readonly isProtected: boolean;
  /** Whether the doer was killed before it had an effect. */
  readonly isDenied: boolean;
}

/** Another process's memory was reached for. */
export interface MemoryDeed extends Aimed {
  readonly kind: "memory";
  readonly route: MemoryRoute;
}

/** The runner was sent a signal that makes it dump its memory. */
export interface SignalDeed extends Aimed {
  readonly kind: "signal";
  readonly signal: number;
}

/** A call by which rights are taken or kept. */
export interface CallDeed extends Aimed {
  readonly kind: "call";
  readonly call: PrivilegeCall;
  /** `mode`: the permission bits; `ptrace`: the request. */
  readonly extra: number;
  /** What `path` is relative to, or the file itself; AT_FDCWD is -100. */
  readonly fd: number;
  /** As the caller wrote it, cut at 159 bytes; null for a file by descriptor. */
  readonly path: string | null;
}

/** A program was executed with its input and output on a connection. */
export interface StdioDeed extends Deed {
  readonly kind: "stdio";
  /** Whether it is so of the parent, with a terminal in between. */
  readonly isOfParent: boolean;
  /** The connection's other end. */
  readonly remote: { readonly address: string; readonly port: number };
}

/** What one record tells. */
export type PrivilegeRecord = MemoryDeed | SignalDeed | CallDeed | StdioDeed;

/**
 * Decodes one record.
 *
 * @param bytes The whole record; nothing of it is kept.
 */
export function decodePrivilegeRecord(
  bytes: Uint8Array,
): Decoded<PrivilegeRecord> {
  if (bytes.length < AT.text) {
    return refuse(`is ${bytes.length} of ${AT.text} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const detail = view.getUint32(AT.detail, true);
  const kind = view.getUint32(AT.kind, true);
  switch (kind) {
    case KIND.memory: {
      const route = ROUTES[detail - 1];
      if (route === undefined) return refuse(`names route ${detail}`);
      return accept({ kind: "memory", ...readAimed(view), route });
    }
    case KIND.signal:
      return accept({ kind: "signal", ...readAimed(view), signal: detail });
    case KIND.call: {
      const call = CALLS[detail - 1];
      if (call === undefined) return refuse(`names call ${detail}`);
      const extra = view.getUint32(AT.extra, true);
      const fd = view.getInt32(AT.more, true);
      const path = readPath(bytes);
      return accept({
        kind: "call",
        ...readAimed(view),
        call,
        extra,
        fd,
        path,
      });
    }
    case KIND.stdio:
      return accept({
        kind: "stdio",
        ...readDeed(view),
        isOfParent: (view.getUint32(AT.flags, true) & FLAG.ofParent) !== 0,
        remote: readRemote(bytes, detail === AF_INET6 ? 16 : 4),
      });
    default:
      return refuse(`is of kind ${kind}`);
  }
}

function readDeed(view: DataView): Deed {
  return {
    doer: readKey(view, { pid: AT.pid, start: AT.start }),
    atUs: microseconds(view, AT.at),
  };
}

function readAimed(view: DataView): Aimed {
  const flags = view.getUint32(AT.flags, true);
  return {
    ...readDeed(view),
    target: readKey(view, { pid: AT.targetPid, start: AT.targetStart }),
    isProtected: (flags & FLAG.protected) !== 0,
    isDenied: (flags & FLAG.denied) !== 0,
  };
}

function readKey(
  view: DataView,
  at: { readonly pid: number; readonly start: number },
): ProcessKey {
  return {
    pid: view.getUint32(at.pid, true),
    startUs: microseconds(view, at.start),
  };
}

function microseconds(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true) / 1000n);
}

function readRemote(
  bytes: Uint8Array,
  addressBytes: number,
): StdioDeed["remote"] {
  const address = bytes.subarray(AT.more, AT.more + addressBytes);
  const port = bytes[AT.extra]! << 8 | bytes[AT.extra + 1]!;
  return { address: formatAddress(address), port };
}

function readPath(bytes: Uint8Array): string | null {
  if (bytes.length === AT.text) return null;
  const text = bytes.subarray(AT.text);
  const end = text.indexOf(0);
  return new TextDecoder().decode(end < 0 ? text : text.subarray(0, end));
}

function accept(value: PrivilegeRecord): Decoded<PrivilegeRecord> {
  return { ok: true, value };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `privilege record ${why}` };
}
