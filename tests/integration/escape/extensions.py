"""Extension headers of IPv6, which stand between a packet and its protocol."""

HOP_BY_HOP, ROUTING, AUTHENTICATION, NONE, DESTINATION = 0, 43, 51, 59, 60
MOBILITY, HOST_IDENTITY, SHIM6, TEST = 135, 139, 140, 253


def options(after, content):
    """A header of options, which `content` fills."""
    content += bytes([1, -(len(content) + 4) % 8]) + bytes(-(len(content) + 4) % 8)
    return bytes([after, len(content + b"  ") // 8 - 1]) + content


def routing(after, kind, left, *addresses):
    size = 2 * len(addresses)
    head = struct.pack("!BBBBI", after, size, kind, left, 0)
    return head + b"".join(map(packed, addresses))


def home(after, address):
    """RFC 6275 section 6.3: who the sender claims to be."""
    head = bytes([after, 2, 1, 2, 0, 0, 201, 16])
    return head + packed(address)


def behind(scene, first, headers, protocol=17):
    datagram = udp(scene.own, scene.port, scene.target, 4444, SECRET)[40:]
    if protocol == 6:
        datagram = tcp(scene.own, scene.port, scene.target, 4444, 2, 1)[40:]
    return ip(scene.own, scene.target, first, headers + datagram)


CHAINS = {
    "hop-by-hop options": (HOP_BY_HOP, lambda n: options(n, bytes([5, 2, 0, 0]))),
    "a secret in hop-by-hop options": (
        HOP_BY_HOP,
        lambda n: options(n, bytes([0x1E, len(SECRET)]) + SECRET),
    ),
    "destination options": (DESTINATION, lambda n: options(n, b"")),
    "a home address": (DESTINATION, lambda n: home(n, ALLOWED[V6])),
    "a used route of type 0": (ROUTING, lambda n: routing(n, 0, 0, ALLOWED[V6])),
    "a used route of type 2": (ROUTING, lambda n: routing(n, 2, 0, ALLOWED[V6])),
    "a used route of type 4": (ROUTING, lambda n: routing(n, 4, 0, ALLOWED[V6])),
    "a route of type 0": (ROUTING, lambda n: routing(n, 0, 1, ALLOWED[V6])),
    "a route of type 4": (ROUTING, lambda n: routing(n, 4, 1, ALLOWED[V6])),
    "authentication": (
        AUTHENTICATION,
        lambda n: struct.pack("!BBHIII", n, 2, 0, 1, 1, 0),
    ),
    "mobility": (MOBILITY, lambda n: bytes([n, 0, 0, 0, 0, 0, 0, 0])),
    "host identity": (HOST_IDENTITY, lambda n: bytes([n, 0, 0, 0, 0, 0, 0, 0])),
    "shim6": (SHIM6, lambda n: bytes([n, 0, 0, 0, 0, 0, 0, 0])),
    "an experiment": (TEST, lambda n: bytes([n, 0, 1, 4, 0, 0, 0, 0])),
    "twelve headers": (
        DESTINATION,
        lambda n: b"".join(options(DESTINATION, b"") for _ in range(11)) + options(n, b""),
    ),
    "hop-by-hop options in the middle": (
        DESTINATION,
        lambda n: options(HOP_BY_HOP, b"") + options(n, b""),
    ),
    "one that is longer than the packet": (
        DESTINATION,
        lambda n: bytes([n, 200]) + bytes(6),
    ),
}

for number, called in ((17, "a datagram"), (6, "a SYN")):
    for headers, (start, build) in CHAINS.items():

        @way(f"{called} behind {headers}", families=(V6,), root=True)
        def chain(scene, first=start, build=build, protocol=number):
            scene.emit(behind(scene, first, build(protocol), protocol))


@way("what stands behind the last header", families=(V6,), root=True)
def none(scene):
    scene.emit(ip(scene.own, scene.target, NONE, SECRET * 4))


@way("what stands behind the last header, to an allowed address", families=(V6,), root=True)
def none_allowed(scene):
    scene.emit(ip(scene.own, scene.allowed, NONE, SECRET * 4))


@way("a header and nothing behind it", families=(V6,), root=True)
def nothing(scene):
    scene.emit(ip(scene.own, scene.target, DESTINATION, options(17, b"")))


@way("a route that a user set", ("run",), (V6,))
def routed(scene):
    sending = scene.socket(socket.SOCK_DGRAM)
    head = struct.pack("!BBBBBBH", 0, 2, 4, 0, 0, 0, 0)
    sending.setsockopt(socket.IPPROTO_IPV6, IPV6_RTHDR, head + packed(scene.target))
    attempt(sending.sendto, SECRET, (scene.target, 4444))
