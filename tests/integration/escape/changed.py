"""changed WAY FAMILY TURN HOPS: sends from pages that it rewrites when they were read.

WAY is held or lost for TLS, request for HTTP, other, and asked for DNS; in TURN
0, with nobody who reads them, the pages are rewritten first. With HOPS hops left
a packet is lost on its way.
"""

GOOD, OTHER = b"allowed.test", b"stolen1.test"
# <asm-generic/socket.h>, <linux/in.h>, <linux/in6.h>
SO_NO_CHECK = 11
IP_TTL, IPV6_UNICAST_HOPS = 2, 16


def extension(kind, data):
    return struct.pack("!HH", kind, len(data)) + data


def hello():
    name = struct.pack("!HBH", len(GOOD) + 3, 0, len(GOOD)) + GOOD
    extensions = extension(0, name) + extension(43, b"\x02\x03\x04")
    extensions += extension(10, b"\0\x02\0\x1d") + extension(13, b"\0\x02\x04\x03")
    extensions += extension(51, b"\0\x24\0\x1d\0\x20" + b"\x09" * 32)
    body = b"\x03\x03" + b"\x07" * 32 + b"\0" + b"\0\x02\x13\x01" + b"\x01\0"
    body += struct.pack("!H", len(extensions)) + extensions
    message = b"\x01" + struct.pack("!I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack("!H", len(message)) + message


class Page:
    """A file in memory, as anybody may have one."""

    def __init__(self, data):
        self.data = data
        self.fd = os.memfd_create("page")
        os.write(self.fd, data)

    def rewrite(self, name=OTHER):
        os.pwrite(self.fd, name, self.data.index(GOOD))

    def send(self, sending, start, end):
        os.sendfile(sending.fileno(), self.fd, start, end - start)


def hops(sending, family, count):
    if family == V6:
        sending.setsockopt(socket.IPPROTO_IPV6, IPV6_UNICAST_HOPS, count)
    else:
        sending.setsockopt(socket.IPPROTO_IP, IP_TTL, count)


def connected(family, port):
    kind = FAMILY[family]
    found = socket.getaddrinfo("allowed.test", port, kind, socket.SOCK_STREAM)
    sending = socket.socket(kind, socket.SOCK_STREAM)
    sending.settimeout(4)
    sending.connect(found[0][4])
    sending.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sending


def held(family):
    """The first piece waits for the second, which is sent behind the change."""
    page = Page(hello())
    sending = connected(family, 443)
    cut = page.data.index(GOOD) + len(GOOD) + 4
    if turn == 0:
        page.rewrite()
    page.send(sending, 0, cut)
    time.sleep(0.3)
    page.rewrite()
    page.send(sending, cut, len(page.data))
    attempt(sending.recv, 1)


def lost(family, port, data, start=b""):
    """What was judged never arrives, and what is sent again is something else."""
    page = Page(data)
    os.pwrite(page.fd, start, 0)
    sending = connected(family, port)
    hops(sending, family, last_hops)
    page.send(sending, 0, len(data))
    page.rewrite()
    os.pwrite(page.fd, data[: len(start)], 0)
    hops(sending, family, 64)
    attempt(sending.recv, 1)


def asked():
    """A page that flickers while datagrams of it are judged."""
    page = Page(query("allowed.test"))
    at = page.data.index(b"allowed")
    child = os.fork()
    if child == 0:
        while True:
            os.pwrite(page.fd, b"stolen1", at)
            os.pwrite(page.fd, b"allowed", at)
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # To make a checksum the kernel would take the bytes out of the page.
    sending.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
    sending.connect((RESOLVER, 53))
    for _ in range(400):
        attempt(page.send, sending, 0, len(page.data))
        time.sleep(0.001)
    os.kill(child, 9)


way, (family, turn, last_hops) = sys.argv[1], map(int, sys.argv[2:])
if way == "held":
    held(family)
elif way == "lost":
    lost(family, 443, hello())
elif way == "request":
    lost(family, 80, b"GET / HTTP/1.1\r\nHost: " + GOOD + b"\r\n\r\n")
elif way == "other":
    lost(family, 8443, hello(), b"SSH")
else:
    asked()
