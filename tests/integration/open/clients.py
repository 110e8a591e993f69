"""clients.py WAY: what a build does that no tool at hand does."""

import os
import smtplib
import socket
import ssl
import sys
import time
import urllib.request

URL = "https://allowed.test/"
HOST = "allowed.test"
TRUST = ssl.create_default_context()


def get(secured):
    secured.sendall(b"GET / HTTP/1.1\r\nHost: allowed.test\r\n\r\n")
    assert b"site allowed.test" in secured.recv(2000)


def fetch():
    """urllib."""
    assert b"site allowed.test" in urllib.request.urlopen(URL).read()


def mail():
    """A server that speaks first, and then TLS."""
    with smtplib.SMTP(HOST, 587, timeout=5) as server:
        server.starttls(context=TRUST)
        server.sendmail("a@allowed.test", "b@allowed.test", "Subject: a\r\n\r\nhonest")


def slow():
    """A client that thinks before it speaks."""
    plain = socket.create_connection((HOST, 443), 8)
    time.sleep(3)
    with TRUST.wrap_socket(plain, server_hostname=HOST) as secured:
        get(secured)


def pieces():
    """A hello that is written a little at a time."""
    arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = TRUST.wrap_bio(arriving, leaving, False, HOST)
    plain = socket.create_connection((HOST, 443), 8)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        try:
            return client.do_handshake()
        except ssl.SSLWantReadError:
            hello = leaving.read()
            for at in range(0, len(hello), 100):
                plain.sendall(hello[at : at + 100])
                time.sleep(0.01)
            arriving.write(plain.recv(65536))


def large():
    """A hello of several segments, as with keys for after quantum computers."""
    trust = ssl.create_default_context()
    trust.set_alpn_protocols([f"x-{number:03}-{'y' * 190}" for number in range(30)] + ["http/1.1"])
    plain = socket.create_connection((HOST, 443), 8)
    with trust.wrap_socket(plain, server_hostname=HOST) as secured:
        get(secured)


def kept():
    """Many requests in one connection, with pauses."""
    plain = socket.create_connection((HOST, 443), 8)
    with TRUST.wrap_socket(plain, server_hostname=HOST) as secured:
        for _ in range(5):
            get(secured)
            time.sleep(0.1)


def resumed():
    """A second connection that goes on with the first one's session."""
    trust = ssl.create_default_context()
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    session = None
    for _ in range(2):
        plain = socket.create_connection((HOST, 443), 8)
        with trust.wrap_socket(plain, server_hostname=HOST, session=session) as secured:
            get(secured)
            session = session or secured.session


def eager():
    """Data in the SYN."""
    for _ in range(2):
        end = socket.getaddrinfo(HOST, 80, type=socket.SOCK_STREAM)[0]
        made = socket.socket(end[0], socket.SOCK_STREAM)
        made.sendto(b"GET / HTTP/1.1\r\nHost: allowed.test\r\n\r\n", socket.MSG_FASTOPEN, end[4])
        assert b"site allowed.test" in made.recv(2000)


def again():
    """The same port twice, as behind a busy address translator."""
    for _ in range(3):
        end = socket.getaddrinfo(HOST, 443, type=socket.SOCK_STREAM)[0]
        made = socket.socket(end[0], socket.SOCK_STREAM)
        made.settimeout(5)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        made.bind(("", 7171))
        made.connect(end[4])
        with TRUST.wrap_socket(made, server_hostname=HOST) as secured:
            get(secured)


def loopback():
    """What stays on the machine, over both families and protocols."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        listening = socket.create_server((address, 0), family=family)
        with socket.create_connection(listening.getsockname()[:2], 2):
            pass
        one, other = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        one.bind((address, 0))
        other.sendto(b"honest", one.getsockname())
        one.settimeout(2)
        assert one.recv(100) == b"honest"


def own():
    """The machine's own address, which is no way out either."""
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.connect(("2001:db8:2::10", 443))
    address = made.getsockname()[0]
    listening = socket.create_server((address, 0), family=socket.AF_INET6)
    with socket.create_connection(listening.getsockname()[:2], 2):
        pass


globals()[sys.argv[1]]()
