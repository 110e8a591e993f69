"""ech_stream.py serve|ask|ask_whole ADDRESS: an HTTPS record with ECH over TCP.

The server sends it in two pieces, the first of which ends within the record; to
a second question it answers in one. Prints what the client got.
"""

import socket
import sys
import time

how, address = sys.argv[1], sys.argv[2]
END = (address, 53)
QUESTION = b"\x03ech\x04test\x00\x00\x41\x00\x01"
DATA = b"\x00\x01\x00\x00\x05\x00\x04\xfe\x0d\x00\x00"
RECORD = b"\xc0\x0c\x00\x41\x00\x01\x00\x00\x00\x3c\x00\x0b" + DATA


def framed(message):
    return len(message).to_bytes(2, "big") + message


if how == "serve":
    listening = socket.create_server(END)
    print("ready", flush=True)
    while True:
        client = listening.accept()[0]
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asked = client.recv(512)
        header = asked[2:4] + b"\x81\x80\0\1\0\1\0\0\0\0"
        answer = framed(header + QUESTION + RECORD)
        cut = len(answer) - (7 if asked[2] else len(answer))
        client.send(answer[:cut])
        time.sleep(0.2)
        try:
            client.send(answer[cut:])
        except OSError:
            pass

asking = socket.create_connection(END, 3)
asking.settimeout(8)
number = b"\1\0" if how == "ask" else b"\0\1"
asking.send(framed(number + b"\1\0\0\1\0\0\0\0\0\0" + QUESTION))
got = b""
try:
    while len(got) < 2 or len(got) < 2 + int.from_bytes(got[:2], "big"):
        got += asking.recv(512)
    print("answered", got.hex())
except ConnectionResetError:
    print("reset", got.hex())
