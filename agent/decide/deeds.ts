/**
 * What the kernel's watching programs have seen, as findings.
 *
 * @module
 */
import type {
  CallDeed,
  MemoryDeed,
  MemoryRoute,
  PrivilegeRecord,
} from "../decode/privilege_record.ts";
import type { Finding, PrivilegeRule } from "./privilege_rules.ts";

/** Who is in a deed, as far as they are known. */
export interface DeedWorld {
  /** The executable of whoever did it; null when it is not known. */
  readonly exe: string | null;
  /** The executable of the process that it was done to. */
  readonly targetExe: string | null;
  /** The file that it was done to. */
  readonly path: string | null;
}

/** They do what is typed, whoever types it. */
const SHELL =
  /^(r?ba|da|z|k|mk|fi|t?c|a|pw)?sh$|^busybox$|^(python|perl|ruby|php|lua|tclsh)[0-9.]*$|^(node|deno|bun|irb|socat|script|expect)$/;

const ROUTES: Readonly<Record<MemoryRoute, string>> = {
  mem: "its memory by /proc/PID/mem",
  environ: "its environment by /proc/PID/environ",
  vm: "its memory by process_vm_readv(2) or process_vm_writev(2)",
  ptrace: "its memory by ptrace(2)",
  mapFiles: "a file in its memory by /proc/PID/map_files",
  other: "its memory",
};

/** signal(7): the same on all machines that we run on. */
const SIGNAL_NAMES: Readonly<Record<number, string>> = {
  3: "SIGQUIT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  11: "SIGSEGV",
  24: "SIGXCPU",
  25: "SIGXFSZ",
  31: "SIGSYS",
};

/**
 * What a deed means.
 *
 * @param deed As the kernel told it.
 * @param world Who did it to whom.
 * @returns Null for one that means nothing: a connection as the input of a
 * program that does not do what it reads there.
 */
export function judgeDeed(
  deed: PrivilegeRecord,
  world: DeedWorld,
): Finding | null {
  switch (deed.kind) {
    case "memory":
      return judgeMemory(deed, world);
    case "signal": {
      const name = SIGNAL_NAMES[deed.signal] ?? `signal ${deed.signal}`;
      const reason = `${nameOf(world.exe)} sent ${name}, at which ${
        targetOf(deed, world)
      } dumps its memory`;
      return { rule: "core-dump", reason };
    }
    case "call":
      return judgeCall(deed, world);
    case "stdio": {
      if (!SHELL.test(nameOf(world.exe))) return null;
      const { address, port } = deed.remote;
      const where = deed.isOfParent ? "was started by one that has" : "has";
      const reason =
        `${nameOf(world.exe)} ${where} its input and output on a ` +
        `connection to ${address} port ${port}`;
      return { rule: "shell-on-socket", reason };
    }
  }
}

function judgeMemory(deed: MemoryDeed, world: DeedWorld): Finding {
  const reason =
    `${nameOf(world.exe)} reached into ${targetOf(deed, world)}: ` +
    ROUTES[deed.route];
  return { rule: ruleOf(deed), reason };
}

function judgeCall(deed: CallDeed, world: DeedWorld): Finding {
  const who = nameOf(world.exe);
  const target = targetOf(deed, world);
  switch (deed.call) {
    case "ptrace": {
      const reason = `${who} attached itself to ${target} by ptrace(2)`;
      return { rule: ruleOf(deed), reason };
    }
    case "pidfdGetfd": {
      const reason = `${who} took a descriptor of ${target}`;
      return { rule: ruleOf(deed), reason };
    }
    case "moduleLoad":
      return { rule: "kernel-module", reason: `${who} loads a kernel module` };
    case "moduleUnload":
      return {
        rule: "kernel-module",
        reason: `${who} removes a kernel module`,
      };
    case "kexec":
      return { rule: "kernel-module", reason: `${who} loads another kernel` };
    case "mode": {
      const mode = (deed.extra & 0o7777).toString(8).padStart(4, "0");
      const reason = `${who} asked for mode ${mode} of ${
        world.path ?? "a file"
      }`;
      return { rule: "setuid-made", reason };
    }
    case "capability": {
      const reason = `${who} gave capabilities to ${world.path ?? "a file"}`;
      return { rule: "setuid-made", reason };
    }
  }
}

function ruleOf(deed: { readonly isProtected: boolean }): PrivilegeRule {
  return deed.isProtected ? "runner-memory" : "process-memory";
}

function targetOf(
  deed: { readonly target: { readonly pid: number } },
  world: DeedWorld,
): string {
  return `${nameOf(world.targetExe)} (${deed.target.pid})`;
}

function nameOf(exe: string | null): string {
  return exe === null ? "a process" : exe.slice(exe.lastIndexOf("/") + 1);
}
