"""smtp_server.py LAB PORT ADDRESS...: speaks first, and TLS when it is asked."""

import socket
import ssl
import sys
import threading

directory, port, addresses = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
secret = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
secret.load_cert_chain(f"{directory}/sites.pem", f"{directory}/sites.key")


def converse(plain):
    plain.sendall(b"220 allowed.test\r\n")
    lines = plain.makefile("rb")
    while line := lines.readline():
        word = line.split()[0].upper() if line.split() else b""
        if word == b"EHLO":
            plain.sendall(b"250-allowed.test\r\n250 STARTTLS\r\n")
        elif word == b"STARTTLS":
            plain.sendall(b"220 go on\r\n")
            plain = secret.wrap_socket(plain, server_side=True)
            lines = plain.makefile("rb")
        elif word == b"QUIT":
            plain.sendall(b"221 bye\r\n")
            return plain.close()
        elif word == b"DATA":
            plain.sendall(b"354 speak\r\n")
            while lines.readline().strip() != b".":
                pass
            plain.sendall(b"250 taken\r\n")
        else:
            plain.sendall(b"250 ok\r\n")


def serve(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as listening:
        while True:
            accepted, _ = listening.accept()
            threading.Thread(target=converse, args=(accepted,), daemon=True).start()


for address in addresses:
    threading.Thread(target=serve, args=(address,)).start()
print("ready", flush=True)
