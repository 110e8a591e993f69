"""lone WAY FAMILY [PORT]: what the entry's program may do by itself."""

way, family = sys.argv[1], int(sys.argv[2])
if way == "stream":
    client = socket.create_connection((ALLOWED[family], 443), 5)
else:
    to = (ALLOWED[family], 7) if way == "datagram" else (RESOLVERS[family], 53)
    data = b"mine" if way == "datagram" else query("mine.wild.test")
    client = socket.socket(FAMILY[":" in to[0]], socket.SOCK_DGRAM)
    client.bind(("", int(sys.argv[3]) if len(sys.argv) > 3 else 0))
    client.settimeout(5)
    for _ in range(3):
        client.sendto(data, to)
        message = client.recv(600)
        if way == "query" and message[3] & 15 != 0:
            sys.exit("refused")
print("answered")
