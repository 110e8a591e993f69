/**
 * The classes of ways out that are tried, as SECURITY.md lists them.
 *
 * Each test of `tests/integration/escape/` is one, and its first comment says
 * which. `deno run -A tests/style/escape_classes.ts` writes the list anew.
 *
 * @module
 */
import { ROOT } from "./tree.ts";

const DIRECTORY = "tests/integration/escape/";
const SUFFIX = "_test.ts";

/** What was there before that folder. */
const ELSEWHERE = [
  "tests/integration/host_evasion_test.ts",
  "tests/integration/host_forgery_test.ts",
  "tests/integration/run_detached_test.ts",
];

const BEGIN = "<!-- ways out -->";
const END = "<!-- end of the ways out -->";

/** One class. */
export interface EscapeClass {
  readonly name: string;
  /** The first comment of its test, in one line. */
  readonly description: string;
}

/**
 * Lists the classes by name.
 *
 * @throws {Error} When a test does not begin with a comment that says what it
 * tries.
 */
export function listClasses(): EscapeClass[] {
  const files = [...Deno.readDirSync(ROOT + DIRECTORY)]
    .filter(({ name }) => name.endsWith(SUFFIX))
    .map(({ name }) => DIRECTORY + name);
  return [...files, ...ELSEWHERE].map((path) => {
    const text = Deno.readTextFileSync(ROOT + path);
    const comment = /^\/\*\*(.*?)\*\//s.exec(text)?.[1];
    if (comment === undefined) {
      throw new Error(
        `Cannot list "${path}": it begins with no comment, one that says what ` +
          "is tried is needed",
      );
    }
    const description = comment.replaceAll(/\s+\*?\s*/g, " ").trim();
    const name = path.slice(path.lastIndexOf("/") + 1, -SUFFIX.length);
    return { name, description };
  }).sort((left, right) => left.name < right.name ? -1 : 1);
}

/** The list of SECURITY.md, with its marks around it. */
export function renderClasses(classes: readonly EscapeClass[]): string {
  const items = classes.map(({ name, description }) =>
    `- \`${name}\`: ${description}\n`
  );
  return `${BEGIN}\n\n${classes.length} classes of ways out are tried:\n\n` +
    `${items.join("")}\n${END}`;
}

/** The list in a text, with its marks; null when there is none. */
export function findClasses(text: string): string | null {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  return begin < 0 || end < begin ? null : text.slice(begin, end + END.length);
}

if (import.meta.main) {
  const path = `${ROOT}SECURITY.md`;
  const text = Deno.readTextFileSync(path);
  const list = renderClasses(listClasses());
  Deno.writeTextFileSync(path, text.replace(findClasses(text)!, () => list));
  new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", path] }).outputSync();
}
