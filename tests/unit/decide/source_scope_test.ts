import assert from "node:assert/strict";
import type { SourceAllowance } from "../../../agent/decide/policy.ts";
import { SourceScope } from "../../../agent/decide/source_scope.ts";

function scope(
  ignore: readonly string[],
  allow: readonly Partial<SourceAllowance>[] = [],
): SourceScope {
  return new SourceScope({
    ignore,
    allow: allow.map((entry, at) => ({
      text: `${at}`,
      path: "**",
      process: null,
      step: null,
      ...entry,
    })),
  });
}

const NOBODY = { step: null, isProgram: () => false };

const IGNORED: readonly {
  glob: string;
  path: string;
  workspace: string | null;
  is: boolean;
}[] = [
  { glob: "a/*", path: "/w/a/b", workspace: "/w", is: true },
  { glob: "a/*", path: "/a/b", workspace: "/", is: true },
  { glob: "a/*", path: "/w/a/b", workspace: null, is: false },
  { glob: "a/*", path: "/w2/a/b", workspace: "/w", is: false },
  { glob: "w/a/*", path: "/w/a/b", workspace: "/w", is: false },
  { glob: "/w/a/*", path: "/w/a/b", workspace: "/w", is: true },
  { glob: "/usr/**", path: "/usr/bin/cc", workspace: null, is: true },
  { glob: "**", path: "/w", workspace: "/w", is: false },
];

for (const { glob, path, workspace, is } of IGNORED) {
  Deno.test(`isIgnored() says ${is} of ${path} in ${workspace} for ${glob}`, () => {
    assert.equal(scope([glob]).isIgnored({ path, workspace }), is);
  });
}

Deno.test("allowanceFor() gives the first entry of which all holds", () => {
  const allowed = scope([], [
    { path: "src/**", process: "/bin/fmt", step: "Format" },
    { path: "src/**", step: "Build" },
    { path: "*.lock", process: "/bin/npm" },
  ]);
  const rule = (path: string, step: string | null, exe: string | null) =>
    allowed.allowanceFor(
      { path: `/w/${path}`, workspace: "/w" },
      { step, isProgram: (named) => named === exe },
    )?.text ?? null;
  assert.equal(rule("src/a", "Format", "/bin/fmt"), "0");
  assert.equal(rule("src/a", "Build", "/bin/fmt"), "1");
  assert.equal(rule("src/a", "Test", "/bin/fmt"), null);
  assert.equal(rule("src/a", "Format", "/bin/sed"), null);
  assert.equal(rule("a.lock", null, "/bin/npm"), "2");
  assert.equal(rule("a.lock", "Build", null), null);
  assert.equal(rule("a/a.lock", null, "/bin/npm"), null);
});

Deno.test("allowanceFor() gives an unknown writer what is for everybody", () => {
  const place = { path: "/w/a", workspace: "/w" };
  assert.equal(scope([], [{}]).allowanceFor(place, NOBODY)?.text, "0");
  const named = scope([], [{ step: "Build" }, { process: "/bin/sh" }]);
  assert.equal(named.allowanceFor(place, NOBODY), null);
});

Deno.test("allowanceFor() asks for the program only where the rest holds", () => {
  const allowed = scope([], [{ path: "a", step: "Build", process: "/bin/sh" }]);
  const asked: string[] = [];
  const isProgram = (path: string) => asked.push(path) > 0;
  const place = { path: "/w/a", workspace: "/w" };
  allowed.allowanceFor({ ...place, path: "/w/b" }, {
    step: "Build",
    isProgram,
  });
  allowed.allowanceFor(place, { step: "Test", isProgram });
  assert.deepEqual(asked, []);
  allowed.allowanceFor(place, { step: "Build", isProgram });
  assert.deepEqual(asked, ["/bin/sh"]);
});
