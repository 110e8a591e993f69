/**
 * How long it takes until a client may speak: TLS, QUIC, and DNS over TCP.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Lab } from "../lab/lab.ts";
import { ADDRESSES, SITES } from "../lab/topology.ts";
import type { BenchProgram } from "./compile.ts";
import { QUIC_PORT } from "./guards.ts";
import { runProbe, succeed } from "./probe.ts";

/** Medians in microseconds. */
export interface HandshakeFigures {
  readonly tlsP50: number;
  readonly quicP50: number;
  /** Null where DNS over TCP is refused. */
  readonly tcpLookUpP50: number | null;
}

/** What they are measured with. */
export interface HandshakeBench {
  readonly lab: Lab;
  readonly programs: Readonly<Record<BenchProgram, string>>;
  /** How many of each kind. */
  readonly count: number;
}

const { name: NAME, addresses: [ADDRESS] } = SITES[0]!;
const TLS_PORT = "443";

/**
 * Starts the QUIC server; nginx serves the rest. It ends with its lab.
 *
 * @param lab Where; nothing else may listen on that port.
 */
export async function serveQuic(lab: Lab): Promise<void> {
  const server = lab.spawn("out", [
    ...denoCommand("quic_server.ts"),
    ...[ADDRESS!.ipv4, String(QUIC_PORT)],
    ...[`${lab.directory}/sites.pem`, `${lab.directory}/sites.key`],
  ], { env: { DENO_NO_UPDATE_CHECK: "1" } });
  await server.waitFor("ready");
}

/**
 * Measures all three, with whatever guards the lab.
 *
 * @throws {Error} When a handshake failed.
 */
export async function measureHandshakes(
  bench: HandshakeBench,
): Promise<HandshakeFigures> {
  const { lab, programs, count } = bench;
  const tls = await runProbe(lab, [
    ...[programs.tls_probe, String(count), ADDRESS!.ipv4, TLS_PORT, NAME],
  ]);
  const quic = await runProbe(lab, [
    ...[...denoCommand("quic_probe.ts"), String(count), ADDRESS!.ipv4],
    ...[String(QUIC_PORT), NAME, `${lab.directory}/authority.pem`],
  ]);
  return {
    tlsP50: succeed(tls).p50,
    quicP50: succeed(quic).p50,
    tcpLookUpP50: await measureTcpLookUp(bench),
  };
}

async function measureTcpLookUp(
  { lab, programs, count }: HandshakeBench,
): Promise<number | null> {
  const findings = await runProbe(lab, [
    ...[programs.dns_probe, String(count), ADDRESSES.resolver.ipv4, "53"],
    ...[NAME, "tcp"],
  ]);
  if (findings.count > 0) return succeed(findings).p50;
  console.error("bench: DNS over TCP is REFUSED, its row has no figure");
  return null;
}

function denoCommand(module: string): string[] {
  return [
    ...[Deno.execPath(), "run", "-A", "--no-config", "--no-lock"],
    ...["--unstable-net", fileURLToPath(new URL(module, import.meta.url))],
  ];
}
