/**
 * Which programs are tools of a build, and not what it builds, by their paths.
 *
 * @module
 */

/** What a path is held against. */
export interface ToolPlaces {
  /** Work spaces, absolute: what is in them is mostly built there. */
  readonly workspaces: readonly string[];
  /** Directories that steps search for programs, absolute. */
  readonly searchPath: ReadonlySet<string>;
}

/** Where a system has its programs, and what is installed for all users. */
const SYSTEM =
  /^\/(?:usr|bin|sbin|lib\d*|opt|nix\/store|snap|home\/linuxbrew)\//;
/** Where people build as root; what a runner hands to one step only. */
const BUILDS = /^\/usr\/(?:local\/)?src\/|\/_temp\//;
/** Where package managers and version managers of one user install. */
const OF_USER =
  /\/(?:go\/bin|\.(?:asdf|bun|cargo\/bin|deno\/bin|dotnet|fnm|local\/(?:bin|share\/(?:fnm|mise|pnpm|uv))|npm-global|nvm|pyenv|rbenv|rustup\/toolchains|rvm|sdkman|volta|yarn\/bin))\//;
/** Where a runner has what its `setup-` actions install, and actions. */
const OF_RUNNER = /\/(?:hostedtoolcache|_tool|_actions)\//;
/** What a package manager installs into a work space. */
const OF_PROJECT =
  /\/node_modules\/(?!\.cache\/)|\/\.?v?env\/bin\/|\/\.[nt]ox\/[^/]+\/bin\/|\/vendor\/bin\//;

/**
 * Whether a program is a tool.
 *
 * @param path Absolute, without links on its way.
 */
export function isToolPath(path: string, places: ToolPlaces): boolean {
  return OF_PROJECT.test(path) || isCommonPath(path, places);
}

/** Whether it is a tool of all projects. */
function isCommonPath(
  path: string,
  { workspaces, searchPath }: ToolPlaces,
): boolean {
  if (workspaces.some((root) => path.startsWith(`${root}/`))) return false;
  if (searchPath.has(path.slice(0, path.lastIndexOf("/")))) return true;
  if (OF_USER.test(path) || OF_RUNNER.test(path)) return true;
  return SYSTEM.test(path) && !BUILDS.test(path);
}

/** The package manager that a project may bring along as a source. */
const BROUGHT_ALONG = /\/\.yarn\/releases\/yarn-[^/]+$/;
const CACHED = /\/(?:hostedtoolcache|_tool)\//;

/** Whether a program is at a place where nobody builds. */
export function isInstalledPath(path: string, places: ToolPlaces): boolean {
  return BROUGHT_ALONG.test(path) || isCommonPath(path, places);
}

/** Whether a `setup-` action may have put it there in this job. */
export function isCachedPath(path: string): boolean {
  return CACHED.test(path) || BROUGHT_ALONG.test(path);
}

/** How interpreters are told what to run: by the manual page of each. */
interface Habit {
  readonly program: RegExp;
  /** Options that load no code: behind others nobody knows the script. */
  readonly plain: RegExp;
  /** Such options whose value is the next argument. */
  readonly valued: RegExp | null;
}

const INTERPRETERS: readonly Habit[] = [
  {
    program: /^(?:r?ba|da|z|k|mk|a)?sh$/,
    plain: /^[-+][abefhkmnptuvxBCEHPT]+$|^--(?:login|no(?:profile|rc)|posix)$/,
    valued: /^[-+][abefhkmnptuvxBCEHPT]*[oO]$/,
  },
  {
    program: /^(?:python|pypy)[0-9.]*$/,
    plain: /^-[BEIOPSbdqsuvx]+$/,
    valued: /^-[WX]$/,
  },
  { program: /^perl[0-9.]*$/, plain: /^-[TUWXftw]+$/, valued: null },
  { program: /^ruby[0-9.]*$/, plain: /^-[vw]$|^-W\d$/, valued: null },
  { program: /^php[0-9.]*$/, plain: /^-[Cnq]$/, valued: /^-d$/ },
  { program: /^(?:lua|tclsh)[0-9.]*$|^Rscript$/, plain: /^$/, valued: null },
  {
    program: /^(?:node|nodejs|bun)$/,
    plain:
      /^--(?:disable-warning=.*|enable-source-maps|experimental-vm-modules|max-old-space-size=\d+|no-deprecation|no-warnings|stack-size=\d+|trace-[a-z-]+)$/,
    valued: null,
  },
];

/** A program that is executed. */
export interface ExecutedProgram {
  /** Absolute path; null when it is not known. */
  readonly exe: string | null;
  readonly args: readonly string[];
  /** Absolute; null when it is not known. */
  readonly cwd: string | null;
}

/**
 * The script that an interpreter was given.
 *
 * @returns Absolute, links and all; null when it is no interpreter, or what it
 * was given is no file.
 */
export function scriptOf(executed: ExecutedProgram): string | null {
  const { exe, args, cwd } = executed;
  if (exe === null) return null;
  const name = baseName(exe);
  const habit = INTERPRETERS.find(({ program }) => program.test(name));
  if (habit === undefined) return null;
  for (let at = 1; at < args.length; at++) {
    const arg = args[at]!;
    if (habit.valued?.test(arg) === true) at++;
    else if (habit.plain.test(arg)) continue;
    else return /^[-+]/.test(arg) ? null : absolute(arg, cwd);
  }
  return null;
}

/** The directories of a search path, as far as they are the same for all. */
export function directoriesOf(searchPath: string): readonly string[] {
  return searchPath.split(":").filter((directory) => directory.startsWith("/"))
    .map((directory) => directory.replace(/(?<=.)\/+$/, ""));
}

function absolute(path: string, cwd: string | null): string | null {
  if (path === "" || (cwd === null && !path.startsWith("/"))) return null;
  const parts: string[] = [];
  const whole = path.startsWith("/") ? path : `${cwd}/${path}`;
  // Not what the kernel makes of `..` behind a link; no tool is called so.
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
