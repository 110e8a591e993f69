/**
 * A copy of the program that runs, where only root can change it.
 *
 * @module
 */
import type { Context } from "../context.ts";
import { ownProgram } from "../daemon_process.ts";
import { modeOf } from "../../ffi/directories.ts";
import { canAccess, readLink } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { runTool } from "../../ffi/tools.ts";
import { PROGRAM } from "./places.ts";
import { mustRun } from "./tool.ts";

/** What a running agent needs of a source tree. */
const PARTS = ["agent", "ffi", "deno.json", "deno.lock"];
/** Of the program in one file, as it is unpacked. */
const PACKED = "/agent/cli.js";

/** How the copy is started. */
export interface CopiedProgram {
  /** The command, without arguments of ours. */
  readonly command: readonly string[];
  /** Whether there was none before, or another one. */
  readonly isNew: boolean;
}

/** Copies the program; one that is there and the same is left alone. */
export function copyProgram(context: Context): CopiedProgram {
  const { libc } = context;
  const draft = `${PROGRAM}.new`;
  mustRun(libc, ["/usr/bin/rm", "-rf", "--", draft]);
  const exe = readLink(libc, "/proc/self/exe")!;
  const own = ownProgram(libc);
  const script = own.at(-1)!;
  let command: readonly string[];
  if (own.length === 1) {
    libc.symbols.mkdir(cString(draft), 0o755);
    copy(libc, [exe], `${draft}/sluice`);
    command = [`${PROGRAM}/sluice`];
  } else if (script.startsWith("/") && script.endsWith(PACKED)) {
    const tree = script.slice(0, -PACKED.length);
    copy(libc, [tree], draft);
    command = own.slice(1).map((part) => part.replaceAll(tree, PROGRAM));
    command = [`${PROGRAM}/deno`, ...command];
  } else {
    copySource(context, { exe, draft });
    command = [`${PROGRAM}/deno`, ...own.slice(1)];
  }
  mustRun(libc, ["/usr/bin/chown", "-R", "root:root", "--", draft]);
  mustRun(libc, ["/usr/bin/chmod", "-R", "u=rwX,go=rX", "--", draft]);
  return { command, isNew: putInPlace(libc, draft) };
}

function copySource(
  context: Context,
  { exe, draft }: { readonly exe: string; readonly draft: string },
): void {
  const { libc } = context;
  const source = readLink(libc, "/proc/self/cwd")!;
  libc.symbols.mkdir(cString(draft), 0o755);
  copy(libc, PARTS.map((part) => `${source}/${part}`), `${draft}/`);
  copy(libc, [exe], `${draft}/deno`);
  const packages = `${denoDirectory(context)}/npm`;
  if (!canAccess(libc, packages)) return;
  libc.symbols.mkdir(cString(`${draft}/cache`), 0o755);
  copy(libc, [packages], `${draft}/cache/`);
}

/** Where Deno keeps packages; its documentation under DENO_DIR. */
function denoDirectory({ environment }: Context): string {
  const valueOf = (name: string) =>
    environment.find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  const base = valueOf("XDG_CACHE_HOME") ??
    `${valueOf("HOME") ?? "/root"}/.cache`;
  return valueOf("DENO_DIR") ?? `${base}/deno`;
}

function copy(libc: Libc, from: readonly string[], to: string): void {
  mustRun(libc, ["/usr/bin/cp", "-R", "--", ...from, to]);
}

/** Whether it is another one than before. */
function putInPlace(libc: Libc, draft: string): boolean {
  const isThere = modeOf(libc, PROGRAM) !== null;
  // Not its cache, which Deno adds to as it runs.
  const compare = ["/usr/bin/diff", "-rq", "-x", "cache", "--"];
  const isSame = isThere &&
    runTool(libc, [...compare, PROGRAM, draft]).code === 0;
  const old = isSame ? draft : PROGRAM;
  mustRun(libc, ["/usr/bin/rm", "-rf", "--", old]);
  if (!isSame) mustRun(libc, ["/usr/bin/mv", "-T", "--", draft, PROGRAM]);
  return !isSame;
}
