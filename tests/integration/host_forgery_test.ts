/** DNS messages that are not what they seem: nothing leaves, nothing is learned. */
import assert from "node:assert/strict";
import dnsPacket from "dns-packet";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { waitUntil } from "../lab/wait.ts";
import { Guarding } from "./guarding.ts";
import { assertRefused, encodeQuery, Probe } from "./probing.ts";

const { run, resolver, gateway, attacker } = ADDRESSES;
const ASKED = { name: "allowed.test", id: 4660 } as const;
const CLIENT_PORT = 40_000;
const FLAGS = { egress: "block", allow: ["allowed.test"] } as const;

/** What differs from the answer that the client waits for. */
interface Forgery {
  readonly name: string;
  readonly id?: number;
  readonly question?: string;
  readonly type?: "A" | "AAAA";
  readonly owner?: string;
  readonly from?: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly query?: boolean;
  readonly rcode?: number;
}

const FORGERIES: readonly Forgery[] = [
  { name: "of another id", id: 4661 },
  { name: "from another server", from: gateway.ipv4 },
  { name: "from another port of the server", fromPort: 5353 },
  { name: "to another port of the client", toPort: CLIENT_PORT + 1 },
  { name: "to another question", question: "evil.test", owner: "evil.test" },
  { name: "to a question of another type", type: "AAAA" },
  { name: "about another name", owner: "other.test" },
  { name: "that is a query", query: true },
  { name: "that says NXDOMAIN", rcode: 3 },
];

for (const forgery of FORGERIES) {
  Deno.test(`block learns nothing from an answer ${forgery.name}`, async () => {
    await using scene = await Scene.up();
    await scene.ask();
    await scene.forge(forgery, attacker.ipv4);
    await scene.assertUnknown(attacker.ipv4);
  });
}

Deno.test("block learns nothing from an answer that nobody asked for", async () => {
  await using scene = await Scene.up();
  await scene.forge({ name: "" }, attacker.ipv4);
  await scene.assertUnknown(attacker.ipv4);
});

Deno.test("block learns nothing from the second answer to one question", async () => {
  await using scene = await Scene.up();
  await scene.ask();
  await scene.forge({ name: "" }, "203.0.113.50");
  await scene.forge({ name: "" }, attacker.ipv4);
  await scene.assertUnknown(attacker.ipv4);
});

Deno.test("block learns from an answer that is right in every part", async () => {
  await using scene = await Scene.up();
  await scene.ask();
  await scene.forge({ name: "" }, "203.0.113.50");
  const { result } = await scene.probe.one("run", "tcp 203.0.113.50 443");
  assert.equal(result, "ok");
});

/** Header: id, flags, counts; then the question and what follows. */
const PLAIN = encodeQuery({ ...ASKED, edns: false });
const QUESTION = PLAIN.slice(24);

const MALFORMED: readonly { name: string; message: string }[] = [
  { name: "with the response bit", message: replace(PLAIN, 4, "81") },
  { name: "of opcode STATUS", message: replace(PLAIN, 4, "11") },
  { name: "of opcode UPDATE", message: replace(PLAIN, 4, "29") },
  { name: "without a question", message: replace(PLAIN, 8, "0000") },
  {
    name: "with two questions",
    message: replace(PLAIN, 8, "0002") + QUESTION,
  },
  { name: "with trailing bytes", message: `${PLAIN}73746f6c656e` },
  {
    name: "with an answer in it",
    message: replace(PLAIN, 12, "0001") + "c00c000100010000003c000473746f6c",
  },
  {
    name: "of class CHAOS",
    message: PLAIN.slice(0, -4) + "0003",
  },
  { name: "whose name points to itself", message: `${head()}c00c00010001` },
  { name: "cut inside its question", message: PLAIN.slice(0, -4) },
  { name: "shorter than a header", message: PLAIN.slice(0, 20) },
  { name: "that is text", message: "73746f6c656e20646174612e2e2e" },
];

