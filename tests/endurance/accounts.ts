/**
 * Whether journal, kernel and clients tell the same story.
 *
 * @module
 */
import type { Lab } from "../lab/lab.ts";
import { ADDRESSES, SITES } from "../lab/topology.ts";
import { NAMES, type Tally } from "./traffic.ts";

/** Marks of a guard's first slot, `agent/enforce/marks.ts`. */
const ALLOW_MARK = 0x3000_0000;
const MARK_MASK = 0xf000_0000;
/** Kinds of connections, each in its turn. */
const TURNS = 4;

/** Counts of the journal's verdicts by what tells the kinds apart. */
export type JournalCounts = Readonly<Record<string, number>>;

/**
 * Reads a journal line by line, however long it is.
 *
 * @returns How many verdicts of each kind, and what is wrong with its lines.
 */
export async function readAccounts(
  path: string,
): Promise<{ counts: JournalCounts; found: string[] }> {
  const counts: Record<string, number> = {};
  const found: string[] = [];
  using file = await Deno.open(path);
  let seq = 0;
  let rest = "";
  const text = file.readable.pipeThrough(new TextDecoderStream());
  for await (const chunk of text) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const event = JSON.parse(line);
      if (event.seq !== ++seq && found.length < 10) {
        found.push(`seq ${event.seq} follows ${seq - 1}`);
        seq = event.seq;
      }
      for (const [key, count] of Object.entries(countsOf(event))) {
        counts[key] = (counts[key] ?? 0) + count;
      }
    }
  }
  if (rest !== "") found.push("the journal's last line is cut");
  return { counts, found };
}

/** What the accounts read of an event. */
interface Entry {
  readonly kind: string;
  readonly why?: string;
  readonly name?: string;
  readonly destination?: { readonly address: string; readonly port: number };
  /** Of a `flood`: refusals without an event of their own. */
  readonly refused?: Readonly<Record<string, number>>;
  readonly unjudged?: number;
}

function countsOf(event: Entry): Record<string, number> {
  const { kind, why, name, destination, refused, unjudged = 0 } = event;
  if (kind === "connection") {
    return { [`${why} ${destination!.address} ${destination!.port}`]: 1 };
  }
  if (kind === "dns") return { [`${why} ${name}`]: 1 };
  const counts = Object.entries(refused ?? {}).map(([protocol, count]) =>
    [`flood ${protocol}`, count] as const
  );
  return { ...Object.fromEntries(counts), unjudged };
}

/**
 * Compares the journal with what the clients did.
 *
 * @param counts Of the whole journal.
 * @param tallies What was sent.
 * @returns One sentence for each difference.
 */
export function findDifferences(
  counts: JournalCounts,
  tallies: { readonly connections: Tally; readonly lookUps: Tally },
): string[] {
  const { connections, lookUps } = tallies;
  const turn = (turns: number, index: number, { sent }: Tally) =>
    Math.floor((sent + turns - 1 - index) / turns);
  const allowed = SITES[0]!.addresses[0]!.ipv4;
  // What has no event of its own is counted in one.
  const wanted: readonly (readonly [readonly string[], number])[] = [
    [[`allowed_name ${allowed} 443`], turn(TURNS, 0, connections)],
    [[`allowed_name ${allowed} 80`], turn(TURNS, 2, connections)],
    [
      [
        `sni_not_allowed ${allowed} 8443`,
        `address_not_allowed ${ADDRESSES.attacker.ipv4} 443`,
        "flood tcp",
      ],
      turn(TURNS, 1, connections) + turn(TURNS, 3, connections),
    ],
    [[`allowed_name ${NAMES.allowed}`], turn(2, 0, lookUps)],
    [[`name_not_allowed ${NAMES.refused}`, "flood dns"], turn(2, 1, lookUps)],
  ];
  const known = new Set(wanted.flatMap(([keys]) => keys));
  const differences = wanted.flatMap(([keys, count]) => {
    const written = keys.reduce((sum, key) => sum + (counts[key] ?? 0), 0);
    return written === count
      ? []
      : [`the journal tells of ${written} of ${count} "${keys.join('", "')}"`];
  });
  const others = Object.entries(counts).filter(([key, count]) =>
    count > 0 && !known.has(key)
  );
  return [
    ...differences,
    ...others.map(([key, count]) => `the journal tells of ${count} "${key}"`),
  ];
}

/**
 * Looks at the kernel's queues and at the marks of its connections.
 *
 * @param lab Whose `run` is still guarded, without traffic.
 * @returns One sentence for what is wrong.
 */
export async function findKernelFaults(lab: Lab): Promise<string[]> {
  const found: string[] = [];
  const queues = await lab.in("run", [
    "cat",
    "/proc/net/netfilter/nfnetlink_queue",
  ]);
  const rows = queues.stdout.trim().split("\n").map((line) =>
    line.trim().split(/\s+/).map(Number)
  );
  if (rows.length !== 2) found.push(`${rows.length} queues are bound, not 2`);
  for (const [queue, , waiting, , , dropped, userDropped] of rows) {
    if (waiting !== 0) found.push(`${waiting} packets wait in queue ${queue}`);
    if (dropped !== 0) found.push(`queue ${queue} dropped ${dropped}`);
    if (userDropped !== 0) {
      found.push(`queue ${queue} could not deliver ${userDropped}`);
    }
  }
  return [...found, ...await findWrongMarks(lab)];
}

async function findWrongMarks(lab: Lab): Promise<string[]> {
  const { stdout } = await lab.in("run", ["conntrack", "-L", "-o", "extended"]);
  let allowed = 0;
  const found: string[] = [];
  for (const line of stdout.split("\n")) {
    const [, address, port] = /dst=(\S+) sport=\d+ dport=(\d+)/.exec(line) ??
      [];
    if (address === undefined) continue;
    const mark = Number(/\bmark=(\d+)/.exec(line)?.[1] ?? 0);
    const isAllowed = ((mark & MARK_MASK) >>> 0) === ALLOW_MARK;
    if (address === ADDRESSES.attacker.ipv4 || port === "8443") {
      if (mark !== 0) found.push(`a refused flow has mark ${mark}: ${line}`);
    } else if (isAllowed) allowed++;
  }
  if (allowed === 0) found.push("no connection has the mark of an allowed one");
  return found.slice(0, 10);
}
