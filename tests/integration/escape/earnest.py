"""earnest: waits for SIGUSR1, then looks up and connects ten times."""

import json
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("waiting", flush=True)
signal.sigwait({signal.SIGUSR1})
kept = []
for at in range(10):
    # Another number each time: what was found last is no help.
    kept.append(socket.socket(socket.AF_UNIX))
    began = time.monotonic()
    try:
        found = socket.getaddrinfo("allowed.test", 443, FAMILY[at % 2])
        socket.create_connection(found[0][4][:2], 5).close()
        result = "ok"
    except OSError as error:
        result = str(error)
    middle = time.monotonic()
    refused = socket.socket(FAMILY[at % 2], socket.SOCK_STREAM)
    refused.settimeout(5)
    try:
        refused.connect((ATTACKER[at % 2], 443))
        refusal = "connected"
    except TimeoutError:
        refusal = "silence"
    except OSError:
        refusal = "refused"
    ended = time.monotonic()
    print(json.dumps({
        "result": result,
        "ms": (middle - began) * 1e3,
        "refusal": refusal,
        "refusalMs": (ended - middle) * 1e3,
    }), flush=True)
