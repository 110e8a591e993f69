"""astray FAMILY PORT: asks the machine in the attacker's name, from a container."""

family, port = int(sys.argv[1]), int(sys.argv[2])
for _ in range(3):
    Link().send(udp(ATTACKER[family], port, RUN[family], 5005, SECRET))
    time.sleep(0.05)
