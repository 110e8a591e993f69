/**
 * A QUIC server and its clients in a lab.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { LabProcess } from "./command.ts";
import type { Lab } from "./lab.ts";
import type { Side } from "./topology.ts";

const PROGRAM = fileURLToPath(new URL("./quic_main.ts", import.meta.url));
const DENO = ["run", "-A", "--unstable-net", "--no-check", "--no-config"];
const ENV = { DENO_NO_UPDATE_CHECK: "1" };

/** Where a client connects to, and for which names, over one socket. */
export interface QuicWishes {
  readonly address: string;
  /** `NAME` or `NAME=BYTES`, one connection after the other. */
  readonly wants: readonly string[];
  readonly side?: Side;
  /** Default 443. */
  readonly port?: number;
}

/** Starts a server for all sites' names; its stdout has `asked for NAME`. */
export async function serveQuic(
  lab: Lab,
  of: { readonly addresses: readonly string[]; readonly port?: number },
): Promise<LabProcess> {
  const { addresses, port = 443 } = of;
  const server = lab.spawn("out", [
    ...[Deno.execPath(), ...DENO, PROGRAM, "serve"],
    ...[lab.directory, String(port), ...addresses],
  ], { env: ENV });
  await server.waitFor("ready");
  return server;
}

/**
 * Connects and sends.
 *
 * @returns One line for each connection: `NAME: got BYTES`, or why not.
 */
export async function askQuic(lab: Lab, of: QuicWishes): Promise<string[]> {
  const { address, wants, side = "run", port = 443 } = of;
  const { stdout } = await lab.in(side, [
    ...[Deno.execPath(), ...DENO, PROGRAM, "connect"],
    ...[lab.directory, String(port), address, ...wants],
  ], { env: ENV, timeoutMs: 60_000 });
  return stdout.trim().split("\n");
}
