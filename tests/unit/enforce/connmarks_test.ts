import assert from "node:assert/strict";
import {
  clearConnmarks,
  hasConnectionTable,
} from "../../../agent/enforce/connmarks.ts";
import { slotOf } from "../../../agent/enforce/marks.ts";
import { readDirectory } from "../../../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { Libc } from "../../../ffi/libc.ts";
import { SOCKET, Socket, socketAddress } from "../../../ffi/sockets.ts";
import { OwnNetwork } from "../../own_network.ts";

const CONNTRACK = "/usr/sbin/conntrack";
const OURS = slotOf(1);
const MARKS = [OURS.allowMark, OURS.dnsMark];
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

/** What only this test calls. */
const SYMBOLS = {
  // <unistd.h>
  // int seteuid(uid_t euid);
  seteuid: { parameters: ["u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;
const NOBODY = 65_534;

/** Two ends of each family, of RFC 5737 and RFC 3849. */
const ENDS = {
  4: ["192.0.2.1", "198.51.100.2"],
  6: ["2001:db8::1", "2001:db8::2"],
} as const;

const ROWS: readonly { name: string; before: number; after: number }[] = [
  { name: "no mark", before: 0, after: 0 },
  { name: "this slot's mark", before: OURS.allowMark, after: 0 },
  { name: "this slot's mark for DNS", before: OURS.dnsMark, after: 0 },
  {
    name: "this slot's mark beside all bits of others",
    before: OURS.allowMark + 0x0fff_ffff,
    after: 0x0fff_ffff,
  },
  {
    name: "this slot's mark for DNS beside a bit of somebody else's",
    before: OURS.dnsMark + 0x4000,
    after: 0x4000,
  },
  { name: "bits of others only", before: 0x0fff_ffff, after: 0x0fff_ffff },
  ...[0, 2, 5].flatMap((number) => {
    const { allowMark, dnsMark } = slotOf(number);
    const name = `slot ${number}'s`;
    return [
      { name: `${name} mark`, before: allowMark + 1, after: allowMark + 1 },
      { name: `${name} mark for DNS`, before: dnsMark, after: dnsMark },
    ];
  }),
];

for (const { name, before, after } of ROWS) {
  Deno.test(`clearConnmarks() makes ${hex(after)} of ${name}`, () => {
    using libc = new Libc();
    using network = new OwnNetwork(libc);
    addConnections(network, before);
    const all = marksOf(network);
    assert.equal(all.length, 5);
    assert.ok(all.every((mark) => mark === before), all.join());

    clearConnmarks(libc, MARKS);
    const left = marksOf(network);
    assert.equal(left.length, 5, "a connection is gone");
    assert.ok(left.every((mark) => mark === after), left.join());
  });
}

Deno.test("clearConnmarks() finds every one of more than an answer holds", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  markUdp(network, OURS.allowMark + 5);
  sendUdp(libc, { count: 2_000, paceMs: 0 });
  assert.equal(marksOf(network).length, 2_000);

  clearConnmarks(libc, MARKS);
  const left = marksOf(network);
  assert.equal(left.length, 2_000);
  assert.deepEqual([...new Set(left)], [5]);
});

Deno.test("clearConnmarks() does not mind connections that end meanwhile", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  const timeout = "net.netfilter.nf_conntrack_udp_timeout=1";
  network.run(["/usr/sbin/sysctl", "-qw", timeout]);
  markUdp(network, OURS.allowMark);
  addConnections(network, OURS.allowMark);
  // Each ends a second after it began, so that at any moment from the first end
  // to the last some end between being found and being cleared.
  const startMs = performance.now();
  sendUdp(libc, { count: 4_000, paceMs: 900 });
  while (performance.now() < startMs + 1_100);

  clearConnmarks(libc, MARKS);
  const left = marksOf(network);
  // On a slow machine these five, which last, are all that is left.
  assert.ok(left.length >= 5 && left.length < 4_005, `${left.length} are left`);
  assert.deepEqual([...new Set(left)], [0]);
});

Deno.test("clearConnmarks() says so when the kernel refuses", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  addConnections(network, OURS.allowMark);
  const path = `/usr/lib/${Deno.build.arch}-linux-gnu/libc.so.6`;
  const library = Deno.dlopen(path, SYMBOLS);
  const { seteuid } = library.symbols;
  libc.check("seteuid", seteuid(NOBODY));
  try {
    assert.throws(
      () => clearConnmarks(libc, MARKS),
      (error) =>
        error instanceof SystemCallError && error.errno === ERRNO.EPERM,
    );
  } finally {
    libc.check("seteuid", seteuid(0));
    library.close();
  }
  assert.deepEqual([...new Set(marksOf(network))], [OURS.allowMark]);
});

Deno.test("clearConnmarks() leaves no descriptor open", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc);
  const count = () => readDirectory(libc, "/proc/self/fd")!.length;
  const before = count();
  clearConnmarks(libc, MARKS);
  assert.equal(count(), before);
});

/** Of both families, and with the same ends in zones of their own. */
function addConnections(network: OwnNetwork, mark: number): void {
  const add = (family: 4 | 6, more: readonly string[]) => {
    const [source, destination] = ENDS[family];
    network.run([
      ...[CONNTRACK, "-I", "-s", source, "-d", destination, "-t", "60"],
      ...more,
      ...(mark === 0 ? [] : ["-m", hex(mark)]),
    ]);
  };
  const ports = ["--sport", "40000", "--dport", "443"];
  add(4, ["-p", "udp", ...ports]);
  add(4, ["-p", "udp", ...ports, "-w", "7"]);
  add(4, ["-p", "tcp", ...ports, "--state", "ESTABLISHED"]);
  add(6, ["-p", "udp", ...ports]);
  add(6, ["-p", "tcp", ...ports, "--state", "ESTABLISHED"]);
}

/** Marks the connections that this machine opens by UDP to itself. */
function markUdp(network: OwnNetwork, mark: number): void {
  const rule = ["OUTPUT", "-p", "udp", "-j", "CONNMARK", "--set-mark"];
  const table = ["/usr/sbin/iptables", "-t", "mangle"];
  network.run([...table, "-A", ...rule, hex(mark)]);
}

/** Opens one connection for each of so many ports, evenly over a time. */
function sendUdp(
  libc: Libc,
  { count, paceMs }: { count: number; paceMs: number },
): void {
  const kind = { domain: SOCKET.AF_INET, type: SOCKET.DGRAM, protocol: 0 };
  using socket = new Socket(libc, kind);
  const startMs = performance.now();
  for (let index = 0; index < count; index++) {
    while (performance.now() < startMs + paceMs * index / count);
    socket.sendTo(Uint8Array.of(0), socketAddress(LOOPBACK, 20_000 + index));
  }
}

function marksOf(network: OwnNetwork): number[] {
  const listed = network.run([CONNTRACK, "-L"]);
  return [...listed.matchAll(/ mark=(\d+) /g)].map(([, mark]) => Number(mark));
}

function hex(mark: number): string {
  return `0x${mark.toString(16)}`;
}

Deno.test("hasConnectionTable() finds that of a new namespace", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc);
  assert.equal(hasConnectionTable(libc), true);
});
