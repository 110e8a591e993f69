"""Ports that were let go for one name, used again for another."""

NAME = SECRET.decode() + ".test"
# Not checked, since no certificate is for it.
CARELESS = ssl._create_unverified_context()
RECORD = b"\x17\x03\x03\x40\x00"


def connect(scene):
    socket.getaddrinfo("allowed.test", 443, FAMILY[scene.family])
    made = scene.socket(socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((scene.own, scene.port))
    made.settimeout(2)
    made.connect((scene.allowed, 443))
    return made


def greet(plain, name):
    return CARELESS.wrap_socket(plain, server_hostname=name)


def let_go(scene):
    secured = greet(connect(scene), "allowed.test")
    secured.send(b"GET / HTTP/1.1\r\nHost: allowed.test\r\n\r\n")
    secured.recv(100)
    return socket.socket(fileno=secured.detach())


def again(scene):
    time.sleep(0.05)
    second = connect(scene)
    attempt(greet, second, NAME)


def with_reset(plain):
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plain.close()


@way("after the server has reset the first connection")
def by_server(scene):
    first = let_go(scene)
    first.settimeout(0.3)
    # More than it reads: what it leaves unread makes it reset.
    for _ in range(3):
        attempt(first.send, RECORD + b"x" * 200000)
        time.sleep(0.02)
    attempt(first.recv, 1000)
    attempt(first.recv, 1000)
    first.close()
    again(scene)


@way("after the client has reset the first connection")
def by_client(scene):
    with_reset(let_go(scene))
    again(scene)


@way("after the first connection was closed")
def closed(scene):
    first = let_go(scene)
    first.shutdown(socket.SHUT_WR)
    first.settimeout(0.3)
    while attempt(first.recv, 1000):
        pass
    with_reset(first)
    again(scene)


@way("after a connection that has said nothing")
def silent(scene):
    with_reset(connect(scene))
    again(scene)


@way("after a connection that has said half a name")
def halfway(scene):
    arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    attempt(CARELESS.wrap_bio(arriving, leaving, False, "allowed.test").do_handshake)
    first = connect(scene)
    first.send(leaving.read()[:50])
    with_reset(first)
    again(scene)
