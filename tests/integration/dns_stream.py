"""dns_stream HOW SERVER: questions over TCP, and what is answered.

HOW is how the client cuts what it sends. One line for each answer: its id, its
response code and how many records it has.
"""

import socket
import struct
import sys
import time

how, server = sys.argv[1], sys.argv[2]


def query(name, number, kind=1):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    head = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0)
    message = head + labels + b"\0" + struct.pack("!HH", kind, 1)
    return struct.pack("!H", len(message)) + message


def receive(count):
    data = b""
    while len(data) < count:
        part = sending.recv(count - len(data))
        if not part:
            sys.exit("the connection was closed")
        data += part
    return data


family = socket.AF_INET6 if ":" in server else socket.AF_INET
sending = socket.socket(family, socket.SOCK_STREAM)
sending.settimeout(5)
names = ["allowed.test", "large.test", "a.wild.test"]
whole = b"".join(query(name, at) for at, name in enumerate(names))
if how != "nagle":
    sending.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
if how == "many":
    names = ["n%d.wild.test" % at for at in range(90)]
    whole = b"".join(query(name, at) for at, name in enumerate(names))
sending.connect((server, 53))
if how == "bytes":
    # No client has more than ten segments under way at its beginning.
    for at in range(9):
        sending.send(whole[at : at + 1])
    sending.send(whole[9:])
elif how == "halves":
    for at in range(0, len(whole), 25):
        sending.send(whole[at : at + 25])
        time.sleep(0.02)
elif how == "nagle":
    for at, name in enumerate(names):
        sending.send(query(name, at)[:2])
        sending.send(query(name, at)[2:])
elif how == "late":
    sending.send(whole)
    time.sleep(0.5)
else:
    sending.sendall(whole)
for _ in names:
    message = receive(struct.unpack("!H", receive(2))[0])
    print(*struct.unpack("!H", message[:2]), message[3] & 15, *struct.unpack("!H", message[6:8]))
