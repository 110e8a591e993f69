"""told PORT: asks, and is another program when the answer comes."""

asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
os.set_inheritable(asking.fileno(), True)
asking.bind(("", int(sys.argv[1])))
asking.sendto(query("allowed.test"), (RESOLVER, 53))
time.sleep(0.5)
os.execv("/usr/bin/sleep", ["git", "3"])
