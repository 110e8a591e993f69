/**
 * QUIC to another name than the allowed one, at its address: judged by the hellos
 * on the wire, and by what the server was asked for.
 */
import assert from "node:assert/strict";
import { QuicNameReader } from "../../../agent/quic_name_reader.ts";
import type { CapturedPacket } from "../../lab/frame.ts";
import { Lab } from "../../lab/lab.ts";
import { askQuic, serveQuic } from "../../lab/quic.ts";
import { type Side, SITES } from "../../lab/topology.ts";
import { makeHello, serverName, VERSIONS } from "../../unit/decode/hellos.ts";
import {
  cryptoFrame,
  DESTINATION,
  join,
  sealDatagram,
} from "../../unit/decode/quic_seal.ts";
import { Guarding } from "../guarding.ts";
import { runScript } from "./attack.ts";

const [site] = SITES[0]!.addresses;
const V2 = 0x6b33_43cf;
const OTHER = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
/** What a server might have chosen. */
const CHOSEN = Uint8Array.of(0xc1, 0xc2, 0xc3, 0xc4);
const GOOD = helloFor("allowed.test");
const EVIL = helloFor("shared.test");
const SHORT = new Uint8Array(1200).fill(0x41);

/** Ways to say the name to the server; the first datagrams may be harmless. */
const SENT: readonly {
  readonly name: string;
  readonly datagrams: readonly (readonly Uint8Array[])[];
  readonly why: string;
  /** Default 443. */
  readonly port?: number;
}[] = [
  {
    name: "version 2",
    datagrams: [[seal(EVIL, { version: V2 })]],
    why: "sni_not_allowed",
  },
  {
    name: "no name",
    datagrams: [[seal(makeHello({ extensions: [VERSIONS] }))]],
    why: "name_missing",
  },
  {
    name: "another connection in version 2 on the ports of an allowed one",
    datagrams: [[seal(GOOD)], [seal(EVIL, { version: V2 })]],
    why: "sni_not_allowed",
  },
  {
    name: "a hello in two datagrams, with an allowed one between them",
    datagrams: [
      [seal(GOOD)],
      [seal(EVIL, { from: 60, destination: OTHER })],
      [seal(GOOD)],
      [seal(EVIL, { to: 60, destination: OTHER })],
    ],
    why: "sni_not_allowed",
  },
  {
    name: "a second hello, as if the server had asked for one",
    datagrams: [
      [seal(GOOD)],
      [sealDatagram({
        frames: cryptoFrame(GOOD.length, EVIL),
        destination: CHOSEN,
        keysOf: DESTINATION,
        number: 1,
      })],
    ],
    why: "sni_not_allowed",
  },
  {
    name: "a datagram that the kernel cuts off another one",
    datagrams: [[seal(GOOD)], [SHORT, seal(EVIL, { destination: OTHER })]],
    why: "sni_not_allowed",
  },
  {
    name: "a datagram that the kernel cuts off a flow's first one",
    datagrams: [[seal(GOOD), seal(EVIL, { destination: OTHER })]],
    why: "sni_not_allowed",
  },
  {
    name: "a connection behind another protocol",
    datagrams: [[join([Uint8Array.of(1, 2, 3)])], [seal(EVIL)]],
    why: "sni_not_allowed",
    port: 8443,
  },
];

for (const address of [site!.ipv4, site!.ipv6]) {
  for (const { name, datagrams, why, port = 443 } of SENT) {
    Deno.test(`the guard refuses to ${address} ${name}`, async () => {
      await using lab = await Lab.up();
      const words = datagrams.map((parts) =>
        parts.map((part) => part.toHex()).join("+")
      ).join(" ");
      const line = (source: number) =>
        `datagrams ${address} ${port} ${source} ${words}`;
      await assertHeldBack(lab, {
        side: "run",
        attack: (turn) => runScript(lab, line(6000 + turn)),
        why,
      });
    });
  }
}

for (const side of ["run", "box"] as const) {
  for (const address of [site!.ipv4, site!.ipv6]) {
    for (
      const { name, wants, isFirstGood } of [
        { name: "another name", wants: ["shared.test"], isFirstGood: false },
        {
          name: "another name over the same socket",
          wants: ["allowed.test", "shared.test", "allowed.test"],
          isFirstGood: true,
        },
      ]
    ) {
      Deno.test(`the guard refuses a real client in ${side} ${name} at ${address}`, async () => {
        await using lab = await Lab.up({ container: side === "box" });
        const server = await serveQuic(lab, { addresses: [address] });
        const answers: string[][] = [];
        await assertHeldBack(lab, {
          side,
          attack: async () => {
            answers.push(await askQuic(lab, { address, wants, side }));
          },
          why: "sni_not_allowed",
        });
        const asked = server.stdout.match(/asked for shared.test/g);
        assert.equal(asked?.length, 1, server.stdout);
        if (!isFirstGood) return;
        assert.equal(answers[1]![0], "allowed.test: got 5");
        assert.equal(answers[1]![2], "allowed.test: got 5");
      });
    }
  }
}

