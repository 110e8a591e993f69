/**
 * What reads requests to container runtimes, and their answers.
 *
 * @module
 */
import { callAgainst } from "../../agent/decide/containers/buildkit_call.ts";
import { routeRequest } from "../../agent/decide/containers/container_request.ts";
import { decodeHttpAnswer } from "../../agent/decode/http_answer.ts";
import { HttpBody, type HttpBodyStep } from "../../agent/decode/http_body.ts";
import { decodeHttpHead } from "../../agent/decode/http_head.ts";
import {
  decodeHttpPath,
  encodeHttpPath,
} from "../../agent/decode/http_query.ts";
import { decodeHttpReply } from "../../agent/decode/http_reply.ts";
import { HpackDecoder } from "../../agent/decode/hpack.ts";
import { decodeProtobuf } from "../../agent/decode/protobuf.ts";
import { decodeJson, encodeJson } from "../../agent/decode/strict_json.ts";
import { hex } from "../hex.ts";
import { ascii, concat } from "../unit/decode/hellos.ts";
import { decodeTwice, isEqual } from "./purity.ts";
import { must, type Target } from "./target.ts";

const SIZES = { maxBytes: 2048, batch: 256 } as const;
const HEADS = [
  "GET /v1.41/containers/json?all=1&filters=%7B%7D HTTP/1.1\r\nHost: d\r\n\r\n",
  "POST /containers/a/attach?stream=1 HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\n" +
  "Connection: Upgrade\r\nContent-Length: 0\r\n\r\n",
  "POST /v1.24/build?t=a&networkmode=default HTTP/1.1\r\nHost: d\r\n" +
  "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
];

/** JSON that all readers read alike. */
export function jsonTarget(): Target {
  return {
    name: "strict_json",
    seeds: [
      '{"HostConfig":{"Binds":["/a:/b:ro"],"Privileged":false}, "n": null}',
      '[1, -2.5e3, 9007199254740993, "\\u00e4\\ud83d\\ude00\\n", true, {}]',
    ].map(ascii),
    tokens: ['"a":', "{", "}", "[", "]", ",", "\\ud800", "\\u0000", "1e999"]
      .map(ascii),
    ...SIZES,
    run(input) {
      const json = decodeTwice(input, decodeJson);
      if (!json.ok) return;
      const written = new TextEncoder().encode(encodeJson(json.value));
      const again = decodeJson(written);
      must(again.ok, "what was written can be read");
      must(isEqual(again.value, json.value), "what is sent was judged");
      JSON.parse(new TextDecoder().decode(written));
    },
  };
}

/** The heads of requests. */
export function httpHeadTarget(): Target {
  return {
    name: "http_head",
    seeds: HEADS.map(ascii),
    tokens: [
      ...["\r\n", "Content-Length: ", "Transfer-Encoding: ", "chunked", "\n"],
      ...["Upgrade: h2c\r\n", "Connection: ", "Host: ", ":", " ", "\0"],
    ].map(ascii),
    ...SIZES,
    run(input) {
      const result = decodeTwice(input, decodeHttpHead);
      if (result.kind !== "head") return;
      const { head } = result;
      must(head.headBytes <= input.length, "a head ends in its stream");
      const lines = head.fields.map(([name, value]) => `${name}${value}`);
      must(!/[\r\n\0]/.test(lines.join("")), "a field is one line");
      const alone = decodeHttpHead(input.subarray(0, head.headBytes));
      must(isEqual(alone, result), "a head does not depend on what follows");
      routeRequest(head);
    },
  };
}

