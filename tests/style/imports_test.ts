import assert from "node:assert/strict";
import { findForbidden, IMPORT_RULES, ruleFor } from "./import_rules.ts";
import { findCycle, findPackages, readImports } from "./imports.ts";
import { isUnder, readModules, type SourceFile } from "./tree.ts";

const MAX_LINES = 250;

/** Modules that may be longer, each with the reason why it stays one. */
const LONGER: Readonly<Record<string, string>> = {};

/** The thread that answers packets starts here. */
const PACKET_THREAD = "agent/pipeline.ts";

const FILES = readModules();
const MODULES = FILES.map(readImports);
const PRODUCT = FILES.filter(({ path }) => isUnder(path, ["agent", "ffi"]));

for (const { part } of IMPORT_RULES) {
  Deno.test(`imports of ${part} stay within its rule`, () => {
    const inPart = MODULES.filter(({ path }) => ruleFor(path)?.part === part);

    assertNone(inPart.flatMap(findForbidden));
  });
}

Deno.test("every module belongs to a part that has a rule", () => {
  assert.ok(MODULES.length > 0);

  assertNone(
    MODULES.filter(({ path }) => ruleFor(path) === null).flatMap(findForbidden),
  );
});

Deno.test("the packet thread reaches no package", () => {
  assert.ok(
    MODULES.some(({ path }) => path === PACKET_THREAD),
    `${PACKET_THREAD} is not there, and this test follows its imports`,
  );
  const ways = findPackages(PACKET_THREAD, MODULES);
  const why =
    "a packet is held while that thread runs: foreign code there costs every connection its time, and could let any of them out";

  assertNone(ways.map((way) => `${way}: ${why}`));
});

Deno.test("no modules import each other in a circle", () => {
  const cycle = findCycle(MODULES);
  const why =
    "in a circle a module runs before what it imports, and no part of it can be read or tested alone";

  assert.equal(cycle, null, `\n${cycle?.join(" -> ")}\n${why}\n`);
});

Deno.test("modules of agent and ffi are neither empty nor too long", () => {
  assert.ok(PRODUCT.length > 0);
  assertNone(findOddSizes(PRODUCT));
});

Deno.test("every exception to the length of modules is still needed", () => {
  for (const path of Object.keys(LONGER)) {
    const file = PRODUCT.find((each) => each.path === path);
    const lines = countLines(file?.text ?? "");
    assert.ok(lines > MAX_LINES, `${path} has ${lines} lines: remove it here`);
  }
});

Deno.test("findOddSizes() finds the empty and the too long", () => {
  const odd = findOddSizes([
    { path: "agent/a.ts", text: "\n" },
    { path: "agent/b.ts", text: "const a = 1;\n".repeat(MAX_LINES) },
    { path: "agent/c.ts", text: "const a = 1;\n".repeat(MAX_LINES + 1) },
  ]);

  assert.deepEqual(odd.map((each) => each.slice(0, 10)), [
    "agent/a.ts",
    "agent/c.ts",
  ]);
});

const READ: readonly { source: string; reads: (string | null)[] }[] = [
  { source: 'import a from "./a.ts";', reads: ["agent/a.ts"] },
  { source: 'import "../ffi/a.ts";', reads: ["ffi/a.ts"] },
  { source: 'import type { A } from "./a.ts";', reads: ["agent/a.ts"] },
  { source: 'export * from "./a.ts";', reads: ["agent/a.ts"] },
  { source: 'export { a } from "./a.ts";', reads: ["agent/a.ts"] },
  { source: 'const a = await import("./a.ts");', reads: ["agent/a.ts"] },
  { source: "const a = await import(`./a.ts`);", reads: ["agent/a.ts"] },
  { source: "const a = await import(`./${b}.ts`);", reads: [null] },
  { source: 'type A = import("./a.ts").A;', reads: ["agent/a.ts"] },
  {
    source: 'new Worker(new URL("./a.ts", import.meta.url));',
    reads: ["agent/a.ts"],
  },
  { source: "new URL(a, import.meta.url);", reads: [null] },
  { source: 'new URL("/b", base);', reads: [] },
  { source: 'import.meta.resolve("./a.ts");', reads: ["agent/a.ts"] },
  { source: 'import { a } from "yaml";', reads: ["yaml"] },
  { source: 'import { a } from "npm:yaml@2/b";', reads: ["yaml"] },
  { source: 'import { a } from "npm:@b/c@1/d";', reads: ["@b/c"] },
  { source: 'import { a } from "node:fs/promises";', reads: ["node:fs"] },
  { source: '// import "./a.ts"\nconst b = "import \'./c.ts\'";', reads: [] },
];

for (const { source, reads } of READ) {
  Deno.test(`readImports() reads ${source}`, () => {
    const { imports } = readImports({ path: "agent/x.ts", text: source });

    assert.deepEqual(imports.map((each) => each.path ?? each.package), reads);
  });
}

