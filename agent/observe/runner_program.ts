/**
 * What a process is of a GitHub runner, by its program alone: whether that can
 * be believed is another matter.
 *
 * @module
 */

/** The programs of a runner and of the host under it. */
export type RunnerProgram =
  /** Takes jobs; starts a worker for each. */
  | { readonly kind: "listener"; readonly root: string }
  /** Runs one job: its children are the steps. */
  | { readonly kind: "worker"; readonly root: string }
  /** GitHub's own agent on a hosted machine. */
  | { readonly kind: "host" }
  /** What that agent starts through sudo, with root's rights. */
  | { readonly kind: "provision" }
  /** Azure's guest agent, and what it starts to do its work. */
  | { readonly kind: "guest" };

/** `bin` is a link to `bin.2.333.1` where a runner has updated itself. */
const INSTALLED = /^(\/.*)\/bin(?:\.[\w.-]+)?\/Runner\.(Listener|Worker)$/;
/** The kernel says so of a program that was replaced since. */
const DELETED = " (deleted)";

/** What starts a listener, by hand or as a service, and starts it again. */
const LAUNCHER =
  /(?:^|\/)(?:(?:run|run-helper|runsvc)\.sh|bin\/RunnerService\.js)$/;

const HOST_AGENT = /\/hosted-compute-agent$/;
/** It is unpacked anew for each machine, with a number behind its name. */
const PROVISIONER = /\/provjobd\d*$/;
const PYTHON = /^\/usr\/bin\/python3(?:\.\d+)?$/;
const GUEST_DAEMON = /^\/usr\/s?bin\/waagent$/;
const GUEST_HANDLER = /^bin\/WALinuxAgent-[\w.-]+\.egg$/;

/**
 * Tells what a program is.
 *
 * @param exe As /proc names it; null is nothing.
 * @param args Its argument vector: the guest agent is a script.
 */
export function runnerProgram(
  exe: string | null,
  args: readonly string[],
): RunnerProgram | null {
  if (exe === null) return null;
  const path = exe.endsWith(DELETED) ? exe.slice(0, -DELETED.length) : exe;
  const [, root, name] = INSTALLED.exec(path) ?? [];
  if (root !== undefined) {
    return { kind: name === "Worker" ? "worker" : "listener", root };
  }
  if (HOST_AGENT.test(path)) return { kind: "host" };
  if (PROVISIONER.test(path)) return { kind: "provision" };
  if (!PYTHON.test(path)) return null;
  const script = args.find((arg, index) => index > 0 && !arg.startsWith("-"));
  const isGuest = script !== undefined &&
    (GUEST_DAEMON.test(script) || GUEST_HANDLER.test(script));
  return isGuest ? { kind: "guest" } : null;
}

/**
 * Whether a process is one of the runner's scripts above its listener.
 *
 * @param args Its argument vector: the interpreter, then the script.
 */
export function isLauncher(args: readonly string[]): boolean {
  return LAUNCHER.test(args[1] ?? "");
}

/** The script of an install that a service begins with. */
export function isServiceScript(
  args: readonly string[],
  root: string,
): boolean {
  return args[1] === `${root}/runsvc.sh` || args[1] === `${root}/run.sh`;
}
