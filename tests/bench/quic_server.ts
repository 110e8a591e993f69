/**
 * The other end of the QUIC handshakes that are measured.
 *
 * `deno run -A --unstable-net quic_server.ts ADDRESS PORT CERTIFICATE KEY`
 * prints `ready` once it listens.
 *
 * @module
 */
/// <reference lib="deno.unstable" />

if (import.meta.main) await serve(Deno.args);

async function serve(args: readonly string[]): Promise<void> {
  const [hostname, port, certificatePath, keyPath] = args as [
    string,
    string,
    string,
    string,
  ];
  const endpoint = new Deno.QuicEndpoint({ hostname, port: Number(port) });
  const listener = endpoint.listen({
    cert: await Deno.readTextFile(certificatePath),
    key: await Deno.readTextFile(keyPath),
    alpnProtocols: ["h3"],
  });
  console.log("ready");
  for (;;) {
    const connection = await listener.accept();
    // The client ends it; that is no failure.
    connection.closed.catch(() => {});
  }
}
