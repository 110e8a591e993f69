/**
 * Asks audit for its status and its rules, and changes them.
 *
 * @see audit(7), <linux/audit.h>
 * @module
 */
import {
  type AuditStatus,
  decodeAuditStatus,
} from "../decode/audit_control.ts";
import { decodeNetlink, decodeNetlinkError } from "../decode/netlink.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { NetlinkSocket } from "../../ffi/netlink_socket.ts";
import { Poller } from "../../ffi/sockets.ts";

/** <linux/netlink.h> */
export const NETLINK_AUDIT = 9;
const NLMSG = { ERROR: 2, DONE: 3 } as const;
const NLM_F = { REQUEST: 1, ACK: 4 } as const;

/** Types of messages, <linux/audit.h>. */
const AUDIT = {
  GET: 1000,
  SET: 1001,
  ADD_RULE: 1011,
  DEL_RULE: 1012,
  LIST_RULES: 1013,
} as const;

/** struct audit_status, <linux/audit.h>, up to what may be set here. */
const STATUS_BYTES = 44;
const STATUS = {
  enabled: { bit: 0x01, at: 4 },
  rateLimit: { bit: 0x08, at: 16 },
  backlogLimit: { bit: 0x10, at: 20 },
} as const;

const HEADER_BYTES = 16;
const RECEIVE_BYTES = 4 << 20;
const BUFFER_BYTES = 65_536;
/** The kernel answers from a thread of its own, which must get its turn. */
const ANSWER_MS = 5000;

/** What to set; the rest stays. */
export type AuditSettings = Partial<
  Pick<AuditStatus, "enabled" | "rateLimit" | "backlogLimit">
>;

/** One control socket. It borrows its {@linkcode Libc}. */
export class AuditControl implements Disposable {
  readonly #socket: NetlinkSocket;
  readonly #poller: Poller;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #sequence = 0;

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} When the kernel has no audit.
   */
  constructor(libc: Libc) {
    this.#socket = new NetlinkSocket(libc, {
      protocol: NETLINK_AUDIT,
      groups: 0,
      receiveBytes: RECEIVE_BYTES,
    });
    this.#poller = new Poller(libc, [this.#socket.fd]);
  }

  /**
   * How audit is set now.
   *
   * @throws {SystemCallError} EPERM, ECONNREFUSED: outside the initial pid or
   * user namespace.
   */
  status(): AuditStatus {
    const [payload] = this.#ask(AUDIT.GET, { until: AUDIT.GET });
    const status = decodeAuditStatus(payload ?? new Uint8Array(0));
    if (!status.ok) throw refused(ERRNO.EINVAL);
    return status.value;
  }

  /** @throws {SystemCallError} EPERM when it is not to be changed. */
  set(settings: AuditSettings): void {
    const bytes = new Uint8Array(STATUS_BYTES);
    const view = new DataView(bytes.buffer);
    let mask = 0;
    for (const name of ["enabled", "rateLimit", "backlogLimit"] as const) {
      const value = settings[name];
      if (value === undefined) continue;
      mask |= STATUS[name].bit;
      view.setUint32(STATUS[name].at, value, true);
    }
    if (mask === 0) return;
    view.setUint32(0, mask, true);
    this.#ask(AUDIT.SET, { payload: bytes });
  }

  /** @throws {SystemCallError} EEXIST when it is there already. */
  addRule(rule: Uint8Array): void {
    this.#ask(AUDIT.ADD_RULE, { payload: rule });
  }

  /** @throws {SystemCallError} ENOENT when it is not there. */
  deleteRule(rule: Uint8Array): void {
    this.#ask(AUDIT.DEL_RULE, { payload: rule });
  }

  /** All rules there are, each as {@linkcode deleteRule} takes it. */
  rules(): readonly Uint8Array[] {
    return this.#ask(AUDIT.LIST_RULES, { until: NLMSG.DONE });
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  /** Without `until`, the acknowledgement is waited for. */
  #ask(
    type: number,
    request: { readonly payload?: Uint8Array; readonly until?: number },
  ): Uint8Array[] {
    const { payload = new Uint8Array(0), until } = request;
    const message = new Uint8Array(HEADER_BYTES + payload.length);
    const view = new DataView(message.buffer);
    this.#sequence = (this.#sequence + 1) >>> 0;
    view.setUint32(0, message.length, true);
    view.setUint16(4, type, true);
    view.setUint16(6, NLM_F.REQUEST | (until ? 0 : NLM_F.ACK), true);
    view.setUint32(8, this.#sequence, true);
    message.set(payload, HEADER_BYTES);
    this.#socket.send(message);
    return this.#answers(type, until ?? NLMSG.ERROR);
  }

  #answers(type: number, until: number): Uint8Array[] {
    const answers: Uint8Array[] = [];
    const untilMs = performance.now() + ANSWER_MS;
    for (;;) {
      const leftMs = Math.ceil(untilMs - performance.now());
      if (leftMs <= 0) throw refused(ERRNO.ETIMEDOUT);
      this.#poller.wait(leftMs);
      const count = this.#socket.receive(this.#buffer);
      if (count < 0) continue;
      const messages = decodeNetlink(this.#buffer.slice(0, count));
      for (const message of messages.ok ? messages.value : []) {
        // An answer that came too late for an earlier question is not ours.
        if (message.sequence !== this.#sequence) continue;
        if (message.type === NLMSG.ERROR) checkError(message.payload);
        else if (message.type === type) answers.push(message.payload);
        if (message.type === until) return answers;
      }
    }
  }
}

function checkError(payload: Uint8Array): void {
  const error = decodeNetlinkError(payload);
  const errno = error.ok ? error.value.errno : ERRNO.EINVAL;
  if (errno !== 0) throw refused(errno);
}

function refused(errno: number): SystemCallError {
  return new SystemCallError("audit request", errno);
}
