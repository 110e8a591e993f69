"""ICMP: an echo that asks for nothing, and errors about nothing."""

ECHO = (8, 128)

# RFC 792, RFC 950, RFC 1256; unassigned ones too.
KINDS_V4 = {
    "an echo": 8,
    "an answer to no echo": 0,
    "an unreachable": 3,
    "a source quench": 4,
    "a redirect": 5,
    "a router's advertisement": 9,
    "a time exceeded": 11,
    "a parameter problem": 12,
    "a timestamp": 13,
    "an address mask": 17,
    "a photuris": 40,
    "an extended echo": 42,
    "an unassigned type": 250,
}
# RFC 4443, RFC 2710, RFC 4861, RFC 4620, RFC 3810, RFC 8335.
KINDS_V6 = {
    "an echo": 128,
    "an answer to no echo": 129,
    "an unreachable": 1,
    "a packet too big": 2,
    "a time exceeded": 3,
    "a parameter problem": 4,
    "a listener query": 130,
    "a listener report": 131,
    "a listener done": 132,
    "a router's solicitation": 133,
    "a router's advertisement": 134,
    "a neighbour's solicitation": 135,
    "a neighbour's advertisement": 136,
    "a redirect": 137,
    "a node's question": 139,
    "a node's answer": 140,
    "a listener report of version 2": 143,
    "a certification path": 148,
    "an extended echo": 160,
    "an unassigned type": 250,
}


def message(scene, kind, data, target=None):
    target = target or scene.target
    head = struct.pack("!BBHI", kind, 0, 0, scene.port << 16 | 1)
    number = 58 if scene.family == V6 else 1
    end = pseudo(scene.own, target, 58, len(head + data))
    summed = checksum((end if scene.family == V6 else b"") + head + data)
    body = head[:2] + struct.pack("!H", summed) + head[4:] + data
    return ip(scene.own, target, number, body, hops=255)


for kinds, at in ((KINDS_V4, V4), (KINDS_V6, V6)):
    for called, number in kinds.items():

        @way(called, families=(at,), root=True)
        def send(scene, kind=number):
            scene.emit(message(scene, kind, SECRET * 4))

        @way(f"{called} for an allowed address", families=(at,), root=True)
        def send_allowed(scene, kind=number):
            scene.emit(message(scene, kind, SECRET * 4, scene.allowed))


@way("an echo of a user")
def ping(scene):
    number = socket.IPPROTO_ICMPV6 if scene.family == V6 else socket.IPPROTO_ICMP
    sending = scene.socket(socket.SOCK_DGRAM, number)
    echo = struct.pack("!BBHHH", ECHO[scene.family], 0, 0, 0, 1) + SECRET
    attempt(sending.sendto, echo, (scene.target, 0))


@way("an error about an allowed connection", root=True)
def error(scene):
    """Related to a flow that was let go, and with a secret behind it."""
    with socket.create_connection((scene.allowed, 443), 5) as known:
        port = known.getsockname()[1]
        about = tcp(scene.allowed, 443, scene.own, port, 16, 1, 1)
        kind = 1 if scene.family == V6 else 3
        about = about + SECRET * 4
        scene.emit(message(scene, kind, about), message(scene, kind, about, scene.allowed))
