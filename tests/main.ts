/**
 * `deno task test`: every suite, each with the least it can run with.
 *
 *     deno task test                       all suites
 *     deno task test unit                  one suite of style, doc, unit,
 *                                          fuzz, contract, integration
 *     deno task test unit -- --filter dns  what follows goes to `deno test`
 *
 * A suite that cannot run has failed: nothing is skipped for want of root, of
 * a package or of a test.
 *
 * @module
 */
import { commandEnvironment } from "../agent/enforce/environment.ts";
import { AGENT_TASK, readCommands } from "./style/permissions.ts";
import { ROOT } from "./style/tree.ts";
import { ensurePackages } from "./lab/packages.ts";

/** Stages that are pure: their tests may read files of the project, no more. */
const PURE_STAGES = ["decide", "decode", "report"];
const READ_PROJECT = "--allow-read=agent,ffi,tests";
const NOTHING_ELSE = ["--no-prompt", "--ignore-env"];

/** One call of `deno test`. */
interface Run {
  readonly paths: readonly string[];
  readonly flags: readonly string[];
  /** Needs the lab's packages and root. */
  readonly isLab?: boolean;
}

/** What one suite, or all, came to. */
interface Counts {
  passed: number;
  failed: number;
  ignored: number;
}

const SUITES: Readonly<Record<string, () => Run[]>> = {
  style: () => [{
    paths: ["tests/style"],
    // Beside the project: apt's sources, npm's setting, the libraries' paths.
    flags: [
      "--no-prompt",
      "--allow-read=.,/etc/apt,/usr/lib",
      "--allow-run=npm",
    ],
  }],
  doc: () => [{
    paths: ["agent", "ffi"],
    flags: ["--doc", ...NOTHING_ELSE],
  }],
  unit: () => {
    const stages = [...Deno.readDirSync(`${ROOT}tests/unit`)]
      .map(({ name }) => name).sort();
    return [
      {
        paths: stages.filter((name) => PURE_STAGES.includes(name)).map(unit),
        flags: [...NOTHING_ELSE, READ_PROJECT],
      },
      {
        // The others call the kernel: with the agent's own permissions, so that
        // a test fails when the code under it needs more.
        paths: stages.filter((name) => !PURE_STAGES.includes(name)).map(unit),
        flags: agentFlags(),
        isLab: true,
      },
    ];
  },
  // A minute of chance; for hours by hand, there is `deno task fuzz`.
  fuzz: () => [{
    paths: ["tests/fuzz"],
    // What has run is counted by V8's inspector, within the process; garbage is
    // collected when a test asks how much is kept.
    flags: [
      ...[...NOTHING_ELSE, READ_PROJECT],
      ...["--allow-sys", "--v8-flags=--expose-gc"],
    ],
  }],
  contract: () => [{
    paths: ["tests/contract"],
    flags: ["--allow-all"],
    isLab: true,
  }],
  integration: () => [{
    paths: ["tests/integration"],
    flags: ["--allow-all"],
    isLab: true,
  }],
};

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const names = end === 0 ? Object.keys(SUITES) : args.slice(0, end);
  const unknown = names.find((name) => !Object.hasOwn(SUITES, name));
  if (unknown !== undefined) {
    console.error(
      `Cannot run suite "${unknown}": known are ${Object.keys(SUITES)}`,
    );
    return 2;
  }
  const all: Counts = { passed: 0, failed: 0, ignored: 0 };
  const rows: string[] = [];
  for (const name of names) {
    const counts = await runSuite(name, args.slice(end + 1));
    for (const key of ["passed", "failed", "ignored"] as const) {
      all[key] += counts[key];
    }
    rows.push(`  ${name.padEnd(12)} ${summarize(counts)}`);
  }
  console.log(`\n${rows.join("\n")}\n${summarize(all)}`);
  return all.failed > 0 || all.passed === 0 ? 1 : 0;
}

async function runSuite(
  name: string,
  extra: readonly string[],
): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, ignored: 0 };
  for (const run of SUITES[name]!()) {
    if (run.paths.length === 0) continue;
    console.log(`\n== ${name}: ${run.paths.join(" ")}`);
    try {
      if (run.isLab) await prepareLab();
      await runTests(run, { extra, counts });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      console.log(`FAILED ${name}: ${error.message}`);
      counts.failed++;
    }
  }
  // With a --filter, a suite may have nothing to run; all together may not.
  if (counts.passed + counts.failed === 0 && extra.length === 0) {
    console.log(`FAILED ${name}: not one test ran`);
    counts.failed++;
  }
  return counts;
}

async function prepareLab(): Promise<void> {
  if (Deno.uid() !== 0) {
    throw new Error(
      `user id is ${Deno.uid()}, root is needed: run it with sudo, or one suite that needs none (deno task test style doc)`,
    );
  }
  await ensurePackages();
}

async function runTests(
  { paths, flags }: Run,
  { extra, counts }: { extra: readonly string[]; counts: Counts },
): Promise<void> {
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
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await writeAll(chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  const { code } = await child.status;
  const found = countTests(output);
  for (const key of ["passed", "failed", "ignored"] as const) {
    counts[key] += found[key];
  }
  if (code !== 0 && found.failed === 0) {
    throw new Error(`"deno test" exited with ${code}, 0 is needed`);
  }
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

function summarize({ passed, failed, ignored }: Counts): string {
  const skipped = ignored === 0 ? "" : `, ${ignored} skipped`;
  return `${passed} passed, ${failed} failed${skipped}`;
}

function agentFlags(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  const [command] = readCommands(tasks[AGENT_TASK]);
  return command!.options.map((option) =>
    option.startsWith("--allow-read=") ? READ_PROJECT : option
  );
}

function unit(stage: string): string {
  return `tests/unit/${stage}`;
}

async function writeAll(chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    at += await Deno.stdout.write(chunk.subarray(at));
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
