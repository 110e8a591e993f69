/**
 * What the execution of a program alone says about rights.
 *
 * @module
 */
import { containerRights } from "./container_rights.ts";
import type { Finding } from "./privilege_rules.ts";

/** One execution. */
export interface Executed {
  /** Absolute path; null when it is not known. */
  readonly exe: string | null;
  /** Lossy text, the name that it was called by first. */
  readonly args: readonly string[];
  /** The real user, who stays the same when the program is setuid. */
  readonly uid: number;
  /** Whether a worker itself executed it, on behalf of no step's program. */
  readonly isRunner: boolean;
}

/** They run a command as somebody else, and ask who may. */
const CHANGE_USER = new Set([
  "doas",
  "machinectl",
  "pkexec",
  "run0",
  "su",
  "sudo",
  "sudo-rs",
  "sudoedit",
  "super",
]);
/** What only asks such a program about itself. */
const ABOUT_ITSELF = new Set(["-V", "--version", "-h", "--help"]);

const MODULE_PROGRAMS = new Set(["insmod", "modprobe", "rmmod"]);
/** kmod(8) is all of these programs, told apart by the name it is called by. */
const MODULE_PROGRAM = "kmod";

/** As much of somebody's command as a person wants to read. */
const COMMAND_CHARACTERS = 120;

/**
 * Whatever an execution says about rights.
 *
 * @param executed The program and its arguments.
 * @param options `hearsCalls`: false when system calls are not heard, so that a
 * kernel module is told by the program that is there to load it.
 */
export function judgeExecution(
  executed: Executed,
  options: { readonly hearsCalls: boolean },
): readonly Finding[] {
  const { args, uid, isRunner } = executed;
  const program = baseName(executed.exe ?? args[0] ?? "");
  const called = baseName(args[0] ?? "");
  const findings: Finding[] = [];
  if (uid !== 0 && CHANGE_USER.has(program) && !isAboutItself(args)) {
    const reason = `user ${uid} used ${program}: ${shown(args)}`;
    findings.push({ rule: "sudo-used", reason });
  }
  const rights = containerRights(program, { args, isRunner });
  if (rights.length > 0) {
    const reason = `${program} started a container with ${shown(rights)}`;
    findings.push({ rule: "container-privileged", reason });
  }
  const moduler = program === MODULE_PROGRAM ? called : program;
  if (!options.hearsCalls && MODULE_PROGRAMS.has(moduler)) {
    const reason = `${moduler} was called: ${shown(args)}`;
    findings.push({ rule: "kernel-module", reason });
  }
  return findings;
}

function isAboutItself(args: readonly string[]): boolean {
  return args.length === 2 && ABOUT_ITSELF.has(args[1]!);
}

/** @returns Words on one line, cut where a person stops reading. */
function shown(words: readonly string[]): string {
  const text = words.join(" ");
  return text.length <= COMMAND_CHARACTERS
    ? text
    : `${text.slice(0, COMMAND_CHARACTERS)}…`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
