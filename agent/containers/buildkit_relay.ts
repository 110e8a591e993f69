/**
 * Carries calls between a client and BuildKit: a message that could ask for
 * rights is looked at whole before any of it is passed on.
 *
 * Fields are written anew, so that neither end's memory of fields depends on
 * what it was not given; the windows are those of the two ends.
 *
 * @module
 */
import { callAgainst } from "../decide/containers/buildkit_call.ts";
import {
  answerRefused,
  judgeCallHead,
} from "../decide/containers/buildkit_head.ts";
import type { Decoded } from "../decode/bytes.ts";
import {
  HTTP2_ERROR,
  HTTP2_FLAG,
  HTTP2_TYPE,
  type Http2Frame,
} from "../decode/http2_frame.ts";
import {
  HTTP2_PREFACE,
  type Http2Event,
  type Http2Fields,
  Http2Reader,
} from "../decode/http2_reader.ts";
import { BuildkitCalls, type Call, MAX_HELD_BYTES } from "./buildkit_calls.ts";
import { Http2Writer } from "./http2_writer.ts";

/** Each is told, which is more work than to ask. */
const MAX_REFUSALS = 32;

/** Where the two ends are. */
export interface BuildkitRelayOptions {
  readonly toClient: (bytes: Uint8Array) => void;
  readonly toRuntime: (bytes: Uint8Array) => void;
  /** Told of what was refused: what it was, and why. */
  readonly onRefused: (what: string, why: string) => void;
}

/** One connection, from its first byte behind the change to HTTP/2. */
export class BuildkitRelay {
  readonly #options: BuildkitRelayOptions;
  readonly #client: Http2Writer;
  readonly #runtime: Http2Writer;
  readonly #clientReader = new Http2Reader(true);
  readonly #runtimeReader = new Http2Reader(false);
  readonly #calls = new BuildkitCalls();
  #hasBegun = false;
  #refusals = 0;

  constructor(options: BuildkitRelayOptions) {
    this.#options = options;
    this.#client = new Http2Writer(options.toClient);
    this.#runtime = new Http2Writer(options.toRuntime);
  }

