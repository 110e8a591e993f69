/**
 * The rights over the machine that a container has, by its runtime's word:
 * whatever started it, and with whatever options.
 *
 * @module
 */
import type { ContainerFacts } from "../decode/container_inspect.ts";

/** Shared with the machine, one of these is as good as being on it. */
const MODES: ReadonlySet<string> = new Set(["pid", "network", "ipc", "uts"]);

/**
 * Capabilities that lead out of a container, capabilities(7); all that Docker
 * does not give by itself but these are harmless there.
 */
const CAPABILITIES: ReadonlySet<string> = new Set([
  "ALL",
  "BPF",
  "DAC_READ_SEARCH",
  "MAC_ADMIN",
  "MAC_OVERRIDE",
  "NET_ADMIN",
  "PERFMON",
  "SYSLOG",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_MODULE",
  "SYS_PTRACE",
  "SYS_RAWIO",
]);

/** Whoever may write below one of these is root on the machine. */
const HOST_PATHS: ReadonlySet<string> = new Set([
  ...["/", "/boot", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys"],
  ...["/usr", "/var", "/var/lib", "/var/lib/docker", "/var/run"],
]);
const RUNTIME_SOCKET = /\/(docker|containerd|podman|crio|buildkitd)\.sock$/;

/**
 * Finds the rights of a container over the machine.
 *
 * @returns One phrase each, such as `all rights (privileged)`; none for a
 * container as runtimes make them by default.
 */
export function containerRisk(facts: ContainerFacts): readonly string[] {
  const { isPrivileged, modes, hostPaths, devices, securityOptions } = facts;
  const names = Object.entries(modes)
    .filter(([name, mode]) => MODES.has(name) && mode === "host")
    .map(([name]) => name);
  const capabilities = facts.capabilities.map(bareCapability)
    .filter((name) => CAPABILITIES.has(name));
  const paths = hostPaths.filter(isOfHost);
  const open = securityOptions.filter((option) =>
    /unconfined|disable/.test(option)
  );
  return [
    ...(isPrivileged ? ["all rights (privileged)"] : []),
    ...names.map((name) => `the machine's ${name} namespace`),
    ...paths.map((path) => `the machine's ${path}`),
    ...capabilities.map((name) => `the capability ${name}`),
    // A privileged one has every device, and lists none.
    ...devices.filter((path) => path !== "").map((path) =>
      `the device ${path}`
    ),
    ...open.map((option) => `no confinement (${option})`),
  ];
}

/** Whether the runtime's socket is the only right that a container has. */
export function isOnlySocket(facts: ContainerFacts): boolean {
  const { hostPaths } = facts;
  const others = hostPaths.filter((path) => !RUNTIME_SOCKET.test(path));
  return containerRisk({ ...facts, hostPaths: others }).length === 0 &&
    others.length < hostPaths.length;
}

function bareCapability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, "");
}

function isOfHost(path: string): boolean {
  const bare = path === "/" ? path : path.replace(/\/+$/, "");
  return HOST_PATHS.has(bare) || RUNTIME_SOCKET.test(bare) ||
    bare.startsWith("/proc/");
}
