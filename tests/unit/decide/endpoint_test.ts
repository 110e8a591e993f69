import assert from "node:assert/strict";
import fc from "fast-check";
import { maskAddress } from "../../../agent/decide/address_key.ts";
import { parseEndpoint } from "../../../agent/decide/endpoint.ts";
import type { EntryProtocol } from "../../../agent/decide/policy.ts";
import { formatAddress } from "../../../agent/decode/address.ts";
import { AgentError } from "../../../agent/errors.ts";

/** Pattern or network, port and protocol, in one line. */
function show(text: string, list: "allow" | "deny"): string {
  const { target, port, protocol } = parseEndpoint(text, list);
  const named = target.kind === "host"
    ? target.pattern
    : `${formatAddress(target.address)}/${target.prefixBits}`;
  return `${named} ${port ?? "any"} ${protocol ?? "any"}`;
}

const ALLOWED: readonly { text: string; entry: string }[] = [
  { text: "a.example", entry: "a.example 443 tcp" },
  { text: "A.Example", entry: "a.example 443 tcp" },
  { text: "a.example.", entry: "a.example 443 tcp" },
  { text: "localhost", entry: "localhost 443 tcp" },
  { text: "a.example:8443", entry: "a.example 8443 tcp" },
  { text: "a.example:65535", entry: "a.example 65535 tcp" },
  { text: "a.example:*", entry: "a.example any tcp" },
  { text: "a.example/udp", entry: "a.example 443 udp" },
  { text: "a.example:53/UDP", entry: "a.example 53 udp" },
  { text: "a.example/dns", entry: "a.example any dns" },
  { text: "*.a.example", entry: "*.a.example 443 tcp" },
  { text: "*.hcp.*.azmk8s.io:443", entry: "*.hcp.*.azmk8s.io 443 tcp" },
  { text: "cp*.cloudflare.com", entry: "cp*.cloudflare.com 443 tcp" },
  {
    text: "docker-images-prod.*.r2.cloudflarestorage.com",
    entry: "docker-images-prod.*.r2.cloudflarestorage.com 443 tcp",
  },
  {
    text: "_pgpkey-https._tcp.keys.openpgp.org:443",
    entry: "_pgpkey-https._tcp.keys.openpgp.org 443 tcp",
  },
  { text: "bücher.example:80", entry: "xn--bcher-kva.example 80 tcp" },
  { text: "*.日本.example", entry: "*.xn--wgv71a.example 443 tcp" },
  {
    text: `${"a".repeat(63)}.example`,
    entry: `${"a".repeat(63)}.example 443 tcp`,
  },
  { text: "192.0.2.1", entry: "192.0.2.1/32 443 tcp" },
  { text: "192.0.2.1:22", entry: "192.0.2.1/32 22 tcp" },
  { text: "192.0.2.1/icmp", entry: "192.0.2.1/32 any icmp" },
  { text: "192.0.2.0/24", entry: "192.0.2.0/24 443 tcp" },
  { text: "192.0.2.0/24:5432", entry: "192.0.2.0/24 5432 tcp" },
  { text: "192.0.2.0/24/udp", entry: "192.0.2.0/24 443 udp" },
  { text: "192.0.2.0/24:123/udp", entry: "192.0.2.0/24 123 udp" },
  { text: "0.0.0.0/0:*", entry: "0.0.0.0/0 any tcp" },
  { text: "2001:db8::1", entry: "2001:db8::1/128 443 tcp" },
  { text: "2001:DB8::/32", entry: "2001:db8::/32 443 tcp" },
  { text: "2001:db8::1/udp", entry: "2001:db8::1/128 443 udp" },
  { text: "[2001:db8::1]", entry: "2001:db8::1/128 443 tcp" },
  { text: "[2001:db8::1]:22", entry: "2001:db8::1/128 22 tcp" },
  { text: "[2001:db8::/32]:53/udp", entry: "2001:db8::/32 53 udp" },
  { text: "[::ffff:192.0.2.1]:22", entry: "192.0.2.1/32 22 tcp" },
  { text: "::ffff:192.0.2.0/120", entry: "192.0.2.0/24 443 tcp" },
];

