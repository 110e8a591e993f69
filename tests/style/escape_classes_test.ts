import assert from "node:assert/strict";
import { findClasses, listClasses, renderClasses } from "./escape_classes.ts";
import { ROOT } from "./tree.ts";

Deno.test("SECURITY.md lists and counts the classes of ways out that are tried", () => {
  const found = findClasses(Deno.readTextFileSync(`${ROOT}SECURITY.md`));

  // "deno fmt" breaks the lines where it likes.
  const words = (text: string | null) => text?.split(/\s+/);
  assert.deepEqual(
    words(found),
    words(renderClasses(listClasses())),
    'write the list anew: "deno run -A tests/style/escape_classes.ts"',
  );
});
