"""An honest client: so many times look up, connect, TLS, fetch; each for itself.

One line of JSON for each: {"error": null or text, "ms"}.
"""

import json
import socket
import ssl
import sys
import time

context = ssl.create_default_context()


def fetch():
    found = socket.getaddrinfo(
        "allowed.test", 443, socket.AF_INET, socket.SOCK_STREAM
    )
    with socket.create_connection(found[0][4], timeout=10) as plain:
        with context.wrap_socket(
            plain, server_hostname="allowed.test"
        ) as stream:
            stream.sendall(b"GET / HTTP/1.0\r\nHost: allowed.test\r\n\r\n")
            if not stream.recv(4096).startswith(b"HTTP/1."):
                raise OSError("no answer")


for _ in range(int(sys.argv[1])):
    began = time.monotonic()
    error = None
    try:
        fetch()
    except OSError as raised:
        error = str(raised)
    print(json.dumps({
        "error": error,
        "ms": (time.monotonic() - began) * 1e3,
    }), flush=True)
