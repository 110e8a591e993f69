/**
 * The options of a command as the programs of containers read them.
 *
 * @see {@link https://pkg.go.dev/github.com/spf13/pflag | pflag}, which they use
 * @module
 */

/** One option with its value. */
export interface CommandOption {
  /** Without dashes; one letter for a short one. */
  readonly name: string;
  /** `true` for a switch that stands without a value. */
  readonly value: string;
}

/** What the reader knows of a command's options. */
export interface OptionTable {
  /** Options that take no value of their own, long names and letters. */
  readonly switches: ReadonlySet<string>;
  /** Options whose value may begin with a dash. */
  readonly valued: ReadonlySet<string>;
}

/** The options before the first word, and that word's place. */
export interface ReadOptions {
  readonly options: readonly CommandOption[];
  /** Where the first word that is no option stands; may be past the end. */
  readonly next: number;
}

/**
 * Reads options up to the first word that is none.
 *
 * An option that the table does not know takes the next argument as its value,
 * unless that looks like an option: so no option is overlooked behind a switch
 * that is newer than the table.
 *
 * @param args The whole command.
 * @param options The table, and where to begin.
 */
export function readOptions(
  args: readonly string[],
  options: OptionTable & { readonly from: number },
): ReadOptions {
  const found: CommandOption[] = [];
  let at = options.from;
  while (at < args.length) {
    const arg = args[at]!;
    if (arg === "--") return { options: found, next: at + 1 };
    if (!arg.startsWith("-") || arg === "-") break;
    at++;
    const following = args[at];
    const taken = arg.startsWith("--")
      ? readLong(arg.slice(2), { following, table: options })
      : readShort(arg.slice(1), { following, table: options });
    found.push(...taken.options);
    if (taken.usesFollowing) at++;
  }
  return { options: found, next: at };
}

interface Taken {
  readonly options: readonly CommandOption[];
  readonly usesFollowing: boolean;
}

interface Beside {
  readonly following: string | undefined;
  readonly table: OptionTable;
}

function readLong(text: string, beside: Beside): Taken {
  const equals = text.indexOf("=");
  if (equals >= 0) {
    const name = text.slice(0, equals);
    const value = text.slice(equals + 1);
    return { options: [{ name, value }], usesFollowing: false };
  }
  return withFollowing(text, { ...beside, before: [] });
}

/** `-it`, `-itv /:/host`, `-v/:/host`, `-v=/:/host`. */
function readShort(letters: string, beside: Beside): Taken {
  const before: CommandOption[] = [];
  for (let at = 0; at < letters.length; at++) {
    const name = letters[at]!;
    const rest = letters.slice(at + 1);
    if (rest.startsWith("=")) {
      before.push({ name, value: rest.slice(1) });
      break;
    }
    if (beside.table.switches.has(name)) {
      before.push({ name, value: "true" });
    } else if (rest === "") {
      return withFollowing(name, { ...beside, before });
    } else {
      before.push({ name, value: rest });
      break;
    }
  }
  return { options: before, usesFollowing: false };
}

function withFollowing(
  name: string,
  beside: Beside & { readonly before: readonly CommandOption[] },
): Taken {
  const { following, table, before } = beside;
  const hasOwn = following !== undefined && !table.switches.has(name) &&
    (table.valued.has(name) || !following.startsWith("-"));
  const value = hasOwn ? following : "true";
  return { options: [...before, { name, value }], usesFollowing: hasOwn };
}
