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
import { add, type Run, Suite, summarize } from "./suite.ts";

/** Stages that are pure: their tests may read files of the project, no more. */
const PURE_STAGES = ["decide", "decode", "report"];
const READ_PROJECT = "--allow-read=agent,ffi,tests";
const NOTHING_ELSE = ["--no-prompt", "--ignore-env"];

/** No runner has a part in them, and so both sides take about as long. */
const WITH_FOLDERS = /^run_.*_test\.ts$/;

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
  // Tests with a runner stay together, since all runners of a machine are seen.
  integration: () => {
    const folder = "tests/integration";
    const entries = [...Deno.readDirSync(`${ROOT}${folder}`)];
    const beside = entries
      .filter(({ isDirectory, name }) => isDirectory || WITH_FOLDERS.test(name))
      .map(({ name }) => `${folder}/${name}`).sort();
    const flags = ["--allow-all"];
    return [
      { paths: beside, flags, isLab: true },
      {
        paths: [folder],
        flags: [...flags, `--ignore=${beside.join(",")}`],
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
  const all = { passed: 0, failed: 0, ignored: 0 };
  const rows: string[] = [];
  for (const name of names) {
    const suite = new Suite(name, {
      runs: SUITES[name]!(),
      extra: args.slice(end + 1),
    });
    await suite.run();
    if (suite.counts.failed > 0) await suite.runAgain();
    add(all, suite.counts);
    rows.push(
      `  ${name.padEnd(12)} ${summarize(suite.counts)}`,
      ...suite.notes,
    );
  }
  console.log(`\n${rows.join("\n")}\n${summarize(all)}`);
  return all.failed > 0 || all.passed === 0 ? 1 : 0;
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
