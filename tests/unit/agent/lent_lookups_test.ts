import assert from "node:assert/strict";
import type { Owner } from "../../../agent/attribution.ts";
import type { Sender } from "../../../agent/decide/decision.ts";
import { PROTOCOL } from "../../../agent/decode/packet.ts";
import { LentLookups, type LookupKey } from "../../../agent/lent_lookups.ts";
import type { Tuple } from "../../../agent/observe/socket_diagnostics.ts";

const LENT_MS = 10_000;
const MAX_LENT = 1_024;
const CURL: Sender = { exe: "/usr/bin/curl", step: null };
const WGET: Sender = { exe: "/usr/bin/wget", step: null };
const A: LookupKey = { name: "a.example", type: 1 };
const RESOLVER = ownerOf(53);
const STRANGER = ownerOf(4711);

/** The packet that answers a program behind this port. */
function answerTo(port: number): Tuple {
  return {
    protocol: PROTOCOL.UDP,
    source: Uint8Array.of(127, 0, 0, 53),
    sourcePort: 53,
    destination: Uint8Array.of(127, 0, 0, 1),
    destinationPort: port,
    interfaceIndex: 1,
  };
}

function ownerOf(pid: number): Owner {
  const process = {
    ...{ pid, exe: null, program: null, args: [] },
    ...{ startTicks: 1, parentPid: 1, container: null },
  };
  return { process, uid: 0, inode: 7, descent: null, isForwarded: false };
}

/** Whom it is lent to when somebody asks for it. */
function borrow(
  lent: LentLookups,
  of: { key?: LookupKey; owner?: Owner; nowMs?: number } = {},
): Sender | null {
  const { key = A, owner = RESOLVER, nowMs = 0 } = of;
  const isSender = (_: Tuple, { process }: Owner) => process.pid === 53;
  return lent.borrow(key, { owner, isSender, nowMs });
}

function lendA(lent: LentLookups, sender = CURL, nowMs = 0): void {
  lent.lend(A, { sender, answer: answerTo(40_000), nowMs });
}

Deno.test("borrow() gives the sender of a question to whoever will answer it", () => {
  const lent = new LentLookups();
  lendA(lent);
  assert.equal(borrow(lent), CURL);
  // A resolver asks several servers, and for both of a CNAME's ends.
  assert.equal(borrow(lent, { nowMs: LENT_MS }), CURL);
});

const REFUSED: readonly {
  readonly name: string;
  readonly of: Parameters<typeof borrow>[1];
}[] = [
  { name: "to another process", of: { owner: STRANGER } },
  { name: "for another name", of: { key: { name: "b.example", type: 1 } } },
  {
    name: "for a name below it",
    of: { key: { name: "x.a.example", type: 1 } },
  },
  { name: "for another type", of: { key: { ...A, type: 28 } } },
  { name: "when its time is over", of: { nowMs: LENT_MS + 1 } },
];

for (const { name, of } of REFUSED) {
  Deno.test(`borrow() gives nothing ${name}`, () => {
    const lent = new LentLookups();
    lendA(lent);
    assert.equal(borrow(lent, of), null);
    assert.equal(borrow(lent), CURL);
  });
}

Deno.test("borrow() asks for the very packet that would answer, as it was", () => {
  const lent = new LentLookups();
  const answer = answerTo(40_000);
  lent.lend(A, { sender: CURL, answer, nowMs: 0 });
  // The packet's buffer is used again for the next one.
  answer.source.fill(9);
  answer.destination.fill(9);
  const asked: Tuple[] = [];
  const isSender = (tuple: Tuple) => asked.push(tuple) > 0;
  assert.equal(lent.borrow(A, { owner: RESOLVER, isSender, nowMs: 0 }), CURL);
  assert.deepEqual(asked, [answerTo(40_000)]);
});

Deno.test("borrow() goes by who asked last", () => {
  const lent = new LentLookups();
  lendA(lent);
  lendA(lent, WGET, LENT_MS);
  assert.equal(borrow(lent, { nowMs: 2 * LENT_MS }), WGET);
  assert.equal(borrow(lent, { nowMs: 2 * LENT_MS + 1 }), null);
});

Deno.test("lend() keeps no more than its bound, the newest", () => {
  const lent = new LentLookups();
  const keys = Array.from(
    { length: MAX_LENT + 10 },
    (_, at) => ({ name: `${at}.example`, type: 1 }),
  );
  for (const key of keys) {
    lent.lend(key, { sender: CURL, answer: answerTo(40_000), nowMs: 0 });
  }
  const left = keys.filter((key) => borrow(lent, { key }) !== null);
  assert.deepEqual(left, keys.slice(-MAX_LENT));
});
