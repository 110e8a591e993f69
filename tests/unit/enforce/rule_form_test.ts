import assert from "node:assert/strict";
import fc from "fast-check";
import { normalForm, targetOf } from "../../../agent/enforce/rule_form.ts";
import { guardRules } from "../../../agent/enforce/rules.ts";
import { anyGuard } from "./guards.ts";

const EQUAL: readonly (readonly [string, string])[] = [
  ["-p igmp -j DROP", "-p 2 -j DROP"],
  ["-p ipv6-icmp -j DROP", "-p icmpv6 -j DROP"],
  [
    "-m conntrack --ctdir REPLY --ctstate NEW",
    "-m conntrack --ctstate NEW --ctdir REPLY",
  ],
  ["-m conntrack --ctstate NEW,RELATED", "-m conntrack --ctstate RELATED,NEW"],
  ["-j REJECT --reject-with tcp-reset", "-j REJECT --reject-with tcp-reset"],
];

const UNEQUAL: readonly (readonly [string, string])[] = [
  ["-j RETURN", "-j DROP"],
  ["-j CHAIN", "-g CHAIN"],
  ["-m mark --mark 0x1", "-m mark ! --mark 0x1"],
  ["-m mark --mark 0x1", "-m connmark --mark 0x1"],
  // The "!" belongs to one option, not to the match.
  [
    "-m conntrack ! --ctdir REPLY --ctstatus CONFIRMED",
    "-m conntrack --ctdir REPLY ! --ctstatus CONFIRMED",
  ],
  ["-p udp -m udp --sport 53", "-p udp -m udp --dport 53"],
  ["-j NFQUEUE --queue-num 8300", "-j NFQUEUE --queue-num 8300 --queue-bypass"],
  ["-d 127.83.76.85/32 -j DROP", "-s 127.83.76.85/32 -j DROP"],
  ["-j DROP", "-m comment --comment x -j DROP"],
  // Matches run in their order, and the first that fails is the last.
  [
    "-m limit --limit 1/s -m mark --mark 0x1",
    "-m mark --mark 0x1 -m limit --limit 1/s",
  ],
];

for (const [one, other] of EQUAL) {
  Deno.test(`normalForm() takes "${one}" for "${other}"`, () => {
    assert.equal(normalForm(one.split(" ")), normalForm(other.split(" ")));
  });
}

for (const [one, other] of UNEQUAL) {
  Deno.test(`normalForm() tells "${one}" from "${other}"`, () => {
    assert.notEqual(normalForm(one.split(" ")), normalForm(other.split(" ")));
  });
}

Deno.test("normalForm() tells every two rules of a guard's chain apart", () => {
  fc.assert(fc.property(anyGuard, fc.constantFrom(4, 6), (guarded, family) => {
    for (const { chains } of guardRules(guarded, family as 4 | 6)) {
      for (const { rules } of chains) {
        assert.equal(new Set(rules.map(normalForm)).size, rules.length);
      }
    }
  }));
});

Deno.test("targetOf() finds where a rule leads", () => {
  assert.equal(targetOf("-p udp -j A".split(" ")), "A");
  assert.equal(targetOf("-g B".split(" ")), "B");
  assert.equal(targetOf("-p udp".split(" ")), null);
});
