/** A tool that is replaced between two uses is told, with who did it. */
import assert from "node:assert/strict";
import type { Cell } from "../cell.ts";
import { type FileLine, openCell, runKept } from "./kept_files.ts";

/** `$T` is the tool: it is made before the guard, used, changed, and used. */
interface Change {
  /** Default: a copy of true(1). */
  readonly made?: string;
  readonly changed: string;
  /** How it is used; default `$T`. */
  readonly used?: string;
  /** Null when nothing is to be told. */
  readonly told: null | {
    readonly by: RegExp;
    readonly overwritten: boolean;
    readonly diff?: RegExp;
    readonly path?: RegExp;
  };
}

const PYTHON = "printf '#!/usr/bin/python3\\nprint(1)\\n' > $T; chmod 755 $T";
const CACHE = "$C/_tool/x/lib/$N.js";

/** `package VERSION`: a package of the system's with the tool in it. */
const PACKAGE = `
package() {
  rm -rf $C/deb; mkdir -p $C/deb/DEBIAN $C/deb/usr/local/bin
  printf "Package: $N\\nVersion: $1\\nArchitecture: all\\nMaintainer: n\\nDescription: n\\n" \
    > $C/deb/DEBIAN/control
  printf "#!/bin/sh\\n: $2\\n" > $C/deb$T; chmod 755 $C/deb$T
  dpkg-deb --build $C/deb $C/$N-$1.deb
}
admin() { mkdir -p $C/admin/info $C/admin/updates; touch $C/admin/status $C/admin/available; }
`;
const INSTALL = "dpkg --admindir=$C/admin --force-all -i";

