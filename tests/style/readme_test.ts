import assert from "node:assert/strict";
import { PRIVILEGE_RULES } from "../../agent/decide/privilege_rules.ts";
import { SECRET_KINDS } from "../../agent/decide/secret_kinds.ts";
import { ROOT } from "./tree.ts";

const README = read("README.md");

Deno.test("README explains each code of `why`, and no other", () => {
  const union = /export type Why =([^;]*);/.exec(
    read("agent/decide/decision.ts"),
  );
  const codes = [...union![1]!.matchAll(/"([a-z_]+)"/g)].map(([, code]) =>
    code
  );
  assert.deepEqual(firstCells("why").toSorted(), codes.toSorted());
});

Deno.test("README explains each rule of `privilege` events as the source does", () => {
  const rules = Object.entries(PRIVILEGE_RULES);
  for (const [rule, meaning] of rules) {
    const row = new RegExp(
      `^\\| \`${rule}\` +\\| ${meaning.replace(/[()]/g, "\\$&")} +\\|$`,
      "m",
    );
    assert.match(README, row);
  }
  assert.deepEqual(
    firstCells("rule").toSorted(),
    rules.map(([rule]) => rule).toSorted(),
  );
});

Deno.test("README explains each change of `file` events, and no other", () => {
  const union = /readonly change:([^;]*);/.exec(
    read("agent/record/file_event.ts"),
  );
  const changes = [...union![1]!.matchAll(/"([a-z]+)"/g)].map(([, change]) =>
    change
  );
  assert.deepEqual(firstCells("change").toSorted(), changes.toSorted());
});

Deno.test("README names each file with credentials, and where it is", () => {
  for (const { title, places } of SECRET_KINDS) {
    const line = README.split("\n").find((row) =>
      row.startsWith(`| ${title} `)
    );
    assert.ok(line !== undefined, title);
    const paths = Object.entries(places).flatMap(([base, text]) =>
      text.split(" ").map((path) => `\`${PLACES[base]}${path}\``)
    );
    assert.deepEqual(line.match(/`[^`]+`/g)?.toSorted(), paths.toSorted());
  }
});

/** How README writes where a path begins. */
const PLACES: Readonly<Record<string, string>> = {
  home: "~/",
  work: "",
  temp: "_temp/",
  git: ".git/",
};

/** What stands in the first column of the table with that title. */
function firstCells(title: string): string[] {
  const start = README.indexOf(`| \`${title}\` `);
  assert.ok(start >= 0, title);
  const table = README.slice(start).split("\n\n")[0]!;
  return [...table.matchAll(/^\| `([a-z_-]+)`/gm)].map(([, cell]) => cell!)
    .slice(1);
}

function read(path: string): string {
  return Deno.readTextFileSync(ROOT + path);
}
