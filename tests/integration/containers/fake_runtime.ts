/**
 * A container runtime that runs no container: it listens where Docker would,
 * speaks HTTP/1 as its daemon does, and remembers what it was asked.
 *
 * @module
 */

/** One request, as it came through. */
export interface Heard {
  readonly method: string;
  readonly target: string;
  readonly fields: ReadonlyMap<string, string>;
  /** The content, without its framing. */
  readonly body: Uint8Array;
}

/** What it answers. */
export interface Reply {
  readonly status?: number;
  readonly json?: unknown;
  /** Takes the connection over, as `attach` does. */
  readonly hijack?: (connection: Deno.Conn) => Promise<void>;
}

/** Says what to answer; undefined for what Docker says of the unknown. */
export type Answers = (heard: Heard) => Reply | undefined;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("latin1");

/** Listens until it is disposed. */
export class FakeRuntime implements AsyncDisposable {
  readonly path: string;
  readonly #listener: Deno.Listener;
  readonly #answers: Answers;
  readonly #open = new Set<Deno.Conn>();
  readonly #served: Promise<void>;
  #isClosed = false;
  /** All requests but those that only look. */
  readonly heard: Heard[] = [];

  /** @param path Where it listens; any user may connect. */
  constructor(path: string, answers: Answers = () => undefined) {
    this.path = path;
    this.#answers = answers;
    this.#listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, 0o666);
    this.#served = this.#listen();
  }

  /** The requests that would change something, as `METHOD target`. */
  get acts(): string[] {
    return this.heard.filter(({ method }) => method !== "GET")
      .map(({ method, target }) => `${method} ${target}`);
  }

  /** The body of the last request to a path, as JSON. */
  // deno-lint-ignore no-explicit-any -- whatever the client has sent
  sent(part: string): any {
    const found = this.heard.findLast(({ target }) => target.includes(part));
    if (found === undefined) throw new Error(`nobody asked for ${part}`);
    return JSON.parse(new TextDecoder().decode(found.body));
  }

  async #listen(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#open.add(connection);
      this.#serve(connection).catch(() => {}).finally(() => {
        this.#open.delete(connection);
        try {
          connection.close();
        } catch {
          // It has ended by itself.
        }
      });
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    const reader = new ByteReader(connection);
    for (;;) {
      const heard = await readRequest(reader);
      if (heard === null) return;
      this.heard.push(heard);
      const reply = this.#answers(heard) ?? plainReply(heard);
      if (reply.hijack !== undefined) return await reply.hijack(connection);
      const isClosing = /close/i.test(heard.fields.get("connection") ?? "") ||
        heard.fields.get("version") === "1.0";
      await writeAll(connection, encodeReply(reply, isClosing));
      if (isClosing) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch {
        // It has ended by itself.
      }
    }
    await this.#served.catch(() => {});
    await Deno.remove(this.path).catch(() => {});
  }
}

/** Writes all of some bytes. */
export async function writeAll(
  connection: Deno.Conn,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await connection.write(bytes.subarray(at));
  }
}

/** What Docker's daemon says to the questions of its command line. */
function plainReply({ method, target }: Heard): Reply {
  const path = target.split("?")[0]!.replace(/^\/v1\.\d+/, "");
  if (path === "/_ping") return { json: "OK" };
  if (path === "/version") return { json: { ApiVersion: "1.41" } };
  if (path === "/info") return { json: { OSType: "linux" } };
  const container = /^\/containers\/([^/]+)\/json$/.exec(path);
  const isNetwork = /^\/networks\/[^/]+$/.test(path);
  if (method === "GET" && isNetwork) return { json: { Driver: "bridge" } };
  if (method === "GET" && container !== null && container[1] === "plain") {
    return { json: { Id: "a".repeat(64), HostConfig: {} } };
  }
  if (path === "/containers/create") {
    return { status: 201, json: { Id: "c".repeat(64), Warnings: [] } };
  }
  return method === "GET"
    ? { status: 404, json: { message: `no such thing: ${path}` } }
    : { status: 200, json: {} };
}

function encodeReply(reply: Reply, isClosing: boolean): Uint8Array {
  const { status = 200, json = {} } = reply;
  const body = ENCODER.encode(JSON.stringify(json));
  return ENCODER.encode(
    `HTTP/1.1 ${status} Said\r\nApi-Version: 1.41\r\nOstype: linux\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` +
      (isClosing ? "Connection: close\r\n" : "") + "\r\n" +
      new TextDecoder().decode(body),
  );
}

/** Reads what a connection sends, by lines and lengths. */
class ByteReader {
  readonly #connection: Deno.Conn;
  #bytes = new Uint8Array(0);

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Null at the end. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#bytes.indexOf(10);
      if (end >= 0) {
        const line = DECODER.decode(this.#bytes.subarray(0, end));
        this.#bytes = this.#bytes.slice(end + 1);
        return line.replace(/\r$/, "");
      }
      if (!await this.#more()) return null;
    }
  }

  async take(length: number): Promise<Uint8Array> {
    while (this.#bytes.length < length && await this.#more());
    const taken = this.#bytes.slice(0, length);
    this.#bytes = this.#bytes.slice(length);
    return taken;
  }

  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const count = await this.#connection.read(buffer);
    if (count === null) return false;
    const joined = new Uint8Array(this.#bytes.length + count);
    joined.set(this.#bytes);
    joined.set(buffer.subarray(0, count), this.#bytes.length);
    this.#bytes = joined;
    return true;
  }
}

async function readRequest(reader: ByteReader): Promise<Heard | null> {
  const first = await reader.line();
  if (first === null) return null;
  const [method = "", target = "", version = ""] = first.split(" ");
  const fields = new Map([["version", version.replace("HTTP/", "")]]);
  for (;;) {
    const line = await reader.line();
    if (line === null || line === "") break;
    const [name = "", value = ""] = line.split(/:\s*/, 2);
    fields.set(name.toLowerCase(), value);
  }
  const parts: Uint8Array[] = [];
  if (fields.get("transfer-encoding") === "chunked") {
    for (;;) {
      const size = parseInt(await reader.line() ?? "0", 16);
      parts.push(await reader.take(size));
      await reader.line();
      if (size === 0) break;
    }
  } else {
    parts.push(await reader.take(Number(fields.get("content-length") ?? 0)));
  }
  const body = new Uint8Array(
    await new Blob(parts as BlobPart[]).arrayBuffer(),
  );
  return { method, target, fields, body };
}
