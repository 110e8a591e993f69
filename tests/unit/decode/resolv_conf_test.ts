import assert from "node:assert/strict";
import {
  decodeNameservers,
  decodeSearchDomains,
} from "../../../agent/decode/resolv_conf.ts";

const ROWS: readonly { name: string; text: string; wanted: string[] }[] = [
  { name: "an empty file", text: "", wanted: [] },
  {
    name: "the stub of systemd-resolved",
    text: "# Do not edit.\nnameserver 127.0.0.53\noptions edns0 trust-ad\n" +
      "search example.org\n",
    wanted: ["127.0.0.53"],
  },
  {
    name: "servers in their order, each once",
    text: "nameserver 192.0.2.2\nnameserver 2001:DB8:0::1\n" +
      "nameserver 192.0.2.2\nnameserver 192.0.2.1\n",
    wanted: ["192.0.2.2", "2001:db8::1", "192.0.2.1"],
  },
  {
    name: "tabs, comments and carriage returns",
    text: "nameserver\t192.0.2.1 # first\nnameserver  192.0.2.2;second\n" +
      "nameserver 192.0.2.3\r\n",
    wanted: ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
  },
  {
    name: "no server with a zone",
    text: "nameserver fe80::1%eth0\nnameserver 192.0.2.1\n",
    wanted: ["192.0.2.1"],
  },
  {
    name: "no comment, other keyword or keyword behind a space",
    text: "#nameserver 192.0.2.1\n;nameserver 192.0.2.1\n" +
      " nameserver 192.0.2.1\nnameservers 192.0.2.1\nNAMESERVER 192.0.2.1\n" +
      "nameserver\nnameserver192.0.2.1\n",
    wanted: [],
  },
  {
    name: "no address that programs read differently",
    text: "nameserver 192.0.2\nnameserver 0300.0.2.1\nnameserver example\n",
    wanted: [],
  },
];

for (const { name, text, wanted } of ROWS) {
  Deno.test(`decodeNameservers() finds ${name}`, () => {
    assert.deepEqual(decodeNameservers(text), wanted);
  });
}

Deno.test("decodeSearchDomains() reads what all lines put behind names", () => {
  const text =
    "domain Corp.Example.\nsearch a.example\tb.example # c.example\n" +
    " search d.example\nsearches e.example\nsearch . a.example\nsearch\n";
  assert.deepEqual(decodeSearchDomains(text), [
    "corp.example",
    "a.example",
    "b.example",
  ]);
});
