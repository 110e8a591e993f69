/**
 * What ends of a connection to BuildKit say, and what a relay made of it.
 *
 * @module
 */
import { BuildkitRelay } from "../../../agent/containers/buildkit_relay.ts";
import {
  callAgainst,
  kindOfCall,
} from "../../../agent/decide/containers/buildkit_call.ts";
import { encodeHpack, type HpackField } from "../../../agent/decode/hpack.ts";
import {
  encodeHttp2Frame,
  HTTP2_FLAG,
  HTTP2_TYPE,
} from "../../../agent/decode/http2_frame.ts";
import {
  HTTP2_PREFACE,
  type Http2Event,
  Http2Reader,
} from "../../../agent/decode/http2_reader.ts";

export const SOLVE = "/moby.buildkit.v1.Control/Solve";
export const INFO = "/moby.buildkit.v1.Control/Info";

/** The beginning of a client, with its settings. */
export const BEGINNING: Uint8Array = join(HTTP2_PREFACE, settings());

/** Bytes behind each other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A frame of some type. */
export function frame(
  type: keyof typeof HTTP2_TYPE,
  of: { streamId?: number; flags?: number; payload?: readonly number[] } = {},
): Uint8Array {
  const { streamId = 0, flags = 0, payload = [] } = of;
  const bytes = Uint8Array.from(payload);
  return encodeHttp2Frame({
    ...{ type: HTTP2_TYPE[type], flags, streamId, payload: bytes },
  });
}

/** Settings, as pairs. */
export function settings(...pairs: readonly [number, number][]): Uint8Array {
  const payload = pairs.flatMap(([identifier, value]) => [
    ...[0, identifier],
    ...[24, 16, 8, 0].map((shift) => value >>> shift & 0xff),
  ]);
  return frame("SETTINGS", { payload });
}

/** Fields in one frame. */
export function fields(
  streamId: number,
  of: { readonly fields: readonly HpackField[]; readonly isEnd?: boolean },
): Uint8Array {
  const end = of.isEnd ? HTTP2_FLAG.END_STREAM : 0;
  const payload = [...encodeHpack(of.fields)];
  const flags = HTTP2_FLAG.END_HEADERS | end;
  return frame("HEADERS", { streamId, flags, payload });
}

/** The fields of a call. */
export function call(streamId: number, path: string): Uint8Array {
  return fields(streamId, {
    fields: [[":method", "POST"], [":scheme", "http"], [":path", path]],
  });
}

/** Data of a stream. */
export function data(
  streamId: number,
  of: { readonly bytes: readonly number[]; readonly isEnd?: boolean },
): Uint8Array {
  return frame("DATA", {
    streamId,
    flags: of.isEnd ? 1 : 0,
    payload: of.bytes,
  });
}

/** A message as gRPC sends it; it is shorter than 256 bytes. */
export function message(...fields: readonly number[][]): number[] {
  const bytes = fields.flat();
  return [0, 0, 0, 0, bytes.length, ...bytes];
}

/** A field of text of a message, which is shorter than 128. */
export function text(number: number, value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [number << 3 | 2, bytes.length, ...bytes];
}

/** A relay between two ends that remember. */
export class Ends {
  readonly refused: string[] = [];
  readonly relay: BuildkitRelay;
  #toClient: Uint8Array[] = [];
  #toRuntime: Uint8Array[] = [];

  constructor() {
    this.relay = new BuildkitRelay({
      toClient: (bytes) => this.#toClient.push(bytes),
      toRuntime: (bytes) => this.#toRuntime.push(bytes),
      onRefused: (what, why) => this.refused.push(`${what}: ${why}`),
    });
  }

  /** All that the client was told. */
  get client(): readonly Http2Event[] {
    return readAll(new Http2Reader(false), this.#toClient);
  }

  /** All that the runtime was told. */
  get runtime(): readonly Http2Event[] {
    return readAll(new Http2Reader(true), this.#toRuntime);
  }
}

function readAll(
  reader: Http2Reader,
  pieces: readonly Uint8Array[],
): readonly Http2Event[] {
  const read = reader.read(join(...pieces));
  if (!read.ok) throw new Error(`Cannot read what was written: ${read.why}`);
  return read.value;
}

/** Events in few words: `1 fields end`, `1 data 3 end`, `0 ping`. */
export function brief(events: readonly Http2Event[]): string[] {
  const names = Object.fromEntries(
    Object.entries(HTTP2_TYPE).map(([name, type]) => [type, name]),
  );
  return events.map((event) => {
    if (event.kind === "fields") {
      return `${event.streamId} fields${event.isEnd ? " end" : ""}`;
    }
    const { type, streamId, flags, payload } = event.frame;
    const isData = type === HTTP2_TYPE.DATA;
    const more = isData && (flags & 1) !== 0 ? " end" : "";
    const length = isData ? ` ${payload.length}` : "";
    const name = names[type]!.toLowerCase();
    return `${streamId} ${name}${length}${more}`;
  });
}

/**
 * What a runtime could do of what it was told that nobody has allowed.
 *
 * @returns A sentence; null when all was allowed.
 */
export function notAllowed(events: readonly Http2Event[]): string | null {
  const calls = new Map<number, { path: string; bytes: number[] }>();
  for (const event of events) {
    if (event.kind === "fields") {
      const path = event.fields.find(([name]) => name === ":path")?.[1] ?? "";
      const kind = kindOfCall(path);
      if (calls.has(event.streamId)) return "a stream was opened twice";
      if (kind === "refused") return `${path} was called`;
      if (kind === "judged") calls.set(event.streamId, { path, bytes: [] });
      continue;
    }
    const { type, streamId, flags, payload } = event.frame;
    const call = calls.get(streamId);
    if (type !== HTTP2_TYPE.DATA || call === undefined) continue;
    call.bytes.push(...payload);
    if ((flags & HTTP2_FLAG.END_STREAM) !== 0) {
      const content = Uint8Array.from(call.bytes);
      const against = callAgainst(call.path, content);
      if (against !== null) return `${call.path} was passed: ${against}`;
      calls.delete(streamId);
    }
  }
  const part = [...calls.values()].find(({ bytes }) => bytes.length > 0);
  return part === undefined ? null : `a part of ${part.path} was passed`;
}
