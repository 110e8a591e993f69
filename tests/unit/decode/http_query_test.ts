import assert from "node:assert/strict";
import {
  decodeHttpPath,
  encodeHttpPath,
} from "../../../agent/decode/http_query.ts";

const READ: readonly {
  target: string;
  segments: string[];
  query: string[][];
}[] = [
  { target: "/_ping", segments: ["_ping"], query: [] },
  {
    target: "/v1.41/images/a/b%3Alatest/json?x=1%20+2&y&z=",
    segments: ["v1.41", "images", "a", "b:latest", "json"],
    query: [["x", "1  2"], ["y", ""], ["z", ""]],
  },
  {
    target: "/build?labels=%7B%22a%22%3A%22%C3%A9%22%7D",
    segments: ["build"],
    query: [["labels", '{"a":"é"}']],
  },
];

const REFUSED: readonly string[] = [
  ...["*", "d:80", "http://d/_ping", "/", "//_ping", "/a/", "/a/../b", "/./a"],
  ...["/a%2fb", "/a%2Fb", "/%2e%2e/b", "/a%00", "/a%", "/a%zz", "/a%ff"],
  ...["/a b", "/a;b", "/a\\b", "/a?x=1;y=2", "/a?x=%ff", "/a?x#y", "/a?x=%00"],
];

for (const { target, segments, query } of READ) {
  Deno.test(`decodeHttpPath() reads ${target}`, () => {
    const decoded = decodeHttpPath(target);

    assert.deepEqual(decoded, { ok: true, value: { segments, query } });
    assert.ok(decoded.ok);
    assert.deepEqual(decodeHttpPath(encodeHttpPath(decoded.value)), decoded);
  });
}

for (const target of REFUSED) {
  Deno.test(`decodeHttpPath() refuses ${target}`, () => {
    assert.equal(decodeHttpPath(target).ok, false);
  });
}
