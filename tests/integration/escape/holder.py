"""holder: what listens before the guard is armed, and shares its ports."""

ENDS = ((V4, "0.0.0.0", 5005), (V6, "::", 5005), (V4, "127.0.0.1", 5006), (V6, "::1", 5006))
HELD = []
for family, address, port in ENDS:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        made = socket.socket(FAMILY[family], kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == V6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        if kind == socket.SOCK_STREAM:
            made.listen()
        HELD.append(made)
print("ready", flush=True)
time.sleep(600)
