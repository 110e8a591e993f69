/**
 * One look at each thing that is compared, with one guard armed.
 *
 * @module
 */
import type { Lab } from "../lab/lab.ts";
import { ADDRESSES, SITES } from "../lab/topology.ts";
import type { BenchProgram } from "./compile.ts";
import {
  type Arming,
  type BenchGuard,
  type GuardName,
  REFUSED,
} from "./guards.ts";
import { type HandshakeFigures, measureHandshakes } from "./handshakes.ts";
import { fail, type Findings, runProbe, succeed } from "./probe.ts";
import { type Memory, readCpuMicros, readMemory } from "./process.ts";

/** How much is measured. */
export interface Effort {
  readonly rounds: number;
  /** Connections in front of those that are measured. */
  readonly warmUp: number;
  readonly connections: number;
  readonly lookUps: number;
  readonly refusals: number;
  /** Of TLS, of QUIC, and of DNS over TCP. */
  readonly handshakes: number;
  /** Of one trial of a rate of new flows. */
  readonly flowSeconds: number;
  /** The highest rate of new flows that is tried. */
  readonly maxFlows: number;
  /** Of bulk transfer with a guard, and as many without. */
  readonly bulkTurns: number;
  /** After so many connections memory is looked at. */
  readonly memoryConnections: number;
  readonly crowd: Crowd;
}

/** Idle processes, and connections that others make among them. */
export interface Crowd {
  readonly processes: number;
  /** Sockets of each. */
  readonly descriptors: number;
  readonly connections: number;
}

/** One round's figures with one guard; times in microseconds. */
export interface Figures extends HandshakeFigures {
  readonly guard: GuardName;
  readonly arming: Arming | null;
  /** The first of all connections, while nothing is warm. */
  readonly firstConnectP50: number;
  readonly connectP50: number;
  readonly connectP99: number;
  /** Each by a new process, among many idle ones. */
  readonly crowdP50: number;
  readonly crowdP99: number;
  /** Of the guard's process; null when there is none. */
  readonly cpuPerConnection: number | null;
  readonly lookUpP50: number;
  /** Null where nothing is refused. */
  readonly refusalP50: number | null;
  readonly deniedLookUpP50: number | null;
  readonly memory: Memory | null;
}

/** What {@linkcode measure} works with. */
export interface Bench {
  readonly lab: Lab;
  readonly programs: Readonly<Record<BenchProgram, string>>;
  readonly effort: Effort;
}

const [{ name: ALLOWED_NAME, addresses: [ALLOWED] }] = SITES as [
  typeof SITES[0] & { addresses: [{ ipv4: string }] },
];
const OPEN_PORT = "443";
/** Nobody listens: the far side itself refuses, which is what ours replaces. */
const CLOSED_PORT = "81";
const UNKNOWN_NAME = "nobody.invalid";
const FIRST_CONNECTIONS = 100;

/** Events are written in batches: the last one is in the journal by then. */
const SETTLE_MS = 100;

/**
 * Measures everything once.
 *
 * @param bench Where, with what, and how much.
 * @param guard Armed in that lab just now.
 * @throws {Error} When a probe met anything but what it was sent for: a time
 * of something that failed would count as a fast one.
 */
export async function measure(
  bench: Bench,
  guard: BenchGuard,
): Promise<Figures> {
  const { effort } = bench;
  await lookUpAllowed(bench);
  const first = await connect(bench, FIRST_CONNECTIONS);
  await connect(bench, effort.warmUp);
  await settle();
  const cpuBefore = await cpuOf(guard);
  const connected = await connect(bench, effort.connections);
  await settle();
  const cpu = await cpuOf(guard) - cpuBefore;
  const { p50: lookUpP50 } = await lookUp(bench, effort.lookUps);
  const crowd = await connectAmongMany(bench);
  const refusals = await refuse(bench, guard);
  const count = effort.handshakes;
  const handshakes = await measureHandshakes({ ...bench, count });
  return {
    guard: guard.name,
    arming: guard.arming,
    firstConnectP50: first.p50,
    connectP50: connected.p50,
    connectP99: connected.p99,
    cpuPerConnection: guard.pid === null ? null : cpu / effort.connections,
    lookUpP50,
    crowdP50: crowd.p50,
    crowdP99: crowd.p99,
    ...refusals,
    ...handshakes,
    memory: await measureMemory(bench, guard),
  };
}

/** The name is what makes the address allowed. */
export async function lookUpAllowed(bench: Bench): Promise<void> {
  await lookUp(bench, 1);
}

async function connect(bench: Bench, count: number): Promise<Findings> {
  const target = [ALLOWED.ipv4, OPEN_PORT];
  return succeed(await probe(bench, "connect", [String(count), ...target]));
}

async function connectAmongMany(bench: Bench): Promise<Findings> {
  const { connections, processes, descriptors } = bench.effort.crowd;
  return succeed(
    await probe(bench, "crowd", [
      ...[String(connections), ALLOWED.ipv4, OPEN_PORT],
      ...[String(processes), String(descriptors)],
    ]),
  );
}

async function lookUp(bench: Bench, count: number): Promise<Findings> {
  return succeed(await ask(bench, { count, name: ALLOWED_NAME }));
}

/** What is refused by Sluice, or without it by the far side. */
async function refuse(
  bench: Bench,
  guard: BenchGuard,
): Promise<Pick<Figures, "refusalP50" | "deniedLookUpP50">> {
  if (guard.name === "accept_all") {
    return { refusalP50: null, deniedLookUpP50: null };
  }
  const guarded = guard.name === "sluice";
  const count = bench.effort.refusals;
  const connection = await probe(bench, "connect", [
    String(count),
    ...(guarded ? [REFUSED.address, OPEN_PORT] : [ALLOWED.ipv4, CLOSED_PORT]),
  ]);
  const name = guarded ? REFUSED.name : UNKNOWN_NAME;
  const answer = await ask(bench, { count, name });
  return {
    refusalP50: fail(connection).failed_p50,
    deniedLookUpP50: fail(answer).failed_p50,
  };
}

function ask(
  bench: Bench,
  what: { count: number; name: string },
): Promise<Findings> {
  const server = [ADDRESSES.resolver.ipv4, "53"];
  const args = [String(what.count), ...server, what.name];
  return probe(bench, "dns_probe", args);
}

function probe(
  { lab, programs }: Bench,
  program: BenchProgram,
  args: readonly string[],
): Promise<Findings> {
  return runProbe(lab, [programs[program], ...args]);
}

async function measureMemory(
  bench: Bench,
  guard: BenchGuard,
): Promise<Memory | null> {
  if (guard.pid === null) return null;
  const { warmUp, connections, memoryConnections } = bench.effort;
  const more = memoryConnections - FIRST_CONNECTIONS - warmUp - connections;
  if (more > 0) await connect(bench, more);
  await settle();
  return await readMemory(guard.pid);
}

async function cpuOf({ pid }: BenchGuard): Promise<number> {
  return pid === null ? 0 : await readCpuMicros(pid);
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
