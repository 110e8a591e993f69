"""listen PORT: takes connections over both families, until it is killed."""

listeners = []
for family in FAMILY:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(("", int(sys.argv[1])))
    listener.listen()
    listeners.append(listener)
print("listening", flush=True)
time.sleep(600)
