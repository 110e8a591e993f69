/**
 * The connections to name servers that are followed.
 *
 * @module
 */
import { DnsBlanks } from "./dns_blanks.ts";
import { DnsConnection } from "./dns_connection.ts";
import type { JudgedQuestion } from "./dns_ledger.ts";
import { flowKey } from "./flow_key.ts";
import type { Seen } from "./outcome.ts";

/** Connections at a time; the one that was silent longest is forgotten. */
const MAX_CONNECTIONS = 256;
/** A client that has begun a question ends it within this. */
const ASK_MS = 2_000;
/** Servers close what is silent sooner, RFC 7766 section 6.2.3. */
const IDLE_MS = 120_000;
/** Of a connection that is settled, nothing more is under way after this. */
const SETTLED_MS = 5_000;

/** One connection. */
export interface DnsEntry {
  readonly key: string;
  readonly connection: DnsConnection;
  readonly blanks: DnsBlanks;
  usedAtMs: number;
  /** Since when part of a question is there; Infinity without. */
  beganAtMs: number;
  /** What is to be said when the rest does not come. */
  overdue: JudgedQuestion | null;
  /** What all of the client's packets are marked with from now on. */
  settledMark: number | null;
}

/** A table that is bounded whatever clients do. */
export class DnsEntries {
  /** The one that was silent longest comes first. */
  readonly #entries = new Map<string, DnsEntry>();

  /** Begins a connection, in the place of one between the same ends. */
  open({ packet, nowMs }: Seen): void {
    const key = flowKey(packet);
    this.#entries.delete(key);
    this.#entries.set(key, {
      key,
      connection: new DnsConnection(packet.tcpSequence),
      blanks: new DnsBlanks(),
      usedAtMs: nowMs,
      beganAtMs: Infinity,
      overdue: null,
      settledMark: null,
    });
    if (this.#entries.size > MAX_CONNECTIONS) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
  }

  /** The connection between these ends, which is not silent; or null. */
  use(key: string, nowMs: number): DnsEntry | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    entry.usedAtMs = nowMs;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Forgets a connection that has come to its end. */
  forget({ key }: DnsEntry): void {
    this.#entries.delete(key);
  }

  /** Forgets what is silent, and gives what has waited for too long. */
  expire(nowMs: number): DnsEntry[] {
    const overdue: DnsEntry[] = [];
    for (const entry of [...this.#entries.values()]) {
      const isSettled = entry.settledMark !== null;
      const limitMs = isSettled ? SETTLED_MS : IDLE_MS;
      if (nowMs - entry.usedAtMs > limitMs) this.#entries.delete(entry.key);
      if (!isSettled && nowMs - entry.beganAtMs > ASK_MS) overdue.push(entry);
    }
    return overdue;
  }
}
