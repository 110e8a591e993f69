/**
 * What a container may ask of its host: `HostConfig` of the Engine API.
 *
 * Each of its members has a rule here, so that one that a later version adds is
 * refused until somebody has thought about it.
 *
 * @see {@link https://docs.docker.com/reference/api/engine/ | Engine API}
 * @module
 */
import type { Json } from "../../decode/strict_json.ts";
import {
  hasNames,
  isEmpty,
  isFree,
  isLike,
  isListOf,
  isMadeOf,
  isOneOf,
  isUnset,
  type JsonRules,
  shown,
} from "./json_rules.ts";

/** What Docker gives to each container by itself; capabilities(7). */
const DEFAULT_CAPABILITIES: readonly string[] = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

/** Of another container, which is asked for; see `questions.ts`. */
const JOINED = /^container:[A-Za-z0-9][A-Za-z0-9_.-]*$/;
/** Not `host`: raw frames of the host's interfaces pass by no firewall. */
const NETWORK = /^(?!host$)(?:container:)?[A-Za-z0-9][A-Za-z0-9_.-]*$/;
/** Names of volumes that the daemon makes by itself. */
const VOLUME_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Others write where root may write, or send where root may send. */
const LOG_DRIVERS = ["json-file", "local", "none", "journald"];

/** These are a namespace's own, and so the container's. */
const SYSCTLS =
  /^(net\.[a-z0-9_.\/-]+|kernel\.(msgmax|msgmnb|msgmni|sem|shm[a-z_]+)|fs\.mqueue\.[a-z_]+)$/;

/** With these masked, a path that a later version masks too is no way out. */
const MASKED: readonly string[] = ["/proc/kcore", "/proc/keys"];
const READ_ONLY: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** `no-new-privileges`, and the profiles that a container has anyway. */
const SECURITY_OPTION =
  /^(no-new-privileges([:=]true)?|seccomp=builtin|apparmor=docker-default)$/;

/** Limits, and what else concerns the container alone. */
const RESOURCES: JsonRules = {
  BlkioWeight: isFree,
  CpuCount: isFree,
  CpuPercent: isFree,
  CpuPeriod: isFree,
  CpuQuota: isFree,
  CpuRealtimePeriod: isFree,
  CpuRealtimeRuntime: isFree,
  CpuShares: isFree,
  CpusetCpus: isFree,
  CpusetMems: isFree,
  IOMaximumBandwidth: isFree,
  IOMaximumIOps: isFree,
  KernelMemory: isFree,
  KernelMemoryTCP: isFree,
  Memory: isFree,
  MemoryReservation: isFree,
  MemorySwap: isFree,
  MemorySwappiness: isFree,
  NanoCpus: isFree,
  OomKillDisable: isFree,
  PidsLimit: isFree,
  Ulimits: isFree,
};

/** What can be changed of a container that runs: `POST …/update`. */
export const UPDATE_RULES: JsonRules = { ...RESOURCES, RestartPolicy: isFree };

/**
 * All of `HostConfig` but what has a source on the machine: `Binds`, `Mounts`
 * and `VolumesFrom`.
 */
export const HOST_RULES: JsonRules = {
  ...RESOURCES,
  AutoRemove: isFree,
  CapAdd: isListOf(ruleOfCapability),
  CapDrop: isFree,
  CgroupnsMode: isOneOf("private"),
  ConsoleSize: isFree,
  ContainerIDFile: isFree,
  Dns: isFree,
  DnsOptions: isFree,
  DnsSearch: isFree,
  ExtraHosts: isFree,
  GroupAdd: isFree,
  Init: isFree,
  IpcMode: isLike(new RegExp(`^(?:private|shareable|none)$|${JOINED.source}`)),
  Isolation: isOneOf("default", "process"),
  Links: isFree,
  LogConfig: isMadeOf({ Type: isOneOf(...LOG_DRIVERS), Config: isFree }),
  MaskedPaths: ruleOfPaths(MASKED),
  NetworkMode: isLike(NETWORK),
  OomScoreAdj: isFree,
  PidMode: isLike(JOINED),
  PortBindings: isFree,
  PublishAllPorts: isFree,
  ReadonlyPaths: ruleOfPaths(READ_ONLY),
  ReadonlyRootfs: isFree,
  RestartPolicy: isFree,
  Runtime: isOneOf("runc", "io.containerd.runc.v2"),
  SecurityOpt: isListOf(isLike(SECURITY_OPTION)),
  ShmSize: isFree,
  StorageOpt: hasNames(/^size$/),
  Sysctls: hasNames(SYSCTLS),
  Tmpfs: isFree,
  VolumeDriver: isOneOf("local"),
};

/** `Config` of the Engine API: what concerns the container alone. */
export const CONTAINER_RULES: JsonRules = Object.fromEntries([
  ...["ArgsEscaped", "AttachStderr", "AttachStdin", "AttachStdout", "Cmd"],
  ...["Domainname", "Entrypoint", "Env", "ExposedPorts", "Healthcheck"],
  ...[
    "Hostname",
    "Image",
    "Labels",
    "MacAddress",
    "NetworkDisabled",
    "OnBuild",
  ],
  ...["OpenStdin", "Shell", "StdinOnce", "StopSignal", "StopTimeout", "Tty"],
  ...["User", "Volumes", "WorkingDir"],
].map((name) => [name, isFree]));

/** Of a mount, beside its type and source. */
export const MOUNT_RULES: JsonRules = {
  Type: isOneOf("bind", "volume", "tmpfs"),
  Source: isFree,
  Target: isFree,
  ReadOnly: isFree,
  Consistency: isFree,
  BindOptions: isMadeOf({
    Propagation: isOneOf("rprivate", "private", "rslave", "slave"),
    NonRecursive: isFree,
    ReadOnlyNonRecursive: isFree,
    ReadOnlyForceRecursive: isFree,
    // The source is there: the mount is made of what it was looked up as.
    CreateMountpoint: isFree,
  }),
  VolumeOptions: isMadeOf({
    NoCopy: isFree,
    Labels: isFree,
    Subpath: isFree,
    DriverConfig: isMadeOf({ Name: isOneOf("local"), Options: isUnset }),
  }),
  TmpfsOptions: isMadeOf({
    SizeBytes: isFree,
    Mode: isFree,
    Options: isUnset,
  }),
};

/** Whether a text can only be the name of a volume. */
export function isVolumeName(text: string): boolean {
  return VOLUME_NAME.test(text);
}

function ruleOfCapability(value: Json): string | null {
  const name = typeof value === "string"
    ? value.toUpperCase().replace(/^CAP_/, "")
    : "";
  return DEFAULT_CAPABILITIES.includes(name) ? null : shown(value);
}

/** Null keeps what is masked by default; an empty list masks nothing. */
function ruleOfPaths(
  needed: readonly string[],
): (value: Json) => string | null {
  return (value) => {
    if (value === null) return null;
    if (!Array.isArray(value) || isEmpty(value)) return shown(value);
    const missing = needed.find((path) => !value.includes(path));
    return missing === undefined ? null : `${shown(value)} without ${missing}`;
  };
}
