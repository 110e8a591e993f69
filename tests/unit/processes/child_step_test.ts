import assert from "node:assert/strict";
import { actionOf, pathOf } from "../../../agent/processes/child_step.ts";

for (
  const [environment, action] of [
    [null, null],
    [[], null],
    [["PATH=/bin", "GITHUB_ACTION=__run_2"], "__run_2"],
    [["GITHUB_ACTION="], null],
    [["GITHUB_ACTION=a", "GITHUB_ACTION=b"], null],
    [["XGITHUB_ACTION=a", "GITHUB_ACTIONS=true"], null],
    [["GITHUB_ACTION=a\nb=c"], "a\nb=c"],
  ] as const
) {
  Deno.test(`actionOf() of ${JSON.stringify(environment)} is ${action}`, () => {
    assert.equal(actionOf(environment), action);
  });
}

const UUID = "7ae4b711-8656-450a-ad26-701e69261ce5";

for (
  const [args, path] of [
    [["bash", "-e", `/r/_work/_temp/${UUID}.sh`], "run"],
    [["node", "/r/_work/_actions/a/b/v4/dist/index.js"], "a/b@v4"],
    [["node", "/r/_work/_actions/a/b/v4/sub/index.js"], "a/b@v4"],
    [["node", "/r/_actions/a/b"], null],
    [["bash", "/r/_temp/x.sh"], null],
    [["make"], null],
    [[], null],
  ] as const
) {
  Deno.test(`pathOf() of "${args.join(" ")}" is ${path}`, () => {
    assert.equal(pathOf(args), path);
  });
}