const CHANGES: Readonly<Record<string, Change>> = {
  copied: {
    changed: "cp /bin/false $T",
    told: { by: /\/cp$/, overwritten: true },
  },
  moved: {
    changed: "cp /bin/false $T.new; mv $T.new $T",
    told: { by: /\/mv$/, overwritten: true },
  },
  linked: {
    changed: "cp /bin/false $C/other; cp $C/other $T.new; ln -f $T.new $T",
    told: { by: /\/ln$/, overwritten: true },
  },
  written: {
    made: PYTHON,
    changed: "echo 'print(666)' >> $T",
    told: { by: /\/bash$/, overwritten: true, diff: /^\+print\(666\)$/m },
  },
  edited: {
    made: PYTHON,
    changed: "sed -i s/1/666/ $T",
    told: { by: /\/sed$/, overwritten: true, diff: /^-print\(1\)$/m },
  },
  "set-back": {
    made: PYTHON,
    changed: "cp -p $T $C/was; echo '#' >> $T; touch -r $C/was $T",
    told: { by: /\/bash$/, overwritten: true, diff: /^\+#$/m },
  },
  "behind-a-link": {
    made: `mkdir -p $C/_tool/x/lib; echo '1' > ${CACHE}; ln -s ${CACHE} $T`,
    used: "/usr/bin/node $T",
    changed: `echo '666' > ${CACHE}`,
    told: {
      ...{ by: /\/bash$/, overwritten: true, diff: /^\+666$/m },
      path: /_tool\/x\/lib\/behind-a-link\.js$/,
    },
  },
  "link-led-elsewhere": {
    made: "mkdir -p $C/_tool/x/bin; cp /bin/true $C/_tool/x/bin/$N; " +
      "ln -s $C/_tool/x/bin/$N $T",
    used: "$N",
    changed: "cp /bin/false $C/evil; ln -sf $C/evil $T",
    told: { by: /\/ln$/, overwritten: true, path: /\/link-led-elsewhere$/ },
  },
  "by-python": {
    changed: `/usr/bin/python3 -c "open('$T', 'wb').write(` +
      `open('/bin/false', 'rb').read())"`,
    told: { by: /\/python3[0-9.]*$/, overwritten: true },
  },
  packaged: {
    made: `${PACKAGE} admin; package 1 one; package 2 two; ` +
      `${INSTALL} $C/$N-1.deb`,
    changed: `${INSTALL} $C/$N-2.deb`,
    told: { by: /\/dpkg$/, overwritten: false, diff: /^\+: two$/m },
  },
  "packaged-by-a-script": {
    made: `${PACKAGE} admin; package 1 one; package 2 two; ` +
      `${INSTALL} $C/$N-1.deb`,
    changed: `/usr/bin/python3 -c "import os; ` +
      `os.system('${INSTALL} $C/$N-2.deb')"`,
    told: { by: /\/dpkg$/, overwritten: true },
  },
  "by-itself": {
    made: 'printf \'#!/bin/bash\\n[ "$1" != update ] || ' +
      'printf "#!/bin/bash\\\\n:\\\\n" > $0; exit\\n\' > $T; chmod 755 $T',
    changed: "$T update",
    told: { by: /\/bash$/, overwritten: false },
  },
  touched: { changed: "touch $T; chmod 700 $T; chmod 755 $T", told: null },
  "made-again": {
    changed: "cp /bin/true $T.new; mv $T.new $T; cp /bin/true $T",
    told: null,
  },
  "moved-there-and-back": { changed: "mv $T $T.old; mv $T.old $T", told: null },
  "packaged-again": {
    made: `${PACKAGE} admin; package 1 one; package 2 one; ` +
      `${INSTALL} $C/$N-1.deb`,
    changed: `${INSTALL} $C/$N-2.deb`,
    told: null,
  },
};

/** What a build makes is no tool, however often it is made and executed. */
const BUILT = `
  for each in work/a.out work/bin/gen other/a.out; do
    mkdir -p $(dirname $C/$each); cp /bin/true $C/$each; $C/$each; sleep 0.1
    cp /bin/ls $C/$each; $C/$each >/dev/null
  done`;

function namesOf(name: string): string {
  return `N=${name}; T=/usr/local/bin/${name}`;
}

function check(name: string, { told }: Change, lines: readonly FileLine[]) {
  const said = `${name}: ${JSON.stringify(lines)}`;
  assert.equal(lines.length, told === null ? 0 : 1, said);
  if (told === null) return;
  const [line] = lines;
  assert.equal(line!.change, "replaced", said);
  assert.equal(line!.overwritten, told.overwritten, said);
  assert.match(line!.process?.exe ?? "", told.by, said);
  assert.equal(line!.step, "run", said);
  assert.match(line!.before?.sha256 ?? "", /^[0-9a-f]{64}$/, said);
  assert.notEqual(line!.before?.sha256, line!.after?.sha256, said);
  if (told.diff !== undefined) assert.match(line!.diff ?? "", told.diff, said);
  if (told.path !== undefined) assert.match(line!.path, told.path, said);
}

async function changeAll(cell: Cell) {
  const { entries } = Object;
  const before = entries(CHANGES).map(([name, { made = "cp /bin/true $T" }]) =>
    `${namesOf(name)}; ${made}`
  );
  const uses = entries(CHANGES).map(([name, { used = "$T" }]) =>
    `${namesOf(name)}; { ${used}; } >/dev/null`
  );
  const changes = entries(CHANGES).map(([name, { changed }]) =>
    `${namesOf(name)}; { ${changed}; } >/dev/null`
  );
  const guarded = [
    ...uses,
    "sleep 1",
    ...changes,
    "sleep 0.5",
    ...uses,
    BUILT,
    "sleep 0.5; :",
  ].join("\n");
  return await runKept(cell, { before: before.join("\n"), guarded });
}

Deno.test("a tool that is replaced between two uses is told, and nothing else", async () => {
  await using cell = await openCell();
  const { files } = await changeAll(cell);
  for (const [name, change] of Object.entries(CHANGES)) {
    const isOf = ({ path, reason }: FileLine) =>
      path.endsWith(`/${name}`) || path.endsWith(`/${name}.js`) ||
      reason.startsWith(`${name} `);
    check(name, change, files.filter(isOf));
  }
  const told = Object.values(CHANGES).filter(({ told }) => told !== null);
  assert.equal(files.length, told.length, JSON.stringify(files));
});

Deno.test("a tool that is replaced right after its first use is told", async () => {
  await using cell = await openCell();
  const { files } = await runKept(cell, {
    before: "cp /bin/true /usr/local/bin/t; cp /bin/false $C/f",
    guarded: "t; mv $C/f /usr/local/bin/t; sleep 0.2; t; sleep 0.3",
  });
  assert.equal(files.length, 1, JSON.stringify(files));
  const [{ change, before, after, process }] = files as [FileLine];
  assert.equal(change, "replaced");
  assert.notEqual(before?.sha256, after?.sha256);
  // It may have been gone before anybody could read it.
  assert.notEqual(after?.sha256 ?? null, null);
  assert.match(process?.exe ?? "mv", /mv$/);
});

Deno.test("a tool that is put back while the replaced one runs is told", async () => {
  await using cell = await openCell();
  // The replaced one puts the first one back before it does anything else.
  const { files } = await runKept(cell, {
    before: `T=/usr/local/bin/t; cp /bin/true $T; cp -p $T $C/was
      printf '#!/bin/sh\\nmv $C/was %s; sleep 0.3\\n' $T > $C/evil
      chmod 755 $C/evil`,
    guarded: `T=/usr/local/bin/t; t; sleep 1
      mv $C/evil $T; sleep 1; t; t; sleep 1`,
  });
  const [first, ...others] = files;
  assert.equal(first?.change, "replaced", JSON.stringify(files));
  assert.equal(first?.overwritten, true);
  assert.match(first?.process?.exe ?? "", /mv$/);
  assert.match(first?.diff ?? "", /^\+mv /m, JSON.stringify(files));
  // That it is the first one again is another change, and told as well.
  assert.deepEqual(others.map(({ after }) => after), [first?.before]);
});
