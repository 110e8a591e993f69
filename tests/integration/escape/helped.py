"""Connections that the kernel expects since it read of them in another one."""

DATA = 4747


def listen(scene):
    listening = scene.socket(socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((scene.own, DATA))
    listening.listen()
    listening.settimeout(0.6)
    return listening


@way("a file that is offered over IRC", families=(V4,), command=False)
def irc(scene):
    listening = listen(scene)
    number = struct.unpack("!I", packed(scene.own))[0]
    offer = f"PRIVMSG x :\x01DCC SEND f {number} {DATA} 1024\x01\r\n"
    with socket.create_connection((scene.allowed, 7), 3) as known:
        known.sendall(offer.encode())
        known.recv(1000)
        accepted = attempt(listening.accept)
        if accepted:
            attempt(accepted[0].sendall, SECRET)
            time.sleep(0.05)


@way("a file that is asked for over FTP", command=False)
def ftp(scene):
    """The server, which echoes, repeats where it is to be reached."""
    number = 80 if scene.family == V4 else 8443
    told = f"229 Entering Extended Passive Mode (|||{number}|)\r\n"
    with socket.create_connection((scene.allowed, 7), 3) as known:
        known.sendall(told.encode())
        known.recv(1000)
        data = scene.socket(socket.SOCK_STREAM)
        data.settimeout(0.5)
        attempt(data.connect, (scene.allowed, number))
        attempt(data.sendall, SECRET)
        time.sleep(0.05)
