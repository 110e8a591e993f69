import assert from "node:assert/strict";
import { formatDnsType } from "../../../agent/decode/dns_type.ts";

/** From the IANA registry "Resource Record (RR) TYPEs". */
const ROWS: readonly [number, string][] = [
  [1, "A"],
  [5, "CNAME"],
  [16, "TXT"],
  [28, "AAAA"],
  [33, "SRV"],
  [64, "SVCB"],
  [65, "HTTPS"],
  [255, "ANY"],
  [257, "CAA"],
  [0, "TYPE0"],
  [65280, "TYPE65280"],
];

for (const [type, name] of ROWS) {
  Deno.test(`formatDnsType() writes ${type} as ${name}`, () => {
    assert.equal(formatDnsType(type), name);
  });
}
