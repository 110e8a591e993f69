import assert from "node:assert/strict";
import { Libc } from "../../../ffi/libc.ts";
import { withinNetworkNamespace } from "../../../ffi/namespaces.ts";
import { NetlinkSocket } from "../../../ffi/netlink_socket.ts";
import { netlinkAddress, SOCKET, Socket } from "../../../ffi/sockets.ts";

const NETLINK_ROUTE = 0; // <linux/netlink.h>
const RTM_GETLINK = 18; // <linux/rtnetlink.h>

/** A request for the interface `lo`: struct nlmsghdr, struct ifinfomsg. */
function requestLink(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, RTM_GETLINK, true);
  view.setUint16(6, 1, true); // NLM_F_REQUEST
  view.setInt32(20, 1, true);
  return bytes;
}

Deno.test("NetlinkSocket hears the kernel, and no other process", () => {
  using libc = new Libc();
  const protocol = NETLINK_ROUTE;
  const options = { protocol, groups: 0, receiveBytes: 65_536 };
  using socket = new NetlinkSocket(libc, options);
  const own = new Uint8Array(12);
  const length = Uint32Array.of(own.length);
  libc.symbols.getsockname(socket.fd, own, length);
  const kind = { domain: SOCKET.AF_NETLINK, type: SOCKET.RAW, protocol };
  using other = withinNetworkNamespace(
    libc,
    "/proc/2/ns/net",
    () => new Socket(libc, kind),
  );
  other.bind(netlinkAddress());

  const buffer = new Uint8Array(4096);
  other.sendTo(requestLink(), own);
  assert.equal(socket.receive(buffer), -1);
  other.sendTo(requestLink(), own);
  socket.send(requestLink());
  assert.ok(socket.receive(buffer) > 32);
  assert.equal(new DataView(buffer.buffer).getUint16(4, true), 16); // NEWLINK
  assert.equal(socket.receive(buffer), -1);
});
