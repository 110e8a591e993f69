/**
 * A machine's ways to root, and a step that tries them.
 *
 * @module
 */
import { waitUntil } from "../lab/wait.ts";
import type { Ground } from "./ground.ts";
import { findStep, type JobRun, type WorkflowStep } from "./workflow.ts";

/** What makes a step root, each by itself: it prints 0 when it does. */
const SUDO_WAYS = {
  "sudo": "sudo -n id -u",
  "sudo as another user": "sudo -n -u daemon id -u > /dev/null && echo 0",
  "su": "su -c 'id -u' root < /dev/null",
  "a setuid shell": "/srv/tools/setuid-shell -p -c 'id -u'",
  "a setuid shell in memory": "/dev/shm/setuid-shell -p -c 'id -u'",
  "a program on root's PATH": "printf '' >> /usr/local/bin/helper && echo 0",
  "a table of cron's": "printf '' >> /etc/cron.d/loose && echo 0",
  "a disk": "test -w /dev/vdz && echo 0",
};
const PRIVILEGED_WAYS = {
  "a privileged container": "python3 /srv/ask.py Privileged",
};
const CONTAINER_WAYS = {
  "a container": "python3 /srv/ask.py",
};
const WAYS: Readonly<Record<string, string>> = {
  ...SUDO_WAYS,
  ...PRIVILEGED_WAYS,
  ...CONTAINER_WAYS,
};

/** All of them. */
export const ALL_WAYS = Object.keys(WAYS);
/** What a container runtime lets a step do. */
export const BY_RUNTIME = [
  ...Object.keys(PRIVILEGED_WAYS),
  ...Object.keys(CONTAINER_WAYS),
];
/** What it lets a step do that gives no rights on the machine. */
export const BY_CONTAINER = Object.keys(CONTAINER_WAYS);

/** Lines that open them all; without sudo itself, which a ground has. */
export const OPEN_WAYS = `
  passwd -q -d root
  mkdir -p /srv/tools
  cp /usr/bin/dash /srv/tools/setuid-shell
  chmod 4755 /srv/tools/setuid-shell
  cp -p /srv/tools/setuid-shell /dev/shm/
  touch /usr/local/bin/helper
  chmod 777 /usr/local/bin /usr/local/bin/helper
  echo '* * * * * root true' > /etc/cron.d/loose
  chmod 666 /etc/cron.d/loose
  mknod -m 660 /dev/vdz b 1 250
  chgrp disk /dev/vdz
  groupadd -f docker
  usermod --append --groups docker,disk runner
  cat > /srv/serve.py <<'END'
import os, shutil, socket
path = "/run/docker.sock"
server = socket.socket(socket.AF_UNIX)
server.bind(path)
os.chmod(path, 0o660)
shutil.chown(path, "root", "docker")
server.listen(9)
while True:
    peer, _ = server.accept()
    asked = peer.makefile("rb")
    while (line := asked.readline().lower()) not in (b"\\r\\n", b""):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    asked.read(length)
    peer.sendall(b"HTTP/1.1 201 Created\\r\\nConnection: close\\r\\n"
                 b"Content-Length: 2\\r\\n\\r\\n{}")
    peer.close()
END
  cat > /srv/ask.py <<'END'
import json, socket, sys
host = {word: True for word in sys.argv[1:]}
body = json.dumps({"Image": "any", "HostConfig": host})
peer = socket.socket(socket.AF_UNIX)
peer.connect("/var/run/docker.sock")
peer.sendall((
    "POST /v1.41/containers/create HTTP/1.1\\r\\nHost: docker\\r\\n"
    "Content-Type: application/json\\r\\nConnection: close\\r\\n"
    "Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body)).encode())
print("0" if b" 201 " in peer.makefile("rb").readline() else "refused")
END
`;

/** Starts what stands for Docker's daemon; it ends with the ground. */
export async function serveContainers(
  ground: Ground,
): Promise<AsyncDisposable> {
  const daemon = ground.spawn(["/usr/bin/python3", "/srv/serve.py"]);
  await waitUntil(
    async () =>
      (await ground.in(["test", "-S", "/run/docker.sock"])).code === 0,
    { what: "the fake daemon" },
  );
  return daemon;
}

/** A step that tries them all, and says which lead to root. */
export const TRY_WAYS: WorkflowStep = {
  name: "Try",
  run: Object.entries(WAYS).map(([name, script]) =>
    `{ ${script}; } 2>&1 | tee /tmp/said | grep -qx 0 && echo "open: ${name}" || ` +
    `{ echo "closed: ${name}"; cat /tmp/said; }\n`
  ).join(""),
};

/** The ways that {@linkcode TRY_WAYS} has found open. */
export function openWays(job: JobRun): string[] {
  const { log } = findStep(job, "Try");
  return [...log.matchAll(/^open: (.*)$/gm)].map(([, name]) => name!);
}
