import assert from "node:assert/strict";
import {
  examine,
  examineFiles,
  examineRules,
  install,
  prepare,
} from "../../../agent/doctor.ts";
import { Libc } from "../../../ffi/libc.ts";

Deno.test("examine() finds on this machine all that the tests need", () => {
  using libc = new Libc();
  const findings = examine(libc);
  const missing = findings.filter(({ found }) => !found);
  assert.deepEqual(missing, []);
  assert.equal(new Set(findings.map(({ what }) => what)).size, 7);
});

Deno.test("examine() has a hint for each thing that can be missing", () => {
  using libc = new Libc();
  for (const { what, hint, packageName } of examine(libc)) {
    assert.ok(what.length > 0 && hint.length > 0);
    assert.ok(!hint.endsWith("."), hint);
    if (packageName !== null) {
      assert.match(packageName, /^[a-z0-9][a-z0-9+.-]+$/);
      // Whoever installs by hand must know what.
      assert.ok(hint.includes(packageName), hint);
    }
  }
});

Deno.test("examineRules() finds that this kernel takes all rules", () => {
  using libc = new Libc();
  const findings = examineRules(libc);
  assert.deepEqual(findings.map(({ found }) => found), [true, true]);
});

Deno.test("examineFiles() finds that this kernel tells of files", () => {
  using libc = new Libc();
  assert.deepEqual(examineFiles(libc).map(({ found }) => found), [true]);
});

Deno.test("install() and prepare() do nothing where nothing is missing", () => {
  using libc = new Libc();
  const said: string[] = [];
  install(libc, (line) => said.push(line));
  prepare(libc, (line) => said.push(line));
  assert.deepEqual(said, []);
});
