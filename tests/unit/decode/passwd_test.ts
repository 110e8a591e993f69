import assert from "node:assert/strict";
import { decodePasswd } from "../../../agent/decode/passwd.ts";

const ROOT = "root:x:0:0:root:/root:/bin/bash";

/** Lines that are not a user; each is read between two that are. */
const LEFT_OUT: readonly { name: string; line: string }[] = [
  { name: "nothing", line: "" },
  { name: "a comment", line: "#root:x:0:0:root:/root:/bin/bash" },
  { name: "all users of a network database", line: "+::::::" },
  { name: "all but one of a network database", line: "-ci:x:1:1:::" },
  { name: "six fields", line: "ci:x:1:1::/home/ci" },
  { name: "eight fields", line: "ci:x:1:1::/home/ci:/bin/sh:" },
  { name: "no name", line: ":x:1:1::/home/ci:/bin/sh" },
  { name: "no number", line: "ci:x::1::/home/ci:/bin/sh" },
  { name: "a negative number", line: "ci:x:-1:1::/home/ci:/bin/sh" },
  { name: "a hexadecimal number", line: "ci:x:0x1:1::/home/ci:/bin/sh" },
  { name: "the number of no user", line: "ci:x:4294967295:1::/h:/bin/sh" },
  { name: "a group past 32 bits", line: "ci:x:1:4294967296::/h:/bin/sh" },
];

Deno.test("decodePasswd() reads users in their order", () => {
  const text = `${ROOT}\nci:x:1001:118:CI,,,:/home/ci:\n`;
  assert.deepEqual(decodePasswd(text), [
    { name: "root", uid: 0, gid: 0, home: "/root", shell: "/bin/bash" },
    { name: "ci", uid: 1001, gid: 118, home: "/home/ci", shell: "" },
  ]);
});

Deno.test("decodePasswd() reads the largest number of a user", () => {
  const [user] = decodePasswd("a:x:4294967294:4294967294:::");
  assert.equal(user?.uid, 4294967294);
});

for (const { name, line } of LEFT_OUT) {
  Deno.test(`decodePasswd() leaves out ${name}`, () => {
    const names = decodePasswd(`${ROOT}\n${line}\n${ROOT}`)
      .map(({ name }) => name);
    assert.deepEqual(names, ["root", "root"]);
  });
}
