import assert from "node:assert/strict";
import { AgentError } from "../../../agent/errors.ts";
import {
  findInvoker,
  initialEnvironment,
  invokedDirectory,
  variable,
} from "../../../agent/observe/invoker.ts";
import { readLink, readText } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";

Deno.test("initialEnvironment() gives what this program was started with", () => {
  using libc = new Libc();
  const text = readText(libc, "/proc/self/environ");
  const environment = initialEnvironment(libc);
  assert.equal(environment.map((pair) => `${pair}\0`).join(""), text);
  assert.ok(variable(environment, "PATH")?.includes("/"));
});

const ENVIRONMENT = ["A=1", "AB=2", "EMPTY=", "C=a=b", "A=3", "LINE=x\ny"];
const VARIABLES: readonly { name: string; wanted: string | null }[] = [
  { name: "A", wanted: "1" },
  { name: "AB", wanted: "2" },
  { name: "EMPTY", wanted: "" },
  { name: "C", wanted: "a=b" },
  { name: "LINE", wanted: "x\ny" },
  { name: "B", wanted: null },
  { name: "a", wanted: null },
];

for (const { name, wanted } of VARIABLES) {
  Deno.test(`variable() gives ${JSON.stringify(wanted)} for ${name}`, () => {
    assert.equal(variable(ENVIRONMENT, name), wanted);
  });
}

Deno.test("findInvoker() finds root where nobody stands behind sudo", () => {
  using libc = new Libc();
  const { uid, gid, name, home } = findInvoker(libc, ["SUDO_USER=x"]);
  assert.deepEqual([uid, gid, name, home], [0, 0, "root", "/root"]);
});

Deno.test("findInvoker() finds the user behind sudo", () => {
  using libc = new Libc();
  const { uid, name } = findInvoker(libc, ["SUDO_UID=65534"]);
  assert.deepEqual([uid, name], [65_534, "nobody"]);
  assert.equal(findInvoker(libc, ["SUDO_UID=0"]).name, "root");
});

// Whatever of these became 0 would run the command as root.
for (const told of ["", " ", "abc", "0x0", "-0", "0e1", "4294967294", "1.0"]) {
  Deno.test(`findInvoker() knows no user "${told}"`, () => {
    using libc = new Libc();
    assert.throws(
      () => findInvoker(libc, [`SUDO_UID=${told}`]),
      (error) => error instanceof AgentError && error.code === "user_unknown",
    );
  });
}

const DIRECTORIES: readonly { environment: string[]; wanted: string | null }[] =
  [
    { environment: ["SLUICE_CWD=/a b"], wanted: "/a b" },
    { environment: ["SLUICE_CWD="], wanted: null },
    { environment: ["SLUICE_CWD=relative"], wanted: null },
    { environment: ["INIT_CWD=/a"], wanted: null },
    { environment: [], wanted: null },
  ];

for (const { environment, wanted } of DIRECTORIES) {
  Deno.test(`invokedDirectory() gives ${wanted ?? "our own"} for [${environment}]`, () => {
    using libc = new Libc();
    const own = readLink(libc, "/proc/self/cwd");
    assert.equal(invokedDirectory(libc, environment), wanted ?? own);
  });
}
