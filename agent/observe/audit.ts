/**
 * Hears of execs by audit, beside the daemon that may be registered.
 *
 * @module
 */
import { AuditEvents, type AuditExec } from "../decode/audit_events.ts";
import { decodeAuditRecord } from "../decode/audit_record.ts";
import { decodeNetlink } from "../decode/netlink.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { NetlinkSocket } from "../../ffi/netlink_socket.ts";
import { Poller } from "../../ffi/sockets.ts";
import { spawn, waitForExitBlocking } from "../../ffi/spawn.ts";
import { AuditControl, NETLINK_AUDIT } from "./audit_control.ts";
import { AuditRules } from "./audit_rules.ts";

/** AUDIT_NLGRP_READLOG, <linux/audit.h>, as a bit. */
const READLOG_GROUP = 1;

/** About 20 KiB in the buffer for one exec: a second of 6,000. */
const RECEIVE_BYTES = 128 << 20;
/** MAX_AUDIT_MESSAGE_LENGTH, <linux/audit.h>, is 8970. */
const BUFFER_BYTES = 65_536;
/** One look takes no more than this: records may come for ever. */
const MAX_RECORDS = 262_144;

const PROBE_PATH = "/usr/bin/true";
const PROBE_MS = 2000;

/** With rules of its own. It borrows its {@linkcode Libc}. */
export class Audit implements Disposable {
  readonly #libc: Libc;
  readonly #socket: NetlinkSocket;
  readonly #rules: AuditRules;
  readonly #events = new AuditEvents();
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #early: AuditExec[] = [];
  #overruns = 0;

  /**
   * Begins to listen.
   *
   * @param libc Must outlive this object.
   * @param receiveBytes What the kernel keeps while nobody reads.
   * @throws {Error} When audit is locked, or a rule keeps execs from it.
   * @throws {SystemCallError} When the kernel refuses.
   */
  constructor(libc: Libc, receiveBytes = RECEIVE_BYTES) {
    this.#libc = libc;
    this.#socket = new NetlinkSocket(libc, {
      protocol: NETLINK_AUDIT,
      groups: READLOG_GROUP,
      receiveBytes,
    });
    let rules: AuditRules | null = null;
    try {
      this.#rules = rules = new AuditRules(libc);
      this.#prove();
    } catch (error) {
      this.#socket[Symbol.dispose]();
      rules?.[Symbol.dispose]();
      throw error;
    }
  }

  /** Becomes readable with a record. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** Whether there are records that have not reached us yet. */
  isBehind(): boolean {
    using control = new AuditControl(this.#libc);
    return control.status().backlog > 0;
  }

  /** How often something did not reach us since the last call. */
  takeLost(): number {
    const lost = this.#overruns + this.#events.takeLost();
    this.#overruns = 0;
    return lost;
  }

  /** What has come since the last call, in its order; never waits. */
  *take(): Generator<AuditExec> {
    yield* this.#early.splice(0);
    yield* this.#receive();
  }

  /** Takes the rules out; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#rules[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
  }

  *#receive(): Generator<AuditExec> {
    for (let count = 0; count < MAX_RECORDS; count++) {
      let bytes: number;
      try {
        bytes = this.#socket.receive(this.#buffer);
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error;
        if (error.errno !== ERRNO.ENOBUFS) throw error;
        this.#overruns++;
        continue;
      }
      if (bytes < 0) return;
      const messages = decodeNetlink(this.#buffer.subarray(0, bytes));
      for (const message of messages.ok ? messages.value : []) {
        const record = decodeAuditRecord(message);
        if (!record.ok || record.value === null) continue;
        const exec = this.#events.add(record.value);
        if (exec !== null) yield exec;
      }
    }
  }

  /** A rule of somebody else may say that nothing is told: `-a task,never`. */
  #prove(): void {
    const args = [PROBE_PATH, crypto.randomUUID()];
    const pid = spawn(this.#libc, { path: PROBE_PATH, args, environment: [] });
    waitForExitBlocking(this.#libc, pid);
    const poller = new Poller(this.#libc, [this.#socket.fd]);
    const untilMs = performance.now() + PROBE_MS;
    for (;;) {
      for (const exec of this.#receive()) this.#early.push(exec);
      if (this.#early.some((exec) => exec.args[1] === args[1])) return;
      const leftMs = Math.ceil(untilMs - performance.now());
      if (leftMs <= 0) {
        throw new Error(
          "Cannot hear of execs by audit: it tells nothing of a program that was executed",
        );
      }
      poller.wait(leftMs);
    }
  }
}
