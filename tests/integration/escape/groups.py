"""Groups and broadcasts: what is meant for all is for the attacker too."""

PORTS = (5353, 1900, 5355, 137, 4444)

V4_GROUPS = {
    "all hosts": "224.0.0.1",
    "all routers": "224.0.0.2",
    "mDNS": "224.0.0.251",
    "LLMNR": "224.0.0.252",
    "SSDP": "239.255.255.250",
    "a group of this site": "239.1.2.3",
    "a group of anywhere": "232.1.2.3",
    "all of this network": "255.255.255.255",
    "all of the uplink's network": "198.51.100.255",
    "all of the uplink's network, as of old": "198.51.100.0",
    "all of a network elsewhere": "203.0.113.255",
    "a link-local address": "169.254.7.7",
    "a reserved address": "240.0.0.7",
}
V6_GROUPS = {
    "all nodes": "ff02::1",
    "all routers": "ff02::2",
    "all nodes of this interface, sent on": "ff12::1",
    "mDNS": "ff02::fb",
    "LLMNR": "ff02::1:3",
    "SSDP": "ff02::c",
    "all servers of DHCP": "ff05::1:3",
    "a group of this site": "ff05::7",
    "a group of anywhere": "ff0e::1234",
    "a group made of a prefix": "ff3e:40:2001:db8::7",
}


def to_group(scene, group, port):
    sending = scene.socket(socket.SOCK_DGRAM)
    if scene.family == V4:
        sending.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 9)
    else:
        index = socket.if_nametoindex(UPLINK)
        sending.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_IF, index)
        sending.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 9)
    attempt(sending.sendto, SECRET, (group, port))


# A container's end at the bridge: a router does not forward these.
for groups, at in ((V4_GROUPS, V4), (V6_GROUPS, V6)):
    for called, group in groups.items():
        # Nobody answers for it on the link, so that nothing is seen of it.
        if group in ("169.254.7.7", "198.51.100.0"):
            continue

        @way(f"a datagram to {called}", ("run",), (at,))
        def datagram(scene, group=group):
            for port in PORTS:
                to_group(scene, group, port)

        @way(f"a packet of root's to {called}", ("run",), (at,), root=True)
        def packet(scene, group=group):
            scene.emit(udp(scene.own, scene.port, group, 4444, SECRET))
            scene.emit(ip(scene.own, group, 253, SECRET * 4))


@way("an address that a name of the link stands for", families=(V4,))
def everywhere(scene):
    for address in ("169.254.169.254", "168.63.129.16", "100.64.0.7", "192.0.0.170"):
        sending = scene.socket(socket.SOCK_DGRAM)
        attempt(sending.sendto, SECRET, (address, 80))
