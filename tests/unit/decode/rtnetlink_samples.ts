/**
 * Payloads of rtnetlink as a real kernel gave them.
 *
 * Taken on Linux 6.18 in a network namespace of its own: a bridge with one end
 * of a veth pair as its port, a tap, a tun and a macvlan device, default routes of
 * each kind, and addresses. Of a link's many attributes only name, master and kind are here.
 *
 * @module
 */

/** `lo`: no kind. */
export const LINK_LOOPBACK = `
  0000 0403 01000000 49000100 00000000          # ifinfomsg, index 1
  0700 0300 6c6f0000                            # IFLA_IFNAME
`;

/** `br0`, index 2, with the start of a bridge's data. */
export const LINK_BRIDGE = `
  0000 0100 02000000 43100100 00000000
  0800 0300 62723000
  2800 1200                                     # IFLA_LINKINFO
    0b00 0100 62726964676500 00                 # IFLA_INFO_KIND
    1800 0200                                   # IFLA_INFO_DATA
      0c00 1000 0000000000000000
      0800 0100 dc050000
`;

/** `veth0`, index 4, a port of the bridge, whole as far as it is here. */
export const LINK_PORT = `
  0000 0100 04000000 43100100 00000000
  0a00 0300 7665746830000000
  0800 0a00 02000000                            # IFLA_MASTER
  6c01 1200                                     # IFLA_LINKINFO
    0900 0100 7665746800000000                  # IFLA_INFO_KIND
    0b00 0400 627269646765 0000                 # IFLA_INFO_SLAVE_KIND
    5001 0500                                   # IFLA_INFO_SLAVE_DATA
      05000100030000000600020020000000080003000200000005000400000000000500050000
      00000005000600000000000500070000000000 05001c0000000000 0500080001000000
      0500090001000000 05001b0001000000 05001e0001000000 05000a0000000000
      05000c0000000000 0c000d008000127bda032155 0c000e008000127bda032155
      06000f0001800000 0600100001800000 0600110001800000 0600120001000000
      0500130000000000 0500140000000000 05001d0000000000 06001f0000000000
      0500200000000000 0500230000000000 0500240000000000 0500210000000000
      0500270000000000 0500280000000000 05002b0000000000
      0c0015000000000000000000 0c001600da05000000000000 0c0017000000000000000000
      0500190001000000 0800250000020000 0800260000000000 0800290001000000
      08002a0000000000
`;

/** `tap0`, index 7: its kind is `tun`. */
export const LINK_TAP = `
  0000 0100 07000000 02100000 00000000
  0900 0300 7461703000000000
  3800 1200
    0800 0100 74756e00
    2c00 0200 0500030002000000 0500040000000000 0500050000000000
      0500060001000000 0500070000000000
`;

/** `default via 192.0.2.254 dev br0`. */
export const ROUTE_DEFAULT = `
  02 00 00 00 fe 03 00 01 00000000              # rtmsg: AF_INET, RTN_UNICAST
  0800 0f00 fe000000                            # RTA_TABLE
  0800 0500 c00002fe                            # RTA_GATEWAY
  0800 0400 02000000                            # RTA_OIF
`;

/** A default route over two next hops, interfaces 2 and 6. */
export const ROUTE_MULTIPATH = `
  02 00 00 00 fe 03 00 01 00000000
  0800 0f00 fe000000
  0800 0600 f4010000                            # RTA_PRIORITY
  2400 0900                                     # RTA_MULTIPATH
    1000 00 00 02000000 0800 0500 c00002fd
    1000 00 02 06000000 0800 0500 c63364fe
`;

/** The same over IPv6, whose next hops are longer. */
export const ROUTE_MULTIPATH_V6 = `
  0a 00 00 00 fe 03 00 01 00000000
  0800 0f00 fe000000
  0800 0600 f4010000
  3c00 0900
    1c00 00 00 02000000 1400 0500 20010db80000000000000000000000fd
    1c00 00 00 06000000 1400 0500 20010db80001000000000000000000fe
  2400 0c00 0000000000000000000000000000000000000000000000000000000000000000
  0500 1400 00000000
`;

/** `blackhole default`: leads nowhere. */
export const ROUTE_BLACKHOLE = `
  02 00 00 00 fe 03 00 06 00000000
  0800 0f00 fe000000
  0800 0600 84030000
`;

/** `192.0.2.0/24 dev br0`. */
export const ROUTE_NETWORK = `
  02 18 00 00 fe 02 fd 01 00000000
  0800 0f00 fe000000
  0800 0100 c0000200
  0800 0700 c0000201
  0800 0400 02000000
`;

/** `192.0.2.1/24` of `br0`, index 2. */
export const ADDRESS_V4 = `
  02 18 80 00 02000000                          # ifaddrmsg: AF_INET, 24 bits
  0800 0100 c0000201                            # IFA_ADDRESS
  0800 0200 c0000201                            # IFA_LOCAL
  0800 0300 62723000                            # IFA_LABEL
  0800 0800 80000000                            # IFA_FLAGS
  1400 0600 ffffffffffffffff7d5c0a007d5c0a00    # IFA_CACHEINFO
`;

/** `2001:db8::1/64` of the same. */
export const ADDRESS_V6 = `
  0a 40 82 00 02000000
  1400 0100 20010db8000000000000000000000001
  1400 0600 ffffffffffffffff7f5c0a007f5c0a00
  0800 0800 82000000
`;

/** `192.0.2.9 peer 198.51.100.7/32` of `tun0`, index 2. */
export const ADDRESS_PEER = `
  02 20 80 00 02000000
  0800 0100 c6336407
  0800 0200 c0000209
  0900 0300 74756e3000000000
  0800 0800 80000000
  1400 0600 ffffffffffffffff3e7c0a003e7c0a00
`;
