/**
 * From a TCP connection to what its client says.
 *
 * @module
 */
import type { Said } from "./decide/said.ts";
import type { HttpAuthority } from "./decode/http_target.ts";
import type { Packet } from "./decode/packet.ts";
import type { TcpSegment } from "./decode/tcp_stream.ts";
import { SparseWindow } from "./decode/sparse_window.ts";
import { HttpReader, saidBy } from "./http_reader.ts";
import {
  type Acknowledged,
  type NameReader,
  type Reading,
  SILENT,
  UNREADABLE,
} from "./reading.ts";
import { isThere, StreamReader } from "./stream_reader.ts";

/** What is read from: a packet, or what the reader before has put together. */
interface Given {
  readonly packet: Packet;
  readonly segment: TcpSegment;
  readonly acknowledged: Acknowledged;
}

/**
 * Reads one TCP connection: a stream that turns out to be HTTP, whose requests
 * may open a tunnel, in which another stream begins.
 */
export class TcpNameReader implements NameReader {
  #stream = new StreamReader();
  /** Reads in place of the stream while HTTP is spoken. */
  #http: HttpReader | null = null;
  /** What was HTTP, of all streams together; null before. */
  #window: SparseWindow | null = null;
  /** Where the tunnel leads that the stream is in, or is asked to be. */
  #through: HttpAuthority | null = null;
  /** The last request, and where it ends, when what follows is not HTTP. */
  #last: { said: Said; sequence: number } | null = null;

  get keptBytes(): number {
    return this.#stream.keptBytes + (this.#http?.keptBytes ?? 0) +
      (this.#window?.keptBytes ?? 0);
  }

  add(packet: Packet, acknowledged: Acknowledged): Reading {
    let segment: TcpSegment = {
      sequence: packet.tcpSequence,
      flags: packet.tcpFlags,
      payload: packet.payload,
    };
    const before: Said[] = [];
    for (;;) {
      const [http, through] = [this.#http, this.#through];
      const given = { packet, segment, acknowledged };
      const step = http === null
        ? this.#readStream(given)
        : this.#readHttp(http, given);
      if ("http" in step) {
        segment = step.http;
        continue;
      }
      const reading = sayThrough(step, through);
      before.push(...reading.before ?? []);
      // Behind a CONNECT the rest of the packet is another stream's.
      if (this.#http === http) return { ...reading, before };
      if (reading.said !== null) before.push(reading.said);
    }
  }

  #readStream(given: Given): Reading | { readonly http: TcpSegment } {
    const { segment, acknowledged } = given;
    if (this.#window?.agrees(segment) === false) return UNREADABLE;
    if (this.#last !== null) {
      const { said, sequence } = this.#last;
      const settled = isThere(sequence, acknowledged);
      return { said, settled, waiting: false };
    }
    const reading = this.#stream.add(segment, given);
    if ("http" in reading) {
      this.#window ??= new SparseWindow(reading.http.sequence);
      this.#http = new HttpReader(this.#window);
      this.#stream = new StreamReader();
    }
    return reading;
  }

  #readHttp(http: HttpReader, { segment, acknowledged }: Given): Reading {
    const { reading, over } = http.add(segment, acknowledged);
    if (over === null) return reading;
    this.#http = null;
    const sequence = this.#window!.nextSequence;
    const { request } = over;
    if (over.kind === "connect") {
      this.#stream = new StreamReader(sequence);
      this.#through = { host: request.host!, port: request.port };
      return reading;
    }
    const end = (segment.sequence + segment.payload.length) >>> 0;
    const said = saidBy(request);
    this.#last = { said: withThrough(said, this.#through), sequence: end };
    return reading;
  }
}

function sayThrough(reading: Reading, through: HttpAuthority | null): Reading {
  if (through === null || reading === SILENT) return reading;
  const { said, before } = reading;
  return {
    ...reading,
    said: said === null ? null : withThrough(said, through),
    before: before?.map((each) => withThrough(each, through)) ?? [],
  };
}

function withThrough(said: Said, through: HttpAuthority | null): Said {
  return through === null ? said : { ...said, through };
}