/** Paths and queries. */
export function httpQueryTarget(): Target {
  return {
    name: "http_query",
    seeds: ["/v1.41/images/a%2fb/json?a=%20&b=c+d", "/build?t=a&t=b&q"]
      .map(ascii),
    tokens: ["/", "..", "%2f", "%2e", "?", "&", "=", ";", "%00", "//", "#"]
      .map(ascii),
    ...SIZES,
    run(input) {
      const path = decodeHttpPath(String.fromCharCode(...input));
      if (!path.ok) return;
      const { segments } = path.value;
      const isOdd = segments.some((each) => /^\.{0,2}$|[/%?#]/.test(each));
      must(!isOdd, "a segment leads nowhere else");
      const again = decodeHttpPath(encodeHttpPath(path.value));
      must(isEqual(again, path), "what is sent was judged");
    },
  };
}

/** Bodies, of a length or in chunks: the first byte says which. */
export function httpBodyTarget(): Target {
  return {
    name: "http_body",
    seeds: [
      "\x00" + "4\r\nabcd\r\n5;a=b\r\nefghi\r\n0\r\n\r\nGET /",
      "\x05" + "abcde and more",
    ].map(ascii),
    tokens: ["\r\n", "0\r\n\r\n", "ffffffff\r\n", ";", "a: b\r\n", "1\r\n"]
      .map(ascii),
    ...SIZES,
    run(input) {
      const [first = 0] = input;
      const bytes = input.subarray(1);
      const framing = first === 0 ? "chunked" : first;
      const whole = readBody([bytes], framing);
      const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
      must(isEqual(readBody(pieces, framing), whole), "pieces do not matter");
      decodeTwice(bytes, (view) => new HttpBody(framing).read(view));
    },
  };
}

/** The heads of answers. */
export function httpReplyTarget(): Target {
  return {
    name: "http_reply",
    seeds: [
      "HTTP/1.1 200 OK\r\nContent-Type: application/json; a=b\r\n\r\n{}",
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: " +
      "application/vnd.docker.raw-stream\r\n\r\nabc",
    ].map(ascii),
    tokens: ["\r\n", "\r\n\r\n", "HTTP/1.0 ", "content-type:", ";"].map(ascii),
    ...SIZES,
    run(input) {
      decodeTwice(input, decodeHttpAnswer);
      const reply = decodeTwice(input, decodeHttpReply);
      if (reply === null || reply === undefined) return;
      must(reply.headBytes <= input.length, "a head ends in its stream");
      must(reply.status >= 100 && reply.status < 600, "a status is known");
    },
  };
}

/** Fields of HTTP/2: two messages, as what the first kept is the second's. */
export function hpackTarget(): Target {
  return {
    name: "hpack",
    seeds: [
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
      "40016b0176be",
    ].map(hex),
    tokens: ["be", "3fe11f", "20", "7fa11e", "40", "8cf1e3c2e5"].map(hex),
    ...SIZES,
    run(input) {
      decodeTwice(input, (bytes) => {
        const decoder = new HpackDecoder();
        const half = bytes.length >> 1;
        const pieces = [bytes.subarray(0, half), bytes.subarray(half), bytes];
        return pieces.map((each) => decoder.decode(each));
      });
    },
  };
}

/** Messages of Protocol Buffers, and what is judged of them. */
export function protobufTarget(): Target {
  return {
    name: "protobuf",
    seeds: [
      "00000000140a0372656612036162633a080a01611203686f73",
      "000000000c089601120774657374696e67",
    ]
      .map(hex),
    tokens: ["4a00", "3a", "ffffffffffffffffff01", "0d", "09", "0a"].map(hex),
    ...SIZES,
    run(input) {
      const message = input.subarray(Math.min(5, input.length));
      const fields = decodeTwice(message, decodeProtobuf);
      const path = "/moby.buildkit.v1.Control/Solve";
      const against = decodeTwice(input, (bytes) => callAgainst(path, bytes));
      const isAsking = !fields.ok ||
        fields.value.some(({ number }) => number === 9);
      must(!isAsking || against !== null, "no right can be asked for");
    },
  };
}

/** What a body comes to; null when it is refused. */
function readBody(pieces: readonly Uint8Array[], framing: number | "chunked") {
  const body = new HttpBody(framing);
  const content: Uint8Array[] = [];
  let length = 0;
  for (const piece of pieces) {
    const step: HttpBodyStep = body.read(piece);
    if (step.kind === "refused") return null;
    must(step.length <= piece.length, "a body ends in its stream");
    content.push(...step.content);
    length += step.length;
    if (step.ended) break;
  }
  return { content: concat(content), length, ended: body.isEnded };
}
