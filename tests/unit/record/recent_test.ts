import assert from "node:assert/strict";
import { RecentFlows } from "../../../agent/record/recent.ts";

const SAID_MS = 5_000;
const MAX_FLOWS = 8_192;

Deno.test("RecentFlows takes a flow for news once, and again after five seconds", () => {
  const recent = new RecentFlows();
  assert.equal(recent.isNews("a", 100), true);
  assert.equal(recent.isNews("a", 100), false);
  assert.equal(recent.isNews("a", 100 + SAID_MS - 1), false);
  assert.equal(recent.isNews("a", 100 + SAID_MS), true);
  assert.equal(recent.isNews("a", 101 + SAID_MS), false);
});

Deno.test("RecentFlows counts from when a flow was said and not from its last packet", () => {
  const recent = new RecentFlows();
  let said = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
    if (recent.isNews("a", nowMs)) said++;
  }
  assert.equal(said, 12);
});

Deno.test("RecentFlows tells flows apart", () => {
  const recent = new RecentFlows();
  assert.equal(recent.isNews("a", 0), true);
  assert.equal(recent.isNews("b", 1), true);
  assert.equal(recent.isNews("a", 2), false);
});

Deno.test("RecentFlows forgets the oldest under a flood, and only that", () => {
  const recent = new RecentFlows();
  for (let index = 0; index < MAX_FLOWS; index++) {
    assert.equal(recent.isNews(`${index}`, index / 100), true);
  }
  // Said anew, the first one is the youngest.
  assert.equal(recent.isNews("0", SAID_MS + 1), true);
  assert.equal(recent.isNews("one more", SAID_MS + 2), true);
  assert.equal(recent.isNews("0", SAID_MS + 3), false);
  assert.equal(recent.isNews("one more", SAID_MS + 3), false);
});
