import assert from "node:assert/strict";
import { assertDenort } from "../release/compile.ts";
import { pinRelease } from "../release/pin.ts";
import { readTarFile, writeTar } from "../release/tar.ts";
import { findWorkers } from "../release/bundle.ts";

const FILE = `/** Null in a source tree. */
export const RELEASE: Release | null = null;
`;
const PINS = [{
  architecture: "x64" as const,
  url: "https://a.example/x64",
  sha256: "ab",
}];

Deno.test("pinRelease() replaces what was pinned, whatever it was", () => {
  const once = pinRelease(FILE, { version: "1.0.0", pins: PINS });
  const again = pinRelease(once, { version: "1.0.1", pins: PINS });
  assert.match(once, /version: "1.0.0"/);
  assert.match(once, /^ {4}x64: {\n {6}url:\n {8}"https:\/\/a\.example/m);
  assert.equal(again, once.replace("1.0.0", "1.0.1"));
  assert.throws(() => pinRelease("", { version: "1", pins: PINS }));
});

Deno.test("readTarFile() reads what writeTar() and tar(1) agree on", async () => {
  const bytes = new TextEncoder().encode("content");
  const archive = writeTar([
    { path: "a", isExecutable: true, bytes: new Uint8Array(513) },
    { path: "b/c", isExecutable: false, bytes },
  ]);
  assert.deepEqual(readTarFile(archive, "b/c"), bytes);
  assert.equal(readTarFile(archive, "d"), null);
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, archive);
  const { stdout } = await new Deno.Command("tar", {
    args: ["-tvf", path, "--utc", "--numeric-owner"],
    env: { LC_ALL: "C" },
  }).output();
  await Deno.remove(path);
  const listed = new TextDecoder().decode(stdout).replaceAll(/ +/g, " ");
  assert.equal(
    listed,
    "-rwxr-xr-x 0/0 513 1970-01-01 00:00 a\n" +
      "-rw-r--r-- 0/0 7 1970-01-01 00:00 b/c\n",
  );
});

Deno.test("assertDenort() refuses the full Deno, which compiles to its own command line", async () => {
  const path = Deno.execPath();
  const bytes = await Deno.readFile(path);
  assert.throws(() => assertDenort(bytes, path), /full Deno/);
  assertDenort(new Uint8Array(10), "a");
});

Deno.test("findWorkers() finds the modules that threads start with", () => {
  const workers = findWorkers();
  for (
    const path of [
      "agent/packet_worker.ts",
      "agent/processes/process_worker.ts",
    ]
  ) {
    assert.ok(workers.includes(path), path);
  }
});