for (const { name, message } of MALFORMED) {
  for (const side of ["run", "box"] as const) {
    Deno.test(`block refuses ${side} a query ${name}`, async () => {
      await using lab = await Lab.up({ container: true });
      const probe = await Probe.compile(lab);
      const guard = await Guarding.arm(lab, FLAGS);
      await using capture = await lab.capture("port 53");
      assertRefused(await probe.ask(side, message));
      assert.deepEqual(await capture.stop(), []);
      const right = await probe.ask(side, PLAIN);
      assert.equal(right.message?.rcode, "NOERROR");
      await guard.waitFor({
        kind: "dns",
        decision: "deny",
        why: "dns_malformed",
        enforced: true,
      });
    });
  }
}

/** A guarded lab whose resolver does not answer. */
class Scene implements AsyncDisposable {
  readonly #lab: Lab;
  readonly probe: Probe;

  private constructor(lab: Lab, probe: Probe) {
    this.#lab = lab;
    this.probe = probe;
  }

  static async up(): Promise<Scene> {
    const lab = await Lab.up();
    const probe = await Probe.compile(lab);
    await Guarding.arm(lab, FLAGS);
    Deno.kill(await pidOfResolver(lab), "SIGSTOP");
    return new Scene(lab, probe);
  }

  /** Sends the query, and waits until it has left. */
  async ask(): Promise<void> {
    const client = ["bind", String(CLIENT_PORT), "wait", "9000", "udp"];
    const server = [resolver.ipv4, "53", encodeQuery(ASKED)];
    this.#lab.spawn("run", [this.probe.path, ...client, ...server]);
    const list = ["conntrack", "-L", "-p", "udp"];
    const port = ["--orig-port-src", String(CLIENT_PORT)];
    await waitUntil(async () => {
      const { stdout } = await this.#lab.in("run", [...list, ...port]);
      return stdout.includes(resolver.ipv4);
    }, { what: "the query on the wire" });
  }

  /** Sends an answer with one address from the far side. */
  async forge(forgery: Forgery, address: string): Promise<void> {
    const { from = resolver.ipv4, fromPort = 53 } = forgery;
    const { toPort = CLIENT_PORT, question = ASKED.name } = forgery;
    const message = dnsPacket.encode({
      type: forgery.query ? "query" : "response",
      id: forgery.id ?? ASKED.id,
      flags: dnsPacket.RECURSION_DESIRED | (forgery.rcode ?? 0),
      questions: [{ type: forgery.type ?? "A", name: question }],
      answers: [{
        type: "A",
        name: forgery.owner ?? ASKED.name,
        ttl: 600,
        data: address,
      }],
    }).toString("hex");
    await this.probe.run(
      "out",
      `forge ${from} ${fromPort} ${run.ipv4} ${toPort} ${message}`,
    );
  }

  /** Asserts that an address is refused, and that the real answer counts. */
  async assertUnknown(address: string): Promise<void> {
    await using capture = await this.#lab.capture("tcp");
    assertRefused(await this.probe.one("run", `tcp ${address} 443 stolen`));
    assert.deepEqual(await capture.stop(), []);
    Deno.kill(await pidOfResolver(this.#lab), "SIGCONT");
    const { message } = await this.probe.ask("run", { ...ASKED, id: 7 });
    assert.equal(message?.rcode, "NOERROR");
    const { result } = await this.probe.one("run", "tcp 203.0.113.10 443");
    assert.equal(result, "ok");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lab[Symbol.asyncDispose]();
  }
}

async function pidOfResolver(lab: Lab): Promise<number> {
  return Number(await Deno.readTextFile(`${lab.directory}/resolver.pid`));
}

function replace(hex: string, at: number, digits: string): string {
  return hex.slice(0, at) + digits + hex.slice(at + digits.length);
}

/** A header with one question. */
function head(): string {
  return PLAIN.slice(0, 24);
}
