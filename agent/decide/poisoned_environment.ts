/**
 * Variables that make programs of later steps load somebody else's code.
 *
 * @module
 */
import type { EnvFileEntry } from "../decode/env_file.ts";
import type { Finding } from "./privilege_rules.ts";

/** They do so whatever their value is. */
const ALWAYS = new Set([
  // ld.so(8)
  "LD_AUDIT",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "GCONV_PATH",
  "GLIBC_TUNABLES",
  // shells
  "BASH_ENV",
  "ENV",
  "PROMPT_COMMAND",
  "ZDOTDIR",
  // interpreters
  "CORECLR_ENABLE_PROFILING",
  "CORECLR_PROFILER",
  "CORECLR_PROFILER_PATH",
  "DOTNET_ADDITIONAL_DEPS",
  "DOTNET_STARTUP_HOOKS",
  "LUA_INIT",
  "NODE_PATH",
  "PERL5DB",
  "PERL5LIB",
  "PERL5OPT",
  "PHPRC",
  "PHP_INI_SCAN_DIR",
  "PYTHONHOME",
  "PYTHONINSPECT",
  "PYTHONSTARTUP",
  "RUBYLIB",
  "R_PROFILE_USER",
  // OpenSSL loads engines and providers that its configuration names.
  "OPENSSL_CONF",
  "OPENSSL_ENGINES",
  "OPENSSL_MODULES",
  // git(1)
  "GIT_ASKPASS",
  "GIT_EXEC_PATH",
  "GIT_EXTERNAL_DIFF",
  "GIT_PROXY_COMMAND",
  "GIT_TEMPLATE_DIR",
  "SSH_ASKPASS",
  // the runner's own hooks
  "ACTIONS_RUNNER_HOOK_JOB_COMPLETED",
  "ACTIONS_RUNNER_HOOK_JOB_STARTED",
]);

const ALWAYS_PREFIXES = ["BASH_FUNC_", "GIT_CONFIG", "GIT_SSH", "LUA_INIT_"];

const JAVA =
  /-javaagent|-agent(path|lib)|-Xbootclasspath|-XX:(On|Flags)|-cp\b|class-?path|module-path|--patch-module|class\.loader|(^|\s)@/;

/** They do so with some values; most builds set them to others. */
const WITH_VALUE: Readonly<Record<string, (value: string) => boolean>> = {
  NODE_OPTIONS: (value) => NODE.test(value.replaceAll("_", "-")),
  RUBYOPT: (value) => /(^|\s)-?[rIC]/.test(value),
  JAVA_TOOL_OPTIONS: (value) => JAVA.test(value),
  JDK_JAVA_OPTIONS: (value) => JAVA.test(value),
  _JAVA_OPTIONS: (value) => JAVA.test(value),
  PS4: (value) => /\$\(|`/.test(value),
  PATH: (value) => value.split(":").some(isUnsafeDirectory),
};

/** Node takes `_` for `-` within the name of an option. */
const NODE =
  /(^|\s)-r|--(require|import|loader|experimental-(loader|config)|inspect|env-file|openssl-config)/;

/** Others may put programs there, or the place depends on who looks. */
const UNSAFE_DIRECTORY =
  /^(?!\/)|^\/+(tmp|var\/+tmp|dev\/+shm)(\/|$)|\/\.\.?(\/|$)/;

/** A file may set a million variables; each finding is one of those above. */
const MAX_FINDINGS = 16;
const SHOWN_CHARACTERS = 120;

/**
 * Whatever in a step's GITHUB_ENV file makes later steps load code.
 *
 * @param entries The file's variables.
 * @returns At most one finding for each name.
 */
export function judgeEnvironment(
  entries: readonly EnvFileEntry[],
): readonly Finding[] {
  const findings = new Map<string, Finding>();
  for (const { name, value } of entries) {
    if (findings.size >= MAX_FINDINGS || !isPoison(name, value)) continue;
    const reason = `GITHUB_ENV sets ${shown(`${name}=${value}`)}`;
    findings.set(name, { rule: "env-file-poisoned", reason });
  }
  return [...findings.values()];
}

/**
 * Whatever in a step's GITHUB_PATH file others could put programs into.
 *
 * @param text The whole file: a directory a line.
 */
export function judgeSearchPath(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const line of text.split("\n")) {
    const directory = line.replace(/\r$/, "");
    if (directory === "" || !isUnsafeDirectory(directory)) continue;
    const reason = `GITHUB_PATH puts ${shown(directory)} before all programs`;
    findings.push({ rule: "env-file-poisoned", reason });
    if (findings.length >= MAX_FINDINGS) break;
  }
  return findings;
}

function isPoison(name: string, value: string): boolean {
  if (value === "") return false;
  if (ALWAYS.has(name)) return true;
  if (ALWAYS_PREFIXES.some((prefix) => name.startsWith(prefix))) return true;
  // Quotes and backslashes are read away by who splits the value into options.
  const plain = value.replace(/["'\\]/g, "");
  return Object.hasOwn(WITH_VALUE, name) && WITH_VALUE[name]!(plain);
}

function isUnsafeDirectory(directory: string): boolean {
  return UNSAFE_DIRECTORY.test(directory);
}

function shown(text: string): string {
  return text.length <= SHOWN_CHARACTERS
    ? text
    : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
