/**
 * Who answers the packets while something is measured.
 *
 * @module
 */
import type { Lab } from "../lab/lab.ts";
import { ATTACKER, SITES } from "../lab/topology.ts";
import { waitUntil } from "../lab/wait.ts";
import { runSluice } from "./sluice.ts";

/** Nobody, the plainest C program on a guard's own rules, or Sluice. */
export type GuardName = "none" | "accept_all" | "sluice";

/** In the order of the table's columns. */
export const GUARD_NAMES: readonly GuardName[] = [
  "none",
  "accept_all",
  "sluice",
];

/** Where iperf3 listens: beside the site that the policy allows. */
export const IPERF_PORT = 5201;

/** Where the QUIC server listens, on the same address. */
export const QUIC_PORT = 443;

/** How long it took until a guard was armed. */
export interface Arming {
  /** As `sluice start` says. */
  readonly ownMs: number;
  /** From the outside, `deno task` included. */
  readonly outsideMs: number;
}

/** A guard of the side `run`; it is disarmed when it is disposed. */
export interface BenchGuard extends AsyncDisposable {
  readonly name: GuardName;
  /** The process that answers flows; null when nobody does. */
  readonly pid: number | null;
  /** Null for others than Sluice. */
  readonly arming: Arming | null;
}

/** Marks and queues of a guard's first slot, `agent/enforce/marks.ts`. */
const FIRST_SLOT = {
  flows: { queue: "8300", mark: "0x10000000" },
  names: { queue: "8301", mark: "0x40000000" },
} as const;

/**
 * Arms a guard.
 *
 * @param lab What it guards; nothing else may guard it.
 * @param options Which guard, and the C program's path.
 * @throws {Error} When it cannot be armed.
 */
export async function arm(
  lab: Lab,
  options: { name: GuardName; acceptAllPath: string },
): Promise<BenchGuard> {
  const { name, acceptAllPath } = options;
  if (name === "none") {
    return {
      ...{ name, pid: null, arming: null },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const sluice = await armSluice(lab);
  if (name === "sluice") return sluice;
  return await replaceAgent(lab, { sluice, acceptAllPath });
}

async function armSluice(lab: Lab): Promise<BenchGuard> {
  // A new one each time: a journal that is continued would grow with the rounds.
  const state = await Deno.makeTempDir({ dir: lab.directory });
  const [allowed] = SITES;
  const { stdout, milliseconds: outsideMs } = await runSluice([
    ...["start", "--netns", lab.netnsPath("run"), "--state", state],
    ...["--egress", "block", "--allow", allowed!.name],
    ...["--allow", `${allowed!.name}:${IPERF_PORT}`],
    ...["--allow", `${allowed!.name}:${QUIC_PORT}/udp`],
  ]);
  const { pid, milliseconds: ownMs } = JSON.parse(stdout);
  return {
    name: "sluice",
    pid,
    arming: { ownMs, outsideMs },
    async [Symbol.asyncDispose]() {
      await runSluice(["stop", "--state", state]);
    },
  };
}

/**
 * Puts the C program where the agent was: the rules stay, as they do when an
 * agent is killed, so both are measured behind the very same ones.
 */
async function replaceAgent(
  lab: Lab,
  of: { sluice: BenchGuard; acceptAllPath: string },
): Promise<BenchGuard> {
  const { sluice, acceptAllPath } = of;
  Deno.kill(sluice.pid!, "SIGKILL");
  await waitUntil(async () => await boundQueues(lab) === 0, {
    what: "the end of the agent's queues",
  });
  const [flows, names] = [FIRST_SLOT.flows, FIRST_SLOT.names].map((
    { queue, mark },
  ) => lab.spawn("run", [acceptAllPath, queue, mark]));
  await Promise.all([flows!.waitFor("ready"), names!.waitFor("ready")]);
  return {
    name: "accept_all",
    pid: flows!.pid,
    arming: null,
    async [Symbol.asyncDispose]() {
      await Promise.all([flows!, names!].map((p) => p[Symbol.asyncDispose]()));
      await sluice[Symbol.asyncDispose]();
    },
  };
}

async function boundQueues(lab: Lab): Promise<number> {
  const { stdout } = await lab.in("run", [
    "cat",
    "/proc/net/netfilter/nfnetlink_queue",
  ]);
  return stdout.split("\n").filter((line) => line !== "").length;
}

/** What nobody may reach: its address and a name that is refused. */
export const REFUSED = {
  name: ATTACKER.name,
  address: ATTACKER.addresses[0]!.ipv4,
} as const;
