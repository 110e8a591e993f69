/**
 * Masks secrets in arguments before anything of them is written.
 *
 * What a workflow has masked by `::add-mask::` is known to the runner alone; so
 * secrets are known here by their names, by their form, and by the variables
 * that a step is given them in.
 *
 * @module
 */
import {
  ASSIGNED,
  FLAG,
  MASKINGS,
  OPENSSL_PASSWORD,
  PROGRAM_HABITS,
  type ProgramHabit,
  SCRIPT,
  SPOKEN_HABITS,
  SUSPECT,
  USER_INFORMATION,
} from "./secret_patterns.ts";

/** What stands in the place of a secret. */
export const MASK = "***";

/** A shorter value is too likely a part of something else. */
const MIN_SECRET_CHARACTERS = 8;
/** A longer one is no argument's: those are cut. */
const MAX_SECRET_CHARACTERS = 4_096;
/** Of one environment: a step chooses how many variables it has. */
const MAX_SECRETS = 64;
/** So much of a secret in front of a cut is a part of it. */
const MIN_PART_CHARACTERS = 4;

const SECRET_NAME =
  /(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|(?:^|_)PASS|KEY)(?:_|\d|$)|(?:TOKEN|SECRET|PASSWORD)/i;
/** Where `decodeArguments` has cut an argument. */
const CUT = /…\[\+\d+ bytes\]$/;

/**
 * Masks the secrets in an argument vector.
 *
 * Takes time in proportion to the arguments and to the number of secrets.
 *
 * @param args With the program's own name first.
 * @param secrets Values to be masked wherever they stand, as
 * {@linkcode findSecrets} gives them.
 * @returns The same object when there is nothing to mask.
 */
export function redactArguments(
  args: readonly string[],
  secrets: readonly string[] = [],
): readonly string[] {
  const habit = habitOf(args);
  let masked: string[] | null = null;
  let before = "";
  for (const [index, arg] of args.entries()) {
    const safe = maskNext({ habit, before, arg }) ??
      redactText(maskAttached({ habit, before, arg }), secrets);
    before = arg;
    if (safe === arg) continue;
    masked ??= [...args];
    masked[index] = safe;
  }
  return masked ?? args;
}

/**
 * Masks the secrets in one text.
 *
 * @param secrets As for {@linkcode redactArguments}.
 */
export function redactText(
  text: string,
  secrets: readonly string[] = [],
): string {
  let safe = text;
  for (const secret of secrets) {
    if (safe.includes(secret)) safe = safe.replaceAll(secret, MASK);
  }
  safe = maskPart(safe, secrets);
  if (!SUSPECT.test(safe)) return safe;
  for (const { when, pattern, mask } of SPOKEN_HABITS) {
    if (when.test(safe)) safe = safe.replace(pattern, mask);
  }
  for (const { pattern, mask } of MASKINGS) safe = safe.replace(pattern, mask);
  if (OPENSSL_PASSWORD.test(safe)) return `pass:${MASK}`;
  return safe.includes("://") ? maskUserInformation(safe) : safe;
}

/**
 * Finds what looks like a secret by its variable's name.
 *
 * @param environment `NAME=value` each.
 * @returns The values, and each line of those with several, the longest first.
 */
export function findSecrets(environment: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const variable of environment) {
    const at = variable.indexOf("=");
    if (at < 0 || !SECRET_NAME.test(variable.slice(0, at))) continue;
    const value = variable.slice(at + 1);
    for (const part of [value, ...value.split(/\r?\n/)]) {
      if (found.size === MAX_SECRETS) break;
      const { length } = part;
      if (length < MIN_SECRET_CHARACTERS) continue;
      if (length <= MAX_SECRET_CHARACTERS) found.add(part);
    }
  }
  return [...found].sort((left, right) => right.length - left.length);
}

function habitOf(args: readonly string[]): ProgramHabit | null {
  const [own = ""] = args;
  const name = own.slice(own.lastIndexOf("/") + 1);
  return PROGRAM_HABITS.find(({ program, command }) =>
    program.test(name) && (command === null || args.includes(command))
  ) ?? null;
}

/** Null for what the argument in front of it does not make a secret. */
function maskNext(
  of: { habit: ProgramHabit | null; before: string; arg: string },
): string | null {
  const { habit, before, arg } = of;
  // A flag without a value: a password that begins so is not to be told apart.
  if (!before.startsWith("-") || arg.startsWith("--")) return null;
  if (habit?.beforePair?.test(before)) {
    const colon = arg.indexOf(":");
    return colon < 0 ? null : `${arg.slice(0, colon + 1)}${MASK}`;
  }
  return FLAG.test(before) || habit?.before?.test(before) ? MASK : null;
}

function maskAttached(
  of: { habit: ProgramHabit | null; before: string; arg: string },
): string {
  const { habit, before, arg } = of;
  const attached = habit?.attached;
  const safe = attached ? arg.replace(attached, `$1${MASK}`) : arg;
  const isAssigned = safe.includes("=") && !SCRIPT.test(before);
  return isAssigned ? safe.replace(ASSIGNED, `$1${MASK}`) : safe;
}

/** A secret that stands where an argument was cut is there in part. */
function maskPart(text: string, secrets: readonly string[]): string {
  const cut = secrets.length === 0 ? null : CUT.exec(text);
  if (cut === null) return text;
  const kept = text.slice(0, cut.index);
  for (const secret of secrets) {
    const most = Math.min(secret.length - 1, kept.length);
    for (let length = most; length >= MIN_PART_CHARACTERS; length--) {
      if (!kept.endsWith(secret.slice(0, length))) continue;
      return `${kept.slice(0, -length)}${MASK}${cut[0]}`;
    }
  }
  return text;
}

/** `git@` in front of a host is no secret, but what HTTP is given may be. */
function maskUserInformation(text: string): string {
  return text.replace(
    USER_INFORMATION,
    (all: string, user: string, end: string, at: number) => {
      const isWeb = /https?$/i.test(text.slice(Math.max(at - 5, 0), at));
      if (user === "" || !(isWeb || user.includes(":"))) return all;
      return `://${MASK}${end}`;
    },
  );
}
