import assert from "node:assert/strict";
import fc from "fast-check";
import { TokenBucket } from "../../../agent/token_bucket.ts";

const RATE = { burst: 10, perSecond: 2 };

Deno.test("TokenBucket is full at first and fills up at its rate", () => {
  const bucket = new TokenBucket(RATE);
  assert.equal(bucket.level(5_000), 10);
  bucket.take(9);
  assert.equal(bucket.level(5_000), 1);
  assert.equal(bucket.level(6_500), 4);
  assert.ok(!bucket.isFull(6_500));
  assert.equal(bucket.level(60_000), 10);
  assert.ok(bucket.isFull(60_000));
});

Deno.test("take() of more than there is leaves it empty for longer", () => {
  const bucket = new TokenBucket(RATE);
  bucket.level(0);
  bucket.take(30);
  assert.ok(bucket.level(10_000) < 1);
  assert.equal(bucket.level(11_000), 2);
});

Deno.test("TokenBucket never gives more than burst and rate", () => {
  const steps = fc.array(fc.nat({ max: 500 }));
  fc.assert(fc.property(steps, (waits) => {
    const bucket = new TokenBucket(RATE);
    let nowMs = 0;
    let taken = 0;
    for (const waitMs of waits) {
      nowMs += waitMs;
      if (bucket.level(nowMs) < 1) continue;
      bucket.take(1);
      taken++;
    }
    const most = RATE.burst + nowMs / 1000 * RATE.perSecond;
    assert.ok(taken <= most + 1e-6, `${taken} in ${nowMs} ms`);
  }));
});
