import assert from "node:assert/strict";
import type { Policy } from "../../../agent/decide/policy.ts";
import { defaultPolicy } from "../../../agent/decide/policy_shape.ts";
import { AgentError } from "../../../agent/errors.ts";
import { fileOrder, type Standing } from "../../../agent/file_order.ts";
import type { Flags } from "../../../agent/options.ts";
import type { FileOrder } from "../../../agent/processes/process_messages.ts";
import { makeDirectories } from "../../../ffi/directories.ts";
import { O, openFile, writeAll } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { runTool } from "../../../ffi/tools.ts";
import { ROOT } from "../../style/tree.ts";

interface Told {
  readonly directory?: string;
  readonly environment?: readonly string[];
  readonly workspace?: string[];
  readonly scope?: "host" | "command";
  readonly sources?: boolean;
  readonly watch?: boolean;
}

/** A place on the machine's own disk: where it is can be asked of the kernel. */
class Place implements Disposable {
  readonly libc = new Libc();
  readonly path = `/tmp/sluice-order-${Deno.pid}`;

  constructor(...files: readonly string[]) {
    for (const name of files) {
      const path = `${this.path}/${name}`;
      makeDirectories(this.libc, path.slice(0, path.lastIndexOf("/")), 0o755);
      if (name.endsWith("/")) continue;
      const fd = openFile(this.libc, path, { flags: O.WRONLY | O.CREAT });
      writeAll(this.libc, fd, new TextEncoder().encode("gitdir: elsewhere"));
      this.libc.symbols.close(fd);
    }
  }

  order(told: Told): FileOrder | null {
    const { directory = "/proc", environment = [] } = told;
    const { scope = "command", sources = true, watch = true } = told;
    const standing: Standing = {
      ...{ libc: this.libc, directory, environment },
      resolve: (path) => path.startsWith("/") ? path : `${directory}/${path}`,
    };
    const policy: Policy = defaultPolicy();
    return fileOrder(standing, {
      flags: { workspace: told.workspace } as Flags,
      policy: { ...policy, source: { ...policy.source, watch } },
      ...{ sources, scope },
    });
  }

  [Symbol.dispose](): void {
    runTool(this.libc, ["/bin/rm", "-rf", this.path]);
    this.libc[Symbol.dispose]();
  }
}

Deno.test("fileOrder() orders nothing when flags or policy say so", () => {
  using place = new Place("a/");
  assert.equal(place.order({ sources: false }), null);
  assert.equal(place.order({ watch: false }), null);
});

Deno.test("fileOrder() takes the repository around where the user stands", () => {
  using place = new Place("a/.git/HEAD", "a/b/c/", "link/.git", "link/d/");
  const around = (name: string) =>
    place.order({ directory: `${place.path}/${name}` })?.workspaces;
  assert.deepEqual(around("a/b/c"), [`${place.path}/a`]);
  assert.deepEqual(around("a"), [`${place.path}/a`]);
  assert.deepEqual(around("link/d"), [`${place.path}/link`]);
  assert.deepEqual(around("missing"), []);
});

Deno.test("fileOrder() takes no directory that is called .git alone", () => {
  using place = new Place("a/.git/config", "a/b/");
  assert.deepEqual(
    place.order({ directory: `${place.path}/a/b` })?.workspaces,
    [],
  );
});

Deno.test("fileOrder() takes what --workspace names, where it really is", () => {
  using place = new Place("a/.git/HEAD", "a/b/", "c/");
  const { libc, path } = place;
  runTool(libc, ["/bin/ln", "-s", `${path}/c`, `${path}/link`]);
  const order = place.order({
    directory: `${path}/a`,
    workspace: ["b", `${path}/link`, `${path}/c`],
  });
  assert.deepEqual(order?.workspaces, [`${path}/a/b`, `${path}/c`]);
});

Deno.test("fileOrder() takes one work space within another once", () => {
  using place = new Place("a/b/", "ab/");
  const { path } = place;
  const workspace = ["a/b", "ab", "a"].map((name) => `${path}/${name}`);
  assert.deepEqual(
    place.order({ workspace })?.workspaces,
    [`${path}/ab`, `${path}/a`],
  );
});

Deno.test("fileOrder() refuses a work space that is no directory", () => {
  using place = new Place("file");
  for (const path of [`${place.path}/file`, `${place.path}/missing`, ""]) {
    assert.throws(
      () => place.order({ workspace: [path] }),
      (error) => error instanceof AgentError && error.code === "usage",
    );
  }
});

Deno.test("fileOrder() takes the runner's work space for a host", () => {
  using place = new Place("a/.git/HEAD", "work/");
  const { path } = place;
  const environment = [`GITHUB_WORKSPACE=${path}/work`];
  const told = { directory: `${path}/a`, environment };
  const order = (scope: "host" | "command") =>
    place.order({ ...told, scope })?.workspaces;
  assert.deepEqual(order("host"), [`${path}/work`]);
  assert.deepEqual(order("command"), [`${path}/a`]);
});

Deno.test("fileOrder() asks for a repository where the runner's is not there", () => {
  using place = new Place("a/.git/HEAD");
  const { path } = place;
  const environment = [`GITHUB_WORKSPACE=${path}/gone`];
  assert.deepEqual(
    place.order({ directory: `${path}/a`, environment, scope: "host" })
      ?.workspaces,
    [`${path}/a`],
  );
});

Deno.test("fileOrder() names the home that HOME does, unless sudo has", () => {
  using place = new Place("home/");
  const home = `HOME=${place.path}/home`;
  const homes = (environment: readonly string[]) =>
    place.order({ environment })?.homes ?? [];
  assert.ok(homes([home]).includes(`${place.path}/home`));
  assert.deepEqual(homes([home, "SUDO_UID=0"]), ["/root"]);
  assert.ok(!homes(["HOME=/nonexistent"]).includes("/nonexistent"));
});

Deno.test("fileOrder() names the homes of all who can log in on a host", () => {
  using place = new Place("a/");
  const homes = place.order({ scope: "host" })?.homes ?? [];
  assert.ok(homes.includes("/root"));
  assert.ok(!homes.includes("/"));
  assert.ok(!homes.includes("/nonexistent"));
});

Deno.test("fileOrder() finds the work tree that this project is in", () => {
  using place = new Place("a/");
  const directory = `${ROOT}agent/decide`;
  assert.deepEqual(
    place.order({ directory })?.workspaces,
    [ROOT.slice(0, -1)],
  );
});
