"""What the classes of the corpus stand in: each way out is registered, and all
are played one after the other, each in a time of its own.

It stands between wire.py and the class; see corpus.ts.
"""

import json
import random
import signal
import ssl

IP_HDRINCL, IPV6_HDRINCL = 3, 36
SILENCE = 0.02
WAYS = []


class Absent(Exception):
    """The kernel of this machine does not have it."""


class Scene:
    """Where a way is tried, and between whom."""

    def __init__(self, side, family):
        self.side, self.family = side, family
        self.own = (RUN if side == "run" else BOX)[family]
        self.target, self.allowed = ATTACKER[family], ALLOWED[family]
        self.port = random.randrange(20000, 30000)

    def socket(self, kind, protocol=0):
        return opened(FAMILY[self.family], kind, protocol)

    def emit(self, *packets):
        """Sends whole packets: raw, and a container past its own IP layer."""
        for packet in packets:
            if self.side == "box":
                link().send(packet)
            else:
                attempt(self.raw().sendto, packet, (destination_of(packet), 0))
            time.sleep(0.002)

    def raw(self):
        made = self.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if self.family == V6:
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        return made


def way(name, sides=("run", "box"), families=(V4, V6), root=False, command=True):
    """Registers a way; `root` is for run only, a container's user is root.

    `command`: whether `sluice run` is to hold it too.
    """

    def keep(act):
        WAYS.append((name, sides, families, root, command, act))
        return act

    return keep


def opened(family, kind, protocol=0):
    try:
        return socket.socket(family, kind, protocol)
    except OSError as error:
        raise Absent(str(error)) from error


def link(kept=[]):
    if not kept:
        kept.append(Link())
    return kept[0]


def destination_of(packet):
    if packet[0] >> 4 == 6:
        return socket.inet_ntop(socket.AF_INET6, packet[24:40])
    return socket.inet_ntop(socket.AF_INET, packet[16:20])


def fetch_allowed(family):
    address = socket.getaddrinfo("allowed.test", 443, FAMILY[family])[0][4]
    plain = socket.create_connection(address[:2], 5)
    trust = ssl.create_default_context()
    with trust.wrap_socket(plain, server_hostname="allowed.test") as secured:
        secured.send(b"GET / HTTP/1.1\r\nHost: allowed.test\r\n\r\n")
        return b"site allowed.test" in secured.recv(2000)


def say(**fields):
    print(json.dumps(fields), flush=True)


def play(side, who, guarded, place):
    for name, sides, families, root, command, act in WAYS:
        mine = side == "box" or root == (who == "root")
        if side not in sides or not mine or not (command or place != "command"):
            continue
        for family in families:
            row = f"{name} over {('IPv4', 'IPv6')[family]}"
            begun, fault, absent = time.time(), None, False
            signal.alarm(10)
            try:
                act(Scene(side, family))
            except Absent as error:
                fault, absent = str(error), True
            except OSError as error:
                fault = str(error)
            signal.alarm(0)
            time.sleep(SILENCE)
            ended = time.time()
            say(row=row, begun=begun, ended=ended, fault=fault, absent=absent)
    if guarded == "guarded":
        for family in (V4, V6):
            say(allowed=fetch_allowed(family), family=family)