const FORBIDDEN: readonly { path: string; imports: string }[] = [
  { path: "ffi/libc.ts", imports: "../agent/errors.ts" },
  { path: "ffi/libc.ts", imports: "node:fs" },
  { path: "agent/errors.ts", imports: "./decode/bytes.ts" },
  { path: "agent/decode/dns.ts", imports: "../errors.ts" },
  { path: "agent/decode/dns.ts", imports: "../../ffi/libc.ts" },
  { path: "agent/decode/dns.ts", imports: "npm:dns-packet" },
  { path: "agent/decide/match.ts", imports: "../record/event.ts" },
  { path: "agent/decide/match.ts", imports: "yaml" },
  { path: "agent/decide/match.ts", imports: "node:path" },
  { path: "agent/decide/policy_file.ts", imports: "fast-check" },
  { path: "agent/decide/policy_file.ts", imports: "yaml" },
  { path: "agent/observe/proc.ts", imports: "../decide/policy.ts" },
  { path: "agent/enforce/firewall.ts", imports: "../decide/policy.ts" },
  { path: "agent/enforce/firewall.ts", imports: "../observe/proc.ts" },
  { path: "agent/record/event.ts", imports: "../decide/decision.ts" },
  { path: "agent/record/journal.ts", imports: "valibot" },
  { path: "agent/report/json.ts", imports: "../decide/policy.ts" },
  { path: "agent/report/json.ts", imports: "../../ffi/libc.ts" },
  { path: "agent/run.ts", imports: "./cli.ts" },
  { path: "agent/run.ts", imports: "../tests/hex.ts" },
  { path: "agent/run.ts", imports: "node:child_process" },
  { path: "agent/run.ts", imports: "yaml" },
  { path: "agent/novel/a.ts", imports: "./b.ts" },
  { path: "other/a.ts", imports: "./b.ts" },
  { path: "mod.ts", imports: "./ffi/libc.ts" },
];

for (const { path, imports } of FORBIDDEN) {
  Deno.test(`findForbidden() refuses ${imports} in ${path}`, () => {
    const text = `import type { A } from "${imports}";`;
    const [first, ...rest] = findForbidden(readImports({ path, text }));

    assert.ok(first?.startsWith(`${path} `), first);
    // The reason stands after the colon.
    assert.match(first ?? "", /: .{40,}/);
    assert.deepEqual(rest, []);
  });
}

const PERMITTED: readonly { path: string; imports: string }[] = [
  { path: "ffi/netlink.ts", imports: "./libc.ts" },
  { path: "agent/decide/match.ts", imports: "../decode/address.ts" },
  { path: "agent/decide/match.ts", imports: "../errors.ts" },
  { path: "agent/decide/policy_file.ts", imports: "valibot" },
  { path: "agent/decide/policy_yaml.ts", imports: "npm:yaml@2" },
  { path: "agent/observe/proc.ts", imports: "../../ffi/libc.ts" },
  { path: "agent/enforce/dns_reply.ts", imports: "../decode/dns.ts" },
  { path: "agent/record/journal.ts", imports: "../../ffi/libc.ts" },
  { path: "agent/record/read.ts", imports: "valibot" },
  { path: "agent/report/json.ts", imports: "../record/event.ts" },
  { path: "agent/cli.ts", imports: "./report/json.ts" },
  { path: "agent/cli.ts", imports: "node:util" },
  { path: "tests/unit/a_test.ts", imports: "../../agent/cli.ts" },
  { path: "tests/unit/a_test.ts", imports: "npm:fast-check" },
];

for (const { path, imports } of PERMITTED) {
  Deno.test(`findForbidden() permits ${imports} in ${path}`, () => {
    const text = `import { a } from "${imports}";`;

    assert.deepEqual(findForbidden(readImports({ path, text })), []);
  });
}

Deno.test("findCycle() names the way round", () => {
  const modules = [
    { path: "agent/a.ts", text: 'import "./b.ts";' },
    { path: "agent/b.ts", text: 'import type { C } from "./c.ts";' },
    { path: "agent/c.ts", text: 'new URL("./b.ts", import.meta.url);' },
  ].map(readImports);

  assert.deepEqual(findCycle(modules), [
    "agent/b.ts",
    "agent/c.ts",
    "agent/b.ts",
  ]);
  assert.equal(findCycle(modules.slice(0, 2)), null);
});

Deno.test("findPackages() names the way to a package", () => {
  const modules = [
    { path: "agent/a.ts", text: 'import "node:util"; import "./b.ts";' },
    { path: "agent/b.ts", text: 'import "./a.ts"; import "yaml";' },
    { path: "agent/c.ts", text: 'import "valibot";' },
  ].map(readImports);

  assert.deepEqual(findPackages("agent/a.ts", modules), [
    "agent/a.ts -> agent/b.ts -> yaml",
  ]);
});

function assertNone(problems: readonly string[]): void {
  assert.ok(problems.length === 0, `\n${problems.join("\n")}\n`);
}

function findOddSizes(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = countLines(text);
    if (lines === 0) return [`${path} is empty: finish it or remove it`];
    if (lines <= MAX_LINES || Object.hasOwn(LONGER, path)) return [];
    return [
      `${path} has ${lines} lines of ${MAX_LINES}: that long, it has more than one reason to change, and a reader cannot hold it`,
    ];
  });
}

function countLines(text: string): number {
  return text.trim() === "" ? 0 : text.trimEnd().split("\n").length;
}
