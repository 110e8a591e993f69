import assert from "node:assert/strict";
import {
  readHostUint16,
  readHostUint32,
  readUint16,
  readUint32,
} from "../../../agent/decode/integer.ts";
import { hex } from "../../hex.ts";

const BYTES = hex("00 fe dc ba 98");

const ROWS = [
  { read: readUint16, at: 1, wanted: 0xfedc },
  { read: readUint32, at: 1, wanted: 0xfedcba98 },
  { read: readHostUint16, at: 1, wanted: 0xdcfe },
  { read: readHostUint32, at: 1, wanted: 0x98badcfe },
  { read: readUint16, at: 4, wanted: 0x9800 },
  { read: readUint32, at: 4, wanted: 0x98000000 },
  { read: readHostUint16, at: 4, wanted: 0x98 },
  { read: readHostUint32, at: 4, wanted: 0x98 },
  { read: readUint32, at: 9, wanted: 0 },
];

for (const { read, at, wanted } of ROWS) {
  Deno.test(`${read.name}() reads 0x${wanted.toString(16)} at byte ${at}`, () => {
    assert.equal(read(BYTES, at), wanted);
  });
}
