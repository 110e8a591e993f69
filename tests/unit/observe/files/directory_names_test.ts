import assert from "node:assert/strict";
import fc from "fast-check";
import { DirectoryNames } from "../../../../agent/observe/files/directory_names.ts";
import { type BytePath, bytePathOf } from "../../../../ffi/byte_path.ts";

const ROOT = bytePathOf("/work");

function name(text: string): BytePath {
  return bytePathOf(text);
}

function names(): DirectoryNames {
  const names = new DirectoryNames();
  names.addRoot("root", ROOT);
  names.put("a", { directory: "root", name: name("a") });
  names.put("b", { directory: "a", name: name("b") });
  return names;
}

Deno.test("DirectoryNames finds directories where they were put", () => {
  const known = names();
  assert.equal(known.find("root"), "/work");
  assert.equal(known.find("b"), "/work/a/b");
  assert.equal(known.find("c"), undefined);
});

Deno.test("DirectoryNames moves what is below a directory with it", () => {
  const known = names();
  known.detach("a");
  assert.equal(known.find("b"), undefined);
  known.put("a", { directory: "root", name: name("z") });
  assert.equal(known.find("b"), "/work/z/b");
});

Deno.test("DirectoryNames gives a name to one directory at a time", () => {
  const known = names();
  known.put("c", { directory: "root", name: name("a") });
  assert.equal(known.find("c"), "/work/a");
  assert.equal(known.find("a"), undefined);
  assert.equal(known.find("b"), undefined);
});

Deno.test("DirectoryNames tells outside from unknown until something came in", () => {
  const known = names();
  known.addOutside("a");
  assert.equal(known.find("a"), null);
  assert.equal(known.find("b"), undefined);
  known.forgetOutside();
  assert.equal(known.find("a"), undefined);
});

Deno.test("DirectoryNames knows one directory as a root, and keeps it one", () => {
  const known = names();
  known.put("root", { directory: "a", name: name("x") });
  assert.equal(known.find("root"), "/work");
  known.addRoot("new", ROOT);
  assert.equal(known.find("new"), "/work");
  assert.equal(known.find("a"), undefined);
});

Deno.test("DirectoryNames survives a directory that is put below itself", () => {
  const known = names();
  known.put("a", { directory: "b", name: name("x") });
  assert.equal(known.find("a"), undefined);
  known.addRoot("root", ROOT);
  known.put("a", { directory: "root", name: name("a") });
  assert.equal(known.find("a"), "/work/a");
});

Deno.test("DirectoryNames is bounded, whatever comes", () => {
  const known = names();
  for (let index = 0; index < 300_000; index++) {
    known.addRoot("root", ROOT);
    known.put(`${index}`, { directory: "root", name: name(`${index}`) });
    known.addOutside(`${index}o`);
  }
  assert.ok(known.size < 300_000, `${known.size}`);
});

Deno.test("DirectoryNames knows what a tree of real directories would", () => {
  const keys = ["a", "b", "c", "d", "e"];
  const step = fc.tuple(
    fc.constantFrom(...keys),
    fc.constantFrom("root", ...keys),
    fc.constantFrom("x", "y"),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const known = new DirectoryNames();
    known.addRoot("root", ROOT);
    const parents = new Map<string, { directory: string; name: string }>();
    const pathOf = (key: string): string | undefined => {
      if (key === "root") return ROOT;
      const at = parents.get(key);
      const above = at === undefined ? undefined : pathOf(at.directory);
      return above === undefined ? undefined : `${above}/${at!.name}`;
    };
    const isIn = (key: string, other: string): boolean =>
      key === other ||
      (parents.has(key) && isIn(parents.get(key)!.directory, other));
    for (const [key, directory, text] of steps) {
      // As rename(2) would: into what is there, and not into itself.
      if (pathOf(directory) === undefined || isIn(directory, key)) continue;
      for (const [other, at] of parents) {
        const isSame = at.directory === directory && at.name === text;
        if (isSame && other !== key) parents.delete(other);
      }
      parents.set(key, { directory, name: text });
      known.put(key, { directory, name: name(text) });
      for (const each of keys) assert.equal(known.find(each), pathOf(each));
    }
  }));
});
