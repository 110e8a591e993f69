/**
 * Bytes as a real kernel and a real resolver gave them.
 *
 * Taken on Linux 6.18 in a network namespace of its own, from a queue, a
 * sock_diag socket and a capture of dnsmasq's answers to dig. The addresses are
 * from RFC 5737 and RFC 3849, the names from RFC 2606.
 *
 * @module
 */

/** A SYN in queue 7, 192.0.2.1:57627 to 198.51.100.53:8443. */
export const QUEUED_IPV4_SYN = `
  80000000 0003 0000 00000000 00000000          # nlmsghdr: 128 bytes, type 3<<8
  02 00 0007                                    # nfgenmsg: AF_INET, queue 7
  0b00 0100 00000001 0800 03 00                 # NFQA_PACKET_HDR, padded
  0800 0600 00000001                            # NFQA_IFINDEX_OUTDEV
  0800 0300 10000000                            # NFQA_MARK
  0800 1000 00000000                            # NFQA_UID
  0800 1100 00000000                            # NFQA_GID
  4000 0a00                                     # NFQA_PAYLOAD
  4500003c209d400040062db5c0000201c6336435      # IPv4
  e11b20fb41f67e6200000000a002faf006b80000      # TCP
  020405b40402080a6ba92bd1000000000103030a      # TCP options
`;

/** A SYN in queue 7, from and to 2001:db8::1, port 52909 to 8443. */
export const QUEUED_IPV6_SYN = `
  94000000 0003 0000 00000000 00000000
  0a 00 0007
  0b00 0100 00000002 86dd 03 00
  0800 0600 00000001
  0800 0300 10000000
  0800 1000 00000000
  0800 1100 00000000
  5400 0a00
  60066f900028064020010db8000000000000000000000001
  20010db8000000000000000000000001
  cead20fb876980e200000000a002fd2059280000
  020405a00402080a7d1d2142000000000103030a
`;

/** The socket of the first SYN, while in SYN_SENT; its inode was 13707. */
export const DIAG_IPV4 = `
  7c000000 1400 0000 05000000 981d0000          # nlmsghdr: SOCK_DIAG_BY_FAMILY
  02 02 01 00                                   # AF_INET, SYN_SENT
  e11b 20fb                                     # ports
  c0000201 000000000000000000000000             # source
  c6336435 000000000000000000000000             # destination
  00000000 0600000000000000                     # interface, cookie
  e8030000 00000000 01000000 00000000 8b350000  # expires, queues, uid, inode
  0500 0800 00 000000                           # INET_DIAG_SHUTDOWN
  0800 0f00 00000000                            # INET_DIAG_MARK
  0c00 1500 0100000000000000                    # INET_DIAG_CGROUP_ID
  0600 1600 5200 0000                           # INET_DIAG_SOCKOPT
`;

/** The socket of the second SYN; its inode was 13711. */
export const DIAG_IPV6 = `
  7c000000 1400 0000 05000000 981d0000
  0a 02 01 00
  cead 20fb
  20010db8000000000000000000000001
  20010db8000000000000000000000001
  00000000 0900000000000000
  e8030000 00000000 01000000 00000000 8f350000
  0500 0800 00 000000
  0800 0f00 00000000
  0c00 1500 0100000000000000
  0600 1600 1200 0000
`;

/** The answer to a verdict for a queue that has no such packet: ENOENT. */
export const NETLINK_ERROR = `
  34000000 0200 0000 4d000000 981d0000          # nlmsghdr: NLMSG_ERROR
  feffffff                                      # -ENOENT
  20000000 0103 0500 4d000000 00000000          # the request's nlmsghdr
  00000007 0c00 0200 00000001 000003e7          # and its payload
`;

/** The acknowledgement of a bind, without the request's payload. */
export const NETLINK_ACK = `
  24000000 0200 0001 01000000 981d0000
  00000000
  1c000000 0203 0500 01000000 00000000
`;

/** dig asks for "CDN.example.ORG", type A, with EDNS and a cookie. */
export const DNS_QUERY_PACKET = `
  450000549ce600004011f148c0000201c6336435      # IPv4
  d83b00350040ecbb                              # UDP, 55355 to 53
  3e47 0120 0001 0000 0000 0001                 # DNS header
  0343444e 076578616d706c65 034f5247 00 0001 0001
  00 0029 04d0 00000000 000c 000a 0008 a446be192a7226c2
`;

/** dnsmasq answers it: a CNAME, an A record and an OPT record. */
export const DNS_ANSWER_PACKET = `
  45000076fd6c4000401150a0c6336435c0000201
  0035d83b0062ecdd
  3e47 8580 0001 0002 0000 0001
  0343444e 076578616d706c65 034f5247 00 0001 0001
  c00c 0005 0001 00000000 0012 0465646765 076578616d706c65 036e6574 00
  c02d 0001 0001 00000000 0004 c0000207
  00 0029 04d0 00000000 0000
`;

/** dnsmasq's answer to SRV, "_x._tcp.example.org". */
export const DNS_SRV_ANSWER = `
  37ee 8580 0001 0001 0000 0001
  025f78 045f746370 076578616d706c65 036f7267 00 0021 0001
  c00c 0021 0001 00000000 0017 0001 0000 20fb
    03737276 076578616d706c65 036f7267 00
  00 0029 04d0 00000000 0000
`;

/** An ICMPv6 echo request's last fragment, at byte 1448 of the whole. */
export const IPV6_LAST_FRAGMENT = `
  6002b6d100442c4020010db8000000000000000000000001
  20010db8000000000000000000000001
  3a00 05a8 d8e8477a                            # fragment header
  a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3
  c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadb
`;

/** An ICMP echo request's last fragment, at byte 1480 of the whole. */
export const IPV4_LAST_FRAGMENT = `
  45000030c4f100b94001c8b8c0000201c6336435
  c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadb
`;
