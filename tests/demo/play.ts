/**
 * One build of the compromised project, and what it did on the network.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { sluiceCommand } from "../bench/sluice.ts";
import type { AttackerRecord } from "../lab/attacker_server.ts";
import { type CommandResult, runOrThrow } from "../lab/command.ts";
import type { CapturedPacket } from "../lab/frame.ts";
import type { Lab } from "../lab/lab.ts";
import type { ResolverQuery } from "../lab/resolver.ts";

/** What happened, seen from the build and from the internet. */
export interface Play {
  /** The secret of this build; no other build has the same. */
  readonly token: string;
  readonly build: CommandResult;
  /** What the attacker's servers got meanwhile. */
  readonly contacts: readonly AttackerRecord[];
  /** What was asked of the name server meanwhile. */
  readonly queries: readonly ResolverQuery[];
  /** Everything on the far end of the wire meanwhile. */
  readonly packets: readonly CapturedPacket[];
}

const PROJECT = fileURLToPath(new URL("./project/", import.meta.url));
const BUILD = ["sh", "build.sh"];
const BUILD_TIMEOUT_MS = 60_000;
const TOKEN_BYTES = 8;

/**
 * Copies the project into a lab: behind sudo the build runs as the invoking
 * user, who could not read it everywhere.
 *
 * @returns The copy's directory.
 */
export async function copyProject(lab: Lab): Promise<string> {
  const directory = `${lab.directory}/project`;
  await runOrThrow(["cp", "-r", PROJECT, directory]);
  await runOrThrow(["chmod", "-R", "a+rX", directory]);
  return directory;
}

/**
 * Builds, alone or guarded.
 *
 * @param lab Where.
 * @param options The project's directory, and the flags of `sluice run`; null
 * builds without it.
 */
export async function playBuild(
  lab: Lab,
  options: { directory: string; flags: readonly string[] | null },
): Promise<Play> {
  const { directory, flags } = options;
  const token = `npm_${randomHex(TOKEN_BYTES)}`;
  await Deno.writeTextFile(`${directory}/.env`, `NPM_TOKEN=${token}\n`);
  const [contacts, queries] = await listen(lab);
  await using capture = await lab.capture();
  const build = await lab.in(
    "run",
    flags === null ? BUILD : sluiceCommand(["run", ...flags, "--", ...BUILD]),
    {
      cwd: directory,
      // Where the user stood: a task runs in the project it belongs to.
      env: { INIT_CWD: directory },
      timeoutMs: BUILD_TIMEOUT_MS,
    },
  );
  const packets = await capture.stop();
  const [contactsAfter, queriesAfter] = await listen(lab);
  return {
    token,
    build,
    contacts: contactsAfter.slice(contacts.length),
    queries: queriesAfter.slice(queries.length),
    packets,
  };
}

function listen(lab: Lab): Promise<[AttackerRecord[], ResolverQuery[]]> {
  return Promise.all([lab.attacker.contacts(), lab.resolver.queries()]);
}

function randomHex(count: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
