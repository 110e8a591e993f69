"""Every system call that sends: the guard asks about packets, not about calls."""

import mmap
import threading

SENDMMSG, IO_URING_SETUP, IO_URING_ENTER = 307, 425, 426
if os.uname().machine == "aarch64":
    SENDMMSG = 269
MSG_ZEROCOPY, SO_ZEROCOPY, SO_TXTIME = 0x4000000, 60, 61
LIBC = ctypes.CDLL(None, use_errno=True)


def connected(scene, kind=socket.SOCK_DGRAM):
    made = scene.socket(kind)
    made.settimeout(0.3)
    attempt(made.connect, (scene.target, 4444))
    return made


def address_of(scene):
    if scene.family == V6:
        head = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", 4444, 0)
        return head + packed(scene.target) + bytes(4)
    head = struct.pack("=H", socket.AF_INET) + struct.pack("!H", 4444)
    return head + packed(scene.target) + bytes(8)


def buffer_of(data):
    made = ctypes.create_string_buffer(data, len(data))
    return made, ctypes.addressof(made)


def message_of(scene, keep):
    """struct msghdr with one piece of data."""
    name, name_at = buffer_of(address_of(scene))
    data, data_at = buffer_of(SECRET)
    piece, piece_at = buffer_of(struct.pack("=QQ", data_at, len(SECRET)))
    keep += [name, data, piece]
    sizes = len(name), piece_at, 1
    return struct.pack("=QIxxxxQQQQIxxxx", name_at, *sizes, 0, 0, 0)


class Ring:
    """An io_uring of one entry; <linux/io_uring.h>."""

    CONNECT, SEND, SENDMSG, SOCKET, WRITE = 16, 26, 9, 45, 23
    SQPOLL = 2

    def __init__(self, flags=0):
        params, at = buffer_of(struct.pack("=IIIII", 0, 0, flags, 0, 50).ljust(120, b"\0"))
        self.fd = LIBC.syscall(IO_URING_SETUP, 1, ctypes.c_void_p(at))
        if self.fd < 0:
            raise Absent("io_uring: " + os.strerror(ctypes.get_errno()))
        told = struct.unpack("=10I8IQ", params.raw[:80])
        self.tail, self.array = told[11], told[16]
        self.ring = mmap.mmap(self.fd, 4096, offset=0)
        self.entries = mmap.mmap(self.fd, 4096, offset=0x10000000)

    def submit(self, operation, fd, address=0, size=0, offset=0):
        entry = struct.pack("=BBHiQQIIQ", operation, 0, 0, fd, offset, address, size, 0, 1)
        self.entries[0:64] = entry.ljust(64, b"\0")
        at = struct.unpack_from("=I", self.ring, self.tail)[0]
        struct.pack_into("=I", self.ring, self.array, 0)
        struct.pack_into("=I", self.ring, self.tail, at + 1)
        LIBC.syscall(IO_URING_ENTER, self.fd, 1, 1, 3, None, 0)

    def close(self):
        self.ring.close()
        self.entries.close()
        os.close(self.fd)


@way("sendto")
def sendto(scene):
    attempt(scene.socket(socket.SOCK_DGRAM).sendto, SECRET, (scene.target, 4444))


@way("connect and send")
def send(scene):
    attempt(connected(scene).send, SECRET)


@way("sendmsg")
def sendmsg(scene):
    sending = scene.socket(socket.SOCK_DGRAM)
    attempt(sending.sendmsg, [SECRET], [], 0, (scene.target, 4444))


@way("sendmmsg")
def sendmmsg(scene):
    sending, keep = scene.socket(socket.SOCK_DGRAM), []
    heads = b"".join(message_of(scene, keep) + bytes(8) for _ in range(4))
    vector, at = buffer_of(heads)
    LIBC.syscall(SENDMMSG, sending.fileno(), ctypes.c_void_p(at), 4, 0)


@way("write")
def write(scene):
    sending = connected(scene)
    attempt(os.write, sending.fileno(), SECRET)


@way("writev")
def writev(scene):
    sending = connected(scene)
    attempt(os.writev, sending.fileno(), [SECRET[:3], SECRET[3:]])


@way("splice")
def splice(scene):
    sending, (reading, writing) = connected(scene), os.pipe()
    os.write(writing, SECRET)
    attempt(os.splice, reading, sending.fileno(), len(SECRET))


@way("sendfile")
def sendfile(scene):
    sending, file = connected(scene), os.memfd_create("secret")
    os.write(file, SECRET)
    attempt(os.sendfile, sending.fileno(), file, 0, len(SECRET))


@way("send in pieces (MSG_MORE)")
def more(scene):
    sending = connected(scene)
    attempt(sending.send, SECRET[:3], socket.MSG_MORE)
    attempt(sending.send, SECRET[3:])


@way("send without a copy (MSG_ZEROCOPY)")
def zerocopy(scene):
    sending = connected(scene)
    sending.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
    attempt(sending.send, SECRET * 200, MSG_ZEROCOPY)


@way("send of a thread")
def threaded(scene):
    sending = connected(scene)
    made = threading.Thread(target=attempt, args=(sending.send, SECRET))
    made.start()
    made.join()


@way("send of a child that nobody waits for")
def orphan(scene):
    sending = connected(scene)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            attempt(sending.send, SECRET)
        os._exit(0)
    os.wait()
    time.sleep(0.03)


@way("send right before the end")
def last(scene):
    sending = connected(scene)
    child = os.fork()
    if child == 0:
        attempt(sending.send, SECRET)
        os._exit(0)
    sending.close()
    os.waitpid(child, 0)


@way("connect that does not wait")
def nonblocking(scene):
    sending = scene.socket(socket.SOCK_STREAM)
    sending.setblocking(False)
    attempt(sending.connect, (scene.target, 4444))
    time.sleep(0.05)
    attempt(sending.send, SECRET)


@way("urgent data")
def urgent(scene):
    attempt(connected(scene, socket.SOCK_STREAM).send, SECRET, socket.MSG_OOB)


for flags, called in ((0, "io_uring"), (Ring.SQPOLL, "io_uring's own thread")):

    @way(f"{called}: send")
    def ring_send(scene, flags=flags):
        data, at = buffer_of(SECRET)
        sending, ring = connected(scene), Ring(flags)
        ring.submit(Ring.SEND, sending.fileno(), at, len(SECRET))
        time.sleep(0.03)
        ring.close()

    @way(f"{called}: sendmsg")
    def ring_message(scene, flags=flags):
        keep, ring = [], Ring(flags)
        message, at = buffer_of(message_of(scene, keep))
        sending = scene.socket(socket.SOCK_DGRAM)
        ring.submit(Ring.SENDMSG, sending.fileno(), at, 1)
        time.sleep(0.03)
        ring.close()

    @way(f"{called}: connect")
    def ring_connect(scene, flags=flags):
        name, at = buffer_of(address_of(scene))
        sending, ring = scene.socket(socket.SOCK_STREAM), Ring(flags)
        sending.setblocking(False)
        ring.submit(Ring.CONNECT, sending.fileno(), at, 0, len(name))
        time.sleep(0.03)
        ring.close()
