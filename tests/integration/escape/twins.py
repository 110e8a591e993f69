"""twins FAMILY TURN: begins a second connection with the ends of the first."""

family, turn = int(sys.argv[1]), int(sys.argv[2])
ENDS = (ALLOWED[family], 80)
ASKED = b"GET / HTTP/1.1\r\nHost: %s.test\r\nConnection: close\r\n\r\n" % SECRET


def twin(port, *devices):
    made = socket.socket(FAMILY[family], socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for device in devices:
        made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device)
    made.bind((RUN[family], port))
    return made


def begin_beside(first):
    second = twin(first.getsockname()[1])
    second.setblocking(False)
    attempt(second.connect, ENDS)
    # Gone before the server answers, which would end the first as well. On a
    # wire as short as the lab's it takes a guard to be slow enough.
    second.close()


socket.getaddrinfo("allowed.test", 80, FAMILY[family], socket.SOCK_STREAM)
for tried in range(8):
    first = twin(0, UPLINK.encode())
    first.settimeout(1)
    first.connect(ENDS)
    if turn > 0:
        begin_beside(first)
    time.sleep(0.05)
    # One byte in front of a stream's beginning could be a probe.
    for byte in ASKED:
        if attempt(first.send, bytes([byte])) is None:
            break
        time.sleep(0.002)
    attempt(first.recv, 4096)
