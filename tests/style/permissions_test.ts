import assert from "node:assert/strict";
import { AGENT_TASK, findPrivileged, readCommands } from "./permissions.ts";
import { isUnder, readModules, readTextFiles, ROOT } from "./tree.ts";

const LIBRARY_FOLDERS = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
];
const LIBRARIES = LIBRARY_FOLDERS.flatMap((folder) => [
  `${folder}/libc.so.6`,
  `${folder}/libnetfilter_queue.so.1.5.0`,
]);

/**
 * All that the agent is started with. Exact, not only as to permissions: others
 * open a debugger's port or load a file first.
 */
const AGENT_OPTIONS = [
  `--allow-ffi=${LIBRARIES.join(",")}`,
  // Its own modules, which a worker is loaded from.
  "--allow-read=agent,ffi",
  "--ignore-env",
  "--no-prompt",
  // Memory, and no permission.
  "--v8-flags=--optimize-for-size",
];

const WHY_NARROW =
  "the agent runs as root and reads what an attacker sends. It needs two C libraries and its own source: with network, run or write permission a slip in it could be a way out, with env or a bare library name a build could tell it what to load. Widen only what cannot be done otherwise, and say so in SECURITY.md";

/** Commands that never run under sudo in front of somebody's build. */
const TOOL_SUBCOMMANDS = ["fmt", "lint", "check", "doc"];

/** A command line that starts a program with permissions of its own. */
const OWN_PERMISSIONS =
  /\bdeno(?:@\S+)? (?:run|compile|install|serve)\b.*\s(?:--allow-|-A\b)/;

const CONFIG = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
const TASKS: [string, string][] = Object.entries(CONFIG.tasks).map((
  [name, task],
) => [name, commandOf(task)]);

Deno.test(`task ${AGENT_TASK} grants exactly what the agent needs`, () => {
  const task = new Map(TASKS).get(AGENT_TASK) ?? "";
  const [command, ...others] = readCommands(task);

  assert.ok(command !== undefined, "deno.json does not have it");
  assert.equal(command.target, "agent/cli.ts");
  assert.equal(command.subcommand, "run");
  assert.deepEqual(command.options, AGENT_OPTIONS, WHY_NARROW);
  assert.deepEqual(others, []);
});

