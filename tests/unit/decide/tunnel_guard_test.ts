import assert from "node:assert/strict";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { TunnelGuard } from "../../../agent/decide/tunnel_guard.ts";
import { policyOf } from "./policies.ts";

const A = 1;
const DAY_MS = 86_400_000;

/** How many of these names are let out, asked all at once. */
function ask(
  names: readonly string[],
  { rule = "*.a.example", unseen = 32_768 as number | "any" } = {},
): number {
  const policy = policyOf({
    allow: ["*.a.example", "cp*.b.example", "www.c.example", "*.net.example"],
  });
  const guard = new TunnelGuard(compilePolicy({ ...policy, dns: { unseen } }));
  return names.filter((name) => !guard.isTooMany({ name, type: A, rule }, 0))
    .length;
}

function numbered(count: number, name: (at: number) => string): string[] {
  return Array.from({ length: count }, (_, at) => name(at));
}

const digits = "0123456789abcdef".repeat(3);

Deno.test("TunnelGuard lets five hundred buckets with long names out", () => {
  const names = numbered(
    500,
    (at) => `build-artefacts-of-team-${at}.s3.eu-central-1.a.example`,
  );
  assert.equal(ask(names), 500);
});

Deno.test("TunnelGuard refuses a tunnel under a wildcard", () => {
  const names = numbered(
    1_000,
    (at) => `${digits}${at}.${digits}.${digits}.a.example`,
  );
  const count = ask(names);
  assert.ok(count > 150 && count < 250, `${count}`);
});

Deno.test("TunnelGuard counts by the host behind a pattern", () => {
  const names = numbered(1_000, (at) => `cp${digits}${at}.b.example`);
  const count = ask(names, { rule: "cp*.b.example" });
  assert.ok(count > 500 && count < 700, `${count}`);
});

Deno.test("TunnelGuard counts nothing that an entry spells out", () => {
  const names = numbered(1_000, (at) => `${digits}${at}.a.example`);
  assert.equal(ask(names, { rule: "www.c.example" }), 1_000);
});

Deno.test("TunnelGuard counts no search domain behind a name that is spelt out", () => {
  const names = Array<string>(2_000).fill("www.c.example.a.example");
  assert.equal(ask(names, { unseen: 0 }), 2_000);
  assert.equal(ask(["evil.example.a.example"], { unseen: 0 }), 0);
  // Whoever chooses what stands for the `*` there, chooses it here.
  assert.equal(ask(["x.net.example.a.example"], { unseen: 0 }), 0);
});

Deno.test("TunnelGuard has no limit when any name may be asked for", () => {
  const names = numbered(9_000, (at) => `${digits}${at}.a.example`);
  assert.equal(ask(names, { unseen: "any" }), 9_000);
});

Deno.test("TunnelGuard has room again a day later, and knows what it let out", () => {
  const policy = policyOf({ allow: ["*.a.example"] });
  const guard = new TunnelGuard(
    compilePolicy({ ...policy, dns: { unseen: 20 } }),
  );
  const isTooMany = (host: string, nowMs: number) =>
    guard.isTooMany(
      { name: `${host}.a.example`, type: A, rule: "*.a.example" },
      nowMs,
    );
  assert.equal(isTooMany("sixteen-letters", 0), false);
  assert.equal(isTooMany("other-letters", 0), true);
  assert.equal(isTooMany("sixteen-letters", 0), false);
  assert.equal(isTooMany("other-letters", DAY_MS), false);
});