const DENIED: readonly { text: string; entry: string }[] = [
  { text: "a.example", entry: "a.example any any" },
  { text: "a.example:443", entry: "a.example 443 any" },
  { text: "a.example/udp", entry: "a.example any udp" },
  { text: "a.example/dns", entry: "a.example any dns" },
  { text: "192.0.2.0/24", entry: "192.0.2.0/24 any any" },
  { text: "192.0.2.0/24:25/tcp", entry: "192.0.2.0/24 25 tcp" },
];

// A hint is checked where it holds the very thing to write instead.
const REFUSED: readonly { name: string; text: string; hint?: string }[] = [
  { name: "nothing", text: "" },
  { name: "a bare wildcard", text: "*", hint: "--egress audit" },
  {
    name: "a bare wildcard with a port",
    text: "*:443",
    hint: "--egress audit",
  },
  { name: "a wildcard in the last label", text: "a.*", hint: "*.example.com" },
  { name: "wildcards alone", text: "*.*" },
  { name: "two wildcards side by side", text: "a**.example" },
  { name: "a wildcard in an address", text: "192.0.2.*", hint: "192.0.2.0/24" },
  { name: "a URL", text: "https://a.example:8/b", hint: "host: a.example:8" },
  { name: "a URL in upper case", text: "HTTPS://a.example" },
  { name: "port 0", text: "a.example:0", hint: ":*" },
  { name: "a port past the last", text: "a.example:65536" },
  { name: "a port of many digits", text: "a.example:4294967739" },
  { name: "a port with letters behind", text: "codecov.io:443q" },
  { name: "a port with letters before", text: "a.example:g443" },
  { name: "a port with a leading zero", text: "a.example:0443" },
  { name: "a negative port", text: "a.example:-1" },
  { name: "a colon without a port", text: "a.example:" },
  { name: "two ports", text: "a.example:80:443" },
  {
    name: "a port behind a slash",
    text: "a.example/443",
    hint: "a.example:443",
  },
  { name: "a path", text: "github.com/owner" },
  { name: "an unknown protocol", text: "a.example:443/sctp" },
  { name: "an empty protocol", text: "a.example/" },
  { name: "icmp for a host", text: "a.example/icmp", hint: "192.0.2.1/icmp" },
  { name: "a port with icmp", text: "192.0.2.1:7/icmp", hint: "Remove :7" },
  { name: "a port with dns", text: "a.example:53/dns", hint: "Remove :53" },
  { name: "dns for an address", text: "192.0.2.1/dns", hint: ":53/udp" },
  { name: "host bits", text: "192.0.2.7/24", hint: "192.0.2.0/24" },
  { name: "IPv6 host bits", text: "[2001:db8::1/64]:1", hint: "2001:db8::/64" },
  { name: "an IPv4 prefix past 32", text: "192.0.2.0/33", hint: "/32" },
  { name: "an IPv6 prefix past 128", text: "2001:db8::/129", hint: "/128" },
  { name: "a prefix with a leading zero", text: "192.0.2.0/024" },
  { name: "a prefix behind the port", text: "192.0.2.0:443/24" },
  { name: "three numbers", text: "192.0.2" },
  { name: "an octal octet", text: "192.0.2.010" },
  { name: "an octet past 255", text: "192.0.2.256" },
  { name: "a hexadecimal address", text: "0x7f000001" },
  { name: "a host in brackets", text: "[a.example]:443" },
  { name: "an IPv4 address in brackets", text: "[192.0.2.1]:443" },
  { name: "an open bracket", text: "[2001:db8::1" },
  { name: "a zone", text: "fe80::1%eth0" },
  { name: "a space", text: "a.example b.example" },
  { name: "a space in front", text: " a.example" },
  { name: "a tab behind", text: "a.example\t" },
  { name: "a line break", text: "a.example\nb.example" },
  { name: "a NUL", text: "a.example\0" },
  { name: "an invisible character", text: "a\u200b.example" },
  { name: "a direction override", text: "a\u202e.example" },
  { name: "a comma", text: "a.example,b.example" },
  { name: "a percent escape", text: "a%2eexample" },
  { name: "user information", text: "user@a.example" },
  { name: "a backslash", text: "a\\.example" },
  { name: "an empty first label", text: ".a.example" },
  { name: "an empty inner label", text: "a..example" },
  { name: "two last dots", text: "a.example.." },
  { name: "a dot alone", text: "." },
  { name: "a label of 64 characters", text: `${"a".repeat(64)}.example` },
  { name: "a name of 254 characters", text: `${"a.".repeat(126)}aa` },
  { name: "a host that IDNA refuses", text: "a\u2488.example" },
];

