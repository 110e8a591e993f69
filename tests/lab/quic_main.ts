/// <reference lib="deno.unstable" />
/**
 * QUIC in the lab, by Deno's own implementation: a server that says which names
 * were asked for, and a client that opens connections over one socket.
 *
 * `deno run -A --unstable-net quic_main.ts serve DIRECTORY PORT ADDRESS…`
 * `deno run -A --unstable-net quic_main.ts connect DIRECTORY PORT ADDRESS
 * NAME[=BYTES]…`
 *
 * @module
 */

/** The lab's own protocol: bytes up, then how many they were. */
const PROTOCOLS = ["h3"];
const TIMEOUT_MS = 4_000;

async function serve(
  directory: string,
  of: { port: number; addresses: readonly string[] },
): Promise<void> {
  const [cert, key] = await Promise.all(
    ["pem", "key"].map((end) => Deno.readTextFile(`${directory}/sites.${end}`)),
  );
  for (const hostname of of.addresses) {
    const endpoint = new Deno.QuicEndpoint({ hostname, port: of.port });
    const listener = endpoint.listen({
      cert: cert!,
      key: key!,
      alpnProtocols: PROTOCOLS,
    });
    acceptAll(listener);
  }
  console.log("ready");
}

async function acceptAll(listener: Deno.QuicListener): Promise<void> {
  for await (const incoming of listener) {
    answer(incoming).catch(() => {});
  }
}

async function answer(incoming: Deno.QuicIncoming): Promise<void> {
  const connection = await incoming.accept();
  console.log(`asked for ${connection.serverName}`);
  for await (const stream of connection.incomingBidirectionalStreams) {
    let bytes = 0;
    for await (const chunk of stream.readable) bytes += chunk.length;
    const writer = stream.writable.getWriter();
    await writer.write(new TextEncoder().encode(`got ${bytes}`));
    await writer.close();
  }
}

async function connect(
  directory: string,
  of: { port: number; hostname: string; wants: readonly string[] },
): Promise<void> {
  const { port, hostname, wants } = of;
  const authority = await Deno.readTextFile(`${directory}/authority.pem`);
  const local = hostname.includes(":") ? "::" : "0.0.0.0";
  const endpoint = new Deno.QuicEndpoint({ hostname: local, port: 0 });
  for (const want of wants) {
    const [serverName, bytes = "5"] = want.split("=");
    const said = await Promise.race([
      ask(Number(bytes), {
        ...{ endpoint, hostname, port, serverName: serverName! },
        ...{ alpnProtocols: PROTOCOLS, caCerts: [authority] },
      }).catch((error) => `failed ${error}`),
      new Promise<string>((done) =>
        setTimeout(() => done("timed out"), TIMEOUT_MS)
      ),
    ]);
    console.log(`${serverName}: ${said}`);
  }
  Deno.exit(0);
}

async function ask(
  bytes: number,
  options: Deno.ConnectQuicOptions<false>,
): Promise<string> {
  const connection = await Deno.connectQuic(options);
  const stream = await connection.createBidirectionalStream();
  const writer = stream.writable.getWriter();
  const piece = new Uint8Array(65_536);
  for (let left = bytes; left > 0; left -= piece.length) {
    await writer.write(piece.subarray(0, left));
  }
  await writer.close();
  let said = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream.readable) said += decoder.decode(chunk);
  return said;
}

if (import.meta.main) {
  const [act, directory, port, ...rest] = Deno.args;
  if (act === "serve") {
    await serve(directory!, { port: Number(port), addresses: rest });
  } else {
    const [hostname, ...wants] = rest;
    await connect(directory!, {
      ...{ port: Number(port), hostname: hostname!, wants },
    });
  }
}
