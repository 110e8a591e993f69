/**
 * A build in which a package's script changes a source and puts it back.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { sluiceCommand } from "../bench/sluice.ts";
import { type CommandResult, runOrThrow } from "../lab/command.ts";
import type { Lab } from "../lab/lab.ts";

/** What was built, and what can be seen of how. */
export interface Implant {
  readonly build: CommandResult;
  /** What git says is other than committed; empty for nothing. */
  readonly status: string;
  /** What the program prints that was built. */
  readonly printed: string;
}

const PROJECT = fileURLToPath(new URL("./tampered/", import.meta.url));
const BUILD_TIMEOUT_MS = 60_000;
const COMMITTER = ["-c", "user.name=demo", "-c", "user.email=demo@localhost"];

/**
 * Builds under guard, in a repository of its own.
 *
 * @param lab Where.
 * @param flags Of `sluice run`.
 */
export async function playImplant(
  lab: Lab,
  flags: readonly string[],
): Promise<Implant> {
  const directory = `${lab.directory}/tampered`;
  const git = ["git", "-C", directory, ...COMMITTER];
  await runOrThrow(["cp", "-r", PROJECT, directory]);
  await runOrThrow(["git", "init", "--quiet", directory]);
  await runOrThrow([...git, "add", "."]);
  await runOrThrow([...git, "commit", "--quiet", "--message", "Shop 0.1.0"]);
  // Behind sudo the build runs as the invoking user, who has to write there.
  await runOrThrow(["chmod", "-R", "a+rwX", directory]);
  const build = await lab.in(
    "run",
    sluiceCommand(["run", ...flags, "--", "sh", "build.sh"]),
    {
      cwd: directory,
      // Where the user stood: a task runs in the project it belongs to.
      env: { INIT_CWD: directory },
      timeoutMs: BUILD_TIMEOUT_MS,
    },
  );
  const status = await lab.in("run", [...git, "status", "--porcelain"]);
  const printed = await lab.in("run", [`${directory}/dist/price`]);
  return { build, status: status.stdout, printed: printed.stdout };
}
