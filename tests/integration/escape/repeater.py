"""repeater: a server of the machine's, which repeats what it is asked."""

import threading


def serve(family, address):
    listening = socket.socket(FAMILY[family], socket.SOCK_DGRAM)
    listening.bind((address, 5005))
    while True:
        asked, end = listening.recvfrom(2000)
        attempt(listening.sendto, asked, end)


for family, address in ((V4, RUN[V4]), (V6, RUN[V6])):
    threading.Thread(target=serve, args=(family, address)).start()
print("ready", flush=True)
