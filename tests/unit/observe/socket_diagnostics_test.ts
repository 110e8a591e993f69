import assert from "node:assert/strict";
import {
  listListeningPorts,
  listOpenFlows,
} from "../../../agent/observe/open_flows.ts";
import {
  SocketDiagnostics,
  type Tuple,
} from "../../../agent/observe/socket_diagnostics.ts";
import { ERRNO } from "../../../ffi/errors.ts";
import { Libc } from "../../../ffi/libc.ts";
import { SOCKET, type Socket, socketAddress } from "../../../ffi/sockets.ts";
import { hex } from "../../hex.ts";
import { OwnNetwork } from "../../own_network.ts";
import {
  ADDRESSES,
  bindToDevice,
  indexOf,
  inodeOf,
  mapped,
  NETWORK,
  openSocket,
  openUdp,
} from "./sockets.ts";

const [TCP, UDP] = [6, 17];
const PEER_PORT = 8443;
const FAMILIES = [4, 6] as const;
const LOOPBACK = { 4: hex("7f000001"), 6: new Uint8Array(16).with(15, 1) };

/** The packet that a socket sends to the peer. */
function tupleOf(
  network: OwnNetwork,
  family: 4 | 6,
  options: { protocol: number; sourcePort: number },
): Tuple {
  return {
    ...options,
    source: ADDRESSES[family].own,
    destination: ADDRESSES[family].peer,
    destinationPort: PEER_PORT,
    interfaceIndex: indexOf(network, "out0"),
  };
}

/** Ways to send to the peer; `family` is that of the packet. */
const SENDERS: readonly {
  name: string;
  family: 4 | 6;
  protocol: number;
  open: (libc: Libc) => Socket;
}[] = FAMILIES.flatMap((family) => {
  const peer = socketAddress(ADDRESSES[family].peer, PEER_PORT);
  return [
    {
      name: `an IPv${family} connection that is being opened`,
      family,
      protocol: TCP,
      open: (libc: Libc) => {
        const socket = openSocket(libc, family, { type: SOCKET.STREAM });
        assert.equal(socket.connect(peer), ERRNO.EINPROGRESS);
        return socket;
      },
    },
    {
      name: `a connected IPv${family} UDP socket`,
      family,
      protocol: UDP,
      open: (libc: Libc) => {
        const socket = openUdp(libc, family);
        assert.equal(socket.connect(peer), 0);
        return socket;
      },
    },
    {
      name: `an unconnected IPv${family} UDP socket`,
      family,
      protocol: UDP,
      open: (libc: Libc) => openUdp(libc, family),
    },
    {
      name: `an IPv${family} UDP socket that is bound to the interface`,
      family,
      protocol: UDP,
      open: (libc: Libc) => {
        const socket = openSocket(libc, family, { type: SOCKET.DGRAM });
        bindToDevice(libc, socket, "out0");
        socket.bind(socketAddress(new Uint8Array(family === 4 ? 4 : 16), 0));
        return socket;
      },
    },
    {
      name: `an IPv${family} connection that is bound to the interface`,
      family,
      protocol: TCP,
      open: (libc: Libc) => {
        const socket = openSocket(libc, family, { type: SOCKET.STREAM });
        bindToDevice(libc, socket, "out0");
        assert.equal(socket.connect(peer), ERRNO.EINPROGRESS);
        return socket;
      },
    },
  ];
});

const MAPPED_PEER = socketAddress(mapped(ADDRESSES[4].peer), PEER_PORT);

/** Sockets of IPv6 that send IPv4 packets. */
const MAPPED: typeof SENDERS = [
  {
    name: "an IPv6 socket that connects to a mapped IPv4 address",
    family: 4,
    protocol: TCP,
    open: (libc) => {
      const socket = openSocket(libc, 6, { type: SOCKET.STREAM });
      assert.equal(socket.connect(MAPPED_PEER), ERRNO.EINPROGRESS);
      return socket;
    },
  },
  {
    name: "an IPv6 UDP socket that is connected to a mapped IPv4 address",
    family: 4,
    protocol: UDP,
    open: (libc) => {
      const socket = openUdp(libc, 6);
      assert.equal(socket.connect(MAPPED_PEER), 0);
      return socket;
    },
  },
  {
    name: "an unconnected IPv6 UDP socket that sends to IPv4",
    family: 4,
    protocol: UDP,
    open: (libc) => openUdp(libc, 6),
  },
];

