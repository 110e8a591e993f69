/**
 * What a command that starts a container gives it over the machine.
 *
 * Only the command line is read: what asks a runtime's socket directly, or a
 * compose file, is not seen here.
 *
 * @module
 */
import {
  type CommandOption,
  type OptionTable,
  readOptions,
} from "./command_options.ts";

const CLIENTS = new Set(["docker", "podman", "nerdctl", "ctr"]);
const STARTING = new Set(["run", "create", "exec"]);
/** Words that stand before the one that says what is done. */
const GROUPS = new Set([
  "container",
  "containers",
  "c",
  "task",
  "tasks",
  "t",
]);

/** docker(1), podman(1), nerdctl and ctr: options that stand before the word. */
const GLOBAL: OptionTable = {
  switches: new Set(["D", "debug", "tls", "tlsverify", "r", "remote", "help"]),
  valued: new Set([]),
};

/** Those of `run`, `create` and `exec` in docker, podman, nerdctl and ctr. */
const STARTERS: OptionTable = {
  switches: new Set([
    ..."dDiPtqlh",
    "allow-new-privs",
    "detach",
    "disable-content-trust",
    "env-host",
    "help",
    "init",
    "interactive",
    "latest",
    "net-host",
    "no-healthcheck",
    "no-hostname",
    "no-hosts",
    "null-io",
    "oom-kill-disable",
    "privileged",
    "publish-all",
    "quiet",
    "read-only",
    "read-only-tmpfs",
    "replace",
    "rm",
    "rmi",
    "rootfs",
    "sig-proxy",
    "tls-verify",
    "tty",
  ]),
  valued: new Set([
    ..."aceghlmpuvw",
    "annotation",
    "cidfile",
    "entrypoint",
    "env",
    "env-file",
    "health-cmd",
    "hostname",
    "label",
    "label-file",
    "log-opt",
    "name",
    "restart",
    "stop-signal",
    "user",
    "workdir",
  ]),
};

const NAMESPACES = new Set([
  "cgroupns",
  "ipc",
  "net",
  "network",
  "pid",
  "userns",
  "uts",
]);

/** Whoever may write below one of these is root on the machine. */
const HOST_PATHS = new Set([
  "/",
  "/boot",
  "/dev",
  "/etc",
  "/proc",
  "/root",
  "/run",
  "/sys",
  "/usr",
  "/var",
  "/var/lib",
  "/var/lib/docker",
  "/var/run",
]);
const RUNTIME_SOCKET =
  /\/(docker|containerd|podman|crio|buildkitd|dockershim)\.sock$/;

/**
 * The rights that a command gives to a container, as its author wrote them.
 *
 * @param program The executable's last part.
 * @param command The arguments, and whether the runner itself executes them: it
 * lends the runtime's socket to each of its containers, and no step asked it to.
 * @returns Empty when it starts no container, or one without such rights.
 */
export function containerRights(
  program: string,
  command: { readonly args: readonly string[]; readonly isRunner: boolean },
): readonly string[] {
  const { args, isRunner } = command;
  if (!CLIENTS.has(program)) return [];
  const options = startingOptions(args);
  if (options === null) return [];
  const rights: string[] = [];
  for (const option of options) {
    const right = rightOf(option, isRunner);
    if (right !== null && !rights.includes(right)) rights.push(right);
  }
  return rights;
}

/** Null when the command starts no container. */
function startingOptions(
  args: readonly string[],
): readonly CommandOption[] | null {
  let { next } = readOptions(args, { ...GLOBAL, from: 1 });
  if (GROUPS.has(args[next] ?? "")) {
    next = readOptions(args, { ...GLOBAL, from: next + 1 }).next;
  }
  if (!STARTING.has(args[next] ?? "")) return null;
  return readOptions(args, { ...STARTERS, from: next + 1 }).options;
}

function rightOf(option: CommandOption, isRunner: boolean): string | null {
  const { name, value } = option;
  switch (name) {
    case "privileged":
    case "net-host":
    case "allow-new-privs":
      return isTrue(value) ? `--${name}` : null;
    case "cap-add":
    case "device":
      return `--${name}=${value}`;
    case "security-opt":
      return /unconfined|disable/.test(value) ? `--${name}=${value}` : null;
    case "with-ns":
      return `--${name}=${value}`;
    case "v":
    case "volume":
      return isRunner ? null : bound(value.split(":")[0]!, `-v ${value}`);
    case "mount":
      return isRunner ? null : bound(mountSource(value), `--mount ${value}`);
    default:
      return isNamespace(name, value) ? `--${name}=host` : null;
  }
}

/** As strconv.ParseBool of Go reads it; what it refuses starts no container. */
function isTrue(value: string): boolean {
  return ["1", "t", "T", "true", "TRUE", "True"].includes(value);
}

/** `host`, or `name=host` in the long form of `--network`. */
function isNamespace(name: string, value: string): boolean {
  return NAMESPACES.has(name) && /^(.*\bname=)?host(,|:|$)/.test(value);
}

/** `type=bind,source=/,target=/host`, in any order. */
function mountSource(value: string): string {
  for (const field of value.split(",")) {
    const [key, path] = field.split("=", 2);
    if (key === "source" || key === "src") return path ?? "";
  }
  return "";
}

function bound(source: string, words: string): string | null {
  const path = normalPath(source);
  if (path === null) return null;
  const isHost = HOST_PATHS.has(path) || RUNTIME_SOCKET.test(path) ||
    path.startsWith("/proc/");
  return isHost ? words : null;
}

/** Null for a name of a volume. */
function normalPath(path: string): string | null {
  if (!path.startsWith("/")) return null;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
