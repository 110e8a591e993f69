"""What every attack here starts with: packets made by hand, and addresses.

It stands in front of each script; see attack.ts.
"""

import ctypes
import os
import re
import resource
import socket
import struct
import subprocess
import sys
import time

SECRET = b"stolen"
BRIDGE = "br-5f1c0de"
UPLINK = "eth0"
V4, V6 = 0, 1
FAMILY = (socket.AF_INET, socket.AF_INET6)
RUN = ("198.51.100.10", "2001:db8:1::10")
BOX = ("192.0.2.2", "2001:db8:3::2")
ATTACKER = ("203.0.113.66", "2001:db8:2::66")
ALLOWED = ("203.0.113.10", "2001:db8:2::10")
RESOLVER = "198.51.100.53"
RESOLVERS = (RESOLVER, "2001:db8:1::53")

# <asm-generic/socket.h>, <linux/in.h>, <linux/in6.h>
SO_BINDTODEVICE = 25
IP_OPTIONS, IP_PKTINFO, IP_MULTICAST_IF = 4, 8, 32
IPV6_MULTICAST_IF, IPV6_PKTINFO, IPV6_RTHDR = 17, 50, 57


def attempt(act, *arguments):
    """Calls a system call that may be refused; nothing depends on which."""
    try:
        return act(*arguments)
    except OSError as error:
        print(getattr(act, "__name__", "call"), error.strerror or error)
        return None


def packed(address):
    return socket.inet_pton(FAMILY[":" in address], address)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(source, destination, protocol, size):
    if ":" in source:
        end = struct.pack("!I3xB", size, protocol)
    else:
        end = struct.pack("!xBH", protocol, size)
    return packed(source) + packed(destination) + end


def ip(source, destination, protocol, payload, hops=64):
    ends = packed(source) + packed(destination)
    if ":" in source:
        head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops)
        return head + ends + payload
    size = 20 + len(payload)
    head = struct.pack("!BBHHHBBH", 0x45, 0, size, 1, 0, hops, protocol, 0)
    summed = struct.pack("!H", checksum(head + ends))
    return head[:10] + summed + ends + payload


def udp(source, source_port, destination, port, data, hops=64):
    size = 8 + len(data)
    head = struct.pack("!HHH", source_port, port, size)
    whole = pseudo(source, destination, 17, size) + head + b"\0\0" + data
    summed = struct.pack("!H", checksum(whole) or 0xFFFF)
    return ip(source, destination, 17, head + summed + data, hops)


def tcp(source, source_port, destination, port, flags, number, ack=0, data=b""):
    head = struct.pack("!HHIIBBH", source_port, port, number, ack, 0x50, flags, 65000)
    size = 20 + len(data)
    whole = pseudo(source, destination, 6, size) + head + b"\0" * 4 + data
    summed = struct.pack("!HH", checksum(whole), 0)
    return ip(source, destination, 6, head + summed + data)


def query(name, number=0x1234, kind=1):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    head = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0)
    return head + labels + b"\0" + struct.pack("!HH", kind, 1)


def answer(name, address, number=0x1234):
    kind = 28 if ":" in address else 1
    head = struct.pack("!HHHHHH", number, 0x8180, 1, 1, 0, 0)
    data = packed(address)
    record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 300, len(data)) + data
    return head + query(name, number, kind)[12:] + record


class Link:
    """The container's wire, past its own IP layer; for root only."""

    def __init__(self, gateway="192.0.2.1"):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind(("eth0", 0))
        self.own = self.socket.getsockname()[4]
        self.gateway = None
        for _ in range(100):
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", (gateway, 9))
            with open("/proc/net/arp") as table:
                found = re.search(gateway + r" .*(\S\S(:\S\S){5}) ", table.read())
            if found and found[1] != "00:00:00:00:00:00":
                self.gateway = bytes.fromhex(found[1].replace(":", ""))
                return
            time.sleep(0.02)
        sys.exit("the gateway has no link address")

    def send(self, packet):
        kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"
        self.socket.send(self.gateway + self.own + kind + packet)
