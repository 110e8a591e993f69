/**
 * Where the fields lie that the programs about rights read.
 *
 * @module
 */
import { type Btf, BTF_KIND } from "../../decode/btf_types.ts";
import { AgentError } from "../../errors.ts";

/** Each field: its structure, and its paths, the newest kernel's first. */
const FIELDS = {
  taskTgid: ["task_struct", "tgid"],
  taskFlags: ["task_struct", "flags"],
  taskParent: ["task_struct", "real_parent"],
  taskLeader: ["task_struct", "group_leader"],
  taskStart: ["task_struct", "start_boottime"],
  taskMm: ["task_struct", "mm"],
  taskFiles: ["task_struct", "files"],
  taskPidStruct: ["task_struct", "thread_pid"],
  taskPidLinks: ["task_struct", "pid_links"],
  actionHandler: ["k_sigaction", "sa.sa_handler"],
  mmOwner: ["mm_struct", "owner"],
  pidLevel: ["pid", "level"],
  pidTasks: ["pid", "tasks"],
  pidNumbers: ["pid", "numbers"],
  upidNamespace: ["upid", "ns"],
  pidNamespaceTree: ["pid_namespace", "idr.idr_rt.xa_head"],
  nodeShift: ["xa_node", "shift"],
  nodeSlots: ["xa_node", "slots"],
  filesTable: ["files_struct", "fdt"],
  tableMax: ["fdtable", "max_fds"],
  tableFiles: ["fdtable", "fd"],
  fileInode: ["file", "f_inode"],
  filePrivate: ["file", "private_data"],
  inodeMode: ["inode", "i_mode"],
  inodePrivate: ["inode", "i_private"],
  socketSock: ["socket", "sk"],
  sockFamily: ["sock_common", "skc_family"],
  sockPort: ["sock_common", "skc_dport"],
  sockAddress: ["sock_common", "skc_daddr"],
  sockAddress6: ["sock_common", "skc_v6_daddr"],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** The tracepoints that programs are attached to. */
export const PRIVILEGE_TRACEPOINTS = {
  memory: "btf_trace_mmap_lock_start_locking",
  signal: "btf_trace_signal_generate",
  dump: "btf_trace_signal_deliver",
  call: "btf_trace_sys_enter",
  exec: "btf_trace_sched_process_exec",
} as const;

/** Byte offsets, each in its own structure. */
export type PrivilegeLayout = Readonly<Record<keyof typeof FIELDS, number>> & {
  /** Of `thread_info.status`, where x86 says that a call is 32-bit. */
  readonly threadStatus: number | null;
  /** sizeof(struct upid) */
  readonly pidNumberBytes: number;
  /** Whether pidfds have a file system of their own, as from Linux 6.9 on. */
  readonly hasPidfs: boolean;
};

/** struct upid: a number, padding, a pointer. */
const UPID_BYTES = 16;
/** A function that there is where pidfds have a file system. */
const PIDFS_FUNCTION = "pidfs_alloc_file";

/** All types that {@linkcode readPrivilegeLayout} and its users need. */
export const PRIVILEGE_TYPES: readonly string[] = [
  ...new Set(Object.values(FIELDS).map(([structure]) => structure)),
  ...Object.values(PRIVILEGE_TRACEPOINTS),
  PIDFS_FUNCTION,
];

/**
 * Reads all offsets.
 *
 * @param btf With {@linkcode PRIVILEGE_TYPES}.
 * @throws {AgentError} `bpf_unavailable` for a kernel without one of them.
 */
export function readPrivilegeLayout(btf: Btf): PrivilegeLayout {
  const found = Object.entries(FIELDS).map(([name, [structure, ...paths]]) => {
    const offsets = paths.map((path) => btf.offsetOf(structure, path));
    const offset = offsets.find((each) => each !== null);
    if (offset !== undefined) return [name, offset];
    throw new AgentError("bpf_unavailable", {
      what: "Cannot load the programs that watch rights",
      why: `"${structure}" has no "${paths.join('" or "')}" in this kernel`,
      hint: "Take sudo away from the build",
    });
  });
  const threadStatus = btf.offsetOf("task_struct", "thread_info.status");
  return {
    ...Object.fromEntries(found),
    threadStatus,
    pidNumberBytes: UPID_BYTES,
    hasPidfs: btf.findId(BTF_KIND.FUNC, PIDFS_FUNCTION) !== null,
  };
}
