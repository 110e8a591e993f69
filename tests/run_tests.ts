/**
 * One call of `deno test`, its output shown and its results counted.
 *
 * @module
 */
import { commandEnvironment } from "../agent/enforce/environment.ts";
import { ROOT } from "./style/tree.ts";

/** What is run, and with what. */
export interface TestRun {
  /** Files and folders, from the root of the project. */
  readonly paths: readonly string[];
  /** Deno's own. */
  readonly flags: readonly string[];
}

/** What a run, a suite or all came to. */
export interface Counts {
  passed: number;
  failed: number;
  ignored: number;
}

/** The same for one call, and what there is to say about it. */
export interface TestResult extends Counts {
  /** Files with failed tests, from the root of the project. */
  readonly files: readonly string[];
  /** The errors of the failed tests, and then their names, as printed. */
  readonly errors: string;
}

/** `deno test` begins the report of each file like this. */
const FILE_HEAD = /^running \d+ tests? from /;

/**
 * Runs tests in a process of their own.
 *
 * Output is shown file by file, so that runs side by side stay readable.
 *
 * @param extra Further flags of the user's.
 * @throws {Error} When it ends without success and without a failed test.
 */
export async function runTests(
  { paths, flags }: TestRun,
  extra: readonly string[],
): Promise<TestResult> {
  const env = testEnvironment();
  const child = new Deno.Command(Deno.execPath(), {
    // Types are what `deno task check` is for, doc examples aside: these are in
    // no file of their own that it could check.
    args: [
      "test",
      ...flags,
      ...(flags.includes("--doc") ? [] : ["--no-check"]),
      ...extra,
      ...paths,
    ],
    cwd: ROOT,
    clearEnv: true,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let output = "";
  let file = "";
  let line = "";
  const text = child.stdout.pipeThrough(new TextDecoderStream());
  for await (const chunk of text) {
    const lines = (line + chunk).split("\n");
    line = lines.pop()!;
    for (const whole of lines) {
      if (FILE_HEAD.test(whole)) {
        show(file);
        file = "";
      }
      file += `${whole}\n`;
      output += `${whole}\n`;
    }
  }
  show(file + line);
  output += line;
  const { code } = await child.status;
  const found = countTests(output);
  if (code !== 0 && found.failed === 0) {
    throw new Error(`"deno test" exited with ${code}, 0 is needed`);
  }
  return { ...found, files: failedFiles(output), errors: errorsOf(output) };
}

/**
 * The files that `deno test` names below its last headline.
 *
 * @param output What it printed, without colours.
 */
export function failedFiles(output: string): string[] {
  const at = output.lastIndexOf("\n FAILURES \n");
  if (at < 0) return [];
  const names = output.slice(at).matchAll(/ => \.\/(\S+_test\.ts):\d+:\d+$/gm);
  return [...new Set([...names].map(([, file]) => file!))];
}

function errorsOf(output: string): string {
  const at = output.lastIndexOf("\n ERRORS \n");
  return at < 0 ? "" : output.slice(at);
}

/**
 * Adds up the closing lines of `deno test`.
 *
 * @param output What it printed, without colours.
 */
export function countTests(output: string): Counts {
  const counts: Counts = { passed: 0, failed: 0, ignored: 0 };
  const lines = output.matchAll(
    /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/gm,
  );
  for (const [, passed, failed, ignored] of lines) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
    counts.ignored += Number(ignored ?? 0);
  }
  return counts;
}

function show(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    at += Deno.stdout.writeSync(bytes.subarray(at));
  }
}

/**
 * The environment of whoever runs the tests, as if neither npx nor deno task
 * stood in between: what those set is a part of some tests.
 *
 * Without LD_*: Deno starts no program for a test with scoped --allow-run while
 * these are set, as some CI images set them.
 */
function testEnvironment(): Record<string, string> {
  const pairs = Object.entries(Deno.env.toObject())
    .map(([name, value]) => `${name}=${value}`);
  return Object.fromEntries(
    commandEnvironment(pairs, null).map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }).filter(([name]) => !/^(?:LD|DYLD)_/.test(name!)),
  );
}
