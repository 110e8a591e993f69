import assert from "node:assert/strict";
import fc from "fast-check";
import { matchHost } from "../../../agent/decide/pattern.ts";

const MATCHES: readonly { pattern: string; name: string }[] = [
  { pattern: "a.example", name: "a.example" },
  { pattern: "*.a.example", name: "b.a.example" },
  { pattern: "*.a.example", name: "c.b.a.example" },
  { pattern: "cp*.a.example", name: "cp1.a.example" },
  { pattern: "cp*.a.example", name: "cp.a.example" },
  { pattern: "*-x.a.example", name: "b-x.a.example" },
  { pattern: "b*d*f.a.example", name: "bcdef.a.example" },
  { pattern: "a*b*c.example", name: "abbc.example" },
  { pattern: "a*aba*c.example", name: "aababac.example" },
  { pattern: "*.b.*.c.io", name: "a.b.x.c.io" },
  { pattern: "*.b.*.c.io", name: "z.a.b.x.c.io" },
  { pattern: "a.*.example", name: "a.b.example" },
];

const DIFFERENT: readonly { pattern: string; name: string }[] = [
  { pattern: "a.example", name: "b.a.example" },
  { pattern: "a.example", name: "a.example.b" },
  { pattern: "a.example", name: "axexample" },
  { pattern: "*.a.example", name: "a.example" },
  { pattern: "*.a.example", name: ".a.example" },
  { pattern: "*.a.example", name: "ba.example" },
  { pattern: "*.a.example", name: "b.a.example.evil" },
  { pattern: "*.a.example", name: "" },
  { pattern: "cp*.a.example", name: "cp.b.a.example" },
  { pattern: "cp*.a.example", name: "b.cp1.a.example" },
  { pattern: "cp*.a.example", name: "xcp1.a.example" },
  { pattern: "*-x.a.example", name: "a.b-x.a.example" },
  { pattern: "ab*ba.example", name: "aba.example" },
  { pattern: "a*b*c.example", name: "acb.example" },
  { pattern: "*.b.*.c.io", name: "b.x.c.io" },
  { pattern: "*.b.*.c.io", name: "a.b.x.y.c.io" },
  { pattern: "*.b.*.c.io", name: "a.b.c.io" },
  { pattern: "a.*.example", name: "a..example" },
  { pattern: "a.*.example", name: "a.b.c.example" },
];

for (const { pattern, name } of MATCHES) {
  Deno.test(`matchHost() takes "${name}" for ${pattern}`, () => {
    assert.equal(matchHost(pattern, name), true);
  });
}

for (const { pattern, name } of DIFFERENT) {
  Deno.test(`matchHost() does not take "${name}" for ${pattern}`, () => {
    assert.equal(matchHost(pattern, name), false);
  });
}

/** The same rules, by trying everything. */
function matchSlowly(pattern: string, name: string): boolean {
  const wanted = pattern.split(".");
  const labels = name.split(".");
  if (pattern.includes("*") && wanted[0] === "*" && wanted.length > 1) {
    const extra = labels.length - wanted.length;
    if (extra < 0 || labels.slice(0, extra + 1).join(".").length === 0) {
      return false;
    }
    if (labels.slice(0, extra + 1).join(".") === "") return false;
    return wanted.slice(1).every((part, at) =>
      matchLabelSlowly(part, labels[at + extra + 1]!)
    );
  }
  return wanted.length === labels.length &&
    wanted.every((part, at) => matchLabelSlowly(part, labels[at]!));
}

function matchLabelSlowly(pattern: string, label: string): boolean {
  if (pattern === "*") return label !== "";
  const at = pattern.indexOf("*");
  if (at < 0) return pattern === label;
  if (!label.startsWith(pattern.slice(0, at))) return false;
  for (let cut = at; cut <= label.length; cut++) {
    if (matchRest(pattern.slice(at + 1), label.slice(cut))) return true;
  }
  return false;
}

function matchRest(pattern: string, label: string): boolean {
  // An empty rest is not the single * that wants a character.
  return pattern === "*" || matchLabelSlowly(pattern, label);
}

Deno.test("matchHost() agrees with a matcher that tries everything", () => {
  const label = fc.string({
    unit: fc.constantFrom("a", "b", "*"),
    minLength: 1,
    maxLength: 7,
  });
  const pattern = fc.array(label, { minLength: 1, maxLength: 4 });
  const name = fc.array(
    fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 7 }),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(pattern, name, (labels, parts) => {
      const [wanted, given] = [labels.join("."), parts.join(".")];
      assert.equal(matchHost(wanted, given), matchSlowly(wanted, given));
    }),
    { numRuns: 5000 },
  );
});

/** The fastest of several, so that a busy machine matters less. */
function measureMs(work: () => void): number {
  let fastest = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    work();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

const HOSTILE: readonly { name: string; pattern: string; label: string }[] = [
  {
    name: "a star behind every letter",
    pattern: "a*".repeat(20_000) + "b",
    label: "a".repeat(40_000),
  },
  {
    name: "a long part that almost fits everywhere",
    pattern: `*${"a".repeat(20_000)}b*`,
    label: "a".repeat(40_000),
  },
  {
    name: "a star for each of many labels",
    pattern: "*." + "*a.".repeat(10_000) + "b",
    label: "aa.".repeat(13_000) + "c",
  },
];

for (const { name, pattern, label } of HOSTILE) {
  Deno.test(`matchHost() takes linear time for ${name}`, () => {
    // As long, and read once from end to end. A product of the two lengths
    // would be thousands of times as slow, not dozens.
    const plain = "a".repeat(pattern.length) + "*";
    const baseline = measureMs(() => {
      for (const _ of plain) matchHost("*", "a");
    });
    const hostile = measureMs(() => matchHost(pattern, label));
    assert.ok(hostile < 50 * baseline, `${hostile} ms of ${baseline} ms`);
  });
}
