/**
 * Reads no more of an `exec` than it takes to count it: they are most of a
 * journal, and their arguments most of its memory.
 *
 * @module
 */
import type { Event } from "./event.ts";
import type { ExecEvent } from "./process_event.ts";

const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const TIME = String.raw`[\dT:.Z-]{27}`;

/** Up to its pid, as the journal's writer writes it. */
const LINE = new RegExp(
  [
    `^\\{"version":1,"seq":(\\d{1,15}),"time":"(${TIME})","kind":"exec"`,
    `"event":"(started|finished)","step":(null|${TEXT})(?:,"substep":${TEXT})?`,
    `"container":(?:null|${TEXT}),"cwd":(?:null|${TEXT}),"start":"(${TIME})"`,
    `"end":(?:null|"${TIME}"),"exitCode":(?:null|\\d{1,3})`,
    `"signal":(?:null|\\d{1,3}),"process":\\{"pid":(\\d{1,10}),.*\\}\\}$`,
  ].join(","),
);

/** What is not read. */
const UNREAD = { exe: null, args: [], uid: 0, ancestors: [] } as const;
const NOT_ASKED = {
  ...{ container: null, cwd: null, end: null, exitCode: null, signal: null },
};

/**
 * Reads a line as far as this goes.
 *
 * @param steps Names that were read already, by their JSON: it is added to.
 * @returns The event without the program and how it ended; null for another
 * line, and for one that is to be read as a whole.
 */
export function readExecLine(
  line: string,
  steps: Map<string, string | null>,
): Event & ExecEvent | null {
  const found = LINE.exec(line);
  if (found === null) return null;
  const [, seq, time, event, name, start, pid] = found as unknown as [
    ...[string, string, string, "started" | "finished"],
    ...[string, string, string],
  ];
  let step = steps.get(name);
  if (step === undefined) {
    const read = tryParse(name);
    if (read === undefined) return null;
    steps.set(name, step = read);
  }
  return {
    ...{ version: 1, seq: Number(seq), kind: "exec", ...NOT_ASKED },
    ...{ time: copy(time), event, step, start: copy(start) },
    process: { ...UNREAD, pid: Number(pid) },
  };
}

function tryParse(json: string): string | null | undefined {
  try {
    return JSON.parse(json);
  } catch {
    // An escape that JSON does not have.
    return undefined;
  }
}

/** A part of a line would keep all of it in memory. */
function copy(part: string): string {
  return JSON.parse(`"${part}"`);
}
