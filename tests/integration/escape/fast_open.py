"""Data in the SYN (TCP Fast Open), and other carriers of a client's word."""

TCP_FASTOPEN_CONNECT, IPPROTO_MPTCP = 30, 262
NAME = SECRET.decode() + ".test"

if os.geteuid() == 0:
    # Of a container it is its own: clients, and data without a cookie.
    with open("/proc/sys/net/ipv4/tcp_fastopen", "w") as setting:
        setting.write("5")


def hello(name):
    """A ClientHello as OpenSSL makes it."""
    arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(arriving, leaving, False, name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return leaving.read()


def request(host):
    return f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def in_syn(scene, data, end, protocol=0):
    sending = scene.socket(socket.SOCK_STREAM, protocol)
    sending.settimeout(0.3)
    attempt(sending.sendto, data, socket.MSG_FASTOPEN, end)
    time.sleep(0.03)


def learned(scene):
    socket.getaddrinfo("allowed.test", 443, FAMILY[scene.family])
    return scene.allowed, 443


for number, called in ((0, "TCP"), (IPPROTO_MPTCP, "MPTCP")):

    @way(f"a secret in the SYN ({called})")
    def secret(scene, number=number):
        in_syn(scene, SECRET, (scene.target, 4444), number)

    @way(f"a hello for another name in the SYN ({called})")
    def other_name(scene, number=number):
        in_syn(scene, hello(NAME), learned(scene), number)

    @way(f"what is no hello in the SYN ({called})")
    def no_hello(scene, number=number):
        in_syn(scene, SECRET * 20, learned(scene), number)

    @way(f"a request for another host in the SYN ({called})")
    def other_host(scene, number=number):
        address, _ = learned(scene)
        in_syn(scene, request(NAME), (address, 80), number)

    @way(f"a connection that is opened by its first data ({called})")
    def by_data(scene, number=number):
        sending = scene.socket(socket.SOCK_STREAM, number)
        sending.settimeout(0.3)
        sending.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
        attempt(sending.connect, learned(scene))
        attempt(sending.send, hello(NAME))
        time.sleep(0.03)

    @way(f"a plain connection ({called})")
    def plain(scene, number=number):
        sending = scene.socket(socket.SOCK_STREAM, number)
        sending.settimeout(0.3)
        attempt(sending.connect, (scene.target, 443))
        attempt(sending.send, SECRET)

    @way(f"a hello for another name ({called})")
    def plain_hello(scene, number=number):
        sending = scene.socket(socket.SOCK_STREAM, number)
        sending.settimeout(0.3)
        attempt(sending.connect, learned(scene))
        attempt(sending.send, hello(NAME))
        time.sleep(0.03)


@way("a hello for another name behind a SYN that root made", root=True)
def forged(scene):
    ends = scene.own, scene.port, *learned(scene)
    scene.emit(tcp(*ends, 2, 1, 0, hello(NAME)))