for (const path of LIBRARIES) {
  Deno.test(`the agent's library ${path} is no symbolic link`, () => {
    assert.equal(new URL(path, "file:///").pathname, path);
    let real: string;
    try {
      real = Deno.realPathSync(path);
    } catch (error) {
      // The other architecture's, or not installed; then nothing can be loaded.
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    assert.equal(
      real,
      path,
      "a permission for a link holds for nothing: Deno compares the file that the link leads to",
    );
  });
}

for (const [name, task] of TASKS) {
  if (name === AGENT_TASK) continue;
  Deno.test(`task ${name} grants nothing to the agent's own code`, () => {
    for (const { subcommand, permissions, target } of readCommands(task)) {
      if (TOOL_SUBCOMMANDS.includes(subcommand)) {
        assert.deepEqual(permissions, []);
        continue;
      }
      assert.ok(
        isUnder(target ?? "", ["tests"]),
        `task ${name} runs ${target}: outside tests/, permissions stand in task sluice alone, or one of two places would be wider and nobody knows which is used`,
      );
      assert.deepEqual(
        permissions,
        ["-A"],
        "what needs less than everything is started by tests/main.ts, which spells it out",
      );
    }
  });
}

Deno.test("deno.json grants nothing outside its tasks", () => {
  const { permissions, test, bench, compile } = CONFIG;

  assert.deepEqual(
    { permissions, test, bench, compile },
    {
      permissions: undefined,
      test: undefined,
      bench: undefined,
      compile: undefined,
    },
    "a permission set of deno.json would be a second place, taken up by -P unseen",
  );
});

Deno.test("no document or script runs the agent with permissions of its own", () => {
  const places = readTextFiles()
    .filter(({ path }) => path !== "deno.json" && !isUnder(path, ["tests"]))
    .flatMap(({ path, text }) =>
      text.split("\n").filter((line) => OWN_PERMISSIONS.test(line))
        .map((line) => `${path}: ${line.trim()}`)
    );

  assert.ok(
    places.length === 0,
    `\n${
      places.join("\n")
    }\nPeople copy commands: this one would be run with more than task sluice grants\n`,
  );
});

Deno.test("agent and ffi use nothing that needs a wider permission", () => {
  const product = readModules().filter(({ path }) =>
    isUnder(path, ["agent", "ffi", "mod.ts"]) &&
    // What the runner's Node runs, as the runner's user.
    !isUnder(path, ["agent/action"])
  );
  assert.ok(product.length > 0);
  const uses = product.flatMap((file) =>
    findPrivileged(file).map((name) => `${file.path} uses ${name}`)
  );

  assert.ok(uses.length === 0, `\n${uses.join("\n")}\n${WHY_NARROW}\n`);
});

const LINES: readonly { line: string; isOwn: boolean }[] = [
  { line: "sudo deno run -A agent/cli.ts", isOwn: true },
  { line: "npx -y deno@2.9.6 run --allow-net agent/cli.ts", isOwn: true },
  { line: "  run: deno compile -o a --allow-ffi agent/cli.ts", isOwn: true },
  { line: "sudo npx -y deno@2.9.6 task sluice run -- npm ci", isOwn: false },
  { line: "deno run examples/report.ts --All", isOwn: false },
];

for (const { line, isOwn } of LINES) {
  Deno.test(`OWN_PERMISSIONS ${isOwn ? "finds" : "passes"} ${line}`, () => {
    assert.equal(OWN_PERMISSIONS.test(line), isOwn);
  });
}

const COMMANDS: readonly { task: string; permissions: string[] }[] = [
  { task: "deno run -A a.ts", permissions: ["-A"] },
  { task: "A=$B deno run --no-prompt a.ts -A", permissions: ["--no-prompt"] },
  { task: "deno run --quiet --allow-net a.ts", permissions: ["--allow-net"] },
  { task: "deno run -RW=/ a.ts", permissions: ["-RW=/"] },
  { task: "deno run -qA a.ts", permissions: ["-qA"] },
  { task: "deno run -P=all a.ts", permissions: ["-P=all"] },
  { task: "deno run --deny-net a.ts", permissions: ["--deny-net"] },
  { task: "deno run --allow-ffi=a,b a.ts", permissions: ["--allow-ffi=a,b"] },
  { task: "npx -y deno@2.9.6 run -A a.ts", permissions: ["-A"] },
  { task: "echo a && deno run -S a.ts", permissions: ["-S"] },
];

for (const { task, permissions } of COMMANDS) {
  Deno.test(`readCommands() finds the permissions of ${task}`, () => {
    assert.deepEqual(
      readCommands(task).map((each) => each.permissions),
      [permissions],
    );
  });
}

const PRIVILEGED: readonly { source: string; found: string[] }[] = [
  { source: 'new Deno.Command("a");', found: ["Deno.Command"] },
  { source: 'fetch("a");', found: ["fetch"] },
  { source: 'globalThis.fetch("a");', found: ["fetch"] },
  { source: "const get = fetch;", found: ["fetch"] },
  { source: 'new WebSocket("a");', found: ["WebSocket"] },
  { source: "Deno.connect({ port: 1 });", found: ["Deno.connect"] },
  { source: "Deno.listen({ port: 1 });", found: ["Deno.listen"] },
  { source: 'Deno.readFile("a");', found: ["Deno.readFile"] },
  { source: 'Deno.env.get("A");', found: ["Deno.env"] },
  { source: "Deno.UnsafePointer.of(a);", found: ["Deno.UnsafePointer"] },
  {
    source: 'Deno["Command"];',
    found: ["Deno without a plain member"],
  },
  {
    source: "const { Command } = Deno;",
    found: ["Deno without a plain member"],
  },
  {
    source: "globalThis.Deno.run();",
    found: ["Deno without a plain member"],
  },
  { source: 'const a = ["--allow-net"];', found: ['"--allow-net"'] },
  { source: "const a = `--allow-read=${b}`;", found: ['"--allow-read="'] },
  { source: 'Deno.dlopen("/a", {});', found: [] },
  { source: "type A = Deno.DynamicLibrary<B>;", found: [] },
  { source: "const { fetch } = a; b({ fetch: 1 });", found: [] },
  { source: 'const hint = "Run it with --allow-ffi";', found: [] },
  { source: 'const append = ["-A", "OUTPUT"];', found: [] },
];

for (const { source, found } of PRIVILEGED) {
  Deno.test(`findPrivileged() finds ${found} in ${source}`, () => {
    const file = { path: "agent/sample.ts", text: source };

    assert.deepEqual(findPrivileged(file), found);
  });
}

function commandOf(task: unknown): string {
  if (typeof task === "string") return task;
  const { command } = task as { command?: string };
  return command ?? "";
}
