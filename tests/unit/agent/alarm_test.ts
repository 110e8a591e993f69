import assert from "node:assert/strict";
import { Alarm, describeChanger } from "../../../agent/alarm.ts";
import type { EventBody } from "../../../agent/record/event.ts";
import { readLink } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";

Deno.test("Alarm says who did it, and is raised", () => {
  const written: EventBody[] = [];
  const alarm = new Alarm({ write: (body) => void written.push(body) });
  const by = { pid: 7, name: "nft", exe: null };
  alarm.raise({ what: "rules", message: "The rules were changed", by });
  assert.equal(alarm.isRaised, true);
  assert.deepEqual(written, [{
    kind: "agent",
    event: "tampered",
    held: false,
    what: "rules",
    by,
    message: "The rules were changed, by process 7 (nft).",
  }]);
});

Deno.test("Alarm is not raised by what could let nothing out", () => {
  const written: EventBody[] = [];
  const alarm = new Alarm({ write: (body) => void written.push(body) });
  alarm.raise({ what: "rules", message: "They were moved", held: true });
  assert.equal(alarm.isRaised, false);
  assert.equal(written.length, 1);
});

Deno.test("describeChanger() finds the program of a process that still runs", () => {
  using libc = new Libc();
  const found = describeChanger(libc, { pid: Deno.pid, name: "me" });
  assert.equal(found?.exe, readLink(libc, "/proc/self/exe"));
  assert.equal(describeChanger(libc, { pid: 0, name: "gone" })?.exe, null);
  assert.equal(describeChanger(libc, null), null);
});
