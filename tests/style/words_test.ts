import assert from "node:assert/strict";
import { readTextFiles, type SourceFile } from "./tree.ts";

// In pieces, or this file would be found.
const MARKS = ["TO" + "DO", "FIX" + "ME", "HA" + "CK"];
const UNFINISHED = new RegExp(`\\b(?:${MARKS.join("|")}|X{3,})\\b`);

const FILES = readTextFiles();

Deno.test("no file names the host of a package registry", async () => {
  const hosts = await readRegistryHosts();
  assert.ok(hosts.length > 0, "npm and apt name no registry to look for");
  const places = findHosts(FILES, hosts);

  assert.ok(
    places.length === 0,
    `\n${
      places.join("\n")
    }\nWhich registry a machine uses is its owner's choice: read it when it is needed (npm config get registry), or the command fails behind a mirror\n`,
  );
});

Deno.test("no file holds a mark of unfinished work", () => {
  assert.ok(FILES.length > 0);
  const places = findUnfinished(FILES);

  assert.ok(
    places.length === 0,
    `\n${
      places.join("\n")
    }\nA guard with a gap that only its source mentions is believed all the same: close the gap, or say it in the README's "What it cannot do"\n`,
  );
});

const HOST_ROWS: readonly { text: string; found: boolean }[] = [
  { text: "see https://registry.test.example/lodash", found: true },
  { text: "allow: [ REGISTRY.test.example ]", found: true },
  { text: "see https://other.test.example/", found: false },
];

for (const { text, found } of HOST_ROWS) {
  Deno.test(`findHosts() ${found ? "finds" : "passes"} ${text}`, () => {
    const places = findHosts([{ path: "a.md", text: `\n${text}` }], [
      "registry.test.example",
    ]);

    const expected = found ? ["a.md:2: registry.test.example"] : [];
    assert.deepEqual(places, expected);
  });
}

const URL_ROWS: readonly { text: string; hosts: string[] }[] = [
  { text: "https://a.example/b", hosts: ["a.example"] },
  { text: "deb http://a.example:81/debian x", hosts: ["a.example"] },
  { text: "URIs: mirror+http://A.example/x", hosts: ["a.example"] },
  { text: "http://user:secret@a.example/", hosts: ["a.example"] },
  // Addresses and bare names stand in this project's tests for other reasons.
  { text: "http://127.0.0.1:4873/ http://[::1]/", hosts: [] },
  { text: "http://localhost:4873/", hosts: [] },
];

for (const { text, hosts } of URL_ROWS) {
  Deno.test(`hostsOf() reads ${text}`, () => {
    assert.deepEqual(hostsOf(text), hosts);
  });
}

Deno.test("findUnfinished() finds each mark and no longer word", () => {
  // Of any length: a template of mktemp's reads like one.
  for (const mark of [...MARKS, "X".repeat(3), "X".repeat(8)]) {
    const file = { path: "a.ts", text: `// ${mark}: later` };
    assert.deepEqual(findUnfinished([file]), [`a.ts:1: // ${mark}: later`]);
  }
  const file = { path: "a", text: MARKS.map((mark) => `A${mark}S`).join() };
  assert.deepEqual(findUnfinished([file]), []);
});

/** The hosts that npm and apt are set to, lower case. */
async function readRegistryHosts(): Promise<string[]> {
  const { stdout } = await new Deno.Command("npm", {
    args: ["config", "get", "registry"],
    stderr: "null",
  }).output();
  const texts = [new TextDecoder().decode(stdout), ...readAptSources()];
  return [...new Set(texts.flatMap(hostsOf))];
}

function readAptSources(): string[] {
  const texts: string[] = [];
  const read = (path: string) => {
    if (!/\.(?:list|sources|txt)$/.test(path)) return;
    texts.push(Deno.readTextFileSync(path));
  };
  for (const folder of ["/etc/apt", "/etc/apt/sources.list.d"]) {
    try {
      for (const entry of Deno.readDirSync(folder)) {
        if (!entry.isDirectory) read(`${folder}/${entry.name}`);
      }
    } catch (error) {
      // Not a Debian: npm's registry is still looked for.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return texts;
}

function hostsOf(text: string): string[] {
  const urls = text.matchAll(/https?:\/\/(?:[^\s/@]*@)?([a-z0-9.-]+)/gi);
  return [...urls].map(([, host]) => host!.toLowerCase())
    .filter((host) => /\.[a-z][a-z0-9-]*$/.test(host));
}

function findHosts(
  files: readonly SourceFile[],
  hosts: readonly string[],
): string[] {
  return findLines(files, (line) => {
    const lower = line.toLowerCase();
    return hosts.filter((host) => lower.includes(host)).join(", ");
  });
}

function findUnfinished(files: readonly SourceFile[]): string[] {
  return findLines(files, (line) => UNFINISHED.test(line) ? line.trim() : "");
}

/** `path:line: what`, for each line that `what` says something about. */
function findLines(
  files: readonly SourceFile[],
  what: (line: string) => string,
): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => {
      const said = what(line);
      return said === "" ? [] : [`${path}:${index + 1}: ${said}`];
    })
  );
}
