/**
 * Commands as the user whose ways to root are closed, with every group that any
 * process of theirs has.
 *
 * @module
 */
import { processesHere } from "./processes_here.ts";
import { decodePasswd } from "../../decode/passwd.ts";
import { AgentError } from "../../errors.ts";
import { tryReadText } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { runTool, type ToolResult } from "../../../ffi/tools.ts";

const SETPRIV = "/usr/bin/setpriv";
const FIND = "/usr/bin/find";
const TIMEOUT = "/usr/bin/timeout";
/** A password that is asked for must not hold up the job. */
const LIMIT_SECONDS = 5;
/** A machine whose files are not in memory yet. */
const FIND_SECONDS = 30;
/** Of no user: <linux/types.h>, the overflow id. */
const NOBODY = 65_534;

/** Somebody with a number, and perhaps a name. */
export class AsUser {
  readonly #libc: Libc;
  readonly uid: number;
  /** Null when /etc/passwd does not know the number. */
  readonly name: string | null;
  readonly home: string | null;
  readonly #gid: number;
  readonly groups: readonly number[];

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, uid: number) {
    this.#libc = libc;
    this.uid = uid;
    const users = decodePasswd(tryReadText(libc, "/etc/passwd") ?? "");
    const user = users.find((one) => one.uid === uid);
    this.name = user?.name ?? null;
    this.home = user?.home ?? null;
    this.#gid = user?.gid ?? NOBODY;
    this.groups = [
      ...new Set([
        this.#gid,
        ...groupsByName(libc, this.name),
        ...groupsOfProcesses(libc, uid),
      ]),
    ];
  }

  /**
   * Runs a command to its end, or kills it.
   *
   * @param command The argument vector; its first is the absolute path.
   * @param seconds For as long it may take.
   */
  run(command: readonly string[], seconds = LIMIT_SECONDS): ToolResult {
    return runTool(this.#libc, [
      SETPRIV,
      ...[`--reuid=${this.uid}`, `--regid=${this.#gid}`],
      ...[`--groups=${this.groups.join(",")}`, "--inh-caps=-all", "--"],
      ...[TIMEOUT, "--kill-after=1", String(seconds), ...command],
    ]);
  }

  /** Those of some paths that they can write, links followed. */
  writable(paths: readonly string[]): ReadonlySet<string> {
    return this.#filter(paths, '[ -w "$path" ]');
  }

  /** Those that they can read or write. */
  usable(paths: readonly string[]): ReadonlySet<string> {
    return this.#filter(paths, '{ [ -r "$path" ] || [ -w "$path" ]; }');
  }

  /** The kernel's own answers: groups, access lists, read-only mounts and all. */
  #filter(paths: readonly string[], test: string): ReadonlySet<string> {
    if (paths.length === 0) return new Set();
    // All of it, whatever the last one is: 0 says that each was tried.
    const script =
      `for path do if ${test}; then printf '%s\\0' "$path"; fi; done`;
    const command = ["/bin/sh", "-c", script, "-", ...paths];
    return new Set(pathsIn(this.run(command), [0]));
  }

  /** What lies below some directories that they can write, or own. */
  writableBelow(directories: readonly string[]): string[] {
    const result = this.run([
      ...[FIND, ...directories, "-xdev", "-type", "f,d", "("],
      ...["-writable", "-o", "-user", String(this.uid)],
      ...[")", "-print0", "-prune"],
    ], FIND_SECONDS);
    // Into some directories a user cannot look.
    return pathsIn(result, [0, 1]);
  }
}

/**
 * What a command has found, if it has come to its end: of what it did not look
 * at nothing would be closed, and nothing would say so.
 */
function pathsIn(
  { code, stdout, stderr }: ToolResult,
  expected: readonly number[],
): string[] {
  if (expected.includes(code)) {
    return stdout.split("\0").filter((path) => path !== "");
  }
  throw new AgentError("lockdown_failed", {
    what: "Cannot look for what the job's user can change",
    why: `the look ended with ${code}, saying ${JSON.stringify(stderr.trim())}`,
    hint: "Leave out `disable-sudo`, or give the machine more time",
  });
}

function groupsByName(libc: Libc, name: string | null): number[] {
  const lines = (tryReadText(libc, "/etc/group") ?? "").split("\n");
  return lines.flatMap((line) => {
    const [, , gid = "", members = ""] = line.split(":");
    const isIn = name !== null && members.split(",").includes(name);
    return isIn && /^\d+$/.test(gid) ? [Number(gid)] : [];
  });
}

/** They keep those that they began with, whatever /etc/group says by now. */
function groupsOfProcesses(libc: Libc, uid: number): number[] {
  return [...processesHere(libc).values()].flatMap(({ uids, gids, groups }) =>
    uids[0] === uid ? [...gids, ...groups] : []
  );
}
