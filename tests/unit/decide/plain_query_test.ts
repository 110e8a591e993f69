import assert from "node:assert/strict";
import { isPlainQuery } from "../../../agent/decide/plain_query.ts";
import { decodeDns } from "../../../agent/decode/dns.ts";
import { hex } from "../../hex.ts";

const QUESTION = "0161 076578616d706c65 00 0001 0001";

/** A message with one question of `a.example`. */
function message(
  { flags = "0100", counts = "0001 0000 0000 0000", rest = "" },
): boolean {
  const bytes = hex(`1234 ${flags} ${counts} ${QUESTION} ${rest}`);
  const decoded = decodeDns(bytes);
  assert.ok(decoded.ok, decoded.ok ? "" : decoded.why);
  return isPlainQuery(decoded.value);
}

/** The same with an OPT record, RFC 6891 section 6.1.2. */
function withOptions(options: string, ttl = "00 00 0000"): boolean {
  const length = hex(options).length.toString(16).padStart(4, "0");
  const rest = `00 0029 04d0 ${ttl} ${length} ${options}`;
  return message({ counts: "0001 0000 0000 0001", rest });
}

const COOKIE = "a446be192a7226c2";
function zeros(count: number): string {
  return "00".repeat(count);
}

/** An option with its code, both in hexadecimal digits. */
function option(code: string, data: string): string {
  return `${code} ${(data.length / 2).toString(16).padStart(4, "0")} ${data}`;
}

const PLAIN: readonly { name: string; isPlain: boolean }[] = [
  { name: "one question", isPlain: message({}) },
  { name: "one that wants no recursion", isPlain: message({ flags: "0000" }) },
  { name: "the AD and CD bits", isPlain: message({ flags: "0130" }) },
  { name: "an empty OPT record", isPlain: withOptions("") },
  { name: "the DO bit", isPlain: withOptions("", "00 00 8000") },
  { name: "a client's cookie", isPlain: withOptions(option("000a", COOKIE)) },
  {
    name: "a server's cookie with it",
    isPlain: withOptions(option("000a", COOKIE.repeat(5))),
  },
  {
    name: "a subnet of IPv6",
    isPlain: withOptions(
      option("0008", `0002 38 00 ${zeros(7)}`.replaceAll(" ", "")),
    ),
  },
  { name: "a question for the server's id", isPlain: withOptions("0003 0000") },
  { name: "a keepalive", isPlain: withOptions("000b 0000") },
  { name: "padding", isPlain: withOptions(option("000c", zeros(90))) },
  {
    name: "several options",
    isPlain: withOptions(`0003 0000 ${option("000a", COOKIE)} 000b 0000`),
  },
];

for (const { name, isPlain } of PLAIN) {
  Deno.test(`isPlainQuery() says true of ${name}`, () => {
    assert.ok(isPlain);
  });
}

const RECORD = "c00c 0001 0001 0000003c 0004 c0000201";

const OTHER: readonly { name: string; isPlain: boolean }[] = [
  { name: "an answer", isPlain: message({ flags: "8180" }) },
  { name: "an inverse query", isPlain: message({ flags: "0900" }) },
  { name: "an update", isPlain: message({ flags: "2800" }) },
  { name: "an opcode that there is not", isPlain: message({ flags: "7900" }) },
  { name: "the AA bit", isPlain: message({ flags: "0500" }) },
  { name: "the TC bit", isPlain: message({ flags: "0300" }) },
  { name: "the RA bit", isPlain: message({ flags: "0180" }) },
  { name: "the Z bit", isPlain: message({ flags: "0140" }) },
  { name: "a response code", isPlain: message({ flags: "0105" }) },
  {
    name: "no question",
    isPlain: message({ counts: "0000 0000 0000 0000" }),
  },
  {
    name: "two questions",
    isPlain: message({ counts: "0002 0000 0000 0000", rest: QUESTION }),
  },
  {
    name: "an answer's record",
    isPlain: message({ counts: "0001 0001 0000 0000", rest: RECORD }),
  },
  {
    name: "an authority's record",
    isPlain: message({ counts: "0001 0000 0001 0000", rest: RECORD }),
  },
  {
    name: "an additional record",
    isPlain: message({ counts: "0001 0000 0000 0001", rest: RECORD }),
  },
  { name: "bytes behind it", isPlain: message({ rest: "00" }) },
  { name: "a reserved EDNS flag", isPlain: withOptions("", "00 00 0001") },
  { name: "another EDNS version", isPlain: withOptions("", "00 01 0000") },
  { name: "an EDNS response code", isPlain: withOptions("", "01 00 0000") },
  {
    name: "an option that no client sends",
    isPlain: withOptions(option("fde9", COOKIE)),
  },
  {
    name: "a cookie that is too long",
    isPlain: withOptions(option("000a", `${COOKIE.repeat(5)}00`)),
  },
  { name: "an option twice", isPlain: withOptions("0003 0000 0003 0000") },
  { name: "a server's id", isPlain: withOptions(option("0003", "aa")) },
  { name: "a time to keep alive", isPlain: withOptions("000b 0002 0064") },
  {
    name: "padding that is not of zeros",
    isPlain: withOptions(option("000c", `${zeros(9)}01`)),
  },
  {
    name: "a subnet of more than an address",
    isPlain: withOptions(option("0008", zeros(21))),
  },
  {
    name: "padding without an end",
    isPlain: withOptions(option("000c", zeros(513))),
  },
];

for (const { name, isPlain } of OTHER) {
  Deno.test(`isPlainQuery() says false of ${name}`, () => {
    assert.equal(isPlain, false);
  });
}
