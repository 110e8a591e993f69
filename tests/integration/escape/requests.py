"""requests WAY FAMILY: asks an allowed server for what is not allowed."""

GET = b"GET / HTTP/1.1\r\nHost: %s\r\n%s\r\n"
GOOD, OTHER = b"allowed.test", SECRET + b".test"
MORE = GET % (OTHER, b"Connection: close\r\n")
POST = b"POST / HTTP/1.1\r\nHost: allowed.test\r\n%s\r\n"


def chunked(*fields):
    return POST % b"".join(b"%s\r\n" % each for each in fields)


WAYS = {
    # Each piece is sent when the one before was answered, or a moment later.
    "later": (GET % (GOOD, b""), MORE),
    "pipelined": (GET % (GOOD, b"") + MORE,),
    "cut": (GET % (GOOD, b"") + MORE[:30], MORE[30:]),
    "behind a body": (POST % b"Content-Length: 4\r\n" + b"body" + MORE,),
    "behind chunks": (chunked(b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + MORE,),
    "behind a close": (GET % (GOOD, b"Connection: keep-alive, close\r\n") + MORE,),
    "behind an upgrade": (
        GET % (GOOD, b"Connection: Upgrade\r\nUpgrade: websocket\r\n"),
        MORE,
    ),
    "in a body with two lengths": (
        chunked(b"Content-Length: %d" % (len(MORE) + 5), b"Transfer-Encoding: chunked")
        + b"0\r\n\r\n"
        + MORE,
    ),
    "in a target": (
        b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
        % (OTHER, OTHER),
    ),
    "behind a tunnel": (
        b"CONNECT allowed.test:80 HTTP/1.1\r\nHost: allowed.test:80\r\n\r\n",
        MORE,
    ),
}

way, family = sys.argv[1].replace("_", " "), int(sys.argv[2])
found = socket.getaddrinfo("allowed.test", 80, FAMILY[family], socket.SOCK_STREAM)
asking = socket.socket(FAMILY[family], socket.SOCK_STREAM)
asking.settimeout(1)
asking.connect(found[0][4])
for piece in WAYS[way]:
    attempt(asking.sendall, piece)
    attempt(asking.recv, 4096)
