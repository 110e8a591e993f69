"""Takes the packet queues out of a process, as root can.

Arguments: pid, queue numbers. It finds the process's netfilter sockets, takes
copies of them by pidfd_getfd(2), and unbinds the queues in their name. With
"hold" as last argument it then binds the first of them itself, lets every
packet by with a mark that passes, and says "held".
"""
import ctypes
import os
import socket
import struct
import sys

NETLINK_NETFILTER = 12
PIDFD_OPEN, PIDFD_GETFD = 434, 438
# <linux/netfilter/nfnetlink_queue.h>
MSG_PACKET, MSG_VERDICT, MSG_CONFIG = 3 << 8, 3 << 8 | 1, 3 << 8 | 2
BIND, UNBIND = 1, 2
CFG_CMD, CFG_PARAMS = 1, 2
PACKET_HDR, VERDICT_HDR, MARK = 1, 2, 3

libc = ctypes.CDLL(None, use_errno=True)


def attribute(kind, payload):
    padding = b"\0" * (-len(payload) % 4)
    return struct.pack("=HH", 4 + len(payload), kind) + payload + padding


def message(kind, queue, *attributes):
    body = struct.pack(">BBH", 0, 0, queue) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), kind, 5, 1, 0) + body


def command(queue, what):
    return message(
        MSG_CONFIG, queue, attribute(CFG_CMD, struct.pack(">BBH", what, 0, 0))
    )


def refused(answer):
    kind, error = struct.unpack_from("=H10xi", answer, 4)
    return kind == 2 and error != 0


def copies(pid):
    pidfd = libc.syscall(PIDFD_OPEN, pid, 0)
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            if "socket:" not in os.readlink(f"/proc/{pid}/fd/{name}"):
                continue
        except FileNotFoundError:
            continue
        fd = libc.syscall(PIDFD_GETFD, pidfd, int(name), 0)
        if fd < 0:
            continue
        copy = socket.socket(fileno=fd)
        if copy.family == socket.AF_NETLINK and copy.proto == NETLINK_NETFILTER:
            yield copy


pid = int(sys.argv[1])
queues = [int(number) for number in sys.argv[2].split(",")]
for copy in copies(pid):
    for queue in queues:
        # Answers go to the process itself, which takes them for its own.
        copy.send(command(queue, UNBIND))
print("taken", flush=True)
if sys.argv[-1] == "hold":
    own = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    own.bind((0, 0))
    for queue in queues:
        own.send(command(queue, BIND))
        if refused(own.recv(65536)):
            sys.exit("not bound")
        copy_all = struct.pack(">IB", 0xFFFF, 2)
        own.send(message(MSG_CONFIG, queue, attribute(CFG_PARAMS, copy_all)))
    print("held", flush=True)
    while True:
        packet = own.recv(1 << 20)
        kind = struct.unpack_from("=H", packet, 4)[0]
        if kind != MSG_PACKET:
            continue
        (queue,) = struct.unpack_from(">H", packet, 18)
        # The first attribute is struct nfqnl_msg_packet_hdr.
        (number,) = struct.unpack_from(">I", packet, 24)
        verdict = attribute(VERDICT_HDR, struct.pack(">II", 1, number))
        mark = attribute(MARK, struct.pack(">I", 0x10000000))
        own.send(message(MSG_VERDICT, queue, verdict, mark))
