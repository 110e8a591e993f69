/**
 * The agent as a few files of JavaScript: one for the command line, one for
 * each thread, packages included.
 *
 * @module
 */
import { readModules, ROOT } from "../style/tree.ts";

/** Where the command line begins. */
const CLI = "agent/cli.ts";

/** How a thread is started: its module is told apart from all that is imported. */
const WORKER_URL = /new URL\(\s*"\.\/([a-z_]+)\.ts",\s*import\.meta\.url/g;

/** One file of the bundle. */
export interface BundledFile {
  /** Its name, such as `cli.js`; all are in one folder. */
  readonly name: string;
  readonly text: string;
}

/**
 * Bundles the agent; the same source gives the same bytes.
 *
 * @returns The files, `cli.js` first, then those of the threads that it or they
 * start.
 * @throws {Error} When Deno cannot bundle it, or two threads have one name.
 */
export async function bundleAgent(): Promise<BundledFile[]> {
  const workers = findWorkers();
  const directory = await Deno.makeTempDir();
  try {
    const files: BundledFile[] = [];
    const wanted = [CLI];
    // One at a time: with several entries, where each is written to depends on
    // what their folders have in common.
    for (const entry of wanted) {
      const text = await bundle(entry, `${directory}/${nameOf(entry)}`);
      files.push({ name: nameOf(entry), text: withBundledWorkers(text) });
      const started = [...text.matchAll(WORKER_URL)]
        .map(([, name]) => workerOf(workers, name!))
        .filter((path) => !wanted.includes(path));
      wanted.push(...new Set(started.sort()));
    }
    return files;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The modules that threads start with, as paths from the root. */
export function findWorkers(): string[] {
  return readModules().filter(({ path }) => path.startsWith("agent/"))
    .flatMap(({ path, text }) =>
      [...text.matchAll(WORKER_URL)].map(([, name]) =>
        `${path.slice(0, path.lastIndexOf("/"))}/${name}.ts`
      )
    ).sort();
}

async function bundle(entry: string, output: string): Promise<string> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--minify", "--platform=deno", "--frozen"],
      ...["--output", output, entry],
    ],
    cwd: ROOT,
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdout: "null",
  }).output();
  if (code !== 0) {
    throw new Error(
      `Cannot bundle ${entry}: ${new TextDecoder().decode(stderr)}`,
    );
  }
  return await Deno.readTextFile(output);
}

function withBundledWorkers(text: string): string {
  return text.replaceAll(
    WORKER_URL,
    (_, name) => `new URL("./${name}.js",import.meta.url`,
  );
}

/** All are in one folder there, so that a name must be enough. */
function workerOf(workers: readonly string[], name: string): string {
  const [path, other] = workers.filter((each) => each.endsWith(`/${name}.ts`));
  if (path !== undefined && other === undefined) return path;
  throw new Error(
    `Cannot bundle the agent: ${
      other ?? name
    } is the name of a thread, of one file it must be`,
  );
}

function nameOf(entry: string): string {
  return `${entry.slice(entry.lastIndexOf("/") + 1, -".ts".length)}.js`;
}
