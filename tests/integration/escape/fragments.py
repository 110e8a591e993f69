"""Pieces of packets, of which only one says where all of it goes."""

IP_NODEFRAG = 22
MORE = 1


def piece(scene, protocol, bytes_, at=0, more=0, target=None):
    """One fragment; `at` counts in units of eight bytes."""
    target = target or scene.target
    if scene.family == V6:
        head = struct.pack("!BBHI", protocol, 0, at << 3 | more, scene.port)
        return ip(scene.own, target, 44, head + bytes_)
    whole = ip(scene.own, target, protocol, bytes_)
    head = whole[:4] + struct.pack("!HH", scene.port, more << 13 | at) + whole[8:10]
    head += b"\0\0" + whole[12:20]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + bytes_


def transport(scene, kind, target=None, port=4444):
    """A datagram, or a SYN with data, without its IP header."""
    target = target or scene.target
    data = SECRET * 8
    if kind == 17:
        packet = udp(scene.own, scene.port, target, port, data)
    else:
        packet = tcp(scene.own, scene.port, target, port, 2, 1, 0, data)
    return packet[40 if scene.family == V6 else 20 :]


def cut(scene, kind, at, **others):
    whole = transport(scene, kind, **others)
    target = others.get("target")
    return (
        piece(scene, kind, whole[: at * 8], 0, MORE, target),
        piece(scene, kind, whole[at * 8 :], at, 0, target),
    )


for number, called in ((17, "UDP"), (6, "TCP")):

    @way(f"{called} in two pieces", root=True)
    def two(scene, kind=number):
        scene.emit(*cut(scene, kind, 4))

    @way(f"{called} behind a tiny first piece", root=True)
    def tiny(scene, kind=number):
        scene.emit(*cut(scene, kind, 1))

    @way(f"{called} in pieces out of order", root=True)
    def backwards(scene, kind=number):
        scene.emit(*reversed(cut(scene, kind, 4)))

    @way(f"{called} in pieces that overlap", root=True)
    def overlapping(scene, kind=number):
        harmless = transport(scene, kind, port=443)
        harmful = transport(scene, kind)
        scene.emit(
            piece(scene, kind, harmless[:32], 0, MORE),
            piece(scene, kind, harmful[:32], 0, MORE),
            piece(scene, kind, harmful[8:], 1),
        )

    @way(f"a later piece of {called} alone", root=True)
    def later(scene, kind=number):
        scene.emit(cut(scene, kind, 4)[1])

    @way(f"a first piece of {called} alone", root=True)
    def first(scene, kind=number):
        scene.emit(piece(scene, kind, transport(scene, kind), 0, MORE))

    @way(f"{called} in pieces to another port of an allowed address", root=True)
    def port(scene, kind=number):
        scene.emit(*cut(scene, kind, 2, target=scene.allowed, port=4444))

    @way(f"a later piece of {called} alone to an allowed address", root=True)
    def later_allowed(scene, kind=number):
        scene.emit(cut(scene, kind, 4, target=scene.allowed, port=443)[1])


@way("a first piece that is a whole packet", families=(V6,), root=True)
def atomic(scene):
    scene.emit(piece(scene, 17, transport(scene, 17)))


@way("pieces that the kernel is told not to put together", ("run",), (V4,), root=True)
def nodefrag(scene):
    sending = scene.raw()
    sending.setsockopt(socket.IPPROTO_IP, IP_NODEFRAG, 1)
    for packet in cut(scene, 17, 4):
        attempt(sending.sendto, packet, (scene.target, 0))


@way("a datagram larger than the path takes")
def large(scene):
    sending = scene.socket(socket.SOCK_DGRAM)
    attempt(sending.sendto, SECRET * 1000, (scene.target, 4444))
