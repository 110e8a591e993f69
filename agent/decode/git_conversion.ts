/**
 * Whether git writes a file otherwise than it stores it.
 *
 * @see gitattributes(5), "Checking-out and checking-in"
 * @module
 */
import {
  BUILTIN_ATTRIBUTES,
  decodeGitAttributes,
  type GitAttribute,
  type GitAttributeLine,
  type GitAttributeValue,
} from "./git_attributes.ts";
import { type GitGlob, type GlobBudget, matchesGlob } from "./git_glob.ts";

/** How a file in the work tree is other than its object. */
export interface Conversion {
  /** Line ends of a text are CRLF, and line feeds in the object. */
  readonly isCrlf: boolean;
  /** `$Id$` is followed by the object's id. */
  readonly isIdent: boolean;
  /** Text in this encoding, and UTF-8 in the object; null for the same. */
  readonly encoding: string | null;
  /**
   * Whatever a program of this name makes of it; empty when nobody can tell
   * what is done; null for none.
   */
  readonly filter: string | null;
  /** Whether attributes that are not tracked have a say in the filter. */
  readonly isLocal: boolean;
}

/** What is done to the file cannot be told. */
export const UNKNOWN_CONVERSION: Conversion = {
  ...{ isCrlf: false, isIdent: false, encoding: null, filter: "" },
  isLocal: false,
};

/** The same, where attributes are made to keep it from being found out. */
const EXCESSIVE_CONVERSION: Conversion = {
  ...UNKNOWN_CONVERSION,
  isLocal: true,
};

/** One file of attributes. */
export interface AttributeSource {
  /** The directory that it is in, with a slash at its end; empty for the top. */
  readonly directory: string;
  readonly lines: readonly GitAttributeLine[];
  /** Whether it is part of what git tracks. Default true. */
  readonly isTracked?: boolean;
}

/** The attributes that change what is written. */
const CONVERTING = [
  ...["text", "crlf", "eol", "ident", "filter", "working-tree-encoding"],
] as const;
/** More lines than anybody writes: each is tried on every path. */
const MAX_LINES = 2_000;
/** Macros may use each other. */
const MAX_MACROS = 64;
/** Seconds at the most, over all paths. */
const MAX_STEPS = 200_000_000;
/** A millisecond at the most, for one of them. */
const MAX_STEPS_OF_ONE = 100_000;

interface Rule {
  readonly directory: string;
  readonly glob: GitGlob;
  /** The last of a line first, as git takes them. */
  readonly attributes: readonly GitAttribute[];
  readonly isTracked: boolean;
}

type Values = Map<string, GitAttributeValue>;

/** What attributes say of one path. */
interface Said {
  readonly values: Values;
  readonly isLocal: boolean;
}

/** Says of paths how they are converted. */
export class GitConversion {
  /** Line ends are CRLF in the work tree where nothing else is said. */
  readonly #isCrlf: boolean;
  /** Whether files that no attribute is about are looked through for those. */
  readonly #isAutomatic: boolean;
  /** Macros that are not tracked may stand in for those that are. */
  readonly #hasLocalMacros: boolean;
  readonly #macros = new Map<string, readonly GitAttribute[]>();
  /** The rule that counts first is first. */
  readonly #rules: readonly Rule[];
  /** Of the work that may be done. */
  #stepsLeft = MAX_STEPS;
  /** Few, for any number of files. */
  readonly #known = new Map<string, Conversion>();
  /** The rules that can be about files in one directory. */
  #near: { readonly directory: string; readonly rules: readonly Rule[] };

