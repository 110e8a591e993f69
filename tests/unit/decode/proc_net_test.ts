import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeProcNet,
  type ProcNetSocket,
} from "../../../agent/decode/proc_net.ts";

// Linux 6.18, with a raw socket for ICMP, one for any protocol, and sockets for
// ICMP echo: identifiers 4660 and 43981. White space at line ends as it is.
const HEADING =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
const RAW = HEADING + "\n" +
  "  98: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 894272 2 0000000070c2f256 0\n";
const RAW6 =
  "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n" +
  "   73: 00000000000000000000000000000000:00FF 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1001        0 894273 2 0000000049d56bcf 0\n";
const ICMP = HEADING + "             \n" +
  "   12: 0100007F:1234 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 894277 2 00000000141b9708 0        \n" +
  "   13: 0100007F:ABCD 00000000:0000 07 00000000:00000000 00:00000000 00000000 65534        0 894278 2 00000000c5ff5065 0        \n";

const ROWS: readonly {
  name: string;
  text: string;
  sockets: readonly ProcNetSocket[];
}[] = [
  {
    name: "a captured raw socket by its protocol",
    text: RAW,
    sockets: [{ localPort: 1, uid: 0, inode: 894272 }],
  },
  {
    name: "a captured IPv6 raw socket for any protocol",
    text: RAW6,
    sockets: [{ localPort: 255, uid: 1001, inode: 894273 }],
  },
  {
    name: "captured ICMP sockets by their identifiers",
    text: ICMP,
    sockets: [
      { localPort: 4660, uid: 0, inode: 894277 },
      { localPort: 43981, uid: 65534, inode: 894278 },
    ],
  },
  { name: "an empty file", text: "", sockets: [] },
  { name: "a heading alone", text: `${HEADING}\n`, sockets: [] },
  {
    name: "a socket that nobody holds",
    text: RAW.replace("894272", "0"),
    sockets: [{ localPort: 1, uid: 0, inode: 0 }],
  },
  {
    name: "the other lines beside one without a local address",
    text: ICMP.replace("0100007F:1234", "0100007F"),
    sockets: [{ localPort: 43981, uid: 65534, inode: 894278 }],
  },
  {
    name: "nothing where the port is no hexadecimal number",
    text: RAW.replace(":0001 ", ":00X1 "),
    sockets: [],
  },
  {
    name: "nothing where the inode is no number",
    text: RAW.replace("894272", "x"),
    sockets: [],
  },
  {
    name: "nothing where the inode is no number that can be held",
    text: RAW.replace("894272", "9007199254740993"),
    sockets: [],
  },
  {
    name: "nothing where the user is negative",
    text: RAW.replace("     0        0 894272", "    -1        0 894272"),
    sockets: [],
  },
];

for (const { name, text, sockets } of ROWS) {
  Deno.test(`decodeProcNet() reads ${name}`, () => {
    assert.deepEqual(decodeProcNet(text), sockets);
  });
}

Deno.test("decodeProcNet() never makes up a socket from a truncation", () => {
  const whole = decodeProcNet(ICMP);
  for (let length = 0; length < ICMP.length; length++) {
    const sockets = decodeProcNet(ICMP.slice(0, length));
    for (const [index, socket] of sockets.entries()) {
      const { localPort, uid, inode } = whole[index]!;
      assert.deepEqual([socket.localPort, socket.uid], [localPort, uid]);
      // The last column that is read may be cut inside its digits.
      assert.ok(String(inode).startsWith(String(socket.inode)));
    }
  }
});

Deno.test("decodeProcNet() reads any text without throwing", () => {
  const piece = fc.constantFrom(
    ...[" ", "\n", ":", "0001", "00000000:0001", "-1", "1e9", "NaN", "é", "\0"],
  );
  const nearly = fc.array(piece, { maxLength: 80 }).map((all) => all.join(""));
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string()), (text) => {
      for (const { localPort, uid, inode } of decodeProcNet(text)) {
        assert.ok(localPort >= 0 && localPort <= 0xffff);
        assert.ok(uid >= 0 && inode >= 0);
      }
    }),
    { numRuns: 2000 },
  );
});
