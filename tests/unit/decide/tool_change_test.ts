import assert from "node:assert/strict";
import {
  judgeToolChange,
  type ToolWriter,
} from "../../../agent/decide/tool_change.ts";

const GCC = "/usr/bin/gcc-12";
const NPM = "/usr/lib/node_modules/npm/bin/npm-cli.js";
const PLAIN: ToolWriter = {
  exe: "/usr/bin/cp",
  script: null,
  isSure: true,
  above: ["/usr/bin/bash"],
};
const DPKG = { ...PLAIN, exe: "/usr/bin/dpkg" };
const APT = ["/usr/bin/apt-get", "/usr/bin/sudo", "/usr/bin/bash"];

const CHANGES: readonly {
  readonly name: string;
  readonly writer: ToolWriter | null;
  readonly tool?: string;
  readonly overwritten: boolean;
  readonly reason: string;
}[] = [
  {
    name: "anybody's copy",
    writer: PLAIN,
    overwritten: true,
    reason: "gcc-12 was replaced by cp before make used it again",
  },
  {
    name: "nobody who is known",
    writer: null,
    overwritten: true,
    reason:
      "gcc-12 was replaced by nobody knows whom before make used it again",
  },
  {
    name: "the system's package manager",
    writer: { ...DPKG, above: APT },
    overwritten: false,
    reason:
      "gcc-12 was replaced by dpkg, the system's own, before make used it again",
  },
  {
    name: "that package manager outside of any step",
    writer: { ...DPKG, above: null },
    overwritten: false,
    reason:
      "gcc-12 was replaced by dpkg, the system's own, before make used it again",
  },
  {
    name: "that package manager below a package's script",
    writer: { ...DPKG, above: [...APT, "/usr/bin/node", "/usr/bin/bash"] },
    overwritten: true,
    reason: "gcc-12 was replaced by dpkg before make used it again",
  },
  {
    name: "somebody who has become that package manager since",
    writer: { ...DPKG, isSure: false },
    overwritten: true,
    reason: "gcc-12 was replaced by dpkg before make used it again",
  },
  {
    name: "another program of that name",
    writer: { ...DPKG, exe: "/opt/x/bin/dpkg" },
    overwritten: true,
    reason: "gcc-12 was replaced by dpkg before make used it again",
  },
  {
    name: "a package's script of that package manager",
    writer: { ...PLAIN, above: ["/usr/bin/dash", "/usr/bin/dpkg", ...APT] },
    overwritten: true,
    reason: "gcc-12 was replaced by cp before make used it again",
  },
  {
    name: "the tool itself",
    tool: NPM,
    writer: { ...PLAIN, exe: "/usr/bin/node", script: NPM, isSure: false },
    overwritten: false,
    reason: "npm-cli.js has replaced itself before make used it again",
  },
  {
    name: "the tool itself below a package's script",
    tool: NPM,
    writer: {
      ...{ exe: "/usr/bin/node", script: NPM, isSure: true },
      above: ["/usr/bin/dash", "/usr/bin/node", "/usr/bin/bash"],
    },
    overwritten: true,
    reason: "npm-cli.js was replaced by npm-cli.js before make used it again",
  },
  {
    name: "an interpreter that runs something else",
    tool: "/usr/bin/node",
    writer: { ...PLAIN, exe: "/usr/bin/node", script: "/w/x.js" },
    overwritten: true,
    reason: "node was replaced by x.js before make used it again",
  },
  {
    name: "somebody above whom is not known",
    writer: { ...DPKG, above: [null] },
    overwritten: true,
    reason: "gcc-12 was replaced by dpkg before make used it again",
  },
];
for (const { name, writer, tool = GCC, overwritten, reason } of CHANGES) {
  Deno.test(`judgeToolChange() finds ${overwritten ? "" : "no "}fault with ${name}`, () => {
    const user = "/usr/bin/make";
    const found = judgeToolChange({ paths: [tool], writer, user });
    assert.deepEqual(found, { overwritten, reason });
  });
}

Deno.test("judgeToolChange() names no user of a program that was executed", () => {
  const { reason } = judgeToolChange({
    ...{ paths: [GCC], writer: PLAIN, user: GCC },
  });
  assert.equal(reason, "gcc-12 was replaced by cp before it was used again");
});
