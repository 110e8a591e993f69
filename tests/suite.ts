/**
 * One suite of tests: run, counted, and run again where it failed.
 *
 * @module
 */
import { ensurePackages } from "./lab/packages.ts";
import {
  type Counts,
  runTests,
  type TestResult,
  type TestRun,
} from "./run_tests.ts";

/** More failed files than these are not the machine's doing. */
const MAX_AGAIN = 4;
/** Of what failed, so much is said again at the end. */
const MAX_ERRORS = 12_000;

/** One call of `deno test`. */
export interface Run extends TestRun {
  /** Needs the lab's packages and root. */
  readonly isLab?: boolean;
}

/** One suite, and what has come of it. */
export class Suite {
  readonly counts: Counts = { passed: 0, failed: 0, ignored: 0 };
  /** Lines to be said with the counts. */
  readonly notes: string[] = [];
  readonly #name: string;
  readonly #runs: readonly Run[];
  readonly #extra: readonly string[];
  readonly #red: { readonly run: Run; readonly result: TestResult }[] = [];

  /** @param of Its calls, and further flags of the user's for each. */
  constructor(
    name: string,
    of: { readonly runs: readonly Run[]; readonly extra: readonly string[] },
  ) {
    this.#name = name;
    this.#runs = of.runs.filter(({ paths }) => paths.length > 0);
    this.#extra = of.extra;
  }

  /** Runs all of its calls side by side. */
  async run(): Promise<void> {
    try {
      if (this.#runs.some(({ isLab }) => isLab)) await prepareLab();
      await Promise.all(
        this.#runs.map((one) =>
          this.#run(one).catch((error) => this.#tell(error))
        ),
      );
    } catch (error) {
      this.#tell(error);
    }
    // With a --filter, a suite may have nothing to run; all together may not.
    const { passed, failed } = this.counts;
    if (passed + failed === 0 && this.#extra.length === 0) {
      this.#tell(new Error("not one test ran"));
    }
  }

  /**
   * Runs the files that have failed once more, one after the other.
   *
   * Beside others, on a machine of two cores, a real program now and then needs
   * longer than a test grants it. What fails alone, too, has failed; what does
   * not is counted and named.
   */
  async runAgain(): Promise<void> {
    const files = this.#red.flatMap(({ run, result }) =>
      result.files.map((file) => ({ run, file }))
    );
    const known = this.#red.reduce((sum, { result }) => sum + result.failed, 0);
    // A run that broke off has no test that could be run again.
    const isWorth = known === this.counts.failed &&
      this.#red.every(({ result }) => result.files.length > 0) &&
      files.length <= MAX_AGAIN;
    if (!isWorth) return this.#repeat();
    for (const { run, file } of files) {
      console.log(`\n== ${this.#name}, again and alone: ${file}`);
      try {
        const { failed } = await runTests(
          { ...run, paths: [file] },
          this.#extra,
        );
        if (failed > 0) return this.#repeat();
      } catch (error) {
        this.#tell(error);
        return this.#repeat();
      }
    }
    this.counts.passed += known;
    this.counts.failed = 0;
    this.notes.push(
      `    ${known} of them failed beside others and passed alone: ` +
        files.map(({ file }) => file).join(", "),
    );
  }

  async #run(run: Run): Promise<void> {
    console.log(`\n== ${this.#name}: ${run.paths.join(" ")}`);
    const result = await runTests(run, this.#extra);
    add(this.counts, result);
    if (result.failed > 0) this.#red.push({ run, result });
  }

  #tell(error: unknown): void {
    if (!(error instanceof Error)) throw error;
    console.log(`FAILED ${this.#name}: ${error.message}`);
    this.counts.failed++;
  }

  /** What failed long ago is out of sight by the end. */
  #repeat(): void {
    for (const { result: { errors } } of this.#red) {
      this.notes.push(errors.trimEnd().slice(-MAX_ERRORS));
    }
  }
}

/** Adds counts to others. */
export function add(all: Counts, more: Counts): void {
  for (const key of ["passed", "failed", "ignored"] as const) {
    all[key] += more[key];
  }
}

async function prepareLab(): Promise<void> {
  if (Deno.uid() !== 0) {
    throw new Error(
      `user id is ${Deno.uid()}, root is needed: run it with sudo, or one suite that needs none (deno task test style doc)`,
    );
  }
  await ensurePackages();
}

/** Counts as `.ci/run` reads them. */
export function summarize({ passed, failed, ignored }: Counts): string {
  const skipped = ignored === 0 ? "" : `, ${ignored} skipped`;
  return `${passed} passed, ${failed} failed${skipped}`;
}
