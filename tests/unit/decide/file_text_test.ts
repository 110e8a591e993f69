import assert from "node:assert/strict";
import { isText } from "../../../agent/decide/file_text.ts";
import { hex } from "../../hex.ts";
import { ascii } from "../decode/hellos.ts";

const KINDS: readonly { name: string; bytes: Uint8Array; text: boolean }[] = [
  { name: "no bytes", bytes: new Uint8Array(0), text: true },
  { name: "ASCII", bytes: ascii("int main() {\r\n\t}\n\f"), text: true },
  { name: "UTF-8", bytes: new TextEncoder().encode("größe\n"), text: true },
  { name: "Latin-1", bytes: ascii("gr\xf6\xdfe\n"), text: true },
  { name: "colours of a terminal", bytes: ascii("\x1b[1mx"), text: true },
  {
    name: "a NUL in a comment",
    bytes: ascii("int main() { /* \0 */ }\n"),
    text: true,
  },
  {
    // The first bytes of an ELF header, elf(5).
    name: "a compiled program",
    bytes: hex("7f454c46 02010100 00000000 00000000 03003e00 01000000"),
    text: false,
  },
  {
    // RFC 2083 section 12.12, signature and header of a PNG.
    name: "an image",
    bytes: hex("89504e47 0d0a1a0a 0000000d 49484452 00000001 00000001"),
    text: false,
  },
  { name: "UTF-16", bytes: hex("fffe 6100 6200 6300 0a00"), text: false },
  { name: "what ends in NULs", bytes: ascii("a" + "\0\0"), text: false },
];

for (const { name, bytes, text } of KINDS) {
  Deno.test(`isText() is ${text} for ${name}`, () => {
    assert.equal(isText(bytes), text);
  });
}
