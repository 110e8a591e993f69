import assert from "node:assert/strict";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { Libc } from "../../../ffi/libc.ts";
import {
  netlinkAddress,
  Poller,
  POLLIN,
  POLLOUT,
  SOCKET,
  Socket,
  socketAddress,
} from "../../../ffi/sockets.ts";
import { openPipe } from "../../../ffi/tools.ts";
import { readLink } from "../../../ffi/files.ts";
import { hex } from "../../hex.ts";
import { OwnNetwork } from "../../own_network.ts";

const LOOPBACK = { 4: hex("7f000001"), 6: new Uint8Array(16).with(15, 1) };
const DOMAIN = { 4: SOCKET.AF_INET, 6: SOCKET.AF_INET6 } as const;

/** A refusal comes at once; this is for a machine that is very busy. */
const SOON_MS = 5_000;

Deno.test("socketAddress() writes a sockaddr_in", () => {
  assert.deepEqual(
    socketAddress(hex("c0000201"), 8443),
    hex("0200 20fb c0000201 0000000000000000"),
  );
});

Deno.test("socketAddress() writes a sockaddr_in6", () => {
  assert.deepEqual(
    socketAddress(hex("20010db8000000000000000000000001"), 53),
    hex("0a00 0035 00000000 20010db8000000000000000000000001 00000000"),
  );
});

Deno.test("netlinkAddress() writes a sockaddr_nl for the kernel", () => {
  assert.deepEqual(netlinkAddress(), hex("1000 0000 00000000 00000000"));
  assert.deepEqual(netlinkAddress(5), hex("1000 0000 00000000 05000000"));
});

for (const family of [4, 6] as const) {
  Deno.test(`Socket sends and receives an IPv${family} datagram`, () => {
    using libc = new Libc();
    using _network = new OwnNetwork(libc);
    const kind = { domain: DOMAIN[family], type: SOCKET.DGRAM, protocol: 0 };
    using receiver = new Socket(libc, kind);
    receiver.bind(socketAddress(LOOPBACK[family], 0));
    using sender = new Socket(libc, kind);
    const buffer = new Uint8Array(100);
    assert.equal(receiver.receive(buffer), -1);
    const to = socketAddress(LOOPBACK[family], receiver.localPort());
    sender.sendTo(hex("c0ffee"), to);

    assert.equal(new Poller(libc, [receiver.fd]).wait(SOON_MS), 1);
    assert.equal(receiver.receive(buffer), 3);
    assert.deepEqual(buffer.subarray(0, 3), hex("c0ffee"));
    assert.equal(receiver.receive(buffer), -1);
  });

  Deno.test(`Socket connects over IPv${family} and is refused where nobody listens`, () => {
    using libc = new Libc();
    using _network = new OwnNetwork(libc);
    const stream = { domain: DOMAIN[family], type: SOCKET.STREAM, protocol: 0 };
    let port: number;
    {
      using listener = new Socket(libc, stream);
      listener.bind(socketAddress(LOOPBACK[family], 0));
      listener.listen(1);
      port = listener.localPort();
      using client = new Socket(libc, stream);
      assert.equal(client.connect(socketAddress(LOOPBACK[family], port)), 0);
    }
    const type = SOCKET.STREAM | SOCKET.NONBLOCK;
    using late = new Socket(libc, { ...stream, type });
    let errno = late.connect(socketAddress(LOOPBACK[family], port));
    if (errno === ERRNO.EINPROGRESS) {
      new Poller(libc, [late.fd], POLLOUT).wait(SOON_MS);
      errno = late.takeError();
    }
    assert.equal(errno, ERRNO.ECONNREFUSED);
    // It is taken: a second look finds none.
    assert.equal(late.takeError(), 0);
  });
}