for (const { name, family, protocol, open } of [...SENDERS, ...MAPPED]) {
  Deno.test(`SocketDiagnostics finds ${name}, among others`, () => {
    using libc = new Libc();
    using network = new OwnNetwork(libc, NETWORK);
    using before = open(libc);
    using socket = open(libc);
    using after = open(libc);
    using sockets = new SocketDiagnostics(libc);
    for (const each of [socket, before, after]) {
      const sourcePort = each.localPort();
      const tuple = tupleOf(network, family, { protocol, sourcePort });
      const found = sockets.find(tuple);
      assert.equal(found?.inode, inodeOf(libc, each.fd));
      assert.equal(found?.sourcePort, sourcePort);
      assert.equal(found?.uid, 0);
    }
  });
}

for (const family of FAMILIES) {
  Deno.test(`SocketDiagnostics tells IPv${family} UDP sockets of one port apart`, () => {
    using libc = new Libc();
    using network = new OwnNetwork(libc, NETWORK);
    const SO_REUSEADDR = 2; // <bits/socket.h>
    const open = (device: string | null, peerPort: number | null) => {
      const socket = openSocket(libc, family, { type: SOCKET.DGRAM });
      const option = { name: SO_REUSEADDR, value: 1 };
      socket.setOption(SOCKET.SOL_SOCKET, option);
      if (device !== null) bindToDevice(libc, socket, device);
      socket.bind(socketAddress(new Uint8Array(family === 4 ? 4 : 16), 4711));
      const { peer } = ADDRESSES[family];
      if (peerPort !== null) socket.connect(socketAddress(peer, peerPort));
      return socket;
    };
    using elsewhere = open("lo", null);
    using here = open("out0", null);
    using connected = open("out0", 9999);
    using sockets = new SocketDiagnostics(libc);
    const find = (change: Partial<Tuple>) => {
      const options = { protocol: UDP, sourcePort: 4711 };
      const tuple = tupleOf(network, family, options);
      return sockets.find({ ...tuple, ...change })?.inode;
    };
    assert.equal(find({}), inodeOf(libc, here.fd));
    assert.equal(find({ destinationPort: 9999 }), inodeOf(libc, connected.fd));
    const loopback = {
      source: LOOPBACK[family],
      destination: LOOPBACK[family],
    };
    assert.equal(
      find({ ...loopback, interfaceIndex: indexOf(network, "lo") }),
      inodeOf(libc, elsewhere.fd),
    );
  });

  Deno.test(`SocketDiagnostics finds both ends of an IPv${family} connection`, () => {
    using libc = new Libc();
    using _network = new OwnNetwork(libc);
    using listener = openSocket(libc, family, { type: SOCKET.STREAM });
    listener.bind(socketAddress(LOOPBACK[family], 0));
    listener.listen(1);
    const port = listener.localPort();
    using client = openSocket(libc, family, { type: SOCKET.STREAM });
    client.connect(socketAddress(LOOPBACK[family], port));
    using sockets = new SocketDiagnostics(libc);
    const tuple = {
      protocol: TCP,
      source: LOOPBACK[family],
      sourcePort: client.localPort(),
      destination: LOOPBACK[family],
      destinationPort: port,
      interfaceIndex: 1,
    };
    const found = sockets.find(tuple);
    assert.equal(found?.inode, inodeOf(libc, client.fd));
    // The other end has not been accepted: nobody holds it.
    const other = sockets.find({
      ...tuple,
      sourcePort: port,
      destinationPort: client.localPort(),
    });
    assert.equal(other?.sourcePort, port);
    assert.equal(other?.inode, 0);
  });

  Deno.test(`SocketDiagnostics finds nobody for an IPv${family} packet without a socket`, () => {
    using libc = new Libc();
    using network = new OwnNetwork(libc, NETWORK);
    using sockets = new SocketDiagnostics(libc);
    for (const protocol of [TCP, UDP]) {
      const options = { protocol, sourcePort: 4711 };
      assert.equal(sockets.find(tupleOf(network, family, options)), null);
    }
    // And somebody again, whatever came of the questions before.
    using socket = openUdp(libc, family, 4711);
    const options = { protocol: UDP, sourcePort: 4711 };
    const found = sockets.find(tupleOf(network, family, options));
    assert.equal(found?.inode, inodeOf(libc, socket.fd));
  });
}

