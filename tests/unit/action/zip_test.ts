import assert from "node:assert/strict";
import { writeZip } from "../../../agent/action/zip.ts";
import { hex } from "../../hex.ts";

// Written by hand from APPNOTE 4.3.7, 4.3.12 and 4.3.16.
const EMPTY_FILE = `
  504b0304 1400 0008 0800 0000 2100   # local: 2.0, UTF-8, deflated, 1980-01-01
  00000000 02000000 00000000          # CRC, 2 bytes deflated, of none
  0100 0000  61                       # name of 1 byte, no extra: "a"
  0300                                # the only block: final, fixed, empty
  504b0102 1400 1400 0008 0800 0000 2100
  00000000 02000000 00000000
  0100 0000 0000 0000 0000 00000000   # no comment, first disk, no attributes
  00000000  61                        # where the local header begins
  504b0506 0000 0000 0100 0100        # end: one disk, 1 of 1 entries
  2f000000 21000000 0000              # 47 bytes of directory from 33 on
`;
const END_ALONE = "504b0506 0000 0000 0000 0000 00000000 00000000 0000";

Deno.test("writeZip() writes each field where the format has it", () => {
  const files = [{ name: "a", bytes: new Uint8Array() }];
  assert.deepEqual(new Uint8Array(writeZip(files)), hex(EMPTY_FILE));
});

Deno.test("writeZip() writes an archive without files", () => {
  assert.deepEqual(new Uint8Array(writeZip([])), hex(END_ALONE));
});

Deno.test("writeZip() says of each file where it begins, and its name in UTF-8", () => {
  const bytes = new Uint8Array(70_000).fill(7);
  const names = ["é", "folder/ü.md", "c"];
  const archive = writeZip(names.map((name) => ({ name, bytes })));
  const view = new DataView(archive.buffer, archive.byteOffset, archive.length);
  const endAt = archive.length - 22;
  let at = view.getUint32(endAt + 16, true);
  for (const name of names) {
    const nameBytes = new TextEncoder().encode(name);
    const local = view.getUint32(at + 42, true);
    assert.equal(view.getUint32(local, true), 0x0403_4b50, name);
    for (const from of [local + 30, at + 46]) {
      const found = archive.subarray(from, from + nameBytes.length);
      assert.deepEqual(new Uint8Array(found), nameBytes);
    }
    assert.equal(view.getUint32(at + 24, true), bytes.length);
    at += 46 + nameBytes.length;
  }
  assert.equal(at, endAt);
});
