/**
 * Endpoints as workflows list them, in the policy's own spelling.
 *
 * @module
 */
import { readEndpoint } from "../decide/endpoint.ts";
import type { Entry } from "../decide/policy.ts";
import { quote, Refusal } from "../decide/refusal.ts";
import { type InputWord, readWords } from "./input_words.ts";
import type { InputProblem } from "./job_order.ts";

/** What a list holds. */
export interface EndpointList {
  /** Each once, lower case. */
  readonly endpoints: readonly string[];
  readonly problems: readonly InputProblem[];
  readonly notices: readonly string[];
}

/** A word and what it names. */
interface Found {
  readonly word: InputWord;
  readonly text: string;
  readonly entry: Entry;
}

/** DNS, RFC 1035 section 4.2: over UDP, and over TCP where that is too short. */
const DNS_PORT = 53;
/** Of no service that a build asks: two digits swapped. */
const SWAPPED_PORT = 433;

/**
 * Reads a list of endpoints.
 *
 * A folded YAML list is one line, so a comment in its middle has real endpoints
 * behind it: those count. In a list that has an entry a line, a comment ends
 * with its line, and what it names does not count.
 *
 * @param text The input's value.
 * @param input Its name.
 */
export function readEndpointList(
  text: string,
  input: "allowed-endpoints" | "deny",
): EndpointList {
  const list = input === "deny" ? "deny" : "allow";
  const words = readWords(text);
  const comments = words.filter(({ isComment }) => isComment);
  const plain = words.filter(({ isComment }) => !isComment);
  const behind = wholeEndpoints(comments, { words, list });
  const counts = !isLineByLine(words, { plain, behind });

  const problems: InputProblem[] = [];
  const found: Found[] = counts ? [...behind] : [];
  for (const word of plain) {
    const read = readWord(word, list);
    if (read instanceof Refusal) {
      problems.push(toProblem(input, { word, read }));
    } else found.push(read);
  }
  found.sort(({ word }, { word: other }) =>
    word.line - other.line || word.column - other.column
  );
  return {
    endpoints: eachOnce(found),
    problems,
    notices: [
      ...commentNotice(input, { comments, behind, counts }),
      ...slipNotices(input, found),
    ],
  };
}

function readWord(
  word: InputWord,
  list: "allow" | "deny",
): Found | Refusal {
  const text = word.text.toLowerCase().replace(/\.(?=$|:)/, "");
  try {
    refuseExpression(word.text);
    return { word, text, entry: readEndpoint(text, list) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return /^\*(?::|$)/.test(text) ? everyHost() : error;
  }
}

function refuseExpression(text: string): void {
  if (!text.includes("${{")) return;
  throw new Refusal(
    "an expression stands there that GitHub has not evaluated",
    "Write the endpoint itself",
  );
}

/** As the policy says it, with the hint that an action's author needs. */
function everyHost(): Refusal {
  return new Refusal(
    "a bare * names every host, at least one label is needed",
    "To let everything out and only record it, write egress-policy: audit",
  );
}

/**
 * The words of comments that can only be endpoints: a prose word has no port,
 * so one without counts only where the whole list has none.
 */
function wholeEndpoints(
  comments: readonly InputWord[],
  of: { readonly words: readonly InputWord[]; readonly list: "allow" | "deny" },
): Found[] {
  const portIsUsual = of.words.some(({ text }) => /:[0-9]+$/.test(text));
  return comments.flatMap((word) => {
    const hasPort = /:[0-9]+(?:\/[a-z]+)?$/i.test(word.text);
    const looksLike = hasPort || (!portIsUsual &&
      /^[a-z0-9*_-]+(?:\.[a-z0-9*_-]+)*\.[a-z]{2,}$/i.test(word.text));
    if (!looksLike || !word.text.includes(".")) return [];
    const read = readWord(word, of.list);
    return read instanceof Refusal ? [] : [read];
  });
}

function isLineByLine(
  words: readonly InputWord[],
  { plain, behind }: {
    readonly plain: readonly InputWord[];
    readonly behind: readonly Found[];
  },
): boolean {
  const lines = new Set(words.map(({ line }) => line));
  if (lines.size < 2 || plain.length === 0) return false;
  const on = (line: number) => (word: InputWord) => word.line === line;
  return [...lines].every((line) => {
    const entries = plain.filter(on(line)).length;
    const named = behind.map(({ word }) => word).filter(on(line)).length;
    return entries === 1 || (entries === 0 && named < 2);
  });
}

function eachOnce(found: readonly Found[]): string[] {
  const texts = new Map<string, string>();
  const add = (text: string, entry: Entry) => {
    const { target, port, protocol } = entry;
    const named = target.kind === "host"
      ? target.pattern
      : [...target.address, target.prefixBits];
    const key = JSON.stringify([named, port, protocol]);
    if (!texts.has(key)) texts.set(key, text);
  };
  for (const { text, entry } of found) {
    add(text, entry);
    if (entry.port !== DNS_PORT || text.includes("/tcp")) continue;
    if (entry.protocol === "tcp") {
      add(`${text}/udp`, { ...entry, protocol: "udp" });
    }
  }
  return [...texts.values()];
}

function commentNotice(
  input: string,
  { comments, behind, counts }: {
    readonly comments: readonly InputWord[];
    readonly behind: readonly Found[];
    readonly counts: boolean;
  },
): string[] {
  if (comments.length === 0) return [];
  const taken = new Set(behind.map(({ word }) => word));
  const prose = comments.filter((word) => !taken.has(word));
  const named = behind.map(({ text }) => text).join(" ");
  const parts = [
    prose.length === 0
      ? []
      : `read as words of a comment: ${
        quote(prose.map(({ text }) => text).join(" "))
      }`,
    named === ""
      ? []
      : counts
      ? `taken from behind a #, since a folded list has no lines: ${
        quote(named)
      }`
      : `left out, since the line is a comment: ${quote(named)}`,
  ].flat();
  return parts.length === 0 ? [] : [`${input}: ${parts.join("; ")}`];
}

function slipNotices(input: string, found: readonly Found[]): string[] {
  return found.filter(({ entry }) => entry.port === SWAPPED_PORT).map((
    { text },
  ) => `${input}: ${quote(text)} is on port 433, and not on 443`);
}

function toProblem(
  input: string,
  { word, read }: { readonly word: InputWord; readonly read: Refusal },
): InputProblem {
  const { text: token, line, column } = word;
  const { why, hint } = read;
  return { input, token, at: { line, column }, why, hint };
}