Deno.test("SocketDiagnostics asks in the namespace that it was made in", () => {
  using libc = new Libc();
  using outer = new OwnNetwork(libc, NETWORK);
  using socket = openUdp(libc, 4, 4711);
  using sockets = new SocketDiagnostics(libc);
  const options = { protocol: UDP, sourcePort: 4711 };
  const tuple = tupleOf(outer, 4, options);
  {
    using _inner = new OwnNetwork(libc, NETWORK);
    using others = new SocketDiagnostics(libc);
    assert.equal(others.find(tuple), null);
    assert.equal(sockets.find(tuple)?.inode, inodeOf(libc, socket.fd));
  }
});

Deno.test("listListeningPorts() lists each port once, in order, and no client's", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc, NETWORK);
  const held: Socket[] = [];
  const listen = (family: 4 | 6, port: number) => {
    const socket = openSocket(libc, family, { type: SOCKET.STREAM });
    held.push(socket);
    const v6only = { name: SOCKET.IPV6_V6ONLY, value: 1 };
    if (family === 6) socket.setOption(SOCKET.IPPROTO_IPV6, v6only);
    socket.bind(socketAddress(new Uint8Array(family === 4 ? 4 : 16), port));
    socket.listen(1);
  };
  for (const port of [8080, 22, 443]) listen(4, port);
  for (const port of [443, 9000]) listen(6, port);
  held.push(openUdp(libc, 4, 53), openUdp(libc, 6, 123));
  const client = openUdp(libc, 4, 5000);
  client.connect(socketAddress(ADDRESSES[4].peer, PEER_PORT));
  const opening = openSocket(libc, 4, { type: SOCKET.STREAM });
  opening.connect(socketAddress(ADDRESSES[4].peer, PEER_PORT));
  held.push(client, opening);

  using sockets = new SocketDiagnostics(libc);
  assert.deepEqual(listListeningPorts(sockets), {
    tcp: [22, 443, 8080, 9000],
    udp: [53, 123],
  });
  for (const socket of held) socket[Symbol.dispose]();
  assert.deepEqual(listListeningPorts(sockets), { tcp: [], udp: [] });
});

Deno.test("listListeningPorts() leaves out what only this machine can reach", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc, NETWORK);
  const mapped = Uint8Array.of(...new Uint8Array(10), 255, 255, 127, 0, 0, 53);
  const loopbacks = [...Object.values(LOOPBACK), mapped];
  const held = loopbacks.map((address, at) => {
    const family = address.length === 4 ? 4 : 6;
    const socket = openSocket(libc, family, { type: SOCKET.STREAM });
    socket.bind(socketAddress(address, 8080 + at));
    socket.listen(1);
    return socket;
  });
  using sockets = new SocketDiagnostics(libc);
  assert.deepEqual(listListeningPorts(sockets), { tcp: [], udp: [] });
  for (const socket of held) socket[Symbol.dispose]();
});

Deno.test("listOpenFlows() lists what is connected, both ends of it", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc, NETWORK);
  using listener = openSocket(libc, 4, { type: SOCKET.STREAM });
  listener.bind(socketAddress(LOOPBACK[4], 8080));
  listener.listen(1);
  using client = openSocket(libc, 4, { type: SOCKET.STREAM });
  client.connect(socketAddress(LOOPBACK[4], 8080));
  using connected = openUdp(libc, 6, 5000);
  connected.connect(socketAddress(ADDRESSES[6].peer, PEER_PORT));
  using _unconnected = openUdp(libc, 4, 5001);

  using sockets = new SocketDiagnostics(libc);
  const flows = listOpenFlows(sockets).map((flow) =>
    [flow.protocol, flow.sourcePort, flow.destinationPort].join(" ")
  );
  const port = client.localPort();
  assert.deepEqual(
    flows.sort(),
    [
      `17 5000 ${PEER_PORT}`,
      `6 8080 ${port}`,
      `6 ${port} 8080`,
    ].sort(),
  );
});

Deno.test("listOpenFlows() lists more than one answer of the kernel's holds", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc, NETWORK);
  const wanted = 1_000;
  const held = Array.from({ length: wanted }, () => {
    const socket = openUdp(libc, 4);
    socket.connect(socketAddress(ADDRESSES[4].peer, PEER_PORT));
    return socket;
  });
  using sockets = new SocketDiagnostics(libc);
  const inodes = new Set(listOpenFlows(sockets).map(({ inode }) => inode));
  for (const socket of held) assert.ok(inodes.has(inodeOf(libc, socket.fd)));
  assert.equal(inodes.size, wanted);
  for (const socket of held) socket[Symbol.dispose]();
});
