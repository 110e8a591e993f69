/** Who may end the guard of a job: the runner's own post step, and nobody else. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { ActionGround, step } from "./action_ground.ts";

const BLOCK = {
  "egress-policy": "block",
  "allowed-endpoints": "203.0.113.10:443",
  "on-denied": "fail",
};

const SIBLING = fileURLToPath(new URL("./sibling.c", import.meta.url));

interface Asker {
  readonly name: string;
  /** A step's script; asks with what the post step will ask with. */
  readonly script: (
    of: { node: string; post: string; sibling: string },
  ) => string;
}

const ASKERS: readonly Asker[] = [
  {
    name: "a step that executes what the runner would",
    script: ({ node, post }) => `exec ${node} ${post}`,
  },
  {
    name: "a child of a step",
    script: ({ node, post }) => `${node} ${post}; :`,
  },
  {
    name: "a process that has let go of its step",
    script: ({ node, post }) =>
      `(setsid ${node} ${post} </dev/null &); sleep 1`,
  },
  {
    name: "a step that gives its own parent a child",
    script: ({ node, post, sibling }) => `exec ${sibling} ${node} ${post}`,
  },
  {
    name: "a program by the same name in another place",
    script: ({ node, post }) =>
      `cp ${node} ./node; (exec -a ${node} ./node ${post}); :`,
  },
];

for (const { name, script } of ASKERS) {
  Deno.test(`${name} cannot end a job's guard`, async () => {
    await using lab = await Lab.up();
    await using ground = await ActionGround.build(lab);
    const { net, root } = ground.runner;
    const node = `${root}/externals/node20/bin/node`;
    const post = ground.postScript;
    const sibling = `${lab.directory}/sibling`;
    await runOrThrow(["gcc", "-Wall", "-Werror", "-o", sibling, SIBLING]);
    const course = await ground.run({
      inputs: BLOCK,
      steps: [
        step("Ask", script({ node, post, sibling })),
        step("Leave", `${net} step get 203.0.113.40 443 evil.test; :`),
      ],
    });

    assert.match(ground.runner.said, /Only the runner's own post step/);
    assert.equal(course.last?.exitCode, 1);
    assert.equal(course.postCode, 1);
    assert.match(course.last!.lines.join("\n"), /203\.0\.113\.40/);
    assert.match(course.last!.lines.join("\n"), /has asked for the end/);
  });
}
