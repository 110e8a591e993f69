#!/usr/bin/python3
# Stands in for the agent's program, to see what the entries make of it.
import json, os, socket, sys

REQUEST = sys.stdin.readline()
asked = json.loads(REQUEST)
mode = asked["inputs"].get("fake", "")
log = asked["environment"]["GITHUB_WORKSPACE"] + "/.."
with open(log + "/asked", "a") as out:
    out.write(json.dumps({
        "args": sys.argv, "uid": os.getuid(), "cwd": os.getcwd(),
        "environment": dict(os.environ), "request": asked}) + "\n")


def reply(**more):
    base = {"version": 1, "exitCode": 0, "lines": [], "outputs": None,
            "summary": None, "isArmed": False, "files": []}
    return json.dumps({**base, **more})


if mode == "crash":
    sys.exit("cannot open libnetfilter_queue.so.1")
if mode == "refuse":
    print(reply(exitCode=1, lines=["::error::No place for a guard"]))
    sys.exit(1)
if mode == "lie":
    print(reply(exitCode=0))
    sys.exit(3)
print("some words before")
# Hostile, as if somebody could name a journal so.
journal = "/run/a\nguarded=false\nmode<<EOF\naudit\nEOF\nend"
guard = {"guarded": "true", "mode": "block", "journal": journal}
print(reply(isArmed=True, lines=["armed%0A"], outputs=guard), flush=True)
if os.fork() > 0:
    os._exit(0)
os.setsid()
null = os.open("/dev/null", os.O_RDWR)
for fd in (0, 1, 2):
    os.dup2(null, fd)
os.makedirs("/run/sluice-job", exist_ok=True)
with open("/run/sluice-job/pid", "w") as out:
    out.write(str(os.getpid()))
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/sluice-job/socket")
os.chmod("/run/sluice-job/socket", 0o666)
listener.listen()
while True:
    client = listener.accept()[0]
    asked = json.loads(client.makefile().readline())
    with open(log + "/asked", "a") as out:
        out.write(json.dumps({"request": asked}) + "\n")
    if asked["stage"] == "main":
        still = reply(isArmed=True, lines=["still armed"], outputs=guard)
        client.sendall((still + "\n").encode())
        continue
    files = [{"name": "report.md", "mimeType": "text/markdown",
              "content": "IyBSZXBvcnQK"}]
    text = reply(exitCode=1 if mode == "red" else 0, lines=["done"], files=files,
                 summary="# Summary\n")
    if mode != "silent":
        client.sendall((text + "\n").encode())
    client.close()
    break
os.unlink("/run/sluice-job/socket")
