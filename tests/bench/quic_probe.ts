/**
 * How long a QUIC handshake takes: so many, one after the other, each from a
 * port of its own.
 *
 * `deno run -A --unstable-net quic_probe.ts COUNT ADDRESS PORT NAME AUTHORITY`
 * prints what `connect` prints; times are in microseconds.
 *
 * @module
 */
/// <reference lib="deno.unstable" />

const TIMEOUT_MS = 2_000;

if (import.meta.main) await probe(Deno.args);

async function probe(args: readonly string[]): Promise<void> {
  const [count, hostname, port, serverName, authorityPath] = args as [
    string,
    string,
    string,
    string,
    string,
  ];
  const to = {
    ...{ hostname, port: Number(port), serverName, alpnProtocols: ["h3"] },
    caCerts: [await Deno.readTextFile(authorityPath)],
  };
  const good: number[] = [];
  const bad: number[] = [];
  let refused = 0;
  for (let index = 0; index < Number(count); index++) {
    const endpoint = new Deno.QuicEndpoint({ hostname: "0.0.0.0", port: 0 });
    const startedMs = performance.now();
    const connection = await Promise.race([
      connectOrNull({ ...to, endpoint }),
      new Promise<null>((resolve) => setTimeout(resolve, TIMEOUT_MS, null)),
    ]);
    const tookMs = performance.now() - startedMs;
    (connection === null ? bad : good).push(tookMs * 1000);
    if (connection === null && tookMs < TIMEOUT_MS) refused++;
    connection?.close({ closeCode: 0, reason: "" });
    await connection?.closed.catch(() => {});
    endpoint.close({ closeCode: 0, reason: "" });
  }
  console.log(JSON.stringify({
    ...{ count: good.length, failures: bad.length, refused },
    ...{ p50: percentile(good, 0.5), p99: percentile(good, 0.99) },
    failed_p50: percentile(bad, 0.5),
  }));
  // A connection that was given up would keep the process.
  Deno.exit(0);
}

async function connectOrNull(
  options: Deno.ConnectQuicOptions<false>,
): Promise<Deno.QuicConn | null> {
  try {
    return await Deno.connectQuic(options);
  } catch {
    return null;
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
