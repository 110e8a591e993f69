import assert from "node:assert/strict";
import { type Packet, PROTOCOL } from "../../../agent/decode/packet.ts";
import { findRawSocket } from "../../../agent/observe/raw_sockets.ts";
import { Libc } from "../../../ffi/libc.ts";
import { SOCKET, type Socket, socketAddress } from "../../../ffi/sockets.ts";
import { hex } from "../../hex.ts";
import { OwnNetwork } from "../../own_network.ts";
import { ADDRESSES, inodeOf, NETWORK, openSocket } from "./sockets.ts";

const FAMILIES = [4, 6] as const;
const ICMP = { 4: PROTOCOL.ICMP, 6: PROTOCOL.ICMPV6 } as const;
const GRE = 47;
const IPPROTO_RAW = 255;

/** A packet of this machine's own; an echo request when it is ICMP. */
function packetOf(family: 4 | 6, protocol: number, identifier = 0): Packet {
  const payload = hex(
    family === 4 ? "0800 0000 0000 0001" : "8000 0000 0000 0001",
  );
  new DataView(payload.buffer).setUint16(4, identifier);
  return {
    version: family,
    source: ADDRESSES[family].own,
    destination: ADDRESSES[family].peer,
    protocol,
    fragment: false,
    optionsBytes: 0,
    sourcePort: 0,
    destinationPort: 0,
    tcpFlags: 0,
    tcpSequence: 0,
    tcpAcknowledgment: 0,
    payload,
  };
}

/** A socket as ping(8) has it, without root. */
function openPing(libc: Libc, family: 4 | 6, identifier: number): Socket {
  const options = { type: SOCKET.DGRAM, protocol: ICMP[family] };
  const socket = openSocket(libc, family, options);
  socket.bind(socketAddress(ADDRESSES[family].own, identifier));
  return socket;
}

function openNetwork(libc: Libc): OwnNetwork {
  const network = new OwnNetwork(libc, NETWORK);
  const range = "/proc/sys/net/ipv4/ping_group_range";
  network.run(["/bin/sh", "-c", `echo 0 2147483647 > ${range}`]);
  return network;
}

for (const family of FAMILIES) {
  const icmp = ICMP[family];

  Deno.test(`findRawSocket() finds an IPv${family} ping by its identifier`, () => {
    using libc = new Libc();
    using _network = openNetwork(libc);
    using first = openPing(libc, family, 0x1234);
    using second = openPing(libc, family, 0xabcd);
    for (
      const [identifier, socket] of [[0x1234, first], [0xabcd, second]] as const
    ) {
      const found = findRawSocket(libc, packetOf(family, icmp, identifier));
      assert.equal(found?.inode, inodeOf(libc, socket.fd));
      assert.equal(found?.uid, 0);
    }
    assert.equal(findRawSocket(libc, packetOf(family, icmp, 7)), null);
    assert.equal(findRawSocket(libc, packetOf(family, GRE, 0x1234)), null);
  });

  for (const protocol of [icmp, GRE, IPPROTO_RAW]) {
    Deno.test(`findRawSocket() finds an IPv${family} raw socket for ${protocol}`, () => {
      using libc = new Libc();
      using _network = openNetwork(libc);
      const type = SOCKET.RAW;
      using socket = openSocket(libc, family, { type, protocol });
      using _other = openSocket(libc, family, { type, protocol: 89 });
      const sent = protocol === IPPROTO_RAW ? GRE : protocol;
      const found = findRawSocket(libc, packetOf(family, sent));
      assert.equal(found?.inode, inodeOf(libc, socket.fd));
    });
  }

  Deno.test(`findRawSocket() names nobody when several IPv${family} sockets could be meant`, () => {
    using libc = new Libc();
    using _network = openNetwork(libc);
    const type = SOCKET.RAW;
    using _first = openSocket(libc, family, { type, protocol: GRE });
    const any = openSocket(libc, family, { type, protocol: IPPROTO_RAW });
    assert.equal(findRawSocket(libc, packetOf(family, GRE)), null);
    any[Symbol.dispose]();
    assert.notEqual(findRawSocket(libc, packetOf(family, GRE)), null);
  });

  Deno.test(`findRawSocket() takes an IPv${family} ping for the sender and not a raw socket beside it`, () => {
    using libc = new Libc();
    using _network = openNetwork(libc);
    const options = { type: SOCKET.RAW, protocol: icmp };
    using raw = openSocket(libc, family, options);
    using ping = openPing(libc, family, 0x1234);
    const find = (identifier: number) =>
      findRawSocket(libc, packetOf(family, icmp, identifier))?.inode;
    assert.equal(find(0x1234), inodeOf(libc, ping.fd));
    assert.equal(find(0x1235), inodeOf(libc, raw.fd));
  });

  Deno.test(`findRawSocket() looks at IPv${family} sockets of this thread's namespace only`, () => {
    using libc = new Libc();
    using _outer = openNetwork(libc);
    const options = { type: SOCKET.RAW, protocol: GRE };
    using _socket = openSocket(libc, family, options);
    const other = family === 4 ? 6 : 4;
    assert.equal(findRawSocket(libc, packetOf(other, GRE)), null);
    {
      using _inner = openNetwork(libc);
      assert.equal(findRawSocket(libc, packetOf(family, GRE)), null);
    }
    assert.notEqual(findRawSocket(libc, packetOf(family, GRE)), null);
  });
}
