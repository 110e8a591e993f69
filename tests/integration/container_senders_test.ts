/** Who sent what is forwarded: the right process in the right container. */
import assert from "node:assert/strict";
import type { ConnectionEvent } from "../../agent/record/event.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { Container, type Network, type Sent, sent } from "./containers.ts";
import { Guarding, type Judged } from "./guarding.ts";

const { attacker } = ADDRESSES;
const RED: Network = { name: "br-red", gateway: "192.0.2.1/26" };
const BLUE: Network = { name: "br-blue", gateway: "192.0.2.65/26" };
/** With the addresses of the first one, as in another VRF. */
const COPY: Network = { name: "br-copy", gateway: "192.0.2.1/26" };
/** One for each container, so that a port of one is not taken for another's. */
const PORTS = { red: "1001", green: "1002", blue: "1003" } as const;
const TIMES = 34;

function isTo(event: Judged, port: string): event is Judged & ConnectionEvent {
  return event.kind === "connection" &&
    event.destination.port === Number(port);
}

/** Every packet of a run, by its sender's own word. */
function assertAttributed(
  events: readonly Judged[],
  of: { port: string; said: readonly Sent[]; container: string | null },
): void {
  const about = events.filter((event) => isTo(event, of.port));
  // The first one of each: a packet may be sent again when its sender is gone.
  const found = new Map(
    about.toReversed().map((event) => [event.source.port, event]),
  );
  for (const { pid, port } of of.said) {
    const event = found.get(port);
    assert.ok(event, `no event of ${pid} from port ${port}`);
    assert.equal(event.process?.pid, pid, JSON.stringify(event));
    assert.equal(event.container, of.container, JSON.stringify(event));
  }
}

for (const nf of ["1", "0"] as const) {
  const how = nf === "1" ? "with" : "without";
  Deno.test(`200 short-lived senders in three containers are told apart ${how} br_netfilter`, async () => {
    await using lab = await Lab.up();
    await Container.compileSender(lab);
    await setBridgeFilter(lab, nf);
    await Container.makeNetwork(lab, RED);
    await Container.makeNetwork(lab, BLUE);
    const red = await Container.up(lab, {
      network: RED,
      address: "192.0.2.2/26",
    });
    const green = await Container.up(lab, {
      network: RED,
      address: "192.0.2.3/26",
    });
    const blue = await Container.up(lab, {
      network: BLUE,
      address: "192.0.2.66/26",
    });
    // Refusals that take long, as on a busy machine, are not told one by one.
    const guard = await Guarding.arm(lab, { egress: "audit" });
    const all = { red, green, blue };
    const runs = (["red", "green", "blue"] as const).flatMap((name) =>
      (["tcp", "udp"] as const).map(async (protocol) => {
        const port = protocol === "tcp" ? PORTS[name] : `2${PORTS[name]}`;
        const to = [attacker.ipv4, port, String(TIMES)];
        const said = await all[name].send(protocol, ...to);
        assert.equal(said.length, TIMES);
        return { port, said, container: all[name].id };
      })
    );
    const outcomes = await Promise.all(runs);
    const events = await guard.waitFor({ kind: "connection" }, 6 * TIMES);
    for (const outcome of outcomes) assertAttributed(events, outcome);
  });
}

Deno.test("two networks with the same addresses are told apart by their wires", async () => {
  await using lab = await Lab.up();
  await Container.compileSender(lab);
  await Container.makeNetwork(lab, RED);
  await Container.makeNetwork(lab, COPY);
  const address = "192.0.2.2/26";
  const red = await Container.up(lab, { network: RED, address });
  const copy = await Container.up(lab, { network: COPY, address });
  const guard = await Guarding.arm(lab, { egress: "block" });
  const to = [attacker.ipv4, "1001", "5"];
  const [ofRed, ofCopy] = await Promise.all([
    red.send("udp", ...to),
    copy.send("udp", ...to),
  ]);
  const events = await guard.waitFor({ kind: "connection" }, 10);
  for (const [said, { id }] of [[ofRed, red], [ofCopy, copy]] as const) {
    for (const { pid } of said) {
      const event = events.find(({ process }) => process?.pid === pid);
      assert.equal(event?.container, id, `of ${pid}`);
    }
  }
});

Deno.test("what a raw socket sends in another's name is nobody's", async () => {
  for (const nf of ["1", "0"] as const) {
    await using lab = await Lab.up();
    await Container.compileSender(lab);
    await setBridgeFilter(lab, nf);
    await Container.makeNetwork(lab, RED);
    const red = await Container.up(lab, {
      network: RED,
      address: "192.0.2.2/26",
    });
    const green = await Container.up(lab, {
      network: RED,
      address: "192.0.2.3/26",
    });
    const guard = await Guarding.arm(lab, { egress: "block" });
    await red.hold(5353);
    await green.hold(5353);
    // The neighbour's socket would take any destination, and the own one too
    // would take any source.
    const target = [attacker.ipv4, "1001"] as const;
    await red.send("forge", "192.0.2.3", "5353", ...target);
    await red.send("forge", "192.0.2.40", "5353", ...target);
    // Its own listener does not connect.
    await red.send("forge", "192.0.2.2", "5354", ...target);
    const events = await guard.waitFor({ kind: "connection" }, 6);
    for (const event of events) {
      assert.equal(event.process, null, JSON.stringify(event));
    }
  }
});

Deno.test("a datagram of an unconnected socket has its sender where the wire is sure", async () => {
  await using lab = await Lab.up();
  await Container.compileSender(lab);
  await setBridgeFilter(lab, "1");
  await Container.makeNetwork(lab, RED);
  const red = await Container.up(lab, {
    network: RED,
    address: "192.0.2.2/26",
  });
  const guard = await Guarding.arm(lab, { egress: "block" });
  const said = await red.send("loose", attacker.ipv4, "1001", "4321");
  const events = await guard.waitFor({ kind: "connection" });
  assertAttributed(events, { port: "1001", said, container: red.id });
});

Deno.test("a process of the machine is itself, whatever namespace its sockets are in", async () => {
  await using lab = await Lab.up();
  await Container.compileSender(lab);
  await Container.makeNetwork(lab, RED);
  const red = await Container.up(lab, {
    network: RED,
    address: "192.0.2.2/26",
  });
  const guard = await Guarding.arm(lab, { egress: "block" });
  const sender = `${lab.directory}/sender`;
  const target = [attacker.ipv4, "1001"];
  const daemon = lab.spawn("run", [sender, "daemon", red.netns, ...target]);
  const there = lab.spawn("run", [
    ...["nsenter", `--net=${red.netns}`, sender, "tcp", ...target, "3"],
  ]);
  const said = [...await sent(daemon), ...await sent(there)];
  const events = await guard.waitFor({ kind: "connection" }, 4);
  assertAttributed(events, { port: "1001", said, container: null });
});

/** Whether bridges show by which port a packet came. */
async function setBridgeFilter(lab: Lab, value: "0" | "1"): Promise<void> {
  const setting = "/proc/sys/net/bridge/bridge-nf-call-iptables";
  const script = 'printf %s "$1" > "$0"';
  const { code } = await lab.in("run", ["sh", "-c", script, setting, value]);
  assert.equal(code, 0);
}
