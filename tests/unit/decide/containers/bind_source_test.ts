import assert from "node:assert/strict";
import {
  bindAgainst,
  type BindSource,
  pathsAbove,
} from "../../../../agent/decide/containers/bind_source.ts";

const FINE: BindSource = {
  path: "/w/a",
  isReadOnly: false,
  isSocket: false,
  isNoSuid: true,
  isNoDev: true,
  workspaces: ["/w"],
};

const CASES: readonly { name: string; of: Partial<BindSource>; ok: boolean }[] =
  [
    { name: "below the workspace", of: {}, ok: true },
    { name: "the workspace", of: { path: "/w" }, ok: true },
    { name: "beside the workspace", of: { path: "/w2" }, ok: false },
    { name: "nowhere", of: { path: "" }, ok: false },
    { name: "unreachable", of: { path: "(unreachable)/w" }, ok: false },
    { name: "on a mount with setuid", of: { isNoSuid: false }, ok: false },
    { name: "on a mount with devices", of: { isNoDev: false }, ok: false },
    {
      name: "a public file to be read",
      of: { path: "/etc/passwd", isReadOnly: true, isNoSuid: false },
      ok: true,
    },
    {
      name: "a public file to be written",
      of: { path: "/etc/passwd" },
      ok: false,
    },
    {
      name: "a file of root's to be read",
      of: { path: "/etc/shadow", isReadOnly: true },
      ok: false,
    },
  ];

for (const { name, of, ok } of CASES) {
  Deno.test(`bindAgainst() of what is ${name}`, () => {
    assert.equal(bindAgainst({ ...FINE, ...of }) === null, ok);
  });
}

Deno.test("pathsAbove() of a path, the nearest first", () => {
  assert.deepEqual(pathsAbove("/w//a/./b/"), [
    { above: "/w/a", missing: ["b"] },
    { above: "/w", missing: ["a", "b"] },
    { above: "/", missing: ["w", "a", "b"] },
  ]);
  assert.equal(pathsAbove(`/${"a/".repeat(100)}`).length, 32);
});

Deno.test("pathsAbove() of what can be read in two ways", () => {
  for (const path of ["", "w/a", "/w/../a", "/"]) {
    assert.deepEqual(pathsAbove(path), []);
  }
});
