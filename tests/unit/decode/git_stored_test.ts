import assert from "node:assert/strict";
import { UNKNOWN_CONVERSION } from "../../../agent/decode/git_conversion.ts";
import { storedForms } from "../../../agent/decode/git_stored.ts";
import { hex } from "../../hex.ts";
import { ascii } from "./hellos.ts";

const SAME = { isCrlf: false, isIdent: false, encoding: null, filter: null };
const CRLF = { ...SAME, isCrlf: true };
const IDENT = { ...SAME, isIdent: true };

const LINES: readonly [content: string, wanted: string][] = [
  ["", ""],
  ["a\r\nb\r\n", "a\nb\n"],
  ["a\nb\r\n", "a\nb\n"],
  ["a\rb\r\r\n", "a\rb\r\n"],
  ["a\r", "a\r"],
];

for (const [content, wanted] of LINES) {
  const name = JSON.stringify(content);
  Deno.test(`storedForms() leaves line feeds of ${name}, or all`, () => {
    const forms = storedForms(ascii(content), CRLF);
    assert.deepEqual(forms?.map(fromAscii), [wanted, content]);
  });
}

const IDS: readonly [content: string, wanted: string][] = [
  ["", ""],
  ["a $Id: 0123abcd $ b", "a $Id$ b"],
  ["$Id:$ $Id: x$", "$Id$ $Id$"],
  ["$Id$ $Id", "$Id$ $Id"],
  ["$Id: no end\n$", "$Id: no end\n$"],
  ["$Idx: a$ $Id: a", "$Idx: a$ $Id: a"],
  ["$Id: a$Id: b$", "$Id$Id: b$"],
];

for (const [content, wanted] of IDS) {
  Deno.test(`storedForms() takes the id out of ${JSON.stringify(content)}`, () => {
    const forms = storedForms(ascii(content), IDENT);
    assert.deepEqual(forms?.map(fromAscii), [wanted]);
  });
}

const ENCODED: readonly [name: string, dump: string, wanted: string | null][] =
  [
    ["UTF-16", "fffe 6100 0a00", "610a"],
    ["UTF-16", "feff 0061 000a", "610a"],
    ["utf-16", "fffe 3dd8 00de", "f09f9880"],
    ["UTF-16LE", "6100", "61"],
    ["UTF-16BE", "0061", "61"],
    ["UTF-16LE-BOM", "fffe 6100", "61"],
    ["UTF-16BE-BOM", "feff 0061", "61"],
    ["UTF-8", "c3bc", "c3bc"],
    ["UTF-16", "6100", null],
    ["UTF-16LE-BOM", "feff 0061", null],
    ["UTF-16LE", "610000", null],
    ["UTF-16LE", "3dd8 6100", null],
    ["Shift_JIS", "61", null],
    ["__proto__", "6161", null],
  ];

for (const [encoding, dump, wanted] of ENCODED) {
  Deno.test(`storedForms() makes ${wanted} of ${dump} in ${encoding}`, () => {
    const forms = storedForms(hex(dump), { ...SAME, encoding });
    assert.deepEqual(forms, wanted === null ? null : [hex(wanted)]);
  });
}

Deno.test("storedForms() does not know what a program makes of a file", () => {
  assert.equal(storedForms(ascii("a"), { ...SAME, filter: "lfs" }), null);
  assert.equal(storedForms(ascii("a"), UNKNOWN_CONVERSION), null);
});

Deno.test("storedForms() takes time that grows with the content alone", () => {
  for (const unit of ["$Id: ", "\r\n", "$Id", "\r", "$"]) {
    const content = ascii(unit.repeat(2e5));
    assert.ok(storedForms(content, { ...CRLF, isIdent: true }) !== null);
  }
});

function fromAscii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