for (const { text, entry } of ALLOWED) {
  Deno.test(`parseEndpoint() reads ${text} under allow`, () => {
    assert.equal(show(text, "allow"), entry);
  });
}

for (const { text, entry } of DENIED) {
  Deno.test(`parseEndpoint() reads ${text} under deny`, () => {
    assert.equal(show(text, "deny"), entry);
  });
}

for (const { name, text, hint } of REFUSED) {
  for (const list of ["allow", "deny"] as const) {
    Deno.test(`parseEndpoint() refuses ${name} under ${list}`, () => {
      assert.throws(() => parseEndpoint(text, list), (error) => {
        assert.ok(error instanceof AgentError);
        assert.equal(error.code, "policy_invalid");
        assert.ok(error.hint.includes(hint ?? ""), error.hint);
        // A message is one line, whatever the entry holds.
        assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}]/u);
        return true;
      });
    });
  }
}

Deno.test("parseEndpoint() keeps the text as its author wrote it", () => {
  const { text, step, process } = parseEndpoint("A.Example.:443", "allow");
  assert.deepEqual({ text, step, process }, {
    text: "A.Example.:443",
    step: null,
    process: null,
  });
});

Deno.test("parseEndpoint() leaves a URL's password out of its hint", () => {
  assert.throws(
    () => parseEndpoint("https://user:secret@a.example/", "allow"),
    (error) => {
      assert.ok(error instanceof AgentError);
      assert.doesNotMatch(error.hint, /secret/);
      return true;
    },
  );
});

const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,8}[a-z])?$/);
const host = fc.tuple(
  fc.constantFrom("", "*.", "cp*.", "a.*."),
  fc.array(label, { maxLength: 3 }),
  fc.stringMatching(/^[a-z]{2,6}$/),
).map(([front, labels, last]) => front + [...labels, last].join("."));
const network = fc.tuple(
  fc.constantFrom(4, 16).chain((length) =>
    fc.uint8Array({ minLength: length, maxLength: length })
  ),
  fc.nat(128),
).map(([bytes, bits]) => {
  // Not the range of mapped addresses, which is read as IPv4.
  if (bytes.length === 16) bytes[0] = 0x20;
  const prefixBits = Math.min(bits, bytes.length * 8);
  return { address: maskAddress(bytes, prefixBits), prefixBits };
});
const port = fc.option(fc.integer({ min: 1, max: 65535 }));
const protocol = fc.constantFrom<EntryProtocol>("tcp", "udp");

Deno.test("parseEndpoint() reads back every host it is given", () => {
  fc.assert(fc.property(host, port, protocol, (pattern, port, protocol) => {
    const entry = parseEndpoint(
      `${pattern}:${port ?? "*"}/${protocol}`,
      "deny",
    );
    assert.deepEqual(entry.target, { kind: "host", pattern });
    assert.deepEqual([entry.port, entry.protocol], [port, protocol]);
  }));
});

Deno.test("parseEndpoint() reads back every network it is given", () => {
  fc.assert(fc.property(network, port, protocol, (network, port, protocol) => {
    const { address, prefixBits } = network;
    const bare = `${formatAddress(address)}/${prefixBits}`;
    const named = address.length === 16 ? `[${bare}]` : bare;
    const entry = parseEndpoint(`${named}:${port ?? "*"}/${protocol}`, "allow");
    assert.deepEqual(entry.target, { kind: "network", address, prefixBits });
    assert.deepEqual([entry.port, entry.protocol], [port, protocol]);
  }));
});

Deno.test("parseEndpoint() throws nothing but AgentError for any text", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(..."a1.:/[]*%#@ -_\u3002\uff0e") }),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      try {
        parseEndpoint(text, "allow");
      } catch (error) {
        assert.ok(error instanceof AgentError);
        assert.equal(error.code, "policy_invalid");
      }
    }),
    { numRuns: 2000 },
  );
});
