/**
 * Whether a process has business with a file that holds credentials.
 *
 * It tells who reads such a file plainly. Whoever has the right program read it
 * for him, or loads his own code into that, is not told: SECURITY.md says so.
 *
 * @module
 */
import type { SecretBase, SecretKind } from "./secret_kinds.ts";

/** A process that has opened a secret. */
export interface SecretReader {
  /** Absolute path; null when it is not known. */
  readonly exe: string | null;
  readonly args: readonly string[];
  /** What it was given to run, without links; null for no script. */
  readonly script: string | null;
  /**
   * Whether executable and script are where programs are installed: anybody can
   * give his own program any name.
   */
  readonly isInstalled: boolean;
  /** Whether a runner's worker itself has started it. */
  readonly isStep: boolean;
}

/** The paths of a kind that begin at a base. */
export function placesOf(kind: SecretKind, base: SecretBase): string[] {
  return (kind.places[base] ?? "").split(" ").filter((place) => place !== "");
}

/** Whether a name is one that a place stands for. */
export function matchName(place: string, path: string): boolean {
  const star = place.indexOf("*");
  if (star < 0) return place === path;
  const head = place.slice(0, star);
  const tail = place.slice(star + 1);
  return path.length >= head.length + tail.length && path.startsWith(head) &&
    path.endsWith(tail) && !path.slice(head.length).includes("/");
}

/** Whether a file of a kind holds a secret, by the beginning of its text. */
export function holdsSecret({ holds }: SecretKind, text: string): boolean {
  return holds === null ? text !== "" : holds.test(text);
}

/** Whether a process that reads such a file does what it is there for. */
export function hasBusiness(kind: SecretKind, reader: SecretReader): boolean {
  const { exe, args, script, isInstalled, isStep } = reader;
  if (exe === null) return false;
  if (isStep && script !== null && isAction(kind, script)) return true;
  if (!isInstalled) return false;
  if (script !== null) return kind.scripts?.test(script) === true;
  const name = exe.slice(exe.lastIndexOf("/") + 1);
  if (/^java$/.test(name)) {
    return args.some((arg) => kind.classes?.test(arg) === true);
  }
  const module = moduleOf(name, args);
  if (module !== null) return hasWord(kind.modules ?? "", module);
  return hasWord(kind.programs, name);
}

/** `…/_actions/OWNER/REPOSITORY/REF/…`, where a runner puts actions. */
function isAction({ actions = "" }: SecretKind, script: string): boolean {
  const [, owner, repository] = /\/_actions\/([^/]+)\/([^/]+)\//.exec(script) ??
    [];
  if (owner === undefined) return false;
  return hasWord(actions, `${owner}/`) ||
    hasWord(actions, `${owner}/${repository}`);
}

/** `python3 -m NAME`; null for any other call. */
function moduleOf(name: string, args: readonly string[]): string | null {
  if (!/^(?:python|pypy)[0-9.]*$/.test(name)) return null;
  const at = args.findIndex((arg, index) => index > 0 && /^-\w*m$/.test(arg));
  const isFirst = args.slice(1, at).every((arg) => /^-[BEIOPSsu]+$/.test(arg));
  return at > 0 && isFirst ? args[at + 1] ?? null : null;
}

function hasWord(words: string, name: string): boolean {
  return words.split(" ").some((word) =>
    word.endsWith("*") ? name.startsWith(word.slice(0, -1)) : word === name
  );
}
