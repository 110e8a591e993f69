/**
 * The connections that a host had before it was guarded: they live on, and the
 * journal lists them.
 *
 * @module
 */
import {
  connectionEvent,
  type Ends,
  protocolName,
} from "./connection_event.ts";
import { formatAddress } from "./decode/address.ts";
import type { InetSocket } from "./decode/inet_diag.ts";
import { flowKey } from "./flow_key.ts";
import { listOpenFlows } from "./observe/open_flows.ts";
import { ProcessTable } from "./observe/processes.ts";
import type { SocketDiagnostics } from "./observe/socket_diagnostics.ts";
import { BY_NOBODY, type Done } from "./record/done.ts";
import type { ConnectionEvent } from "./record/event.ts";
import { redactArguments } from "./record/redact.ts";
import type { Libc } from "../ffi/libc.ts";

/** More are counted, but not listed. */
const LISTED_FLOWS = 1_000;
/** Arming waits no longer for the names of processes. */
const BUDGET_MS = 150;

/** What was open. */
export interface FlowsBefore {
  /** As {@linkcode flowKey} writes them. */
  readonly keys: readonly string[];
  /** One for each, up to a thousand. */
  readonly events: readonly ConnectionEvent[];
  /** What leaves this machine, listed or not. */
  readonly count: number;
}

/** None of them: a command that is not started yet has no connections. */
export const NO_FLOWS: FlowsBefore = { keys: [], events: [], count: 0 };

type OpenFlow = InetSocket & { readonly protocol: number };

/**
 * Lists what is open in this thread's network namespace.
 *
 * @param sockets Of the same namespace.
 */
export function listFlowsBefore(
  libc: Libc,
  sockets: SocketDiagnostics,
): FlowsBefore {
  const flows = listOpenFlows(sockets).map(folded);
  const leaving = flows.filter((flow) => !staysHere(flow));
  const untilMs = performance.now() + BUDGET_MS;
  const none = new Set<string>();
  const options = {
    procsPath: null,
    programs: none,
    hashed: none,
    files: null,
  };
  using processes = new ProcessTable(libc, options);
  const events = leaving.slice(0, LISTED_FLOWS).map((flow) =>
    eventOf(
      flow,
      performance.now() < untilMs ? ownerOf(flow, processes) : BY_NOBODY,
    )
  );
  return { keys: flows.map(flowKey), events, count: leaving.length };
}

function eventOf(
  flow: OpenFlow,
  done: Done,
): ConnectionEvent {
  const ends: Ends = {
    protocol: protocolName(flow.protocol),
    direction: "output",
    source: { address: formatAddress(flow.source), port: flow.sourcePort },
    destination: {
      address: formatAddress(flow.destination),
      port: flow.destinationPort,
    },
  };
  return connectionEvent(ends, {
    decision: {
      decision: "allow",
      enforced: true,
      why: "open_before_arming",
      rule: null,
      names: [],
    },
    sni: null,
    done,
  });
}

function ownerOf(
  { inode, uid }: OpenFlow,
  processes: ProcessTable,
): Done {
  const nowMs = performance.now();
  const process = processes.find(inode, nowMs);
  if (process === null) return BY_NOBODY;
  const { pid, exe, container } = process;
  const args = redactArguments(process.args);
  const ancestors = processes.describe(process, nowMs);
  return {
    step: null,
    process: { pid, exe, args, uid, ancestors },
    container,
  };
}

/** A socket of both families talks IPv4 by addresses of IPv6's. */
function folded(flow: OpenFlow): OpenFlow {
  if (!isMapped(flow.source) || !isMapped(flow.destination)) return flow;
  const source = flow.source.subarray(12);
  return { ...flow, source, destination: flow.destination.subarray(12) };
}

/** RFC 4291 section 2.5.5.2: ::ffff:0:0/96. */
function isMapped(address: Uint8Array): boolean {
  return address.length === 16 &&
    address.subarray(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff));
}

/** Loopback, and from an address of this machine's to itself. */
function staysHere({ source, destination }: OpenFlow): boolean {
  const isOwn = source.every((byte, at) => byte === destination[at]);
  return isOwn || (destination.length === 4 && destination[0] === 127);
}
