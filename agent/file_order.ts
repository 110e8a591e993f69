/**
 * Which files a guard watches, by flags, policy, and what is on the machine.
 *
 * @module
 */
import type { Context } from "./context.ts";
import type { Policy } from "./decide/policy.ts";
import { decodePasswd } from "./decode/passwd.ts";
import { findInvoker, variable } from "./observe/invoker.ts";
import { type Flags, usage } from "./options.ts";
import type { FileOrder } from "./processes/process_messages.ts";
import {
  isDirectory,
  realDirectory,
  repositoryAround,
  runnerWorkSpaces,
} from "./work_spaces.ts";
import { tryReadText } from "../ffi/files.ts";

/** A shell that lets nobody in, so nobody keeps secrets at home. */
const NO_SHELL = /(?:^|\/)(?:nologin|false|sync)$/;
/** A machine has some users; a directory service could list thousands. */
const MAX_HOMES = 64;

/** Where and as whom the program was started. */
export type Standing = Pick<
  Context,
  "libc" | "environment" | "directory" | "resolve"
>;

/** What the order depends on, beside the machine. */
export interface FileWishes {
  readonly flags: Flags;
  readonly policy: Policy;
  /** Whether `--watch` names sources. */
  readonly sources: boolean;
  readonly scope: "host" | "command";
}

/**
 * Finds out which files are to be watched.
 *
 * @returns Null when none are. Without any work space secrets and tools still
 * are.
 * @throws {AgentError} `usage` when --workspace names no directory.
 */
export function fileOrder(
  context: Standing,
  wishes: FileWishes,
): FileOrder | null {
  const { policy: { source }, sources, scope } = wishes;
  if (!sources || !source.watch) return null;
  const workspaces = workSpaces(context, wishes);
  return { workspaces, source, homes: homesOf(context, scope) };
}

function workSpaces(
  context: Standing,
  { flags, scope }: FileWishes,
): readonly string[] {
  const { libc, directory, environment } = context;
  const named = flags.workspace ?? [];
  const real = named.map((path) => {
    const found = path === ""
      ? null
      : realDirectory(libc, context.resolve(path));
    if (found !== null) return found;
    throw usage(
      `--workspace ${JSON.stringify(path)} is no directory`,
      "Give the directory that holds the sources",
    );
  });
  if (named.length > 0) return outermost(real);
  if (scope === "host") {
    const told = variable(environment, "GITHUB_WORKSPACE") ?? "";
    const paths = told === "" ? runnerWorkSpaces(libc) : [told];
    const found = paths.map((path) => realDirectory(libc, path));
    if (found.some((path) => path !== null)) return outermost(found);
  }
  return outermost([repositoryAround(libc, directory)]);
}

/** Without those that are in another one, which would be told of twice. */
function outermost(paths: readonly (string | null)[]): readonly string[] {
  const all = [...new Set(paths.filter((path) => path !== null))];
  return all.filter((path) =>
    !all.some((other) => other !== path && isIn(path, other))
  );
}

function isIn(path: string, directory: string): boolean {
  return path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** Of a command its user's, of a host all users' who can log in. */
function homesOf(
  context: Standing,
  scope: "host" | "command",
): readonly string[] {
  const { libc, environment } = context;
  const isBehindSudo = variable(environment, "SUDO_UID") !== null;
  const homes = scope === "host"
    ? decodePasswd(tryReadText(libc, "/etc/passwd") ?? "")
      .filter(({ shell }) => !NO_SHELL.test(shell)).map(({ home }) => home)
    : [findInvoker(libc, environment).home];
  // A container may send its user elsewhere; sudo may have put root's here.
  if (!isBehindSudo) homes.unshift(variable(environment, "HOME") ?? "");
  return [...new Set(homes)]
    .filter((home) => /^\/./.test(home) && isDirectory(libc, home))
    .slice(0, MAX_HOMES);
}
