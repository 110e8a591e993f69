"""Protocols that are neither TCP nor UDP."""

IPPROTO_UDPLITE = 136

# IANA "Assigned Internet Protocol Numbers".
NUMBERS = {
    "IGMP": 2,
    "IPv4 in IP": 4,
    "IPv6 in IP": 41,
    "DCCP": 33,
    "GRE": 47,
    "ESP": 50,
    "EIGRP": 88,
    "OSPF": 89,
    "PIM": 103,
    "IP compression": 108,
    "VRRP": 112,
    "L2TP": 115,
    "SCTP": 132,
    "UDP-Lite": 136,
    "MPLS in IP": 137,
    "Ethernet in IP": 143,
    "an experiment": 253,
    "a number that nobody has": 200,
    "raw IP": 255,
}

for called, number in NUMBERS.items():

    @way(called, root=True)
    def raw(scene, number=number):
        scene.emit(ip(scene.own, scene.target, number, SECRET * 4))

    @way(f"{called} to an allowed address", root=True)
    def raw_allowed(scene, number=number):
        scene.emit(ip(scene.own, scene.allowed, number, SECRET * 4))


@way("a packet in a packet for an allowed address", root=True)
def wrapped(scene):
    inner = udp(scene.own, scene.port, scene.target, 4444, SECRET)
    number = 41 if scene.family == V6 else 4
    scene.emit(ip(scene.own, scene.allowed, number, inner))


@way("a chunk that opens an SCTP association", root=True)
def sctp(scene):
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 7, 65535, 1, 1, 1)
    head = struct.pack("!HHII", scene.port, 443, 0, 0)
    scene.emit(ip(scene.own, scene.target, 132, head + chunk + SECRET))


@way("a tunnel's datagram", families=(V4,), root=True)
def gre(scene):
    inner = udp(scene.own, scene.port, scene.target, 4444, SECRET)
    scene.emit(ip(scene.own, scene.target, 47, struct.pack("!HH", 0, 0x0800) + inner))


@way("UDP-Lite of a user")
def udplite(scene):
    sending = scene.socket(socket.SOCK_DGRAM, IPPROTO_UDPLITE)
    attempt(sending.sendto, SECRET, (scene.target, 4444))
