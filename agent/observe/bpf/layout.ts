/**
 * Where the fields lie that the programs read, in the kernel that runs.
 *
 * @module
 */
import { type Btf, BTF_KIND } from "../../decode/btf_types.ts";
import { AgentError } from "../../errors.ts";

/**
 * Each field: its structure, and its paths, the newest kernel's first.
 *
 * All are in Linux 5.15 to 6.18; what moved between them has two paths.
 */
const FIELDS = {
  taskPid: ["task_struct", "pid"],
  taskTgid: ["task_struct", "tgid"],
  taskParent: ["task_struct", "real_parent"],
  taskLeader: ["task_struct", "group_leader"],
  taskStart: ["task_struct", "start_boottime"],
  taskExitCode: ["task_struct", "exit_code"],
  taskSignal: ["task_struct", "signal"],
  taskMm: ["task_struct", "mm"],
  taskFs: ["task_struct", "fs"],
  taskNamespaces: ["task_struct", "nsproxy"],
  signalLive: ["signal_struct", "live.counter"],
  signalGroupExitCode: ["signal_struct", "group_exit_code"],
  signalFlags: ["signal_struct", "flags"],
  mmArgStart: ["mm_struct", "arg_start"],
  mmArgEnd: ["mm_struct", "arg_end"],
  mmEnvStart: ["mm_struct", "env_start"],
  mmEnvEnd: ["mm_struct", "env_end"],
  mmExeFile: ["mm_struct", "exe_file"],
  fileInode: ["file", "f_inode"],
  // Linux 6.13 counts in a type of its own.
  fileReferences: ["file", "f_ref", "f_count"],
  inodeNumber: ["inode", "i_ino"],
  inodeSuperBlock: ["inode", "i_sb"],
  superBlockMagic: ["super_block", "s_magic"],
  superBlockDevice: ["super_block", "s_dev"],
  filePathMount: ["file", "f_path.mnt"],
  filePathDentry: ["file", "f_path.dentry"],
  fsDirectoryMount: ["fs_struct", "pwd.mnt"],
  fsDirectoryDentry: ["fs_struct", "pwd.dentry"],
  dentryParent: ["dentry", "d_parent"],
  dentryName: ["dentry", "d_name.name"],
  dentryHashed: ["dentry", "d_hash.pprev"],
  mountVfs: ["mount", "mnt"],
  mountRoot: ["mount", "mnt.mnt_root"],
  mountParent: ["mount", "mnt_parent"],
  mountPoint: ["mount", "mnt_mountpoint"],
  namespacesNet: ["nsproxy", "net_ns"],
  netInode: ["net", "ns.inum"],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** The tracepoints that programs are attached to. */
export const TRACEPOINTS = {
  fork: "btf_trace_sched_process_fork",
  exec: "btf_trace_sched_process_exec",
  exit: "btf_trace_sched_process_exit",
} as const;

/** Byte offsets, each in its own structure. */
export type Layout = Readonly<Record<keyof typeof FIELDS, number>>;

/** The function that stands for the iterator over all tasks. */
export const TASK_ITERATOR = "bpf_iter_task";
/** The same for all their open files. */
export const FILE_ITERATOR = "bpf_iter_task_file";

/** All types that {@linkcode readLayout} and the tracepoints need. */
export const LAYOUT_TYPES: readonly string[] = [
  ...new Set(Object.values(FIELDS).map(([structure]) => structure)),
  ...Object.values(TRACEPOINTS),
  TASK_ITERATOR,
  FILE_ITERATOR,
];

/**
 * Reads all offsets.
 *
 * @param btf With {@linkcode LAYOUT_TYPES}.
 * @throws {AgentError} `bpf_unavailable` for a kernel without one of them.
 */
export function readLayout(btf: Btf): Layout {
  const found = Object.entries(FIELDS).map(([name, [structure, ...paths]]) => {
    const offsets = paths.map((path) => btf.offsetOf(structure, path));
    const offset = offsets.find((each) => each !== null);
    if (offset !== undefined) return [name, offset];
    throw missing(`"${structure}" has no "${paths.join('" or "')}"`);
  });
  return Object.fromEntries(found);
}

/**
 * The number of what a program is attached to.
 *
 * @throws {AgentError} `bpf_unavailable` when the kernel has none.
 */
export function findTarget(btf: Btf, name: string): number {
  const id = btf.findId(BTF_KIND.TYPEDEF, name) ??
    btf.findId(BTF_KIND.FUNC, name);
  if (id === null) throw missing(`there is no "${name}"`);
  return id;
}

function missing(why: string): AgentError {
  return new AgentError("bpf_unavailable", {
    what: "Cannot load the process programs",
    why: `${why} in the types of this kernel, and the programs need it`,
    hint: "Let the agent hear of processes by audit",
  });
}
