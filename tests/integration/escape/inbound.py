"""Answers to somebody outside, who was not to be answered."""

# 5006 was listened on before, but only for this machine itself.
PORTS = {"a new port": 4646, "a port that only this machine could reach": 5006}


def bound(scene, kind, port):
    made = scene.socket(kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((scene.own, port))
    made.settimeout(0.6)
    return made


for called, number in PORTS.items():

    @way(f"an answer by datagram from {called}")
    def datagram(scene, port=number):
        listening = bound(scene, socket.SOCK_DGRAM, port)
        asked = attempt(listening.recvfrom, 100)
        for _ in range(3 if asked else 0):
            attempt(listening.sendto, SECRET, asked[1])

    # The kernel's answer to a SYN is nobody's, so not the command's either.
    @way(f"an answer in a connection from {called}", command=False)
    def stream(scene, port=number):
        listening = bound(scene, socket.SOCK_STREAM, port)
        listening.listen()
        accepted = attempt(listening.accept)
        if accepted:
            attempt(accepted[0].send, SECRET)

    @way(f"a datagram that answers nobody from {called}")
    def first(scene, port=number):
        sending = bound(scene, socket.SOCK_DGRAM, port)
        attempt(sending.sendto, SECRET, (scene.target, 4444))

    @way(f"a connection from {called}")
    def out(scene, port=number):
        sending = bound(scene, socket.SOCK_STREAM, port)
        sending.settimeout(0.3)
        attempt(sending.connect, (scene.target, 4444))
        attempt(sending.send, SECRET)


@way("a datagram from a port that was listened on", ("run",))
def listened(scene):
    sending = bound(scene, socket.SOCK_DGRAM, 5005)
    attempt(sending.sendto, SECRET, (scene.target, 4444))
