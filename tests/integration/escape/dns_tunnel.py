"""dns_tunnel HOW SERVER: many names under one wildcard; prints how many were answered.

HOW is `tunnel`, full names as iodine sends them, `drip`, `buckets`, or
`build`, a few names again and again, with a search domain behind them.
"""

import hashlib

how, server = sys.argv[1], sys.argv[2]
asking = socket.socket(FAMILY[":" in server], socket.SOCK_DGRAM)
asking.settimeout(2)
asking.connect((server, 53))


def name(at):
    digits = hashlib.sha512(str(at).encode()).hexdigest()
    if how == "build":
        host = ["wild.test", "allowed.test", "a.wild.test", "b.wild.test"][at % 4]
        return host if at % 3 else host + ".svc.cluster.local"
    if how == "buckets":
        return "artefacts-of-team-%d.s3.eu-central-1.wild.test" % at
    if how == "drip":
        return digits[:32] + ".wild.test"
    return ".".join([digits[:60], digits[60:120], digits[::-1][:60], "wild", "test"])


answered = 0
for at in range(500 if how == "buckets" else 1500):
    asking.send(query(name(at), at))
    answered += asking.recv(1232)[3] & 15 == 0
print(answered)
