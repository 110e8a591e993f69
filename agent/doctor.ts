/**
 * What this machine lacks, and how to get it.
 *
 * @module
 */
import { findCgroup2Mount } from "./decode/mountinfo.ts";
import { hasConnectionTable } from "./enforce/connmarks.ts";
import { kernelFamilies } from "./enforce/firewall.ts";
import { findTool } from "./enforce/iptables_tool.ts";
import { takesRules, type TrialKind } from "./enforce/trial.ts";
import { AgentError } from "./errors.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { FileSystemWatch } from "../ffi/file_system_watch.ts";
import { canAccess, readText, tryReadText } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { NetfilterQueueLibrary } from "../ffi/netfilter_queue.ts";
import { runTool } from "../ffi/tools.ts";

/** One thing that a guard needs. */
export interface Finding {
  readonly what: string;
  readonly found: boolean;
  /** The Debian or Ubuntu package that brings it; null when none does. */
  readonly packageName: string | null;
  /** What to do when it is missing. */
  readonly hint: string;
}

/** A mirror may be slow; one that says nothing must not keep a job for ever. */
const INSTALL_MS = 600_000;
const APT_GET = "/usr/bin/apt-get";
const WATCH_LIMIT = "/proc/sys/fs/inotify/max_user_watches";
/** A work space with its packages has some ten thousand directories. */
const MIN_WATCHES = 65_536;

/** Looks for everything a guard needs. */
export function examine(libc: Libc): Finding[] {
  const mount = findCgroup2Mount(readText(libc, "/proc/self/mountinfo"));
  const queue = tryReadText(libc, "/proc/net/netfilter/nfnetlink_queue");
  const isRoot = libc.symbols.geteuid() === 0;
  return [
    {
      what: "root",
      found: isRoot,
      packageName: null,
      hint: "Run with sudo",
    },
    {
      what: "iptables and ip6tables",
      found: ["iptables", "ip6tables"].every((name) =>
        ["-save", "-restore"].every((suffix) =>
          findTool(libc, name + suffix) !== null
        )
      ),
      packageName: "iptables",
      hint: "Install the package iptables",
    },
    {
      what: "libnetfilter_queue",
      found: canAccess(libc, NetfilterQueueLibrary.path),
      packageName: "libnetfilter-queue1",
      hint: `Install the package libnetfilter-queue1, version 1.0.5: ` +
        `"${NetfilterQueueLibrary.path}"`,
    },
    {
      what: "setpriv",
      found: canAccess(libc, "/usr/bin/setpriv", 1),
      packageName: "util-linux",
      hint: "Install the package util-linux",
    },
    {
      what: "cgroup v2 (for `sluice run`)",
      found: mount !== null,
      packageName: null,
      hint: "Mount it: mount -t cgroup2 none /sys/fs/cgroup",
    },
    {
      what: "NFQUEUE in the kernel",
      found: queue !== null || canAccess(libc, "/lib/modules"),
      packageName: null,
      hint: "Use a kernel with CONFIG_NETFILTER_NETLINK_QUEUE",
    },
    {
      what: "connection tracking over netlink in the kernel",
      // Only root is answered, and what else it lacks is told by now.
      found: !isRoot || hasConnectionTable(libc),
      packageName: null,
      hint: "Load the module: modprobe nf_conntrack_netlink",
    },
  ];
}

/** Tries what takes longer than a guard may take to be armed. */
export function examineRules(libc: Libc): Finding[] {
  const families = kernelFamilies(libc);
  // Only root may; and what else it lacks is told by now.
  const canTry = libc.symbols.geteuid() === 0 &&
    findTool(libc, "iptables-restore") !== null;
  const isTaken = (kind: TrialKind) =>
    !canTry || takesRules(libc, { kind, families });
  return [
    {
      what: "firewall rules in the kernel",
      found: isTaken("all"),
      packageName: null,
      hint: "Install all netfilter modules of this kernel: Ubuntu has some " +
        "of them in linux-modules-extra",
    },
    {
      what: "the match bpf (for hosts with `/udp` in the policy)",
      found: isTaken("udp"),
      packageName: null,
      hint: "Install the kernel's module xt_bpf, or write names: answered",
    },
  ];
}

/** Looks for what is needed to watch sources. */
export function examineFiles(libc: Libc): Finding[] {
  // Only root may; and what else it lacks is told by now.
  const isHeard = libc.symbols.geteuid() !== 0 || hearsFileSystems(libc);
  const fanotify: Finding = {
    what: "fanotify (for sources, and who writes them)",
    found: isHeard,
    packageName: null,
    hint: "Use Linux 5.9 or later, and a machine that gives root " +
      "CAP_SYS_ADMIN; until then inotify is used, which does not tell who",
  };
  if (isHeard) return [fanotify];
  const limit = Number(tryReadText(libc, WATCH_LIMIT) ?? "0");
  return [fanotify, {
    what: `inotify watches (for sources without fanotify: ${limit})`,
    found: limit >= MIN_WATCHES,
    packageName: null,
    hint: `Raise the limit, each directory takes one: ` +
      `sysctl fs.inotify.max_user_watches=${MIN_WATCHES}`,
  }];
}

function hearsFileSystems(libc: Libc): boolean {
  try {
    new FileSystemWatch(libc)[Symbol.dispose]();
    return true;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  }
}

/**
 * Installs the missing packages with apt-get.
 *
 * @param say Told each step, in one line.
 * @throws {AgentError} `install_failed` with what apt-get said last.
 */
export function install(libc: Libc, say: (line: string) => void): void {
  const names = examine(libc).filter(({ found }) => !found)
    .flatMap(({ packageName }) => packageName === null ? [] : [packageName]);
  if (names.length === 0) return;
  say(`Installing ${names.join(", ")}`);
  if (!canAccess(libc, APT_GET, 1)) {
    throw notInstalled(names, `"${APT_GET}" is not on this machine`);
  }
  const command = [APT_GET, "install", "-y", "--no-install-recommends"];
  const limit = { timeoutMs: INSTALL_MS };
  let result = runTool(libc, [...command, ...names], limit);
  if (result.code !== 0) {
    // A fresh machine has no package lists yet.
    runTool(libc, [APT_GET, "update"], limit);
    result = runTool(libc, [...command, ...names], limit);
  }
  if (result.code !== 0) {
    const said = result.stderr.trim().split("\n").at(-1) ?? "";
    throw notInstalled(names, `apt-get said ${JSON.stringify(said)}`);
  }
}

/**
 * Installs what can be installed, and fails for what is still missing.
 *
 * @throws {AgentError} With the first thing that is missing and its remedy.
 */
export function prepare(libc: Libc, say: (line: string) => void): void {
  const missing = () =>
    examine(libc).filter(({ what, found }) =>
      !found && !what.startsWith("cgroup")
    );
  const first = missing();
  if (first.length === 0) return;
  if (first[0]!.what === "root") {
    throw new AgentError("not_root", {
      what: "Cannot guard anything",
      why: "this is not root, root is needed for firewall rules and queues",
      hint: "Run the same command with sudo",
    });
  }
  say(`Missing: ${first.map(({ what }) => what).join(", ")}`);
  install(libc, say);
  const [still] = missing();
  if (still === undefined) return;
  throw new AgentError("library_missing", {
    what: "Cannot guard anything",
    why: `${still.what} is missing, it is needed`,
    hint: still.hint,
  });
}

function notInstalled(names: readonly string[], why: string): AgentError {
  return new AgentError("install_failed", {
    what: `Cannot install ${names.join(", ")}`,
    why,
    hint: `Install them by hand: apt-get install ${names.join(" ")}`,
  });
}
