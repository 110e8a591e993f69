"""Options of an IPv4 header: where a packet goes, and what else it carries."""

# RFC 791 section 3.1, RFC 1108, RFC 2113, RFC 4727: the whole option each.
RECORD_ROUTE = struct.pack("BBB", 7, 11, 4) + bytes(8)
TIMESTAMP = struct.pack("BBBB", 68, 12, 5, 0) + bytes(8)
ROUTER_ALERT = struct.pack("BBH", 148, 4, 0)
SECURITY = struct.pack("BB9s", 130, 11, SECRET)
STREAM = struct.pack("!BBH", 136, 4, 7)
LABEL = struct.pack("!BBIBB", 134, 8, 1, 1, 2)
EXPERIMENT = struct.pack("BB6s", 94, 8, SECRET)
ROUTE_RECORDED = bytes([7, 3 + 36, 40]) + bytes(36)
NOTHING = bytes([1]) * 8

USERS = {
    "that records the route": RECORD_ROUTE,
    "that asks for the time": TIMESTAMP,
    "that does nothing": NOTHING,
}
ROOTS = {
    "that alerts routers": ROUTER_ALERT,
    "of security": SECURITY,
    "of a stream": STREAM,
    "of a label": LABEL,
    "of an experiment": EXPERIMENT,
    "that fills the header": ROUTE_RECORDED,
}


def with_option(packet, option):
    option += bytes(-len(option) % 4)
    size = struct.pack("!H", len(packet) + len(option))
    first = bytes([0x45 + len(option) // 4, 0])
    head = first + size + packet[4:10] + b"\0\0" + packet[12:20] + option
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + packet[20:]


for called, option in USERS.items():

    @way(f"a datagram with an option {called}", families=(V4,))
    def datagram(scene, option=option):
        sending = scene.socket(socket.SOCK_DGRAM)
        sending.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, option)
        attempt(sending.sendto, SECRET, (scene.target, 4444))

    @way(f"a connection with an option {called}", families=(V4,))
    def stream(scene, option=option):
        sending = scene.socket(socket.SOCK_STREAM)
        sending.settimeout(0.3)
        sending.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, option)
        attempt(sending.connect, (scene.target, 4444))
        attempt(sending.send, SECRET)


for called, option in {**USERS, **ROOTS}.items():
    # What is no label, the kernel does not forward.
    sides = ("run",) if option == LABEL else ("run", "box")

    @way(f"a raw datagram with an option {called}", sides, (V4,), root=True)
    def raw(scene, option=option):
        packet = udp(scene.own, scene.port, scene.target, 4444, SECRET)
        scene.emit(with_option(packet, option))

    @way(f"a raw SYN with an option {called}", sides, (V4,), root=True)
    def syn(scene, option=option):
        packet = tcp(scene.own, scene.port, scene.target, 4444, 2, 1)
        scene.emit(with_option(packet, option))