  /**
   * Carries what the client has sent.
   *
   * @returns Whether the connection goes on; if not, the client was told why.
   */
  fromClient(bytes: Uint8Array): boolean {
    return this.#carry(
      this.#clientReader.read(bytes),
      (event) =>
        event.kind === "fields"
          ? this.#takeFields(event)
          : this.#takeFrame(event.frame),
    );
  }

  /**
   * Carries what the runtime has sent.
   *
   * @returns Whether the connection goes on; if not, the client was told why.
   */
  fromRuntime(bytes: Uint8Array): boolean {
    return this.#carry(this.#runtimeReader.read(bytes), (event) => {
      if (event.kind === "fields") this.#giveFields(event);
      else this.#giveFrame(event.frame);
      return null;
    });
  }

  #carry(
    read: Decoded<readonly Http2Event[]>,
    take: (event: Http2Event) => string | null,
  ): boolean {
    const against = read.ok
      ? firstAgainst(read.value, take)
      : `its ${read.why}`;
    if (against === null) return true;
    const why = `Sluice refuses this (containers: filter): ${against}`;
    this.#client.goAway(this.#calls.last, why);
    this.#options.onRefused("a connection to BuildKit", against);
    return false;
  }

  #takeFields({ streamId, fields, isEnd }: Http2Fields): string | null {
    if (!this.#hasBegun) return "it begins with fields";
    if (this.#refusals > MAX_REFUSALS) return "it does not stop";
    // Of a call that has ended the client may not have heard.
    if (streamId <= this.#calls.last) {
      const isOpen = this.#calls.get(streamId) !== undefined;
      return isOpen ? "it has fields behind a call" : null;
    }
    if (streamId % 2 === 0) return "it opens a stream of the runtime's";
    const { path, isHeld, against } = judgeCallHead(fields, isEnd);
    const call = this.#calls.open(streamId, {
      ...{ path: path ?? "of no method", isHeld, isClientDone: isEnd },
    });
    const isFull = this.#calls.isFull ? "there are too many at once" : null;
    const why = against ?? isFull;
    if (why === null) {
      this.#calls.keep(streamId, call);
      this.#runtime.fields(streamId, { fields, isEnd });
    } else this.#refuse(streamId, { call, why });
    return null;
  }

  #takeFrame(frame: Http2Frame): string | null {
    const { type, streamId } = frame;
    if (!this.#hasBegun) {
      if (type !== HTTP2_TYPE.SETTINGS) return "it begins without settings";
      this.#hasBegun = true;
      this.#options.toRuntime(HTTP2_PREFACE);
    }
    if (streamId === 0) {
      this.#runtime.pass(frame);
      return null;
    }
    const isData = type === HTTP2_TYPE.DATA;
    const isReset = type === HTTP2_TYPE.RST_STREAM;
    // Weights are nobody's business, and types that are new may be left out.
    if (!isData && !isReset && type !== HTTP2_TYPE.WINDOW_UPDATE) return null;
    if (streamId > this.#calls.last) return "it uses a stream that is not open";
    const call = this.#calls.get(streamId);
    if (isData) return this.#takeData(frame, call);
    if (call === undefined) return null;
    this.#runtime.pass(frame);
    if (isReset) this.#forget(streamId);
    return null;
  }

  #takeData(
    { streamId, flags, payload }: Http2Frame,
    call: Call | undefined,
  ): string | null {
    if (call === undefined) {
      this.#client.grant(payload.length);
      return null;
    }
    if (call.isClientDone) return "it has data behind a call";
    const isEnd = (flags & HTTP2_FLAG.END_STREAM) !== 0;
    call.isClientDone = isEnd;
    if (call.held === null) {
      this.#runtime.data(streamId, { content: payload, isEnd });
    } else {
      this.#calls.hold(call, payload);
      this.#look(streamId, call);
    }
    this.#settle(streamId, call);
    return null;
  }

  /** Passes a message on if it is whole and well. */
  #look(streamId: number, call: Call): void {
    const isLong = this.#calls.isHoldingTooMuch;
    if (!isLong && !call.isClientDone) return;
    const why = isLong
      ? `its message is over ${MAX_HELD_BYTES} bytes`
      : callAgainst(call.path, call.held!.peek());
    if (why !== null) {
      this.#forget(streamId);
      this.#runtime.reset(streamId, HTTP2_ERROR.CANCEL);
      return this.#refuse(streamId, { call, why });
    }
    const content = this.#calls.release(call);
    this.#runtime.data(streamId, { content, isEnd: true });
  }

  #giveFields({ streamId, fields, isEnd }: Http2Fields): void {
    const call = this.#calls.get(streamId);
    if (call === undefined) return;
    this.#client.fields(streamId, { fields, isEnd });
    call.isAnswered ||= !/^1/.test(fields[0]?.[1] ?? "");
    call.isRuntimeDone ||= isEnd;
    this.#settle(streamId, call);
  }

  #giveFrame(frame: Http2Frame): void {
    const { type, flags, streamId, payload } = frame;
    if (streamId === 0) return this.#client.pass(frame);
    const call = this.#calls.get(streamId);
    if (type === HTTP2_TYPE.DATA) {
      if (call === undefined) return this.#runtime.grant(payload.length);
      const isEnd = (flags & HTTP2_FLAG.END_STREAM) !== 0;
      this.#client.data(streamId, { content: payload, isEnd });
      call.isRuntimeDone ||= isEnd;
      return this.#settle(streamId, call);
    }
    const isReset = type === HTTP2_TYPE.RST_STREAM;
    if (call === undefined) return;
    if (isReset || type === HTTP2_TYPE.WINDOW_UPDATE) this.#client.pass(frame);
    if (isReset) this.#forget(streamId);
  }

  #refuse(
    streamId: number,
    { call, why }: { readonly call: Call; readonly why: string },
  ): void {
    this.#refusals++;
    const fields = answerRefused(why, call.isAnswered);
    this.#client.fields(streamId, { fields, isEnd: true });
    // What it still sends is nobody's.
    if (!call.isClientDone) {
      this.#client.reset(streamId, HTTP2_ERROR.NO_ERROR);
    }
    this.#options.onRefused(`the call ${call.path.slice(0, 200)}`, why);
  }

  #settle(streamId: number, call: Call): void {
    if (call.isClientDone && call.isRuntimeDone) this.#forget(streamId);
  }

  /** What was held of it nobody has read, and nobody will. */
  #forget(streamId: number): void {
    this.#client.grant(this.#calls.forget(streamId));
  }
}

function firstAgainst(
  events: readonly Http2Event[],
  take: (event: Http2Event) => string | null,
): string | null {
  for (const event of events) {
    const against = take(event);
    if (against !== null) return against;
  }
  return null;
}
