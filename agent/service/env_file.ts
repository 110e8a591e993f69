/**
 * A runner's `.env`: variables that its listener takes over when it starts.
 *
 * It is its user's, and so are the directories above it: whatever root did there
 * itself could be led elsewhere by a link. So it is that user who does it.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import { runTool, type ToolResult } from "../../ffi/tools.ts";
import { serviceError } from "./refusals.ts";

/** What is in it. */
export interface EnvFile {
  /** Base64: nobody says that it is UTF-8. */
  readonly content: string;
  /** When it was changed, in seconds since 1970, with nine decimals. */
  readonly seconds: string;
}

/** Where it is, and whose. */
export interface EnvPlace {
  /** The runner's directory. */
  readonly root: string;
  readonly owner: { readonly uid: number; readonly gid: number };
}

const NONE_CODE = 44;
const READ = `cd -- "$1" || exit 1
[ -e .env ] || [ -L .env ] || exit ${NONE_CODE}
[ -f .env ] && stat -L -c %.9Y .env && base64 -w 0 .env`;
const WRITE = `cd -- "$1" && base64 -d > .env && [ -f .env ] || exit 1
[ -z "$2" ] || touch -d "@$2" .env`;
const REMOVE = `cd -- "$1" && rm .env`;

/**
 * Reads it.
 *
 * @returns Null when there is none.
 * @throws {AgentError} `service_refused`.
 */
export function readEnvFile(libc: Libc, place: EnvPlace): EnvFile | null {
  const result = run(libc, place, { script: READ });
  if (result.code === NONE_CODE) return null;
  assertDone(place, result);
  const [seconds = "", content = ""] = result.stdout.split("\n");
  return { content, seconds };
}

/**
 * Puts something into it; mode and owner stay as they are.
 *
 * @param file Null removes it; `seconds` null is now.
 * @throws {AgentError} `service_refused`.
 */
export function writeEnvFile(
  libc: Libc,
  place: EnvPlace,
  file: { readonly content: string; readonly seconds: string | null } | null,
): void {
  assertDone(
    place,
    file === null ? run(libc, place, { script: REMOVE }) : run(libc, place, {
      script: WRITE,
      input: file.content,
      argument: file.seconds ?? "",
    }),
  );
}

function run(
  libc: Libc,
  { root, owner: { uid, gid } }: EnvPlace,
  of: {
    readonly script: string;
    readonly input?: string;
    readonly argument?: string;
  },
): ToolResult {
  const become = [
    ...["/usr/bin/setpriv", "--reuid", `${uid}`, "--regid", `${gid}`],
    ...["--clear-groups", "--"],
  ];
  const shell = ["/bin/sh", "-c", of.script, "sh", root, of.argument ?? ""];
  const { input = "" } = of;
  return runTool(libc, [...become, ...shell], { input });
}

function assertDone({ root }: EnvPlace, { code, stderr }: ToolResult): void {
  if (code === 0) return;
  throw serviceError({
    what: `Cannot change the runner in ${JSON.stringify(root)}`,
    why: `its user cannot read and write its ".env": ${stderr.trim()}`,
    hint: "Mend that, and run the same command again",
  });
}
