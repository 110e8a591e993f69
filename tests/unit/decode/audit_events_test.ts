import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AuditEvents,
  type AuditExec,
} from "../../../agent/decode/audit_events.ts";
import { decodeAuditRecord } from "../../../agent/decode/audit_record.ts";
import { decodeArguments } from "../../../agent/decode/proc.ts";
import {
  messageOf,
  type Sample,
  TRUE_ARGS,
  TRUE_EXEC,
  TYPE,
  writeArguments,
} from "./audit_samples.ts";

const UTF8 = new TextEncoder();

function addAll(events: AuditEvents, samples: readonly Sample[]): AuditExec[] {
  return samples.flatMap((sample) => {
    const decoded = decodeAuditRecord(messageOf(sample));
    assert.ok(decoded.ok);
    const exec = decoded.value === null ? null : events.add(decoded.value);
    return exec === null ? [] : [exec];
  });
}

/** An exec with these arguments, under a serial number of its own. */
function execOf(
  args: readonly Uint8Array[],
  options: { readonly serial?: number; readonly pieceBytes?: number } = {},
): Sample[] {
  const { serial = 1, pieceBytes = 3600 } = options;
  const event = `audit(1795444199.488:${serial}):`;
  const [syscall, , , cwd, , , end] = TRUE_EXEC.map(({ type, text }) => ({
    type,
    text: text.replace(/^audit\(.*?\):/, event)
      .replace("pid=30118", `pid=${serial}`),
  }));
  const written = writeArguments(args, { event, pieceBytes });
  return [syscall!, ...written, cwd!, end!];
}

Deno.test("AuditEvents joins a captured exec", () => {
  const events = new AuditEvents();
  assert.deepEqual(addAll(events, TRUE_EXEC), [{
    pid: 30118,
    parentPid: 30117,
    uid: 0,
    exe: "/usr/bin/true",
    args: TRUE_ARGS,
    cwd: "/tmp",
    calledMs: 1795444199488,
  }]);
  assert.equal(events.takeLost(), 0);
});

Deno.test("AuditEvents tells two processors apart", () => {
  const left = execOf([UTF8.encode("left")], { serial: 7 });
  const right = execOf([UTF8.encode("right")], { serial: 8 });
  const mixed = left.flatMap((sample, index) => [sample, right[index]!]);
  const execs = addAll(new AuditEvents(), mixed);
  assert.deepEqual(execs.map(({ pid, args }) => [pid, ...args]), [
    [7, "left"],
    [8, "right"],
  ]);
});

Deno.test("AuditEvents gives nothing for a call that failed, or that is no exec", () => {
  const failed = TRUE_EXEC.map(({ type, text }) => ({
    type,
    text: text.replace("success=yes", "success=no"),
  }));
  const other = TRUE_EXEC.filter(({ type }) => type !== TYPE.EXECVE);
  const headless = TRUE_EXEC.slice(1);
  for (const samples of [failed, other, headless]) {
    assert.deepEqual(addAll(new AuditEvents(), samples), []);
  }
});

Deno.test("AuditEvents keeps little of 2 MB of arguments", () => {
  const long = new Uint8Array(2_000_000).fill(0x41);
  const samples = execOf([UTF8.encode("sh"), long, UTF8.encode("end")]);
  const [exec] = addAll(new AuditEvents(), samples);
  assert.deepEqual(exec?.args, [
    "sh",
    "A".repeat(1024) + "…[+1998976 bytes]",
    "end",
  ]);
});

Deno.test("AuditEvents counts 100,000 arguments and shows 64", () => {
  const args = Array.from({ length: 100_000 }, (_, at) => UTF8.encode(`${at}`));
  const event = "audit(1795444199.488:1):";
  const records = [];
  for (let at = 0; at < args.length; at += 500) {
    const text = args.slice(at, at + 500)
      .map((_, index) => ` a${at + index}="${at + index}"`).join("");
    records.push({ type: TYPE.EXECVE, text: `${event}${text}` });
  }
  const [syscall, ...rest] = execOf([]);
  const samples = [syscall!, ...records, ...rest];
  const [exec] = addAll(new AuditEvents(), samples);
  assert.equal(exec?.args.length, 65);
  assert.equal(exec.args[63], "63");
  assert.equal(exec.args[64], "…[+99936 arguments]");
});

Deno.test("AuditEvents leaves an empty argument for one that was lost", () => {
  const samples = execOf([UTF8.encode("a"), UTF8.encode("b")]).map((
    sample,
  ) => ({
    ...sample,
    text: sample.text.replace(' a0="a"', ""),
  }));
  const [exec] = addAll(new AuditEvents(), samples);
  assert.deepEqual(exec?.args, ["", "b"]);
});

Deno.test("AuditEvents gives up the oldest of 1025 events without an end", () => {
  const events = new AuditEvents();
  for (let serial = 1; serial <= 1025; serial++) {
    const samples = execOf([UTF8.encode(`${serial}`)], { serial });
    assert.deepEqual(addAll(events, samples.slice(0, -1)), []);
  }
  assert.equal(events.takeLost(), 1);
  assert.equal(events.takeLost(), 0);
  assert.deepEqual(addAll(events, [execOf([], { serial: 1 }).at(-1)!]), []);
  const last = addAll(events, [execOf([], { serial: 1025 }).at(-1)!]);
  assert.deepEqual(last[0]?.args, ["1025"]);
});

Deno.test("AuditEvents gives the arguments that /proc would have given", () => {
  const argument = fc.oneof(
    fc.uint8Array({ min: 1, maxLength: 20 }),
    fc.uint8Array({ min: 1, minLength: 1015, maxLength: 1040 }),
    fc.string({ unit: "binary", minLength: 300, maxLength: 600 })
      .map((text) => UTF8.encode(text.replaceAll("\0", ""))),
  );
  const vector = fc.array(argument, { minLength: 1, maxLength: 70 });
  const piece = fc.integer({ min: 1, max: 2000 });
  fc.assert(
    fc.property(vector, piece, (args, pieceBytes) => {
      const samples = execOf(args, { pieceBytes });
      const [exec] = addAll(new AuditEvents(), samples);
      const cmdline = args.flatMap((bytes) => [...bytes, 0]);
      assert.deepEqual(exec?.args, decodeArguments(Uint8Array.from(cmdline)));
    }),
    { numRuns: 30 },
  );
});
