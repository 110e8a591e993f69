/**
 * What secrets look like in a text, and what stands in front of them.
 *
 * Every pattern takes time in proportion to the text, whatever that is: a
 * repetition is either consumed as a whole or begins where no other one can.
 *
 * @module
 */

/** Names end with one of these, in any case; `max_tokens` does not. */
const NAME = "(?:pass(?:word|wd|phrase|code)|storepass|keypass|passin|passout" +
  "|(?<![a-z])pass|(?<![a-z])pwd|secret|token|credentials?|authorization" +
  "|(?:api|access|account|auth|encryption|private|secret|service|shared" +
  "|signing|subscription)[-_]?key|x-amz-signature|x-goog-signature" +
  "|(?<![a-z])sig)";

/** Up to what ends a word in a shell, a URL, an object or a list. */
const VALUE = String
  .raw`(?:\\?"(?:[^"\\]|\\[^])*\\?"?|'[^']*'?|[^\s"'&;|,)}<>\x60\\]+)`;

/** A name of letters, digits and dots begins here and nowhere else in it. */
const NAME_START = String.raw`(?<![\w.-])[\w.-]*?`;

/** An argument whose value is the next one: `--password`, `-storepass`. */
export const FLAG = new RegExp(String.raw`^--?[\w.-]*${NAME}$`, "i");

/** An argument that is a name and its value, blanks and all. */
export const ASSIGNED = new RegExp(String.raw`^([\w.:/-]*${NAME}=)[^]+`, "i");

/** The next argument is a shell's script, with more in it than one value. */
export const SCRIPT = /^-[a-z]*c$/;

/** Whether the slower patterns can find anything at all. */
export const SUSPECT =
  /pass|pwd|secret|token|key|auth|cred|sig|bearer|basic|:\/\/|gh[pousr]_|github_pat_|glpat-|npm_|xox[abeoprs]-|A[KSBC][IC]A|sk-|pypi-|eyJ|mysql|mariadb|curl/i;

/** A pattern, and what stands in the place of what it finds. */
export interface Masking {
  readonly pattern: RegExp;
  readonly mask: string;
}

/** In their order: an early one leaves the later ones less to find. */
export const MASKINGS: readonly Masking[] = [
  // The rest of the header, whatever its scheme (RFC 9110 section 11.6.2).
  {
    pattern: /(authorization["']?\s*[:=]\s*)[^"'\r\n`]+/gi,
    mask: "$1***",
  },
  {
    pattern: /((?<![\w-])bearer\s+)[\w.~+/=-]{4,}/gi,
    mask: "$1***",
  },
  // Not each word behind "basic": the base64 of `user:password` has capitals.
  {
    pattern: /((?<![\w-])basic\s+)(?=[a-z+/=]*[A-Z0-9])[\w+/=-]{4,}/g,
    mask: "$1***",
  },
  {
    pattern: /((?<![\w-])B(?:asic|ASIC)\s+)[\w+/=-]{4,}/g,
    mask: "$1***",
  },
  // A value with a name: `--password=x`, `DB_PASSWORD=x`, `"token": "x"`.
  {
    pattern: new RegExp(
      String
        .raw`(${NAME_START}${NAME}(?:\\?["'])?\s*[=:]\s*)(?!\*\*\*)${VALUE}`,
      "gi",
    ),
    mask: "$1***",
  },
  // A flag and its value within one argument, as `sh -c` has them.
  {
    pattern: new RegExp(
      String.raw`((?<![\w.-])--?[\w.-]*?${NAME}\s+)(?!--|\*\*\*)${VALUE}`,
      "gi",
    ),
    mask: "$1***",
  },
  // https://docs.github.com/en/authentication: prefixes of GitHub's tokens.
  { pattern: /(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{10,}/g, mask: "***" },
  { pattern: /(?<![A-Za-z0-9])github_pat_\w{10,}/g, mask: "***" },
  { pattern: /(?<![A-Za-z0-9])glpat-[\w.-]{10,}/g, mask: "***" },
  { pattern: /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{10,}/g, mask: "***" },
  { pattern: /(?<![A-Za-z0-9])xox[abeoprs]-[\w-]{10,}/g, mask: "***" },
  {
    pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}/g,
    mask: "***",
  },
  { pattern: /(?<![A-Za-z0-9])sk-[\w-]{16,}/g, mask: "***" },
  { pattern: /(?<![A-Za-z0-9])pypi-[\w-]{16,}/g, mask: "***" },
  // A JSON Web Token: base64url of `{"`, RFC 7519 section 3.1.
  {
    pattern: /(?<![A-Za-z0-9])eyJ[\w-]{12,}(?:\.[\w-]*){0,4}/g,
    mask: "***",
  },
];

/** The part of a URL in front of its host, or of where its text was cut. */
export const USER_INFORMATION = /:\/\/([^\s/?#"'<>`]*)(@|(?=…\[\+))/g;

/** `pass:x`, as openssl(1) takes a password. */
export const OPENSSL_PASSWORD = /^pass:[^]+$/;

/** How a program takes a password without saying so in a name. */
export interface ProgramHabit {
  /** The program's name without its directory. */
  readonly program: RegExp;
  /** The only command of that program to do so; null for any. */
  readonly command: string | null;
  /** An argument that is a password but for its first group. */
  readonly attached: RegExp | null;
  /** An argument whose next one is a password. */
  readonly before: RegExp | null;
  /** An argument whose next one is `user:password`. */
  readonly beforePair: RegExp | null;
}

const NOTHING = {
  command: null,
  attached: null,
  before: null,
  beforePair: null,
};

/** The manual page of each says so. */
export const PROGRAM_HABITS: readonly ProgramHabit[] = [
  { ...NOTHING, program: /^(?:mysql|mariadb)/, attached: /^(-p)[^]+/ },
  { ...NOTHING, program: /^sshpass$/, attached: /^(-p)[^]+/, before: /^-p$/ },
  { ...NOTHING, program: /^(?:un)?zip$/, before: /^-P$/ },
  { ...NOTHING, program: /^7z[ar]?$/, attached: /^(-p)[^]+/ },
  {
    ...NOTHING,
    program: /^curl$/,
    attached: /^(-[uU][^:]*:)[^]+/,
    beforePair: /^(?:-[a-zA-Z]*[uU]|--(?:proxy-)?user)$/,
  },
  {
    ...NOTHING,
    program: /^(?:docker|podman|buildah|skopeo|helm|oras|crane|az|oc)$/,
    command: "login",
    before: /^-p$/,
  },
];

/** The same within one argument, as `sh -c` has it. */
export const SPOKEN_HABITS: readonly (Masking & { readonly when: RegExp })[] = [
  {
    when: /mysql|mariadb/,
    pattern: /((?<=\s)-p)[^\s"'`;|&]+/g,
    mask: "$1***",
  },
  {
    when: /sshpass/,
    pattern: /((?<=\s)-p\s*)[^\s"'`;|&]+/g,
    mask: "$1***",
  },
  {
    when: /curl/,
    pattern:
      /((?<=\s)(?:-[uU]|--(?:proxy-)?user)[=\s]*["']?[^\s:"'`]*:)[^\s"'`]+/g,
    mask: "$1***",
  },
];
