import assert from "node:assert/strict";
import { accept, drop, hold } from "../../../agent/outcome.ts";

/** <linux/netfilter.h> */
const [NF_DROP, NF_ACCEPT] = [0, 1];

Deno.test("accept() hands the packet to the rules with its mark", () => {
  const events = () => [];
  assert.deepEqual(accept(0x1000_0000), {
    verdict: NF_ACCEPT,
    mark: 0x1000_0000,
    released: [],
    events: undefined,
  });
  assert.equal(accept(0, events).events, events);
});

Deno.test("drop() ends the packet without a mark", () => {
  const events = () => [];
  assert.deepEqual(drop(), {
    verdict: NF_DROP,
    mark: 0,
    released: [],
    events: undefined,
  });
  assert.equal(drop(events).events, events);
});

Deno.test("hold() gives no verdict", () => {
  const events = () => [];
  assert.deepEqual(hold(), {
    verdict: null,
    mark: 0,
    released: [],
    events: undefined,
  });
  assert.equal(hold(events).events, events);
});
