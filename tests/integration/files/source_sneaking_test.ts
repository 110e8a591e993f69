/**
 * Writers of whom the kernel tells nothing: those that write to memory, and
 * those that change a file which a link shows in the place of a source.
 */
import assert from "node:assert/strict";
import { describe, SourceGround, SOURCES } from "./source_ground.ts";
import { fileLines, original, overwritten } from "./source_texts.ts";

/** In `tests/lab/sneak.c`. */
const MAPPED = ["mode", "mapped", "written", "left"] as const;

/** The link's file is where nobody watches; the source comes back at the end. */
const LINKED = `mv linked "$HOME/other/away"
ln -s "$HOME/other/shown" linked
sleep 0.5
cat "$HOME/other/linked/a.c" >"$HOME/other/shown/a.c"
cat linked/a.c >"$HOME/other/linked.reading"
cat "$HOME/other/away/a.c" >"$HOME/other/shown/a.c"
sleep 0.5
rm linked
mv "$HOME/other/away" linked`;

const NAMES = [...MAPPED, "linked"];

/** Where the work space is: only some systems keep a time for mappings. */
const PLACES = [
  { on: "a disk", setup: ":" },
  { on: "tmpfs", setup: 'mount -t tmpfs none "$0/work"; cd "$0/work"' },
] as const;

for (const by of SOURCES) {
  for (const { on, setup } of PLACES) {
    Deno.test(`${by} finds on ${on} what was written without a word`, async (test) => {
      await using ground = await SourceGround.open({
        ...{ by, programs: ["sneak"] },
        setup: [
          ...[setup, "git init -q"],
          ...NAMES.flatMap((name) => [
            fileLines(`${name}/a.c`, original(name)),
            fileLines(`$0/other/${name}/a.c`, overwritten(name)),
          ]),
          'git add -A && git commit -qm sources && cp -a linked "$0/other/shown"',
        ].join("\n"),
      });
      for (const way of MAPPED) {
        const command = [
          ...[ground.program("sneak"), way, `${ground.work}/${way}/a.c`],
          ...[`${ground.other}/${way}/a.c`, `${ground.other}/${way}.reading`],
        ];
        if (way === "left") await ground.start(command, "ready");
        else assert.equal((await ground.run(command)).code, 0);
      }
      assert.equal((await ground.sh(`set -eu\n${LINKED}`)).code, 0);
      const { files } = await ground.end();
      for (const name of NAMES) {
        await test.step(name, async () => {
          const read = `${ground.other}/${name}.reading`;
          assert.equal(await Deno.readTextFile(read), overwritten(name));
          const path = `${ground.work}/${name}/a.c`;
          const told = files.filter((file) => file.path === path);
          const all = told.map(describe).join("\n");
          const wanted = name === "left" ? "modified" : "restored";
          const found = told.find(({ change }) => change === wanted);
          assert.ok(found?.overwritten, all || "nothing is told");
        });
      }
    });
  }
}
