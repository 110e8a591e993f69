/**
 * `deno task test`: every suite, each with the least it can run with.
 *
 *     deno task test                       all suites
 *     deno task test unit                  one suite of style, doc, unit,
 *                                          fuzz, contract, action,
 *                                          integration
 *     deno task test unit -- --filter dns  what follows goes to `deno test`
 *
 * A suite that cannot run has failed: nothing is skipped for want of root, of
 * a package or of a test.
 *
 * @module
 */
import { AGENT_TASK, readCommands } from "./style/permissions.ts";
import { ROOT } from "./style/tree.ts";
import { ensurePackages } from "./lab/packages.ts";
import { type Counts, runTests, type TestRun } from "./run_tests.ts";

/** Stages that are pure: their tests may read files of the project, no more. */
const PURE_STAGES = ["decide", "decode", "report"];
const READ_PROJECT = "--allow-read=agent,ffi,tests";
const NOTHING_ELSE = ["--no-prompt", "--ignore-env"];

/** One call of `deno test`. */
interface Run extends TestRun {
  /** Needs the lab's packages and root. */
  readonly isLab?: boolean;
}

const SUITES: Readonly<Record<string, () => Run[]>> = {
  style: () => [{
    paths: ["tests/style"],
    // Beside the project: apt's sources, npm's setting, the libraries' paths.
    flags: [
      ...NOTHING_ELSE,
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
  action: () => [{
    paths: ["tests/action"],
    flags: ["--allow-all"],
    isLab: true,
  }],
  // Side by side, since each mostly waits: all have networks of their own.
  integration: () => {
    const folder = "tests/integration";
    const folders = [...Deno.readDirSync(`${ROOT}${folder}`)]
      .filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => `${folder}/${name}`).sort();
    const flags = ["--allow-all"];
    return [
      { paths: folders, flags, isLab: true },
      {
        paths: [folder],
        flags: [...flags, `--ignore=${folders.join(",")}`],
        isLab: true,
      },
    ];
  },
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
  const runs = SUITES[name]!().filter(({ paths }) => paths.length > 0);
  const run = async (one: Run) => {
    console.log(`\n== ${name}: ${one.paths.join(" ")}`);
    const found = await runTests(one, extra);
    for (const key of ["passed", "failed", "ignored"] as const) {
      counts[key] += found[key];
    }
  };
  const told = (error: unknown) => {
    if (!(error instanceof Error)) throw error;
    console.log(`FAILED ${name}: ${error.message}`);
    counts.failed++;
  };
  try {
    if (runs.some(({ isLab }) => isLab)) await prepareLab();
    await Promise.all(runs.map((one) => run(one).catch(told)));
  } catch (error) {
    told(error);
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
