/**
 * From a TCP stream of HTTP/1 to all the hosts that its requests name.
 *
 * @module
 */
import type { Said } from "./decide/said.ts";
import { HttpWalk } from "./decode/http_walk.ts";
import type { HttpRequest } from "./decode/http_host.ts";
import type { TcpSegment } from "./decode/tcp_stream.ts";
import type { SparseWindow } from "./decode/sparse_window.ts";
import { type Acknowledged, type Reading, UNREADABLE } from "./reading.ts";

/** What is kept from here on is worth a question to the kernel. */
const ASK_BYTES = 4_096;
/** What is kept at most; nothing new is taken in until the server has some. */
const MAX_KEPT_BYTES = 65_536;

/** The packet is dropped, and sent again when there is room or no gap. */
const EARLY: Reading = {
  said: null,
  settled: false,
  waiting: false,
  early: true,
};

/** A reading, and what ends this reader's work. */
export interface HttpReading {
  readonly reading: Reading;
  /** The request that the client will not speak HTTP behind, or may not. */
  readonly over: {
    readonly kind: "connect" | "websocket";
    readonly request: HttpRequest;
  } | null;
}

/** Reads the requests of one connection. */
export class HttpReader {
  readonly #window: SparseWindow;
  readonly #walk = new HttpWalk();
  #last: HttpRequest | null = null;

  /** @param window Where the stream goes on with its first request. */
  constructor(window: SparseWindow) {
    this.#window = window;
  }

  /** What it costs to keep what it has read, without the window. */
  get keptBytes(): number {
    return this.#walk.headBytes;
  }

  /** Adds a segment of the client's. */
  add(segment: TcpSegment, acknowledged: Acknowledged): HttpReading {
    const window = this.#window;
    if (!this.#hasRoom(segment, acknowledged)) return only(EARLY);
    const start = window.next;
    const placed = window.place(segment);
    if (placed.kind === "refused") return only(UNREADABLE);
    if (placed.kind === "ahead") return only(EARLY);
    const { bytes } = placed;
    const step = this.#walk.add(bytes);
    if (step.kind === "refused") return only(UNREADABLE);
    window.keep(start + step.start, bytes.subarray(step.start, step.end));
    const { isInHead, headBytes } = this.#walk;
    // Some servers answer a request whose header the end of the stream ends.
    if (window.ended && isInHead) return only(UNREADABLE);
    const { requests, over } = step;
    this.#last = requests.at(-1) ?? this.#last;
    const said = requests.map(saidBy);
    const reading: Reading = {
      said: said.pop() ?? null,
      before: said,
      settled: false,
      // What was sent before may have been lost, and is then sent with this.
      waiting: isInHead && segment.payload.length > 0 &&
        placed.end > window.next - headBytes,
    };
    if (over === null) return { reading, over: null };
    // What stands behind is for another reader.
    window.cut(start + step.length);
    return { reading, over: { kind: over, request: this.#last! } };
  }

  #hasRoom(
    { sequence, payload }: TcpSegment,
    acknowledged: Acknowledged,
  ): boolean {
    const window = this.#window;
    if (payload.length === 0 || window.keptBytes < ASK_BYTES) return true;
    const sequenceThere = acknowledged();
    if (sequenceThere !== null) window.forget(sequenceThere);
    return window.keptBytes < MAX_KEPT_BYTES ||
      window.offsetOf(sequence) + payload.length <= window.next;
  }
}

/** What one request says. */
export function saidBy({ host, port, form }: HttpRequest): Said {
  return { kind: "http", name: host, port, form };
}

function only(reading: Reading): HttpReading {
  return { reading, over: null };
}
