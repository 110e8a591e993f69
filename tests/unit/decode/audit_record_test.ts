import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AuditRecord,
  decodeAuditRecord,
} from "../../../agent/decode/audit_record.ts";
import {
  encodeUntrusted,
  messageOf,
  type Sample,
  TRUE_EXEC,
  TYPE,
} from "./audit_samples.ts";

const EVENT = "1795444199.488:40264";
const SYSCALL = TRUE_EXEC[0]!;

function decode(sample: Sample): AuditRecord | null {
  const decoded = decodeAuditRecord(messageOf(sample));
  assert.ok(decoded.ok);
  return decoded.value;
}

function syscallOf(text: string): AuditRecord & { kind: "syscall" } {
  const record = decode({ type: TYPE.SYSCALL, text });
  assert.ok(record?.kind === "syscall");
  return record;
}

Deno.test("decodeAuditRecord() reads a captured system call", () => {
  assert.deepEqual(decode(SYSCALL), {
    event: EVENT,
    kind: "syscall",
    pid: 30118,
    parentPid: 30117,
    uid: 0,
    exe: "/usr/bin/true",
    succeeded: true,
  });
});

Deno.test("decodeAuditRecord() reads arguments, quoted and hexadecimal", () => {
  const record = decode(TRUE_EXEC[1]!);
  assert.ok(record?.kind === "arguments");
  assert.deepEqual(
    record.pieces.map(({ index, bytes }) => [
      index,
      new TextDecoder().decode(bytes),
    ]),
    [[0, "/bin/true"], [1, "a b"], [2, 'q"x'], [3, "plain"], [4, "a0=x"], [
      5,
      "",
    ]],
  );
});

Deno.test("decodeAuditRecord() reads the directory and the end", () => {
  assert.deepEqual(decode(TRUE_EXEC[3]!), {
    event: EVENT,
    kind: "directory",
    path: "/tmp",
  });
  assert.deepEqual(decode(TRUE_EXEC[6]!), { event: EVENT, kind: "end" });
});

Deno.test("decodeAuditRecord() leaves other records alone", () => {
  assert.equal(decode(TRUE_EXEC[4]!), null);
  assert.equal(decode({ type: 1400, text: "" }), null);
});

const NAMES = [
  "pid=1",
  'a" pid=1 x="',
  "two words",
  "a\nb",
  "\u001b[31m",
  " ",
  "=",
  "é",
  "(null)",
];

for (const name of NAMES) {
  Deno.test(`decodeAuditRecord() is not misled by the name ${JSON.stringify(name)}`, () => {
    const written = encodeUntrusted(new TextEncoder().encode(name));
    const record = syscallOf(
      SYSCALL.text.replace('comm="true"', `comm=${written}`)
        .replace('exe="/usr/bin/true"', `exe=${written}`),
    );
    assert.equal(record.pid, 30118);
    assert.equal(record.exe, name);
  });
}

Deno.test("decodeAuditRecord() believes what stands first", () => {
  const text = SYSCALL.text.replace(" key=", " subj=x pid=1 exe=/x key=");
  assert.equal(syscallOf(text).pid, 30118);
  assert.equal(syscallOf(text).exe, "/usr/bin/true");
});

Deno.test("decodeAuditRecord() tells a call that failed", () => {
  const text = SYSCALL.text.replace("success=yes", "success=no");
  assert.equal(syscallOf(text).succeeded, false);
});

Deno.test("decodeAuditRecord() says null for what the kernel could not write", () => {
  const text = SYSCALL.text.replace('"/usr/bin/true"', "(null)");
  assert.equal(syscallOf(text).exe, null);
});

const REFUSED: readonly { name: string; text: string; why: string }[] = [
  { name: "nothing", text: "", why: "audit record has no header" },
  {
    name: "a header without a serial number",
    text: SYSCALL.text.replace(":40264", ""),
    why: "audit record has no header",
  },
  {
    name: "a call without a pid",
    text: SYSCALL.text.replace(" pid=30118", ""),
    why: "audit record has no process",
  },
  {
    name: "a pid that is too large",
    text: SYSCALL.text.replace(" pid=30118", " pid=4294967296"),
    why: "audit record has no process",
  },
];

for (const { name, text, why } of REFUSED) {
  Deno.test(`decodeAuditRecord() refuses ${name}`, () => {
    assert.deepEqual(decodeAuditRecord(messageOf({ ...SYSCALL, text })), {
      ok: false,
      why,
    });
  });
}

Deno.test("decodeAuditRecord() takes every truncation for less or nothing", () => {
  for (const sample of TRUE_EXEC) {
    const whole = messageOf(sample).payload;
    for (let length = 0; length < whole.length; length++) {
      const payload = whole.subarray(0, length);
      const decoded = decodeAuditRecord({ type: sample.type, payload });
      assert.equal(typeof decoded.ok, "boolean");
    }
  }
});

Deno.test("decodeAuditRecord() never throws", () => {
  const type = fc.constantFrom(...Object.values(TYPE));
  const body = fc.string({ unit: "binary", maxLength: 300 });
  fc.assert(fc.property(type, body, (type, body) => {
    const text = `audit(${EVENT}): ${body}`;
    const decoded = decodeAuditRecord(messageOf({ type, text }));
    assert.equal(typeof decoded.ok, "boolean");
  }));
});

Deno.test("decodeAuditRecord() reads any argument that the kernel can write", () => {
  const vector = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
  fc.assert(fc.property(vector, (args) => {
    const text = `audit(${EVENT}): argc=${args.length}` +
      args.map((bytes, index) => ` a${index}=${encodeUntrusted(bytes)}`)
        .join("");
    const record = decode({ type: TYPE.EXECVE, text });
    assert.ok(record?.kind === "arguments");
    assert.deepEqual(record.pieces.map(({ bytes }) => bytes), args);
  }));
});
