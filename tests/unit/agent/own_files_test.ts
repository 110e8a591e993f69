import assert from "node:assert/strict";
import { OwnFiles } from "../../../agent/own_files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Scratch } from "../../scratch.ts";

/** A project with some files of each kind. */
function fill(scratch: Scratch): void {
  scratch.makeDirectory("agent");
  scratch.makeDirectory("agent/decide");
  scratch.makeDirectory("ffi");
  const names = ["agent/cli.ts", "agent/decide/policy.schema.json", "ffi/a.ts"];
  // A bundle has the last of these.
  for (const name of [...names, "deno.json", "README.md", "agent/cli.js"]) {
    scratch.write(name, `of ${name}`);
  }
}

Deno.test("OwnFiles finds what holds something else, once", async () => {
  using libc = new Libc();
  using scratch = new Scratch();
  fill(scratch);
  const files = new OwnFiles(libc, `${scratch.path}/`);
  assert.deepEqual(await files.findChanged(), []);
  scratch.write("agent/cli.ts", "of agent/cli.tx");
  scratch.write("agent/cli.js", "of agent/cli.jx");
  scratch.write("agent/decide/policy.schema.json", "");
  scratch.remove("deno.json");
  scratch.write("README.md", "nothing of the program");
  assert.deepEqual((await files.findChanged()).sort(), [
    scratch.at("agent/cli.js"),
    scratch.at("agent/cli.ts"),
    scratch.at("agent/decide/policy.schema.json"),
    scratch.at("deno.json"),
  ]);
  assert.deepEqual(await files.findChanged(), []);
});

Deno.test("OwnFiles does not mind a file that was only touched", async () => {
  using libc = new Libc();
  using scratch = new Scratch();
  fill(scratch);
  const files = new OwnFiles(libc, `${scratch.path}/`);
  await files.findChanged();
  scratch.chmod("ffi/a.ts", 0o644);
  scratch.write("agent/cli.ts", "of agent/cli.ts");
  assert.deepEqual(await files.findChanged(), []);
});

Deno.test("OwnFiles takes what changed before it was read for changed", async () => {
  using libc = new Libc();
  using scratch = new Scratch();
  fill(scratch);
  const files = new OwnFiles(libc, `${scratch.path}/`);
  scratch.write("ffi/a.ts", "another");
  assert.deepEqual(await files.findChanged(), [scratch.at("ffi/a.ts")]);
});

Deno.test("OwnFiles watches nothing but the program where there is no source", async () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const files = new OwnFiles(libc, `${scratch.path}/`);
  assert.deepEqual(await files.findChanged(), []);
});
