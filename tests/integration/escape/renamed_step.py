# Who has taken a step's name tries to get another one's.
path, address = sys.argv[1:3]


def connect():
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.connect(path)
    return one


def say(name, one=None):
    one = one or connect()
    one.send(name.encode())
    return one.recv(64).decode()


def take(name):
    for _ in range(50):
        answer = say(name)
        if answer != "again":
            return answer
        time.sleep(0.06)


def send():
    out = socket.socket()
    out.settimeout(2)
    try:
        out.connect((address, 80))
        return "sent"
    except OSError:
        return "refused"


def astray(act):
    """By a process that has let go of everybody."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(0.3)
            os.write(writer, act().encode())
        os._exit(0)
    os.wait()
    os.close(writer)
    return os.read(reader, 100).decode()


def ended():
    """By a connection of a process that has ended."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        one = connect()
        socket.send_fds(theirs, [b"x"], [one.fileno()])
        os._exit(0)
    _, (handed,), _, _ = socket.recv_fds(ours, 1, 1)
    os.wait()
    return say("Publish", socket.socket(fileno=handed))


print("begin", take("Other"), send())
print("again", take("Publish"), send())
print("astray", astray(lambda: f"{take('Publish')} {send()}"))
held = connect()
print("handed on", astray(lambda: f"{say('Publish', held)} {send()}"))
print("ended", ended(), send())
