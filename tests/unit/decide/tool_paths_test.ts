import assert from "node:assert/strict";
import {
  directoriesOf,
  isInstalledPath,
  isToolPath,
  scriptOf,
} from "../../../agent/decide/tool_paths.ts";

const PLACES = {
  workspaces: ["/home/runner/work/app/app", "/opt/run/_work/app/app"],
  searchPath: new Set(["/tmp/tools/bin", "/home/runner/work/app/app/build"]),
};

const PATHS: readonly [path: string, isTool: boolean][] = [
  ["/usr/bin/x86_64-linux-gnu-gcc-12", true],
  ["/usr/lib/gcc/x86_64-linux-gnu/12/cc1", true],
  ["/usr/lib/node_modules/npm/bin/npm-cli.js", true],
  ["/bin/busybox", true],
  ["/nix/store/abc-gcc/bin/gcc", true],
  ["/opt/hostedtoolcache/node/20.0.0/x64/bin/node", true],
  ["/opt/run/_work/_tool/node/20.0.0/x64/bin/node", true],
  ["/opt/run/_work/_actions/actions/checkout/v4/dist/index.js", true],
  ["/opt/run/_work/_temp/0d1f.sh", false],
  ["/home/runner/.cargo/bin/cargo", true],
  ["/home/runner/.rustup/toolchains/stable/bin/rustc", true],
  ["/home/runner/go/bin/stringer", true],
  ["/home/runner/.cargo/registry/x/bin/y", false],
  ["/tmp/tools/bin/tool", true],
  ["/tmp/tools/bin/deeper/tool", false],
  ["/tmp/go-build123/b001/exe/gen", false],
  ["/home/runner/work/app/app/target/debug/build/x/build-script-build", false],
  ["/opt/run/_work/app/app/bin/tool", false],
  // It is on the path of a step, and all the same what the build builds.
  ["/home/runner/work/app/app/build/gen", false],
  ["/home/runner/work/app/app/node_modules/typescript/bin/tsc", true],
  ["/home/runner/work/app/app/node_modules/.cache/x/y", false],
  ["/home/runner/work/app/app/.venv/bin/pip", true],
  ["/home/runner/work/app/app/env/bin/python", true],
  ["/home/runner/work/app/app/vendor/bin/phpunit", true],
  ["/home/runner/work/app/application", false],
  ["/usr/src/app/build/tool", false],
  ["/srv/a.out", false],
];
for (const [path, isTool] of PATHS) {
  Deno.test(`isToolPath() takes ${path} for ${isTool ? "a" : "no"} tool`, () => {
    assert.equal(isToolPath(path, PLACES), isTool);
  });
}

const INSTALLED: readonly [path: string, isInstalled: boolean][] = [
  ["/usr/lib/node_modules/npm/bin/npm-cli.js", true],
  ["/opt/run/_work/app/app/node_modules/npm/bin/npm-cli.js", false],
  ["/opt/run/_work/app/app/.yarn/releases/yarn-4.5.0.cjs", true],
  ["/opt/run/_work/app/app/.venv/bin/twine", false],
  ["/srv/node_modules/npm/bin/npm-cli.js", false],
  ["/tmp/curl", false],
];
for (const [path, isInstalled] of INSTALLED) {
  Deno.test(`isInstalledPath() takes ${path} for ${isInstalled ? "" : "not "}installed`, () => {
    assert.equal(isInstalledPath(path, PLACES), isInstalled);
  });
}

const SCRIPTS: readonly [args: string, exe: string, script: string | null][] = [
  ["node /usr/bin/npm ci", "/usr/bin/node", "/usr/bin/npm"],
  ["node --no-warnings x.js", "/usr/bin/node", "/w/x.js"],
  ["node --require ./y.js /usr/bin/npm", "/usr/bin/node", null],
  ["node -e 1 /usr/bin/npm", "/usr/bin/node", null],
  ["/usr/bin/perl -w /usr/bin/x", "/usr/bin/perl", "/usr/bin/x"],
  ["perl -we 1 /usr/bin/x", "/usr/bin/perl", null],
  ["python3 -m pip install", "/usr/bin/python3.11", null],
  ["python3 -u ../s/x.py", "/usr/bin/python3.11", "/s/x.py"],
  ["python3 -W error x.py", "/usr/bin/python3.11", "/w/x.py"],
  ["python3 -c pass x.py", "/usr/bin/python3.11", null],
  ["sh -c ls", "/usr/bin/dash", null],
  ["bash --noprofile --norc -e -o pipefail /t/a.sh", "/bin/bash", "/t/a.sh"],
  ["bash -euo pipefail a.sh", "/bin/bash", "/w/a.sh"],
  ["bash -ec ls", "/bin/bash", null],
  ["bash", "/bin/bash", null],
  ["bash -s", "/bin/bash", null],
  ["php -d memory_limit=-1 /b/composer", "/usr/bin/php8.2", "/b/composer"],
  ["ruby -rx /usr/bin/gem", "/usr/bin/ruby3.1", null],
  ["ruby /usr/bin/gem push", "/usr/bin/ruby3.1", "/usr/bin/gem"],
  ["gcc x.c", "/usr/bin/gcc-12", null],
];
for (const [args, exe, script] of SCRIPTS) {
  Deno.test(`scriptOf() finds ${script} in "${args}"`, () => {
    const executed = { exe, args: args.split(" "), cwd: "/w" };
    assert.equal(scriptOf(executed), script);
  });
}

Deno.test("scriptOf() finds no relative script without a directory", () => {
  const args = ["python3", "x.py"];
  assert.equal(scriptOf({ exe: "/bin/python3", args, cwd: null }), null);
  assert.equal(scriptOf({ exe: null, args, cwd: "/w" }), null);
});

Deno.test("directoriesOf() leaves out what depends on who looks", () => {
  assert.deepEqual(directoriesOf("/usr/bin::.:x/y:/opt/x//:/"), [
    ...["/usr/bin", "/opt/x", "/"],
  ]);
});