Deno.test("Socket throws with the errno of the call", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc);
  const stream = { domain: SOCKET.AF_INET, type: SOCKET.STREAM, protocol: 0 };
  using first = new Socket(libc, stream);
  first.bind(socketAddress(LOOPBACK[4], 4711));
  using second = new Socket(libc, stream);
  const isErrno = (call: string, errno: number) => (error: unknown) =>
    error instanceof SystemCallError && error.call === call &&
    error.errno === errno;
  assert.throws(
    () => second.bind(socketAddress(LOOPBACK[4], 4711)),
    isErrno("bind", ERRNO.EADDRINUSE),
  );
  assert.throws(
    () => new Socket(libc, { ...stream, type: 99 }),
    isErrno("socket", ERRNO.EINVAL),
  );
  const ENOPROTOOPT = 92; // <asm-generic/errno.h>
  assert.throws(
    () => second.setOption(SOCKET.SOL_SOCKET, { name: 9999, value: 1 }),
    isErrno("setsockopt", ENOPROTOOPT),
  );
});

Deno.test("Socket throws on receiving what the other end has refused", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc);
  const kind = { domain: SOCKET.AF_INET, type: SOCKET.DGRAM, protocol: 0 };
  using socket = new Socket(libc, kind);
  const to = socketAddress(LOOPBACK[4], 4711);
  assert.equal(socket.connect(to), 0);
  socket.sendTo(hex("00"), to);
  new Poller(libc, [socket.fd]).wait(SOON_MS);
  assert.throws(
    () => socket.receive(new Uint8Array(10)),
    (error) =>
      error instanceof SystemCallError && error.errno === ERRNO.ECONNREFUSED,
  );
});

Deno.test("Socket closes its descriptor, and only once", () => {
  using libc = new Libc();
  const kind = { domain: SOCKET.AF_INET, type: SOCKET.DGRAM, protocol: 0 };
  const socket = new Socket(libc, kind);
  const { fd } = socket;
  socket[Symbol.dispose]();
  assert.equal(socket.fd, -1);
  assert.equal(readLink(libc, `/proc/self/fd/${fd}`), null);
  // The number may be somebody else's by now.
  const pipe = openPipe(libc);
  socket[Symbol.dispose]();
  assert.notEqual(readLink(libc, `/proc/self/fd/${pipe.read}`), null);
  libc.symbols.close(pipe.read);
  libc.symbols.close(pipe.write);
});

Deno.test("Poller waits no longer than it is told", () => {
  using libc = new Libc();
  const pipe = openPipe(libc);
  const poller = new Poller(libc, [pipe.read]);
  const startedMs = performance.now();
  assert.equal(poller.wait(0), 0);
  assert.equal(poller.wait(30), 0);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs >= 29 && tookMs < SOON_MS, `${tookMs} ms`);
  assert.equal(poller.isReady(0), false);
  libc.symbols.close(pipe.read);
  libc.symbols.close(pipe.write);
});

Deno.test("Poller tells which descriptors are ready, wait by wait", () => {
  using libc = new Libc();
  const [first, second, third] = [
    openPipe(libc),
    openPipe(libc),
    openPipe(libc),
  ];
  const reads = [first.read, second.read, third.read];
  const poller = new Poller(libc, reads, POLLIN);
  const ready = () => reads.map((_, index) => poller.isReady(index));
  libc.symbols.write(second.write, hex("00"), 1n);
  assert.equal(poller.wait(SOON_MS), 1);
  assert.deepEqual(ready(), [false, true, false]);
  libc.symbols.read(second.read, new Uint8Array(1), 1n);
  libc.symbols.write(third.write, hex("00"), 1n);
  // The other end is gone: to be read to its end, so ready as well.
  libc.symbols.close(first.write);
  assert.equal(poller.wait(SOON_MS), 2);
  assert.deepEqual(ready(), [true, false, true]);
  for (const fd of [...reads, second.write, third.write]) {
    libc.symbols.close(fd);
  }
});

Deno.test("Poller calls a closed descriptor ready, so that nobody waits for it", () => {
  using libc = new Libc();
  const pipe = openPipe(libc);
  libc.symbols.close(pipe.read);
  libc.symbols.close(pipe.write);
  const poller = new Poller(libc, [pipe.read]);
  assert.equal(poller.wait(SOON_MS), 1);
  assert.equal(poller.isReady(0), true);
});
