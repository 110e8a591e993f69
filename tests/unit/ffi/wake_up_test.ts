import assert from "node:assert/strict";
import { Libc } from "../../../ffi/libc.ts";
import { WakeUp } from "../../../ffi/wake_up.ts";

Deno.test("WakeUp ends every wait once it is set", async () => {
  using libc = new Libc();
  using never = new WakeUp(libc);
  using wakeUp = new WakeUp(libc);
  assert.equal(wakeUp.isSet, false);
  const waits = [wakeUp.orReadable(never.fd), wakeUp.orAfter(60_000)];
  wakeUp.set();
  await Promise.all(waits);
  assert.equal(wakeUp.isSet, true);
  await wakeUp.orReadable(never.fd);
  await wakeUp.orAfter(60_000);
  wakeUp.set();
});

Deno.test("WakeUp waits for another descriptor, and for a time", async () => {
  using libc = new Libc();
  using other = new WakeUp(libc);
  using wakeUp = new WakeUp(libc);
  const wait = wakeUp.orReadable(other.fd);
  other.set();
  await wait;
  await wakeUp.orAfter(1);
  assert.equal(wakeUp.isSet, false);
});