for (const address of [site!.ipv4, site!.ipv6]) {
  Deno.test(`the guard refuses at once a connection to ${address} that it has not seen the beginning of`, async () => {
    await using lab = await Lab.up();
    const guard = await armNamed(lab, "run");
    await using capture = await lab.capture("udp and dst port 443");
    await runScript(lab, `datagrams ${address} 443 6001 ${SHORT.toHex()}`);
    assert.deepEqual(await capture.stop(), []);
    await guard.waitFor({ protocol: "udp", why: "name_missing" });
  });

  Deno.test(`the guard lets no other connection to ${address} out when it is killed`, async () => {
    await using lab = await Lab.up();
    const guard = await armNamed(lab, "run");
    await runScript(lab, `datagrams ${address} 443 6001 ${seal(GOOD).toHex()}`);
    await guard.waitFor({ protocol: "udp", why: "allowed_name" });
    await guard.kill();
    await using capture = await lab.capture("udp and dst port 443");
    const evil = seal(EVIL, { destination: OTHER }).toHex();
    const cut = `${SHORT.toHex()}+${evil}`;
    const data = "41".repeat(20);
    const line = `datagrams ${address} 443 6001 ${data} ${evil} ${cut}`;
    await runScript(lab, line);
    const sizes = (await capture.stop()).map(({ payload }) => payload.length);
    assert.deepEqual(sizes, [20]);
  });
}

interface Plan {
  readonly side: Side;
  readonly attack: (turn: number) => Promise<unknown>;
  readonly why: string;
}

/** The attack's name arrives without the guard, and not with it. */
async function assertHeldBack(lab: Lab, plan: Plan): Promise<void> {
  const { side, attack, why } = plan;
  const bare = await namesOf(lab, () => attack(0));
  assert.ok(bare.some(isEvil), `the attack fails by itself: ${bare}`);
  const guard = await armNamed(lab, side);
  const names = await namesOf(lab, () => attack(1));
  assert.deepEqual(names.filter(isEvil), []);
  await guard.waitFor({ protocol: "udp", enforced: true, why });
}

async function armNamed(lab: Lab, side: Side): Promise<Guarding> {
  const guard = await Guarding.arm(lab, {
    egress: "block",
    allow: ["allowed.test/udp", "allowed.test:8443/udp"],
  });
  await lab.in(side, ["getent", "ahosts", "allowed.test"]);
  return guard;
}

function isEvil(name: string | null): boolean {
  return name !== "allowed.test";
}

/** Every name that a client says on the wire. */
async function namesOf(
  lab: Lab,
  act: () => Promise<unknown>,
): Promise<(string | null)[]> {
  await using capture = await lab.capture("udp and (dst port 443 or 8443)");
  await act();
  const readers = new Map<string, QuicNameReader>();
  return (await capture.stop()).flatMap((packet) => {
    const { payload, destinationPort } = packet;
    if (destinationPort !== 443 && destinationPort !== 8443) return [];
    const key = keyOf(packet);
    const reader = readers.get(key) ?? new QuicNameReader();
    readers.set(key, reader);
    return segmentsOf(payload).flatMap((datagram) => {
      const { said } = reader.add(datagram);
      return said?.kind === "tls" ? [said.name] : [];
    });
  });
}

/** This wire carries what the kernel has yet to cut as it was sent. */
function segmentsOf(payload: Uint8Array): Uint8Array[] {
  const { length } = SHORT;
  if (payload.length % length !== 0) return [payload];
  return Array.from(
    { length: payload.length / length },
    (_, index) => payload.subarray(index * length, (index + 1) * length),
  );
}

function keyOf({ source, sourcePort, destination }: CapturedPacket): string {
  return `${source} ${sourcePort} ${destination}`;
}

function helloFor(name: string): Uint8Array {
  return makeHello({ extensions: [serverName(name), VERSIONS] });
}

function seal(
  hello: Uint8Array,
  of: {
    version?: number;
    destination?: Uint8Array;
    from?: number;
    to?: number;
  } = {},
): Uint8Array {
  const { from = 0, to, ...others } = of;
  const frames = cryptoFrame(from, hello.subarray(from, to));
  return sealDatagram({ ...others, frames, number: from });
}
