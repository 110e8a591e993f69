/**
 * The few of git's settings that say how files are written: nothing that names
 * a program is looked at.
 *
 * @module
 */
import { type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import { lookAt } from "../../../ffi/file_look.ts";
import { tryReadText } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { decodeGitConfig, readGitBoolean } from "../../decode/git_config.ts";
import { decodePasswd } from "../../decode/passwd.ts";
import { child, readBytesText, resolve } from "./git_files.ts";

/** What counts of the settings. */
export interface GitSettings {
  /** Whether line ends of texts are looked for and made CRLF. */
  readonly isAutomatic: boolean;
  /** Whether the line ends of what is said to be text are CRLF. */
  readonly isCrlf: boolean;
  /** Where attributes for all repositories are. */
  readonly attributesPath: BytePath | null;
}

/** Whose settings count. */
interface Scope {
  /** Null where nobody knows whose repository it is. */
  readonly home: BytePath | null;
  readonly values: Map<string, string | null>;
  /** Files that may still be read. */
  left: number;
}

/** As many as git takes in, one from the other. */
const MAX_DEPTH = 10;
const MAX_FILES = 64;

/** Settings of the machine, git-config(1), "FILES". */
const SYSTEM_CONFIG = bytePathOf("/etc/gitconfig");

/**
 * Reads the settings for a repository: of the machine, of its owner, its own.
 *
 * @param of The top of the work tree and where its settings are.
 */
export function readSettings(
  libc: Libc,
  of: {
    readonly root: BytePath;
    readonly gitDirectory: BytePath;
    readonly commonDirectory: BytePath;
  },
): GitSettings {
  const home = homeOfOwner(libc, of.root);
  const scope: Scope = { home, values: new Map(), left: MAX_FILES };
  const add = (path: BytePath) => addFile(libc, { path, scope, depth: 0 });
  add(SYSTEM_CONFIG);
  if (home !== null) {
    add(child(home, ".config/git/config"));
    add(child(home, ".gitconfig"));
  }
  add(child(of.commonDirectory, "config"));
  const { values } = scope;
  if (isSet(values, "extensions.worktreeconfig")) {
    add(child(of.gitDirectory, "config.worktree"));
  }
  const attributes = values.get("core.attributesfile") ?? null;
  const isAutomatic = isSet(values, "core.autocrlf");
  const isInput = values.get("core.autocrlf")?.toLowerCase() === "input";
  const isEolCrlf = values.get("core.eol")?.toLowerCase() === "crlf";
  return {
    isAutomatic,
    isCrlf: isAutomatic || isEolCrlf && !isInput,
    attributesPath: attributes !== null
      ? expand(attributes, { from: of.root, home })
      : home === null
      ? null
      : child(home, ".config/git/attributes"),
  };
}

function addFile(
  libc: Libc,
  { path, scope, depth }: {
    readonly path: BytePath;
    readonly scope: Scope;
    readonly depth: number;
  },
): void {
  if (depth > MAX_DEPTH || scope.left-- <= 0) return;
  const text = readBytesText(libc, path);
  const decoded = text === null ? null : decodeGitConfig(text);
  // With a file like that, git does nothing at all.
  if (decoded === null || !decoded.ok) return;
  const from = path.slice(0, path.lastIndexOf("/")) as BytePath;
  for (const { name, value } of decoded.value) {
    // Of those under a condition all count: more may be said then of a file
    // than is so, but what may be converted is never taken for what is not.
    if (!/^include(?:if\..*)?\.path$/s.test(name) || value === null) {
      scope.values.set(name, value);
      continue;
    }
    const included = expand(value, { from, home: scope.home });
    if (included === null) continue;
    addFile(libc, { path: included, scope, depth: depth + 1 });
  }
}

/** A path as a setting has it. */
function expand(
  path: string,
  { from, home }: { readonly from: BytePath; readonly home: BytePath | null },
): BytePath | null {
  if (path === "" || path.includes("\0")) return null;
  if (!path.startsWith("~")) return resolve(from, path);
  return home === null || !path.startsWith("~/")
    ? null
    : child(home, path.slice(2));
}

function isSet(
  values: ReadonlyMap<string, string | null>,
  name: string,
): boolean {
  const value = values.get(name);
  return value !== undefined && readGitBoolean(value) === true;
}

/** Who owns the work tree is who runs git in it. */
function homeOfOwner(libc: Libc, root: BytePath): BytePath | null {
  try {
    const uid = lookAt(libc, root)?.uid;
    const users = decodePasswd(tryReadText(libc, "/etc/passwd") ?? "");
    const home = users.find((user) => user.uid === uid)?.home ?? "";
    return home.startsWith("/") ? bytePathOf(home) : null;
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}
