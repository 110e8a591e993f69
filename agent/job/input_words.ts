/**
 * The words of an input that holds a list, whatever stands around them.
 *
 * @module
 */

/** One word. */
export interface InputWord {
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** Whether it stands behind a `#` of its line. */
  readonly isComment: boolean;
}

/** Also the byte order mark and the spaces of other scripts. */
const APART = /[\s,;\x85]/;
const EXPRESSION = "${{";

/**
 * Cuts a value into words, apart by white space, commas and semicolons.
 *
 * An expression that GitHub has not evaluated is one word with what is glued to
 * it. What an author may put around an entry is taken off: quotes, the dash of
 * a list.
 *
 * @param text The value, line ends of any kind.
 */
export function readWords(text: string): InputWord[] {
  return text.split(/\r\n|\n|\r/).flatMap((line, index) =>
    readLine(line, index + 1)
  );
}

function readLine(line: string, number: number): InputWord[] {
  const words: InputWord[] = [];
  let isComment = false;
  for (let at = 0; at < line.length;) {
    const character = line[at]!;
    if (character === "#") isComment = true;
    if (character === "#" || APART.test(character)) {
      at++;
      continue;
    }
    const end = endOfWord(line, at);
    const isDash = words.length === 0 && line.slice(at, end) === "-";
    const { text, skipped } = unquote(line.slice(at, end));
    if (!isDash && text !== "") {
      words.push({ text, line: number, column: at + skipped + 1, isComment });
    }
    at = end;
  }
  return words;
}

function endOfWord(line: string, from: number): number {
  let at = from;
  while (at < line.length) {
    if (line.startsWith(EXPRESSION, at)) {
      const close = line.indexOf("}}", at);
      // Without an end, all that follows is inside.
      at = close < 0 ? line.length : close + 2;
    } else if (line[at] === "#" || APART.test(line[at]!)) return at;
    else at++;
  }
  return at;
}

/** Takes off quotes, also where a comma has cut them from a list. */
function unquote(word: string): { text: string; skipped: number } {
  const { open = "", text = "" } = /^(?<open>["'`]?)(?<text>.*?)["'`]?$/s.exec(
    word,
  )!.groups!;
  return { text, skipped: open.length };
}
