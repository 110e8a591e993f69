import assert from "node:assert/strict";
import plugin from "./lint_plugin.ts";
import { ROOT } from "./tree.ts";

/** One sample and the rules it must be reported by, in order. */
interface Sample {
  readonly name: string;
  readonly source: string;
  /** Path from the root; a module of the product when not given. */
  readonly path?: string;
  /** Rule names without the plugin's; none for a good sample. */
  readonly reported: readonly string[];
}

const DOC = "/** A thing. */\n";

const SAMPLES: readonly Sample[] = [
  // file-name
  sample("a snake_case file", "const a = 1;", { path: "agent/dns_reply.ts" }),
  sample("a test file", "const a = 1;", {
    path: "tests/unit/decide/endpoint_test.ts",
  }),
  sample("a camelCase file", "const a = 1;", {
    path: "agent/dnsReply.ts",
    reported: ["file-name"],
  }),
  sample("a kebab-case file in tests", "const a = 1;", {
    path: "tests/dns-reply.ts",
    reported: ["file-name"],
  }),

  // no-default-export
  sample("a named export", `${DOC}export const a = 1;`),
  sample("a default export outside the product", "export default 1;", {
    path: "tests/style/other.ts",
  }),
  sample("a default export", "export default 1;", {
    reported: ["no-default-export"],
  }),
  sample("a default export in ffi", "export default 1;", {
    path: "ffi/libc.ts",
    reported: ["no-default-export"],
  }),
  sample(
    "a name exported as default",
    "const a = 1; export { a as default };",
    {
      reported: ["no-default-export"],
    },
  ),

  // no-top-level-arrow
  sample("a function declaration", "function a() {}"),
  sample(
    "an arrow inside a function",
    "function a() { const b = () => 1; b(); }",
  ),
  sample("an arrow inside a table", "const TABLE = { a: () => 1 };"),
  sample("a top-level arrow", "const a = () => 1;", {
    reported: ["no-top-level-arrow"],
  }),
  sample("an exported arrow", `${DOC}export const a = () => 1;`, {
    reported: ["no-top-level-arrow"],
  }),
  sample("a top-level function expression", "const a = function () {};", {
    reported: ["no-top-level-arrow"],
  }),

  // erasable-only
  sample("a constant table for an enum", "const KIND = { a: 1 } as const;"),
  sample("an ambient module", 'declare module "x" { const a: number; }'),
  sample("an ambient global", "declare global { interface X { a: 1 } }"),
  sample("an enum", "enum Kind { A }", { reported: ["erasable-only"] }),
  sample("a const enum", "const enum Kind { A }", {
    reported: ["erasable-only"],
  }),
  sample("a namespace", "namespace A { const b = 1; }", {
    reported: ["erasable-only"],
  }),
  sample(
    "a parameter property",
    "class A { constructor(readonly b: number) {} }",
    { reported: ["erasable-only"] },
  ),

  // hash-private
  sample("a # member", "class A { #b = 1; #c() { return this.#b; } }"),
  sample("a private constructor", "class A { private constructor() {} }"),
  sample("a private member", "class A { private b = 1; private c() {} }", {
    reported: ["hash-private", "hash-private"],
  }),

  // max-two-parameters
  sample("two parameters", "function a(b: 1, c: 2) {}"),
  sample(
    "two parameters and options",
    "function a(b: 1, c: 2, { d = 1 } = {}) {}",
  ),
  sample("named options", "function a(b: 1, c: 2, options: X = {}) {}"),
  sample(
    "a this type and two parameters",
    "function a(this: X, b: 1, c: 2) {}",
  ),
  sample("a callback of a call", 'x.replace(/a/, (b, c, d) => "e");'),
  sample(
    "a symbol table of four C parameters",
    'const S = { sendto: { parameters: ["i32", "buffer", "usize", "i32"] } };',
    { path: "ffi/libc.ts" },
  ),
  sample("a function of three inside a module", "function a(b, c, d) {}"),
  sample("a private method of three", "class A { #b(c: 1, d: 2, e: 3) {} }"),
  sample(
    "libc and two parameters",
    "/** Doc. */\nexport function a(libc: Libc, b: 1, c: 2) {}",
  ),
  sample(
    "libc and three parameters",
    "/** Doc. */\nexport function a(libc: Libc, b: 1, c: 2, d: 3) {}",
    { reported: ["max-two-parameters"] },
  ),
  sample(
    "three parameters",
    "/** Doc. */\nexport function a(b: 1, c: 2, d: 3) {}",
    { reported: ["max-two-parameters"] },
  ),
  sample(
    "three parameters before options",
    "/** Doc. */\nexport function a(b, c, d, options) {}",
    { reported: ["max-two-parameters"] },
  ),
  sample(
    "a constructor of three",
    "class A { constructor(b: 1, c: 2, d: 3) {} }",
    { reported: ["max-two-parameters"] },
  ),
  sample("a method of three", "class A { b(c: 1, d: 2, e: 3) {} }", {
    reported: ["max-two-parameters"],
  }),
  sample(
    "a method signature of three",
    "type A = { b(c: 1, d: 2, e: 3): 1 };",
    {
      reported: ["max-two-parameters"],
    },
  ),

  // no-import-time-work
  sample(
    "work inside a function",
    'function a() { Deno.dlopen("/b", {}); new Worker(c); return Date.now(); }',
  ),
  sample("a clock in an instance field", "class A { b = performance.now(); }"),
  sample("a fixed moment", "const EPOCH = new Date(0);"),
  sample("an entry point", "if (import.meta.main) Deno.exit(a());"),
  sample("a clock at import in a bench", "const a = performance.now();", {
    path: "tests/bench/connect.ts",
  }),
  ...[
    'Deno.dlopen("/b", {})',
    'Deno.openSync("/b")',
    "Date.now()",
    "performance.now()",
    "new Date()",
    'new Worker("a")',
    "(() => Date.now())()",
    "setInterval(a, 1)",
  ].map((work) =>
    sample(`${work} at import`, `const a = ${work};`, {
      reported: ["no-import-time-work"],
    })
  ),
  sample("a library in ffi at import", 'const a = Deno.dlopen("/b", {});', {
    path: "ffi/libc.ts",
    reported: ["no-import-time-work"],
  }),
  sample("a clock in a static field", "class A { static b = Date.now(); }", {
    reported: ["no-import-time-work"],
  }),
  sample("a clock in a static block", "class A { static { Date.now(); } }", {
    reported: ["no-import-time-work"],
  }),
  sample("work under another condition", "if (a) Deno.exit(1);", {
    reported: ["no-import-time-work"],
  }),

  // exported-doc
  sample(
    "documented exports",
    `${DOC}export const a = 1;\n${DOC}export class B {}\n${DOC}export type C = 1;`,
  ),
  sample(
    "a doc comment once for all overloads",
    `${DOC}export function a(): 1;\nexport function a(b?: 1): 1 { return 1; }`,
  ),
  sample("a list of exports", "const a = 1; export { a };"),
  sample("an undocumented export in tests", "export const a = 1;", {
    path: "tests/hex.ts",
  }),
  sample("an undocumented constant", "export const a = 1;", {
    reported: ["exported-doc"],
  }),
  sample("an undocumented interface", `const a = 1;\nexport interface B {}`, {
    reported: ["exported-doc"],
  }),
  sample(
    "an export with the comment of the one before",
    `${DOC}export const a = 1;\nexport const b = 2;`,
    { reported: ["exported-doc"] },
  ),
  sample(
    "an export with the module's comment only",
    "/**\n * A module.\n *\n * @module\n */\nexport const a = 1;",
    { reported: ["exported-doc"] },
  ),
  sample("an export with a plain comment", "// why\nexport const a = 1;", {
    reported: ["exported-doc"],
  }),

  // error-message
  sample(
    "a message of the house's form",
    'new AgentError("usage", { what: "Cannot a", why: `b is "${c}"`, hint: "Use the run\'s own d" });',
  ),
  sample("a sentence that is no message", 'const a = "It\'s fine.";'),
  sample("a cause in other words", 'new Error("Cannot a", { cause: "b." });'),
  ...["what", "why", "hint"].map((part) =>
    sample(
      `a period after ${part}`,
      `new AgentError("usage", ${parts(part, '"Ends here."')});`,
      { reported: ["error-message"] },
    )
  ),
  sample(
    "a period after a placeholder",
    `new AgentError("usage", ${parts("why", "`b is ${c}.`")});`,
    { reported: ["error-message"] },
  ),
  sample(
    "a period in one branch",
    `new AgentError("usage", ${parts("why", 'b ? "c" : "d" + "e."')});`,
    { reported: ["error-message"] },
  ),
  ...["can't", "don’t", "it's", "you're", "we'll"].map((word) =>
    sample(
      `the contraction ${word}`,
      `new AgentError("usage", ${parts("hint", `"A ${word} b"`)});`,
      { reported: ["error-message"] },
    )
  ),
  sample(
    "parts kept in a table",
    `const A = ${parts("what", '"Cannot b."')};`,
    {
      reported: ["error-message"],
    },
  ),
  sample("a period in a RangeError", 'new RangeError("Cannot a: b is 1.");', {
    reported: ["error-message"],
  }),

  // no-console
  sample("console in an entry point", 'console.log("a");', {
    path: "agent/cli.ts",
  }),
  sample("console in a test helper", 'console.log("a");', {
    path: "tests/lab/up.ts",
  }),
  sample("console in a stage", 'function a() { console.error("b"); }', {
    reported: ["no-console"],
  }),
  sample("console in ffi", 'function a() { console.error("b"); }', {
    path: "ffi/libc.ts",
    reported: ["no-console"],
  }),
];

