import assert from "node:assert/strict";
import {
  openFlowRules,
  openingRules,
} from "../../../agent/enforce/opening_rules.ts";
import { guardOf } from "./guards.ts";

const UDP = 17;

/** Packets by what they are; `asked` is whether the program matches. */
const PACKETS: readonly {
  readonly name: string;
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  readonly asked: boolean;
}[] = [
  ...([4, 6] as const).flatMap((family) => [
    {
      name: "a long header",
      family,
      bytes: packet(family, [0xc0]),
      asked: true,
    },
    {
      name: "a cleared fixed bit",
      family,
      bytes: packet(family, [0x80]),
      asked: true,
    },
    {
      name: "a short header",
      family,
      bytes: packet(family, [0x7f]),
      asked: false,
    },
    { name: "no payload", family, bytes: packet(family, []), asked: false },
    {
      name: "a size that may be two datagrams",
      family,
      bytes: packet(family, [0x40, ...new Uint8Array(2399)]),
      asked: true,
    },
    {
      name: "a size that is one datagram",
      family,
      bytes: packet(family, [0x40, ...new Uint8Array(2398)]),
      asked: false,
    },
  ]),
  {
    name: "a long header behind options",
    family: 4,
    bytes: packet(4, [0xc0], [1, 1, 1, 1, 1, 1, 1, 0]),
    asked: true,
  },
  {
    name: "a short header behind options that look like one",
    family: 4,
    bytes: packet(4, [0x40], [1, 1, 1, 1, 1, 1, 1, 0x80]),
    asked: false,
  },
  {
    name: "a short header behind an extension header",
    family: 6,
    bytes: packet(6, [0x40], [UDP, 0, 1, 4, 0, 0, 0, 0]),
    asked: true,
  },
];

for (const { name, family, bytes, asked } of PACKETS) {
  Deno.test(`openingRules() has ${asked ? "" : "not "}asked about ${name} over IPv${family}`, () => {
    const [rule] = openingRules(guardOf("host", "block"), {
      family,
      end: "END",
    });
    const program = rule![rule!.indexOf("--bytecode") + 1]!;
    assert.equal(run(program, bytes) !== 0, asked);
  });
}

Deno.test("openingRules() asks on the ports of the policy, any number of them", () => {
  const ports = Array.from({ length: 16 }, (_, at) => 8000 + at);
  const rulesFor = (saidPorts: readonly number[] | null) =>
    openingRules({ ...guardOf("host", "block"), saidPorts }, {
      family: 4,
      end: "END",
    }).map((rule) => rule.slice(0, rule.indexOf("connmark") - 1).join(" "));

  assert.deepEqual(rulesFor([]), []);
  assert.deepEqual(rulesFor(null), ["-p udp"]);
  assert.deepEqual(rulesFor(ports), [
    `-p udp -m multiport --dports ${ports.slice(0, 15).join(",")}`,
    "-p udp -m multiport --dports 8015",
  ]);
});

Deno.test("openFlowRules() is not there when nobody is asked", () => {
  const guarded = { ...guardOf("host", "block"), saidPorts: [] };
  assert.deepEqual(openFlowRules(guarded), []);
});

function packet(
  family: 4 | 6,
  payload: readonly number[],
  options: readonly number[] = [],
): Uint8Array {
  const header = new Uint8Array(family === 4 ? 20 : 40);
  if (family === 4) header[0] = 0x45 + options.length / 4;
  // An extension header of the IPv6 kind says what follows it.
  else header[6] = options.length > 0 ? 60 : UDP;
  return Uint8Array.from([
    ...header,
    ...options,
    ...new Uint8Array(8),
    ...payload,
  ]);
}

/** What classic BPF does with a program as iptables takes it, <linux/filter.h>. */
function run(text: string, bytes: Uint8Array): number {
  const [count, ...lines] = text.split(",");
  assert.equal(Number(count), lines.length);
  const program = lines.map((line) => line.split(" ").map(Number));
  let a = 0;
  let x = 0;
  for (let at = 0; at < program.length; at++) {
    const [code, yes, no, k] = program[at]! as [number, number, number, number];
    // A load from behind the end ends the program with 0.
    const load = (index: number) => bytes[index] ?? null;
    switch (code) {
      case 0x80:
        a = bytes.length;
        break;
      case 0x30:
      case 0x50: {
        const byte = load(code === 0x30 ? k : x + k);
        if (byte === null) return 0;
        a = byte;
        break;
      }
      case 0xb1:
        x = 4 * (load(k)! & 0x0f);
        break;
      case 0x15:
        at += a === k ? yes : no;
        break;
      case 0x35:
        at += a >= k ? yes : no;
        break;
      case 0x45:
        at += (a & k) !== 0 ? yes : no;
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`No instruction ${code}`);
    }
  }
  throw new Error("The program does not end");
}
