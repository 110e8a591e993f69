"""Segments that belong to no connection, and such as no client sends."""

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32

FLAGS = {
    "no flag": 0,
    "FIN": FIN,
    "all flags": 63,
    "FIN, PSH and URG": FIN | PSH | URG,
    "SYN and FIN": SYN | FIN,
    "SYN and RST": SYN | RST,
    "SYN and URG": SYN | URG,
    "SYN and PSH": SYN | PSH,
    "SYN and ACK": SYN | ACK,
    "RST": RST,
    "RST and ACK": RST | ACK,
    "ACK": ACK,
    "PSH and ACK": PSH | ACK,
    "PSH": PSH,
    "URG": URG,
    "SYN": SYN,
    "the congestion flags": 0xC0 | SYN,
}


def broken(scene, change, port=4444):
    """A segment whose TCP header `change` has changed."""
    whole = tcp(scene.own, scene.port, scene.target, port, SYN, 1, 0, SECRET)
    at = 40 if scene.family == V6 else 20
    return ip(scene.own, scene.target, 6, change(whole[at:]))


for called, number in FLAGS.items():

    @way(f"data behind {called}", root=True)
    def data(scene, flags=number):
        ends = scene.own, scene.port, scene.target, 4444
        scene.emit(tcp(*ends, flags, 1000, 2000, SECRET))

    @way(f"data behind {called}, to an allowed port", root=True)
    def data_allowed(scene, flags=number):
        ends = scene.own, scene.port, scene.allowed, 443
        scene.emit(tcp(*ends, flags, 1000, 2000, SECRET))


@way("a bare ACK to a name server that is none", root=True)
def bare(scene):
    # Its sequence numbers are the secret.
    ends = scene.own, scene.port, scene.target, 53
    number = int.from_bytes(SECRET[:4], "big")
    scene.emit(tcp(*ends, ACK, number, number, b""))


@way("a wrong checksum", root=True)
def checksums(scene):
    scene.emit(broken(scene, lambda t: t[:16] + b"\x12\x34" + t[18:]))


@way("a header that says it is too short", root=True)
def short(scene):
    scene.emit(broken(scene, lambda t: t[:12] + b"\x20" + t[13:]))


@way("a header that is longer than the segment", root=True)
def long(scene):
    scene.emit(broken(scene, lambda t: t[:12] + b"\xf0" + t[13:]))


@way("half a header", root=True)
def half(scene):
    scene.emit(broken(scene, lambda t: t[:10]))


@way("options that carry data", root=True)
def options(scene):
    option = bytes([254, 8]) + SECRET
    scene.emit(broken(scene, lambda t: t[:12] + b"\x70" + t[13:20] + option))


@way("port 0", root=True)
def zero(scene):
    scene.emit(tcp(scene.own, scene.port, scene.target, 0, SYN, 1, 0, SECRET))


@way("data in an allowed connection that nobody has opened", root=True)
def adrift(scene):
    for number in (1, 7, 13):
        ends = scene.own, scene.port, scene.allowed, 443
        scene.emit(tcp(*ends, ACK | PSH, number, 1, SECRET))
