/**
 * The environment of a guarded command: the invoking user's, as if neither
 * sudo nor npx nor deno had stood in between.
 *
 * @module
 */

/** The user whose environment it is to be. */
export interface EnvironmentUser {
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

/**
 * What npx sets for its child, config.js of @npmcli/config: as root's these
 * would send a user's npm into root's cache.
 */
const SET_BY_NPX =
  /^(?:npm_(?:command|execpath|node_execpath|package_|lifecycle_)|npm_config_(?:cache|globalconfig|global_prefix|init_module|local_prefix|node_gyp|noproxy|npm_version|prefix|user_agent|userconfig|yes)=|NODE=|COLOR=[01]$|EDITOR=vi$)/;

/**
 * Our own, sudo's, and deno task's: where it was started, and that it is the
 * package manager, which would make npm call itself deno.
 */
const SET_BY_US =
  /^(?:(?:SLUICE_CWD|SLUICE_STEPS|SLUICE_DENO_DIR|DENO_NO_UPDATE_CHECK|INIT_CWD|SUDO_[A-Z]+)=|npm_config_user_agent=deno\/)/;

/**
 * The user's own DENO_DIR, as the program in one file hands it on: it gives its
 * Deno another. Empty when there was none.
 */
const HANDED_ON = "SLUICE_DENO_DIR=";

/** Directories that npx puts in front of PATH, up to the last of them. */
const NPX_PATH_END = "/@npmcli/run-script/lib/node-gyp-bin";

/**
 * Computes the environment.
 *
 * @param initial What this program was started with, `NAME=value` each.
 * @param user Null when nobody stands behind sudo: then only what npx and the
 * task added is taken away.
 */
export function commandEnvironment(
  initial: readonly string[],
  user: EnvironmentUser | null,
): string[] {
  const throughNpx = initial.includes("npm_lifecycle_event=npx");
  const identity = user === null ? [] : [
    `HOME=${user.home}`,
    `USER=${user.name}`,
    `LOGNAME=${user.name}`,
    `SHELL=${user.shell}`,
  ];
  const replaced = new Set(identity.map(nameOf));
  // root's mailbox is not theirs, and theirs is nowhere said.
  if (user !== null) replaced.add("MAIL");
  const kept = withOwnDenoDir(initial).filter((pair) =>
    !SET_BY_US.test(pair) && !replaced.has(nameOf(pair)) &&
    !(throughNpx && SET_BY_NPX.test(pair)) &&
    // npx exports all of root's npmrc, which may name root's own registry,
    // proxy and passwords.
    !(throughNpx && user !== null && pair.startsWith("npm_config_"))
  ).map((pair) =>
    pair.startsWith("PATH=") && throughNpx ? withoutNpxPath(pair) : pair
  );
  return [...kept, ...identity];
}

function withOwnDenoDir(initial: readonly string[]): readonly string[] {
  const handed = initial.find((pair) => pair.startsWith(HANDED_ON));
  if (handed === undefined) return initial;
  const own = handed.slice(HANDED_ON.length);
  return [
    ...initial.filter((pair) => nameOf(pair) !== "DENO_DIR"),
    ...(own === "" ? [] : [`DENO_DIR=${own}`]),
  ];
}

function withoutNpxPath(pair: string): string {
  const directories = pair.slice("PATH=".length).split(":");
  const end = directories.findIndex((path) => path.endsWith(NPX_PATH_END));
  return `PATH=${directories.slice(end + 1).join(":")}`;
}

function nameOf(pair: string): string {
  return pair.slice(0, pair.indexOf("="));
}
