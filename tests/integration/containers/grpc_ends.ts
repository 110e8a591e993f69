/**
 * gRPC on both sides of the filter, over the HTTP/2 of the runtime that runs
 * the tests: a client that asks BuildKit as Docker's does, and a BuildKit that
 * builds nothing.
 *
 * @see {@link https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md | gRPC over HTTP/2}
 * @module
 */
import { Buffer } from "node:buffer";
import * as http2 from "node:http2";
import * as net from "node:net";
import { type Reply, writeAll } from "./fake_runtime.ts";

/** Methods by their paths: what they answer to a message. */
export type Methods = Readonly<
  Record<string, (message: Uint8Array) => readonly Uint8Array[]>
>;

/** What came of a call. */
export interface Called {
  /** gRPC's own; 0 is well. */
  readonly code: number;
  readonly details: string;
  readonly answers: readonly Uint8Array[];
}

const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\n" +
  "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
const CONTENT_TYPE = "application/grpc";

/** Serves methods at a socket, until it is disposed. */
export class GrpcServer implements Disposable {
  readonly #server: http2.Http2Server;
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  /** The paths of calls whose message came whole. */
  readonly called: string[] = [];
  /** Their messages. */
  readonly messages: Uint8Array[] = [];
  readonly path: string;

  private constructor(path: string, methods: Methods) {
    this.path = path;
    this.#server = http2.createServer();
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("error", () => {});
    });
    this.#server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      this.#serve(stream, { path: `${headers[":path"]}`, methods });
    });
  }

  static async at(path: string, methods: Methods): Promise<GrpcServer> {
    const own = new GrpcServer(path, methods);
    await new Promise<void>((resolve) => own.#server.listen(path, resolve));
    return own;
  }

  async #serve(
    stream: http2.ServerHttp2Stream,
    of: { readonly path: string; readonly methods: Methods },
  ): Promise<void> {
    const [message] = unpack(await readAll(stream));
    if (message === undefined || stream.destroyed) return;
    this.called.push(of.path);
    this.messages.push(message);
    const answers = of.methods[of.path]?.(message);
    const status = answers === undefined ? "12" : "0";
    stream.respond(
      { ":status": 200, "content-type": CONTENT_TYPE },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => {
      stream.sendTrailers({ "grpc-status": status });
    });
    for (const answer of answers ?? []) stream.write(pack(answer));
    stream.end();
  }

  /** Gives it a connection that a runtime was asked to change. */
  get hijack(): Reply {
    return {
      hijack: async (connection) => {
        await writeAll(connection, new TextEncoder().encode(SWITCHED));
        const server = await Deno.connect({
          transport: "unix",
          path: this.path,
        });
        await join(connection, server);
      },
    };
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
  }
}

/** Calls methods through a socket. */
export class GrpcClient implements Disposable {
  readonly #session: http2.ClientHttp2Session;

  /** @param path Of a socket behind which HTTP/2 is spoken at once. */
  constructor(path: string) {
    this.#session = http2.connect("http://localhost", {
      createConnection: () => net.connect(path),
    });
    this.#session.on("error", () => {});
  }

  async call(path: string, message: Uint8Array): Promise<Called> {
    const stream = this.#session.request({
      ...{ ":method": "POST", ":scheme": "http", ":path": path },
      ...{ "content-type": CONTENT_TYPE, te: "trailers" },
    });
    stream.on("error", () => {});
    let said: http2.IncomingHttpHeaders = {};
    stream.on("response", (headers) => said = { ...said, ...headers });
    stream.on("trailers", (headers) => said = { ...said, ...headers });
    stream.end(pack(message));
    const answers = unpack(await readAll(stream));
    return {
      code: Number(said["grpc-status"] ?? "-1"),
      details: decodeURIComponent(`${said["grpc-message"] ?? ""}`),
      answers,
    };
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

function pack(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(5 + message.length);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

/** The messages that came whole. */
function unpack(bytes: Buffer): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; bytes.length >= at + 5;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    messages.push(new Uint8Array(bytes.subarray(at + 5, end)));
    at = end;
  }
  return messages;
}

/** What comes until the stream's end, however it ends. */
function readAll(stream: http2.Http2Stream): Promise<Buffer> {
  const pieces: Buffer[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  return new Promise((resolve) => {
    const done = () => resolve(Buffer.concat(pieces));
    stream.on("end", done);
    stream.on("close", done);
  });
}

/** Changes each connection at a socket as Docker's client does. */
export class Upgrader implements Disposable {
  readonly path: string;
  readonly #listener: Deno.Listener;
  readonly #open: Deno.Conn[] = [];

  /** @param options `to`: the runtime's socket; `target`: what is changed. */
  constructor(
    path: string,
    options: { readonly to: string; readonly target: string },
  ) {
    this.path = path;
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#serve(options).catch(() => {});
  }

  async #serve(
    options: { readonly to: string; readonly target: string },
  ): Promise<void> {
    for await (const connection of this.#listener) {
      const runtime = await upgrade(options.to, options.target);
      this.#open.push(connection, runtime);
      join(connection, runtime).catch(() => {});
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
  }
}

/** A connection that has changed to HTTP/2. */
export async function upgrade(
  socket: string,
  target: string,
): Promise<Deno.Conn> {
  const connection = await Deno.connect({ transport: "unix", path: socket });
  const request = `POST ${target} HTTP/1.1\r\nHost: d\r\n` +
    "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  await writeAll(connection, new TextEncoder().encode(request));
  let head = "";
  const byte = new Uint8Array(1);
  while (!head.endsWith("\r\n\r\n")) {
    if (await connection.read(byte) === null) break;
    head += String.fromCharCode(byte[0]!);
  }
  if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(head);
  return connection;
}

/** Carries both ways, until both ends have ended. */
export async function join(one: Deno.Conn, other: Deno.Conn): Promise<void> {
  await Promise.all([
    one.readable.pipeTo(other.writable),
    other.readable.pipeTo(one.writable),
  ]).catch(() => {});
  close(one);
  close(other);
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It has ended by itself.
  }
}
