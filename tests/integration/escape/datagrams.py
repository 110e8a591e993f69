# Sends datagrams from one UDP socket. Each further argument is one datagram in
# hexadecimal, or several joined by "+", which the kernel is given as one (GSO).
UDP_SEGMENT = 103  # <linux/udp.h>

address, port, source, *datagrams = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
sender = socket.socket(family, socket.SOCK_DGRAM)
sender.bind(("", int(source)))
sender.connect((address, int(port)))
for datagram in datagrams:
    parts = [bytes.fromhex(part) for part in datagram.split("+")]
    size = len(parts[0]) if len(parts) > 1 else 0
    sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
    for attempt in range(3):
        try:
            sender.send(b"".join(parts))
            break
        except OSError as error:
            # What came back for the one before.
            print(error.strerror)
    # The next is to find what has become of this one.
    time.sleep(0.3)
