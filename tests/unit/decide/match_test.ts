import assert from "node:assert/strict";
import fc from "fast-check";
import { maskAddress } from "../../../agent/decide/address_key.ts";
import { compilePolicy, EntryIndex } from "../../../agent/decide/match.ts";
import { matchHost } from "../../../agent/decide/pattern.ts";
import type { Entry } from "../../../agent/decide/policy.ts";
import { addressOf, entryOf, policyOf } from "./policies.ts";

const FOUND: readonly {
  name: string;
  entries: readonly string[];
  names?: readonly string[];
  address?: string;
  first: string | null;
}[] = [
  {
    name: "nothing in an empty list",
    entries: [],
    names: ["a.b"],
    first: null,
  },
  {
    name: "an exact host",
    entries: ["a.example", "b.example"],
    names: ["b.example"],
    first: "b.example",
  },
  {
    name: "the first of two entries, a pattern",
    entries: ["*.example", "a.example"],
    names: ["a.example"],
    first: "*.example",
  },
  {
    name: "the first of two entries, a host",
    entries: ["a.example", "*.example"],
    names: ["a.example"],
    first: "a.example",
  },
  {
    name: "the first of two entries, with a * inside",
    entries: ["a*.b.example", "*.example"],
    names: ["a1.b.example"],
    first: "a*.b.example",
  },
  {
    name: "the first of two entries, whichever name comes first",
    entries: ["b.example", "a.example"],
    names: ["a.example", "b.example"],
    first: "b.example",
  },
  {
    name: "the first of two entries, a network",
    entries: ["192.0.2.0/24", "a.example"],
    names: ["a.example"],
    address: "192.0.2.1",
    first: "192.0.2.0/24",
  },
  {
    name: "the first of two entries, a host before a network",
    entries: ["a.example", "192.0.2.0/24"],
    names: ["a.example"],
    address: "192.0.2.1",
    first: "a.example",
  },
  {
    name: "the first of two networks, the wider one",
    entries: ["192.0.0.0/16", "192.0.2.1"],
    address: "192.0.2.1",
    first: "192.0.0.0/16",
  },
  {
    name: "no pattern for its apex",
    entries: ["*.a.example"],
    names: ["a.example"],
    first: null,
  },
  {
    name: "a pattern at any depth",
    entries: ["*.a.example"],
    names: ["d.c.b.a.example"],
    first: "*.a.example",
  },
  {
    name: "a network that holds every address",
    entries: ["0.0.0.0/0"],
    address: "255.255.255.255",
    first: "0.0.0.0/0",
  },
  {
    name: "no IPv6 address in a network of IPv4",
    entries: ["0.0.0.0/0"],
    address: "2001:db8::1",
    first: null,
  },
  {
    name: "an IPv6 network",
    entries: ["2001:db8:8000::/33"],
    address: "2001:db8:ffff::1",
    first: "2001:db8:8000::/33",
  },
  {
    name: "no address beside an IPv6 network",
    entries: ["2001:db8:8000::/33"],
    address: "2001:db8:7fff::1",
    first: null,
  },
  {
    name: "an IPv4 network for a mapped address",
    entries: ["192.0.2.0/24"],
    address: "::ffff:192.0.2.9",
    first: "192.0.2.0/24",
  },
  {
    name: "nothing under a key of Object",
    entries: ["a.example"],
    names: ["constructor", "__proto__"],
    first: null,
  },
];

for (const { name, entries, names = [], address, first } of FOUND) {
  Deno.test(`EntryIndex finds ${name}`, () => {
    const index = new EntryIndex(entries.map((text) => entryOf(text, "deny")));
    const bytes = address === undefined ? null : addressOf(address);
    const found = index.first({ names, address: bytes }, () => true);
    assert.equal(found?.text ?? null, first);
  });
}

for (const text of ["a.example", "*.example", "a*.example", "192.0.2.0/24"]) {
  Deno.test(`EntryIndex is not empty with ${text}`, () => {
    assert.equal(new EntryIndex([entryOf(text, "deny")]).isEmpty, false);
  });
}

Deno.test("EntryIndex is empty without an entry", () => {
  assert.equal(new EntryIndex([]).isEmpty, true);
});

Deno.test("EntryIndex passes over entries that are not accepted", () => {
  const index = new EntryIndex(
    ["a.example:1", "a.example:2", "*.example:3"].map((text) =>
      entryOf(text, "allow")
    ),
  );
  const subject = { names: ["a.example"], address: null };
  const found = index.first(subject, (entry) => entry.port !== 1);
  assert.equal(found?.port, 2);
});

Deno.test("compilePolicy() takes a policy that was cloned", () => {
  const policy = structuredClone(
    policyOf({ allow: ["192.0.2.0/24"], deny: ["a.example"] }),
  );
  const { allow, deny, egress } = compilePolicy(policy);
  const subject = { names: ["a.example"], address: addressOf("192.0.2.1") };
  assert.equal(egress, "block");
  assert.equal(allow.first(subject, () => true)?.text, "192.0.2.0/24");
  assert.equal(deny.first(subject, () => true)?.text, "a.example");
});

/** The same, by looking at every entry. */
function firstSlowly(
  entries: readonly Entry[],
  subject: { readonly names: readonly string[]; readonly address: Uint8Array },
): string | null {
  const { names, address } = subject;
  for (const { target, text } of entries) {
    if (target.kind === "host") {
      if (names.some((name) => matchHost(target.pattern, name))) return text;
    } else if (target.address.length === address.length) {
      const masked = maskAddress(address, target.prefixBits);
      if (masked.every((byte, at) => byte === target.address[at])) return text;
    }
  }
  return null;
}

Deno.test("EntryIndex agrees with a look at every entry", () => {
  const label = fc.constantFrom("a", "b", "ab");
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) =>
    labels.join(".")
  );
  const host = fc.tuple(fc.constantFrom("", "*.", "a*.", "*.b."), name)
    .map(([front, name]) => front + name);
  const octet = fc.constantFrom(0, 1, 128, 255);
  const ipv4 = fc.array(octet, { minLength: 4, maxLength: 4 })
    .map((octets) => octets.join("."));
  const ipv6 = fc.tuple(octet, octet).map(([left, right]) =>
    `2001:db8:${left.toString(16)}::${right.toString(16)}`
  );
  const network = fc.tuple(fc.oneof(ipv4, ipv6), fc.nat(128)).map(
    ([text, bits]): Entry => {
      const address = addressOf(text);
      const prefixBits = Math.min(bits, address.length * 8);
      return {
        ...entryOf(text, "deny"),
        text: `${text}/${prefixBits}`,
        target: {
          kind: "network",
          address: maskAddress(address, prefixBits),
          prefixBits,
        },
      };
    },
  );
  const entry = fc.oneof(host.map((text) => entryOf(text, "deny")), network);
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 12 }),
      fc.array(name, { maxLength: 3 }),
      fc.oneof(ipv4, ipv6).map(addressOf),
      (entries, names, address) => {
        const found = new EntryIndex(entries)
          .first({ names, address }, () => true);
        assert.equal(
          found?.text ?? null,
          firstSlowly(entries, { names, address }),
        );
      },
    ),
    { numRuns: 1000 },
  );
});
