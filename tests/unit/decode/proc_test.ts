import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeArguments,
  decodeNamespace,
  decodeProcStat,
  decodeRealUser,
  decodeUnifiedCgroup,
} from "../../../agent/decode/proc.ts";

const UTF8 = new TextEncoder();

/** A file of Linux 6.18, with the name put in. */
function statOf(name: string): string {
  return `7644 (${name}) S 7643 7642 7642 0 -1 4194560 105 0 0 0 0 1 0 0 20 0 ` +
    "1 0 104617 2920448 480 18446744073709551615 1 1 0 0 0 0 65536 4 65538 0 " +
    "0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

const NAMES = [
  "node",
  "",
  ")",
  "a) R 1 1",
  "((((",
  "two words",
  "two\nlines",
  "x) Z 1 1 1 0 -1 0",
];

const REFUSED: readonly { name: string; text: string; why: string }[] = [
  { name: "nothing", text: "", why: "proc stat has no name" },
  {
    name: "a name that is open",
    text: "1 (a S 1",
    why: "proc stat has no name",
  },
  {
    name: "a name turned round",
    text: "1 )a( S",
    why: "proc stat has no name",
  },
  {
    name: "nothing before the name",
    text: "(a) S 1",
    why: "proc stat has no pid",
  },
  { name: "no pid", text: statOf("a").slice(4), why: "proc stat has no pid" },
  {
    name: "a negative pid",
    text: "-" + statOf("a"),
    why: "proc stat has no pid",
  },
  { name: "no state", text: "1 (a)\n", why: "proc stat has no state" },
  { name: "no parent", text: "1 (a) S", why: "proc stat has no parent" },
  {
    name: "a start that no number holds",
    text: statOf("a").replace("104617", "9007199254740993"),
    why: "proc stat has no start",
  },
];

for (const name of NAMES) {
  Deno.test(`decodeProcStat() reads past the name ${JSON.stringify(name)}`, () => {
    assert.deepEqual(decodeProcStat(UTF8.encode(statOf(name))), {
      ok: true,
      value: {
        pid: 7644,
        command: name,
        state: "S",
        parentPid: 7643,
        threads: 1,
        startTicks: 104617,
      },
    });
  });
}

Deno.test("decodeProcStat() reads a process without parent, started with its kernel", () => {
  const text = statOf("init").replace("7644", "1").replace("S 7643", "S 0")
    .replace("104617", "0");
  assert.deepEqual(decodeProcStat(UTF8.encode(text)), {
    ok: true,
    value: {
      pid: 1,
      command: "init",
      state: "S",
      parentPid: 0,
      threads: 1,
      startTicks: 0,
    },
  });
});

Deno.test("decodeProcStat() reads a name that is not UTF-8", () => {
  const text = UTF8.encode(statOf("?"));
  text[text.indexOf("?".charCodeAt(0))] = 0xff;
  const decoded = decodeProcStat(text);

  assert.ok(decoded.ok);
  assert.equal(decoded.value.command, "\ufffd");
});

for (const { name, text, why } of REFUSED) {
  Deno.test(`decodeProcStat() refuses ${name}`, () => {
    assert.deepEqual(decodeProcStat(UTF8.encode(text)), { ok: false, why });
  });
}

Deno.test("decodeProcStat() refuses every truncation up to the start", () => {
  const text = UTF8.encode(statOf("node"));
  const needed = statOf("node").indexOf("104617");
  for (let length = 0; length <= needed; length++) {
    const { ok } = decodeProcStat(text.subarray(0, length));
    assert.equal(ok, false, `${length} bytes`);
  }
});

const ARGUMENTS: readonly { name: string; text: string; wanted: string[] }[] = [
  { name: "nothing", text: "", wanted: [] },
  { name: "one argument", text: "node\0", wanted: ["node"] },
  { name: "a missing last NUL", text: "a\0b", wanted: ["a", "b"] },
  { name: "an empty first argument", text: "\0a\0", wanted: ["", "a"] },
  { name: "empty arguments", text: "a\0\0\0", wanted: ["a", "", ""] },
  { name: "a line feed", text: "sh\0-c\0a\nb\0", wanted: ["sh", "-c", "a\nb"] },
  { name: "a byte order mark", text: "\ufeffa\0", wanted: ["\ufeffa"] },
  {
    name: "an argument of 1024 bytes",
    text: "a".repeat(1024) + "\0",
    wanted: ["a".repeat(1024)],
  },
  {
    name: "an argument of 1030 bytes",
    text: "a".repeat(1030) + "\0b\0",
    wanted: ["a".repeat(1024) + "…[+6 bytes]", "b"],
  },
  {
    name: "an argument cut inside a character",
    text: "a".repeat(1022) + "€€\0",
    wanted: ["a".repeat(1022) + "…[+6 bytes]"],
  },
  {
    name: "64 arguments",
    text: "a\0".repeat(64),
    wanted: Array(64).fill("a"),
  },
  {
    name: "67 arguments",
    text: "a\0".repeat(67),
    wanted: [...Array(64).fill("a"), "…[+3 arguments]"],
  },
];

for (const { name, text, wanted } of ARGUMENTS) {
  Deno.test(`decodeArguments() reads ${name}`, () => {
    assert.deepEqual(decodeArguments(UTF8.encode(text)), wanted);
  });
}

Deno.test("decodeArguments() replaces bytes that are not UTF-8", () => {
  assert.deepEqual(decodeArguments(Uint8Array.of(0x61, 0xff, 0)), ["a\ufffd"]);
});

Deno.test("decodeArguments() cuts continuation bytes without end", () => {
  const [argument] = decodeArguments(new Uint8Array(2000).fill(0x80));
  assert.match(argument!, /\u{fffd}…\[\+979 bytes\]$/u);
});

const CGROUPS: readonly {
  name: string;
  text: string;
  wanted: string | null;
}[] = [
  { name: "v2 alone", text: "0::/user.slice\n", wanted: "/user.slice" },
  { name: "the root", text: "0::/\n", wanted: "/" },
  {
    name: "v2 below v1",
    text: "12:pids:/a\n1:name=systemd:/0::/b\n0::/c d\n",
    wanted: "/c d",
  },
  { name: "v1 alone", text: "12:pids:/a\n10::/b\n", wanted: null },
  { name: "nothing", text: "", wanted: null },
  { name: "a path that is not absolute", text: "0::a\n", wanted: null },
];

for (const { name, text, wanted } of CGROUPS) {
  Deno.test(`decodeUnifiedCgroup() reads ${name}`, () => {
    assert.equal(decodeUnifiedCgroup(UTF8.encode(text)), wanted);
  });
}

Deno.test("decoders of /proc files accept or refuse any bytes, in bounded text", () => {
  const piece = fc.constantFrom(
    ...["(", ")", " ", "\n", "\0", "0::/", "S", "-1", "7", "é", "\ufffd"],
  );
  const nearly = fc.array(piece, { maxLength: 60 })
    .map((all) => UTF8.encode(all.join("")));
  fc.assert(
    fc.property(fc.oneof(nearly, fc.uint8Array()), (bytes) => {
      const decoded = decodeProcStat(bytes);
      assert.ok(decoded.ok ? decoded.value.pid >= 0 : decoded.why !== "");
      assert.ok(decodeUnifiedCgroup(bytes)?.startsWith("/") ?? true);
      assert.ok(decodeArguments(bytes).length <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});

const USERS: readonly { name: string; text: string; wanted: number | null }[] =
  [
    {
      name: "the real one of four",
      text: "Name:\tsh\nUmask:\t0022\nUid:\t1001\t0\t0\t0\nGid:\t1\t1\t1\t1\n",
      wanted: 1001,
    },
    {
      name: "past a name that looks like it",
      text: "Name:\tUid:\\t7\\t\nUid:\t5\t5\t5\t5\n",
      wanted: 5,
    },
    { name: "none", text: "Name:\tsh\n", wanted: null },
    { name: "a part of one", text: "Uid:\t10", wanted: null },
  ];

for (const { name, text, wanted } of USERS) {
  Deno.test(`decodeRealUser() reads ${name}`, () => {
    assert.equal(decodeRealUser(UTF8.encode(text)), wanted);
  });
}

Deno.test("decodeNamespace() reads a link and nothing else", () => {
  const of = (text: string) => decodeNamespace(UTF8.encode(text));
  assert.equal(of("net:[4026531833]"), 4026531833);
  assert.equal(of("/tmp/net:[4026531833]"), null);
  assert.equal(of("net:[]"), null);
  assert.equal(of(""), null);
});
