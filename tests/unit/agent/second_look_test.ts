import assert from "node:assert/strict";
import { addressKey } from "../../../agent/decide/address_key.ts";
import { decideFlow } from "../../../agent/decide/flow.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import type { Packet } from "../../../agent/decode/packet.ts";
import { RecentFlows } from "../../../agent/record/recent.ts";
import { SecondLook } from "../../../agent/second_look.ts";
import { NOBODY, policyOf } from "../decide/policies.ts";
import { datagram, eventOf, queued, TcpClient } from "./clients.ts";

const OPENINGS: readonly {
  readonly name: string;
  readonly packet: Packet;
  /** Whether its event is made with the first packet. */
  readonly isTold: boolean;
}[] = [
  { name: "a SYN", packet: new TcpClient().syn(), isTold: false },
  {
    name: "a SYN with a request in it",
    packet: new TcpClient().syn("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n"),
    isTold: true,
  },
  {
    name: "a datagram that says no name",
    packet: datagram("nothing"),
    isTold: true,
  },
];

for (const { name, packet, isTold } of OPENINGS) {
  Deno.test(`SecondLook learns who has sent ${name} behind the verdict, and before it is told`, () => {
    const names = new NameTable();
    names.pin("a.example", addressKey(packet.destination));
    const policy = compilePolicy(
      policyOf({ allow: ["a.example:443", "a.example:443/udp"] }),
    );
    const look = new SecondLook({
      ...{ policy, names, allowMark: 0x7000_0000, hearsAnswers: true },
      said: new RecentFlows(),
      acknowledged: () => null,
    });
    const { protocol, destination, destinationPort: port } = packet;
    const flow = { protocol, destination, port, sender: NOBODY };
    const first = decideFlow(flow, { policy, names, nowMs: 0 });
    assert.equal(first.decision, "allow");
    const acts: string[] = [];
    const outcome = look.open({
      ...{ key: "a flow", flow, first, isScoped: false },
      describe({ decision, sni }) {
        acts.push("described");
        return eventOf(decision, sni);
      },
      learn: () => void acts.push("learned"),
    }, queued(packet, { id: 1, nowMs: 0 }));
    assert.deepEqual(acts, []);
    const events = outcome.events?.();
    assert.deepEqual(acts, ["learned", ...(isTold ? ["described"] : [])]);
    assert.equal(events?.length, isTold ? 1 : 0);
  });
}
