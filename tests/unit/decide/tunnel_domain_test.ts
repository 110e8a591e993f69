import assert from "node:assert/strict";
import { tunnelDomain } from "../../../agent/decide/tunnel_domain.ts";

const WORLD = {
  searched: ["build.corp.example"],
  registrable: (name: string) => name.split(".").slice(-2).join("."),
};
const REVERSE_IPV6 =
  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.f.e.d.c.ip6.arpa";

const ROWS: readonly { name: string; domain: string | null }[] = [
  { name: "a.b.evil.example", domain: "evil.example" },
  { name: "registry.npmjs.example.build.corp.example", domain: null },
  { name: "build.corp.example", domain: null },
  { name: "notbuild.corp.example", domain: "corp.example" },
  { name: "api.example.default.svc.cluster.local", domain: null },
  { name: "_ipp._tcp.local", domain: null },
  { name: "notlocal", domain: "notlocal" },
  { name: "metadata.google.internal", domain: null },
  { name: "4.3.2.192.in-addr.arpa", domain: "3.2.192.in-addr.arpa" },
  { name: "secret.4.3.2.192.in-addr.arpa", domain: "3.2.192.in-addr.arpa" },
  {
    name: REVERSE_IPV6,
    domain: "0.0.8.b.d.0.1.0.0.2.f.e.d.c.ip6.arpa".slice(4),
  },
];

for (const { name, domain } of ROWS) {
  Deno.test(`tunnelDomain() of ${name} is ${domain}`, () => {
    assert.equal(tunnelDomain(name, WORLD), domain);
  });
}
