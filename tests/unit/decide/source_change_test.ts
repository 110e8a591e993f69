import assert from "node:assert/strict";
import {
  judgeSource,
  type SourceHistory,
  type SourceState,
} from "../../../agent/decide/source_change.ts";

const PLAIN = 0o100644;
const EXECUTABLE = 0o100755;
const LINK = 0o120000;
const BASELINE: SourceState = { mode: PLAIN, oid: "a" };
const OTHER: SourceState = { mode: PLAIN, oid: "b" };

const ROWS: readonly {
  readonly name: string;
  readonly now: SourceState | null;
  readonly history?: Partial<SourceHistory>;
  /** The change, and what it was before; null for nothing. */
  readonly told: readonly [change: string, before: string] | null;
  readonly overwritten?: boolean;
}[] = [
  { name: "a source nobody has touched", now: BASELINE, told: null },
  {
    name: "another content",
    now: OTHER,
    told: ["modified", "baseline"],
  },
  {
    name: "another content that was told",
    now: OTHER,
    history: { last: OTHER },
    told: null,
  },
  {
    name: "another content after another",
    now: { mode: PLAIN, oid: "c" },
    history: { last: OTHER },
    told: ["modified", "last"],
  },
  {
    name: "a content that cannot be read",
    now: { mode: PLAIN, oid: null },
    told: ["modified", "baseline"],
  },
  {
    name: "a link in its place",
    now: { mode: LINK, oid: "a" },
    told: ["modified", "baseline"],
  },
  { name: "a source that is gone", now: null, told: ["deleted", "baseline"] },
  {
    name: "a changed source that is gone",
    now: null,
    history: { last: OTHER },
    told: ["deleted", "last"],
  },
  {
    name: "a source that was told to be gone",
    now: null,
    history: { last: null },
    told: null,
  },
  {
    name: "a source that may be executed",
    now: { mode: EXECUTABLE, oid: "a" },
    told: ["mode", "baseline"],
  },
  {
    name: "a changed source that may be executed",
    now: { mode: EXECUTABLE, oid: "b" },
    history: { last: OTHER },
    told: ["mode", "last"],
  },
  {
    name: "a content that is back with another mode",
    now: { mode: EXECUTABLE, oid: "a" },
    history: { last: OTHER },
    told: ["modified", "last"],
  },
  {
    name: "a content that is back",
    now: BASELINE,
    history: { last: OTHER, sessions: 1 },
    told: ["restored", "last"],
  },
  {
    name: "a source that is back",
    now: BASELINE,
    history: { last: null },
    told: ["restored", "last"],
  },
  {
    name: "the same content, written once",
    now: BASELINE,
    history: { sessions: 1 },
    told: ["rewritten", "baseline"],
    overwritten: false,
  },
  {
    name: "the same content, written twice unseen",
    now: BASELINE,
    history: { sessions: 2 },
    told: ["restored", "unknown"],
  },
  {
    name: "the same content, written without a word",
    now: BASELINE,
    history: { isUnheard: true },
    told: ["restored", "unknown"],
  },
];

for (const { name, now, history = {}, told, overwritten = true } of ROWS) {
  Deno.test(`judgeSource() judges ${name}`, () => {
    const judged = judgeSource(now, {
      ...{ baseline: BASELINE, sessions: 0, isUnheard: false },
      ...history,
    });
    if (told === null) return assert.equal(judged, null);
    assert.deepEqual([judged?.change, judged?.before], told);
    assert.equal(judged?.overwritten, overwritten);
    assert.doesNotMatch(judged!.reason, /\.$/);
  });
}
