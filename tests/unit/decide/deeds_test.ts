import assert from "node:assert/strict";
import { judgeDeed } from "../../../agent/decide/deeds.ts";
import type {
  CallDeed,
  PrivilegeRecord,
} from "../../../agent/decode/privilege_record.ts";

const WORLD = {
  exe: "/usr/bin/python3.11",
  targetExe: "/opt/runner/bin/Runner.Worker",
  path: null,
};
const DONE = {
  doer: { pid: 7, startUs: 1 },
  target: { pid: 3, startUs: 1 },
  atUs: 2,
  isProtected: true,
  isDenied: false,
};
const CALL: CallDeed = {
  ...DONE,
  ...{ kind: "call", call: "mode", extra: 0o104755, fd: -100, path: "x" },
};
const STDIO = {
  kind: "stdio",
  doer: { pid: 7, startUs: 1 },
  atUs: 2,
  isOfParent: false,
  remote: { address: "203.0.113.5", port: 4444 },
} as const;

const DEEDS: readonly [PrivilegeRecord, rule: string, reason: RegExp][] = [
  [{ ...DONE, kind: "memory", route: "mem" }, "runner-memory", /Worker \(3\)/],
  [
    { ...DONE, kind: "memory", route: "environ", isProtected: false },
    "process-memory",
    /environ/,
  ],
  [{ ...DONE, kind: "signal", signal: 6 }, "core-dump", /SIGABRT/],
  [{ ...CALL, call: "ptrace" }, "runner-memory", /ptrace/],
  [{ ...CALL, call: "pidfdGetfd" }, "runner-memory", /descriptor/],
  [{ ...CALL, call: "moduleLoad" }, "kernel-module", /loads/],
  [{ ...CALL, call: "moduleUnload" }, "kernel-module", /removes/],
  [{ ...CALL, call: "kexec" }, "kernel-module", /kernel/],
  [CALL, "setuid-made", /mode 4755 of a file/],
  [{ ...CALL, call: "capability" }, "setuid-made", /capabilities/],
  [STDIO, "shell-on-socket", /203\.0\.113\.5 port 4444/],
];
for (const [deed, rule, reason] of DEEDS) {
  const name = deed.kind === "call" ? deed.call : deed.kind;
  Deno.test(`judgeDeed() finds ${rule} in ${name}`, () => {
    const finding = judgeDeed(deed, WORLD);
    assert.equal(finding?.rule, rule);
    assert.match(finding.reason, reason);
  });
}

const PROGRAMS: readonly [exe: string | null, isShell: boolean][] = [
  ["/bin/sh", true],
  ["/usr/bin/bash", true],
  ["/usr/bin/dash", true],
  ["/bin/busybox", true],
  ["/usr/bin/python3.11", true],
  ["/usr/bin/perl5.36", true],
  ["/usr/bin/node", true],
  ["/usr/sbin/sshd", false],
  ["/usr/bin/git-upload-pack", false],
  ["/usr/bin/cat", false],
  [null, false],
];
for (const [exe, isShell] of PROGRAMS) {
  Deno.test(`judgeDeed() ${isShell ? "minds" : "lets be"} ${exe} on a connection`, () => {
    const finding = judgeDeed(STDIO, { ...WORLD, exe });
    assert.equal(finding?.rule, isShell ? "shell-on-socket" : undefined);
  });
}
