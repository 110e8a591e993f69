/** What steps do to the runner's files, and by them to later steps. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { Guarding } from "./guarding.ts";
import { MemoryGround, privileges } from "./memory_ground.ts";

const COMMANDS = "_work/_temp/_runner_file_commands";

const POISON: Readonly<Record<string, { script: string; names: RegExp }>> = {
  preload: {
    script: "echo LD_PRELOAD=/tmp/x.so >> $C/set_env_1",
    names: /LD_PRELOAD/,
  },
  node: {
    script: "printf 'A=1\\nNODE_OPTIONS<<E\\n--require /tmp/x\\nE\\n' " +
      ">> $C/set_env_2",
    names: /NODE_OPTIONS/,
  },
  path: {
    script: "/bin/sh -c 'echo /tmp/evil >> $C/add_path_3'",
    names: /\/tmp\/evil/,
  },
};

const CHANGED: Readonly<Record<string, { script: string; path: string }>> = {
  write: { script: "echo X=1 >> $R/.env", path: ".env" },
  replace: {
    script: "cp /bin/true $R/new && mv $R/new $R/bin/Runner.Other",
    path: "bin/Runner.Other",
  },
  node: {
    script: "cp /bin/true $R/externals/node20/bin/npx",
    path: "externals/node20/bin/npx",
  },
  credentials: {
    script: "touch $R/.credentials_rsaparams",
    path: ".credentials_rsaparams",
  },
};

const HONEST: Readonly<Record<string, string>> = {
  "honest-env": "echo NODE_OPTIONS=--max-old-space-size=4096 >> " +
    "$C/set_env_9; echo /opt/tool/bin >> $C/add_path_9; " +
    "echo '# done' >> $C/step_summary_9",
  "honest-files": "mkdir -p $R/_work/a/b && echo x > $R/_work/a/b/c; " +
    "cat $R/bin/Runner.Worker > /dev/null; echo y > $R/_diag/mine",
};

Deno.test("what steps do to the runner's files is told, and no honest build", async () => {
  await using lab = await Lab.up();
  await using ground = await MemoryGround.make(lab);
  const guard = await Guarding.arm(lab, { egress: "audit" });
  const root = `${ground.directory}/runner`;
  await Deno.mkdir(`${root}/${COMMANDS}`, { recursive: true });
  const scripts: Record<string, string> = {};
  const add = (name: string, script: string) => {
    scripts[name] = `export R=${root} C=${root}/${COMMANDS}; ${script}`;
  };
  for (const [name, { script }] of Object.entries(POISON)) {
    add(`poison-${name}`, script);
  }
  for (const [name, { script }] of Object.entries(CHANGED)) {
    add(`change-${name}`, script);
  }
  for (const [name, script] of Object.entries(HONEST)) add(name, script);
  const printed = await ground.take([], scripts);
  await guard.stop();
  for (const [name, lines] of printed) {
    assert.equal(lines.at(-1), "exit 0", `${name}: ${lines.join(" ")}`);
  }
  for (const [name, { names }] of Object.entries(POISON)) {
    const told = await privileges(guard, `poison-${name}`);
    const found = told.find(({ rule }) => rule === "env-file-poisoned");
    assert.ok(found !== undefined, `${name}: ${JSON.stringify(told)}`);
    assert.match(found.reason, names);
    assert.match(found.path ?? "", /_runner_file_commands\//);
    assert.ok((found.process?.pid ?? 0) > 1);
  }
  for (const [name, { path }] of Object.entries(CHANGED)) {
    const told = await privileges(guard, `change-${name}`);
    const found = told.find((event) =>
      event.rule === "runner-files-changed" && event.path === `${root}/${path}`
    );
    assert.ok(found !== undefined, `${name}: ${JSON.stringify(told)}`);
    assert.match(found.process?.exe ?? "", /bash|mv|cp|touch/);
  }
  for (const name of Object.keys(HONEST)) {
    assert.deepEqual(await privileges(guard, name), [], name);
  }
});
