import assert from "node:assert/strict";
import { decodeProcStatus } from "../../../agent/decode/proc_status.ts";

// A file of Linux 6.18, of a shell that sudo has started, to its line CapPrm.
const STATUS = `Name:	a\\nb\\\\c
Umask:	0022
State:	S (sleeping)
Tgid:	1554
Ngid:	0
Pid:	1554
PPid:	1551
TracerPid:	0
Uid:	1001	0	1001	0
Gid:	127	127	127	127
FDSize:	256
Groups:	4 27 127 
NStgid:	1554
SigCgt:	0000000000000000
CapInh:	0000000000000000
CapPrm:	000001fffeffffff
`;

const REFUSED: readonly { name: string; text: string; why: string }[] = [
  { name: "nothing", text: "", why: "has no name" },
  { name: "no state", text: without("State"), why: "has no state" },
  { name: "no pid", text: without("Pid"), why: "has no pid" },
  { name: "no parent", text: without("PPid"), why: "has no parent" },
  { name: "no users", text: without("Uid"), why: "has no users" },
  {
    name: "one user for four",
    text: STATUS.replace(/^Uid:.*$/m, "Uid:\t0"),
    why: "has no users",
  },
  { name: "no group", text: without("Gid"), why: "has no group" },
  { name: "no groups", text: without("Groups"), why: "has no groups" },
  {
    name: "no capabilities",
    text: without("CapPrm"),
    why: "has no capabilities",
  },
  {
    name: "capabilities that are no number",
    text: STATUS.replace("fffeffffff", "xxxx"),
    why: "has no capabilities",
  },
];

Deno.test("decodeProcStatus() reads what rights a process has", () => {
  assert.deepEqual(decodeProcStatus(STATUS), {
    ok: true,
    value: {
      ...{ name: "a\\nb\\\\c", state: "S", pid: 1554, parentPid: 1551 },
      ...{ uids: [1001, 0, 1001, 0], gids: [127, 127, 127, 127] },
      ...{ groups: [4, 27, 127], permitted: 0x1fffeffffffn },
    },
  });
});

Deno.test("decodeProcStatus() reads a process without further groups", () => {
  const decoded = decodeProcStatus(STATUS.replace("4 27 127 ", " "));
  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value.groups, []);
});

for (const { name, text, why } of REFUSED) {
  Deno.test(`decodeProcStatus() refuses ${name}`, () => {
    const refused = { ok: false, why: `proc status ${why}` };
    assert.deepEqual(decodeProcStatus(text), refused);
  });
}

Deno.test("decodeProcStatus() refuses every truncation", () => {
  for (let length = 0; length < STATUS.length; length++) {
    assert.equal(
      decodeProcStatus(STATUS.slice(0, length)).ok,
      false,
      `${length}`,
    );
  }
});

function without(name: string): string {
  return STATUS.replace(new RegExp(`^${name}:.*\\n`, "m"), "");
}
