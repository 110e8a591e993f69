import assert from "node:assert/strict";
import {
  ToolHistory,
  type ToolVersion,
} from "../../../agent/files/tool_history.ts";

/** A version that came at a time; `content` null for one that nobody read. */
function version(fromUs: number, content: string | null): ToolVersion {
  return {
    stamp: {
      ...{ device: 1, inode: fromUs, bytes: 1, mode: 0o100755 },
      ...{ ctimeUs: fromUs, mtimeUs: fromUs, isSure: true },
    },
    ...{ fromUs, hand: null },
    field: { blob: content, sha256: content, bytes: 1, mode: "100755" },
  };
}

/** @returns What the last of some uses is told of. */
function used(
  versions: readonly ToolVersion[],
  ...uses: readonly number[]
): string | null {
  const history = new ToolHistory();
  for (const each of versions) history.note(each);
  const told = uses.map((atUs) => history.use(atUs)).at(-1) ?? null;
  return told === null
    ? null
    : `${told.before.field.sha256} ${told.after.field.sha256}`;
}

const ROWS: readonly {
  readonly name: string;
  readonly versions: readonly ToolVersion[];
  readonly uses: readonly number[];
  readonly told: string | null;
}[] = [
  { name: "the first use", versions: [version(1, "a")], uses: [2], told: null },
  {
    name: "another file",
    versions: [version(1, "a"), version(5, "b")],
    ...{ uses: [6], told: "a b" },
  },
  {
    name: "another file that came after the use",
    versions: [version(1, "a"), version(5, "b")],
    ...{ uses: [4], told: null },
  },
  {
    name: "what came after the use before",
    versions: [version(1, "a"), version(5, "b")],
    ...{ uses: [4, 6], told: "a b" },
  },
  {
    name: "another file that was put back after the use",
    versions: [version(1, "a"), version(5, "b"), version(9, "a")],
    ...{ uses: [6], told: "a b" },
  },
  {
    name: "that it was put back, at the next use",
    versions: [version(1, "a"), version(5, "b"), version(9, "a")],
    ...{ uses: [6, 10], told: "b a" },
  },
  {
    name: "another file that was put back before the use",
    versions: [version(1, "a"), version(5, "b"), version(9, "a")],
    ...{ uses: [10], told: null },
  },
  {
    name: "the same content in another file",
    versions: [version(1, "a"), version(5, "a")],
    ...{ uses: [6], told: null },
  },
  {
    name: "another file that was gone before it could be read",
    versions: [version(1, "a"), version(5, null), version(9, "a")],
    ...{ uses: [6], told: "a null" },
  },
  {
    name: "a first file that was gone before it could be read",
    versions: [version(1, null), version(5, "b")],
    ...{ uses: [6], told: "null b" },
  },
];
for (const { name, versions, uses, told } of ROWS) {
  Deno.test(`ToolHistory ${told === null ? "does not tell" : "tells"} ${name}`, () => {
    assert.equal(used(versions, ...uses), told);
  });
}

Deno.test("ToolHistory takes a first file that was only touched for the same", () => {
  const first = version(1, null);
  const { stamp } = version(5, "a");
  const touched = {
    ...version(5, "a"),
    stamp: { ...stamp, inode: first.stamp.inode, mtimeUs: 1 },
  };
  assert.equal(used([first, touched], 6), null);
});

Deno.test("ToolHistory completes a version that has been read since", () => {
  const history = new ToolHistory();
  const hand = { pid: 7, heardUs: 5 };
  for (const each of [version(1, "a"), { ...version(5, null), hand }]) {
    history.note(each);
  }
  history.note(version(5, "b"));
  const after = history.use(6)?.after;
  assert.deepEqual([after?.field.sha256, after?.hand], ["b", hand]);
});

Deno.test("ToolHistory sees another content under the same stamp", () => {
  assert.equal(used([version(1, "a"), version(1, "b")], 6), "a b");
});

Deno.test("ToolHistory remembers few of many versions, the first and the last", () => {
  const history = new ToolHistory();
  for (let at = 0; at < 1_000; at++) history.note(version(at, `${at}`));
  assert.equal(history.use(2)?.after.field.sha256, "1");
  assert.equal(history.use(2_000)?.after.field.sha256, "999");
});

Deno.test("ToolHistory takes what its user makes of it for what comes next", () => {
  const history = new ToolHistory();
  const from = 50_000;
  history.note(version(1, "a"));
  history.note({ ...version(from, "b"), hand: { pid: 7, heardUs: from } });
  const bornUs = () => 0;
  assert.equal(history.use(from + 1_000, { pid: 7, bornUs }), null);
  assert.equal(
    history.use(from + 2_000, { pid: 8, bornUs })?.after.field.sha256,
    "b",
  );
});

for (
  const { name, content, by } of [
    { name: "what was there", content: "b", by: 7 },
    { name: "what nobody has read before", content: null, by: 7 },
    { name: "something else", content: "c", by: 8 },
  ]
) {
  Deno.test(`ToolHistory names who wrote when another has set the times of ${name}`, () => {
    const history = new ToolHistory();
    const hand = { pid: 7, heardUs: 3 };
    const written = version(2, content);
    history.note(version(1, "a"));
    history.note({ ...written, hand });
    const stamp = { ...written.stamp, ctimeUs: 4 };
    const touched = { ...version(4, "b"), stamp };
    history.note({ ...touched, hand: { pid: 8, heardUs: 5, isSetter: true } });
    assert.equal(history.use(9)?.after.hand?.pid, by);
  });
}

Deno.test("ToolHistory takes what a younger process makes for what comes next", () => {
  const history = new ToolHistory();
  history.note(version(1, "a"));
  const hand = { pid: 8, heardUs: 60_000 };
  history.note({ ...version(50_000, "b"), hand });
  const bornUs = () => 52_000;
  assert.equal(history.use(51_000, { pid: 7, bornUs }), null);
  assert.equal(
    history.use(53_000, { pid: 9, bornUs })?.after.field.sha256,
    "b",
  );
});
