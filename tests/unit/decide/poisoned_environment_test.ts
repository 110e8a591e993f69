import assert from "node:assert/strict";
import {
  judgeEnvironment,
  judgeSearchPath,
} from "../../../agent/decide/poisoned_environment.ts";

const VARIABLES: readonly [name: string, value: string, poison: boolean][] = [
  ["LD_PRELOAD", "/tmp/x.so", true],
  ["LD_PRELOAD", "", false],
  ["BASH_ENV", "x", true],
  ["GIT_SSH_COMMAND", "ssh -i key", true],
  ["GIT_CONFIG_KEY_0", "core.sshCommand", true],
  ["BASH_FUNC_git%%", "() { id; }", true],
  ["NODE_OPTIONS", "--max-old-space-size=4096", false],
  ["NODE_OPTIONS", "--max-old-space-size=4096 --require ./x.js", true],
  ["NODE_OPTIONS", '"--re\\quire" ./x.js', true],
  ["NODE_OPTIONS", "-r x", true],
  ["NODE_OPTIONS", "--experimental_loader=x", true],
  ["JAVA_TOOL_OPTIONS", "-Xmx2g -Dfile.encoding=UTF-8", false],
  ["JAVA_TOOL_OPTIONS", "-Xmx2g '-javaagent:x.jar'", true],
  ["_JAVA_OPTIONS", "@/tmp/arguments", true],
  ["RUBYOPT", "-W0", false],
  ["RUBYOPT", "-W0 -rx", true],
  ["PS4", "+ ", false],
  ["PS4", "$(id)", true],
  ["PATH", "/usr/local/bin:/usr/bin", false],
  ["PATH", "/usr/bin:/tmp/bin", true],
  ["PATH", "/usr/bin::/bin", true],
  ["PATH", ".:/bin", true],
  ["__proto__", "x", false],
  ["constructor", "x", false],
  ["VERSION", "LD_PRELOAD=x", false],
  ["ld_preload", "x", false],
];
for (const [name, value, poison] of VARIABLES) {
  Deno.test(`judgeEnvironment() ${poison ? "tells of" : "lets be"} ${name}=${value}`, () => {
    const rules = judgeEnvironment([{ name, value }]).map((f) => f.rule);
    assert.deepEqual(rules, poison ? ["env-file-poisoned"] : []);
  });
}

Deno.test("judgeEnvironment() says as much of a million variables as a person reads", () => {
  const entries = Array.from({ length: 1e5 }, (_, at) => ({
    name: `GIT_CONFIG_KEY_${at}`,
    value: "x".repeat(10),
  }));
  assert.equal(judgeEnvironment(entries).length, 16);
});

const DIRECTORIES: readonly [string, boolean][] = [
  ["/opt/hostedtoolcache/node/20/x64/bin", false],
  ["/home/runner/.cargo/bin", false],
  ["/tmp", true],
  ["//tmp/x", true],
  ["/dev/shm/x", true],
  ["/opt/../tmp", true],
  ["bin", true],
  ["/tmpfiles", false],
];
for (const [directory, found] of DIRECTORIES) {
  Deno.test(`judgeSearchPath() ${found ? "tells of" : "lets be"} ${directory}`, () => {
    assert.equal(judgeSearchPath(`${directory}\r\n`).length, found ? 1 : 0);
  });
}