for (const { name, source, path, reported } of SAMPLES) {
  const verb = reported.length === 0 ? "accepts" : `(${reported[0]}) reports`;
  Deno.test(`lint plugin ${verb} ${name}`, () => {
    const file = ROOT + (path ?? "agent/decide/sample.ts");
    const found = Deno.lint.runPlugin(plugin, file, source);

    const rules = found.map(({ id }) => id.replace(/^sluice\//, ""));
    assert.deepEqual(rules, reported, `${path ?? ""}\n${source}`);
  });
}

for (const rule of Object.keys(plugin.rules)) {
  Deno.test(`lint plugin has a bad sample for ${rule}`, () => {
    assert.ok(SAMPLES.some(({ reported }) => reported.includes(rule)));
  });

  Deno.test(`lint plugin gives the reason for ${rule}`, () => {
    const bad = SAMPLES.find(({ reported }) => reported.includes(rule))!;
    const file = ROOT + (bad.path ?? "agent/decide/sample.ts");
    const [first] = Deno.lint.runPlugin(plugin, file, bad.source);

    // What is wrong, a colon, and a reason long enough to be one.
    assert.match(first?.message ?? "", /: .{40,}$/);
  });
}

Deno.test("lint plugin leaves files outside the project alone", () => {
  const source = 'export default () => { console.log("a"); };';

  assert.deepEqual(
    Deno.lint.runPlugin(plugin, "/elsewhere/agent/a/b.ts", source),
    [],
  );
});

function sample(
  name: string,
  source: string,
  options: { path?: string; reported?: readonly string[] } = {},
): Sample {
  return { name, source, reported: [], ...options };
}

function parts(key: string, value: string): string {
  const all = { what: '"Cannot a"', why: '"b"', hint: '"Do c"', [key]: value };
  const text = Object.entries(all).map(([k, v]) => `${k}: ${v}`).join(", ");
  return `{ ${text} }`;
}
