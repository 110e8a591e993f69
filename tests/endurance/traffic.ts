/**
 * The clients of an endurance run: one C program, twice.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { hex } from "../hex.ts";
import type { LabProcess } from "../lab/command.ts";
import { runOrThrow } from "../lab/command.ts";
import type { Lab } from "../lab/lab.ts";
import { ADDRESSES, ATTACKER, SITES } from "../lab/topology.ts";
import {
  type Extension,
  keyShare,
  makeHello,
  makeRecords,
  serverName,
  VERSIONS,
} from "../unit/decode/hellos.ts";

/** How much is sent. */
export interface Load {
  readonly seconds: number;
  /** Connections a second, and as many look-ups. */
  readonly rate: number;
}

/** What `steady` says of one kind of traffic. */
export interface Tally {
  readonly sent: number;
  readonly right: number;
  readonly late: number;
  /** The longest, in microseconds. */
  readonly worst: number;
  readonly seconds: number;
}

/** What may be reached, and what at the same address may not. */
export const NAMES = {
  allowed: SITES[0]!.name,
  shared: SITES[1]!.name,
  refused: ATTACKER.name,
} as const;

const ALLOWED_ADDRESS = SITES[0]!.addresses[0]!.ipv4;
/** supported_groups and signature_algorithms, as OpenSSL needs them. */
const GROUPS: Extension = [10, hex("0004 001d 0017")];
const SIGNATURES: Extension = [13, hex("0006 0403 0804 0401")];
const X25519 = 0x1d;

/** Both kinds of traffic while they run. */
export interface Traffic {
  readonly connections: LabProcess;
  readonly lookUps: LabProcess;
}

/**
 * Starts the traffic in a lab.
 *
 * @param lab Guarded already.
 * @param load How much of it.
 */
export async function startTraffic(lab: Lab, load: Load): Promise<Traffic> {
  const program = `${lab.directory}/steady`;
  const source = fileURLToPath(new URL("./steady.c", import.meta.url));
  const strict = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"];
  await runOrThrow(["gcc", ...strict, "-o", program, source]);
  const [hello, other] = await Promise.all(
    [NAMES.allowed, NAMES.shared].map(async (name) => {
      const path = `${lab.directory}/${name}.hello`;
      await Deno.writeFile(path, helloFor(name));
      return path;
    }),
  );
  const size = [String(load.rate), String(load.seconds)];
  const { attacker, resolver } = ADDRESSES;
  return {
    connections: lab.spawn("run", [
      ...[program, "connections", ...size],
      ...[ALLOWED_ADDRESS, attacker.ipv4, hello!, other!],
    ]),
    lookUps: lab.spawn("run", [
      ...[program, "look-ups", ...size],
      ...[resolver.ipv4, NAMES.allowed, NAMES.refused],
    ]),
  };
}

function helloFor(name: string): Uint8Array {
  return makeRecords(makeHello({
    // nginx may speak TLS 1.2 only; its certificate has an elliptic curve.
    suites: "1301 1302 c02b",
    extensions: [
      ...[serverName(name), VERSIONS, GROUPS, SIGNATURES],
      keyShare([X25519, 32]),
    ],
  }));
}