  /**
   * @param sources All files of attributes, the one that counts least first.
   * @param settings `core.autocrlf` being true; line ends being CRLF by that or
   * by `core.eol`.
   */
  constructor(
    sources: readonly AttributeSource[],
    settings: { readonly isAutomatic: boolean; readonly isCrlf: boolean },
  ) {
    this.#isCrlf = settings.isCrlf;
    this.#isAutomatic = settings.isAutomatic;
    const builtin = decodeGitAttributes(BUILTIN_ATTRIBUTES);
    for (
      const { directory, lines } of [
        { directory: "", lines: builtin },
        ...sources,
      ]
    ) {
      // Further down, git takes none.
      if (directory !== "") continue;
      for (const { macro, attributes } of lines) {
        if (macro !== null) this.#macros.set(macro, attributes.toReversed());
      }
    }
    const isExcessive = this.#macros.size > MAX_MACROS;
    if (isExcessive) this.#macros.clear();
    const telling = this.#tellingNames();
    this.#hasLocalMacros = sources.some(({ lines, isTracked = true }) =>
      !isTracked && lines.some(({ macro }) => macro !== null)
    );
    this.#rules = sources.flatMap(({ directory, lines, isTracked = true }) =>
      lines.flatMap(({ glob, attributes }) =>
        glob === null || !attributes.some(({ name }) => telling.has(name))
          ? []
          : [{
            ...{ directory, glob, isTracked },
            attributes: attributes.toReversed(),
          }]
      )
    ).reverse();
    if (isExcessive || this.#rules.length > MAX_LINES) this.#stepsLeft = 0;
    this.#near = { directory: "", rules: this.#rulesNear("") };
  }

  /**
   * How the file may be other than its object; unknown as well when that takes
   * too long to find out.
   *
   * Line feeds of a text that are to stay line feeds are no conversion, though
   * git would take CRLF for the same.
   *
   * @param path Of the file, a character for each byte.
   * @returns Null when it is the same.
   */
  conversionOf(path: string): Conversion | null {
    if (this.#stepsLeft <= 0) return EXCESSIVE_CONVERSION;
    const directory = path.slice(0, path.lastIndexOf("/") + 1);
    if (directory !== this.#near.directory) {
      this.#near = { directory, rules: this.#rulesNear(directory) };
    }
    const budget = { steps: MAX_STEPS_OF_ONE };
    const said = this.#saidOf(path, budget);
    this.#stepsLeft -= MAX_STEPS_OF_ONE - budget.steps;
    return said === null ? EXCESSIVE_CONVERSION : this.#conversionBy(said);
  }

  /** Null when nothing is left of the budget. */
  #saidOf(path: string, budget: GlobBudget): Said | null {
    const values: Values = new Map();
    let isLocal = this.#hasLocalMacros;
    for (const { directory, glob, attributes, isTracked } of this.#near.rules) {
      const below = path.slice(directory.length);
      const isMatch = matchesGlob(glob, { path: below, budget });
      if (isMatch === null) return null;
      if (!isMatch) continue;
      const isOpen = !values.has("filter");
      this.#set(values, attributes);
      if (isOpen && values.has("filter") && !isTracked) isLocal = true;
    }
    return { values, isLocal };
  }

  #rulesNear(directory: string): readonly Rule[] {
    return this.#rules.filter((rule) => directory.startsWith(rule.directory));
  }

  #set(values: Values, attributes: readonly GitAttribute[]): void {
    for (const { name, value } of attributes) {
      if (values.has(name)) continue;
      values.set(name, value);
      const macro = value === true ? this.#macros.get(name) : undefined;
      // Ends, since each name is set once.
      if (macro !== undefined) this.#set(values, macro);
    }
  }

  #conversionBy({ values, isLocal }: Said): Conversion | null {
    const filter = values.get("filter");
    const encoding = values.get("working-tree-encoding");
    const conversion: Conversion = {
      isCrlf: this.#isWrittenCrlf(values),
      isIdent: values.get("ident") === true,
      encoding: typeof encoding === "string" ? encoding : null,
      // Whether its program is set up here is not for us to find out.
      filter: typeof filter === "string" ? filter : null,
      isLocal: isLocal && typeof filter === "string",
    };
    const { isCrlf, isIdent } = conversion;
    const isSame = conversion.encoding === null && conversion.filter === null;
    if (isSame && !isCrlf && !isIdent) return null;
    const key = JSON.stringify(conversion);
    const known = this.#known.get(key) ?? conversion;
    this.#known.set(key, known);
    return known;
  }

  #isWrittenCrlf(values: Values): boolean {
    const text = kindOfText(values.get("text")) ??
      kindOfText(values.get("crlf"));
    if (text === "binary") return false;
    const eol = values.get("eol");
    if (eol === "crlf") return true;
    if (eol === "lf" || text === "input") return false;
    return text === null ? this.#isAutomatic : this.#isCrlf;
  }

  /** What a line must set for it to matter: macros may, in the end, as well. */
  #tellingNames(): Set<string> {
    const telling = new Set<string>(CONVERTING);
    for (let before = 0; before !== telling.size;) {
      before = telling.size;
      for (const [name, attributes] of this.#macros) {
        if (attributes.some(({ name }) => telling.has(name))) telling.add(name);
      }
    }
    return telling;
  }
}

/** Null when it says nothing. */
function kindOfText(
  value: GitAttributeValue | undefined,
): "text" | "input" | "binary" | null {
  if (value === true || value === "auto") return "text";
  if (value === false) return "binary";
  return value === "input" ? "input" : null;
}
