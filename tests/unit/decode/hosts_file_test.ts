import assert from "node:assert/strict";
import { formatAddress } from "../../../agent/decode/address.ts";
import { decodeHosts } from "../../../agent/decode/hosts_file.ts";

const ROWS: readonly { name: string; text: string; wanted: string[] }[] = [
  { name: "an empty file", text: "", wanted: [] },
  {
    name: "Debian's own lines",
    text: "127.0.0.1\tlocalhost\n127.0.1.1\tbuild.example.org build\n\n" +
      "::1     localhost ip6-localhost ip6-loopback\n",
    wanted: [
      "127.0.0.1 localhost",
      "127.0.1.1 build.example.org build",
      "::1 localhost ip6-localhost ip6-loopback",
    ],
  },
  {
    name: "comments, spaces in front and carriage returns",
    text: "# 192.0.2.1 a\n  192.0.2.2 b#c\r\n192.0.2.3 d\r\n",
    wanted: ["192.0.2.2 b", "192.0.2.3 d"],
  },
  {
    name: "names in lower case without the last dot",
    text: "192.0.2.1 CDN.Example.ORG.\n",
    wanted: ["192.0.2.1 cdn.example.org"],
  },
  {
    name: "no name that a DNS name would show escaped",
    text: "192.0.2.1 " + "a".repeat(254) + " a\\046b é * c\n192.0.2.2 \\092\n",
    wanted: ["192.0.2.1 c"],
  },
  {
    name: "no line without a name or a plain address",
    text: "192.0.2.1\nfe80::1%lo a\n192.0.2 b\nlocalhost 192.0.2.1\n",
    wanted: [],
  },
];

for (const { name, text, wanted } of ROWS) {
  Deno.test(`decodeHosts() finds ${name}`, () => {
    const lines = decodeHosts(text).map(({ address, names }) =>
      [formatAddress(address), ...names].join(" ")
    );
    assert.deepEqual(lines, wanted);
  });
}
