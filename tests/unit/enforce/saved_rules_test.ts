import assert from "node:assert/strict";
import { readSaved, wordsOf } from "../../../agent/enforce/saved_rules.ts";

Deno.test("readSaved() reads tables, chains and rules", () => {
  const saved = `# Generated
*filter
:OUTPUT ACCEPT [1:2]
:MINE - [0:0]
-A OUTPUT -j MINE
-A MINE -j RETURN
COMMIT
*nat
COMMIT
`;
  assert.deepEqual(readSaved(saved), [
    {
      table: "filter",
      chains: new Map([
        ["OUTPUT", { isUsers: false, rules: ["-A OUTPUT -j MINE"] }],
        ["MINE", { isUsers: true, rules: ["-A MINE -j RETURN"] }],
      ]),
    },
    { table: "nat", chains: new Map() },
  ]);
  assert.deepEqual(readSaved(""), []);
});

Deno.test("wordsOf() takes a quoted text for one word", () => {
  assert.deepEqual(wordsOf('-A X -m comment --comment "a \\"-j B\\" c" -j D'), [
    ...["-A", "X", "-m", "comment", "--comment", 'a "-j B" c', "-j", "D"],
  ]);
});
