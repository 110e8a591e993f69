"""caller: the attacker, who knocks at every port that somebody may answer from."""

PORTS = (4646, 4747, 5006)
KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
ENDS = [
    (family, (near[family], port), kind)
    for family in (V4, V6)
    for near in (RUN, BOX)
    for port in PORTS
    for kind in KINDS
]


def knock(family, end, kind):
    made = socket.socket(FAMILY[family], kind)
    made.bind((ATTACKER[family], 0))
    made.setblocking(False)
    made.connect_ex(end)
    attempt(made.send, b"speak")
    return made


print("ready", flush=True)
# What was opened stays so while the next are: somebody may be about to answer.
before = []
while True:
    now = [knock(*each) for each in ENDS]
    time.sleep(0.1)
    for made in before:
        made.close()
    before = now
