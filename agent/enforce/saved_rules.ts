/**
 * What `iptables-save` prints, taken apart.
 *
 * @module
 */

/** One table as it was printed. */
export interface SavedText {
  readonly table: string;
  /** What follows its head, comments included. */
  readonly lines: readonly string[];
}

/** A chain as it stands in the kernel. */
export interface SavedChain {
  /** False for the kernel's own, which have a policy. */
  readonly isUsers: boolean;
  /** Each rule's line, from `-A` on. */
  readonly rules: string[];
}

/** One table as it stands in the kernel. */
export interface SavedTable {
  readonly table: string;
  readonly chains: ReadonlyMap<string, SavedChain>;
}

/** Splits a saved rule set into its tables. */
export function splitTables(saved: string): SavedText[] {
  const tables: { table: string; lines: string[] }[] = [];
  for (const line of saved.split("\n")) {
    if (line.startsWith("*")) tables.push({ table: line.slice(1), lines: [] });
    else tables.at(-1)?.lines.push(line);
  }
  return tables;
}

/** Reads a saved rule set by table and chain. */
export function readSaved(saved: string): SavedTable[] {
  return splitTables(saved).map(({ table, lines }) => {
    const chains = new Map<string, SavedChain>();
    for (const line of lines) {
      const declared = /^:(\S+) (\S+)/.exec(line);
      if (declared !== null) {
        chains.set(declared[1]!, { isUsers: declared[2] === "-", rules: [] });
      }
      const rule = /^-A (\S+)/.exec(line);
      if (rule !== null) chains.get(rule[1]!)?.rules.push(line);
    }
    return { table, chains };
  });
}

/** Splits a rule's line into its words, quoted ones without their quotes. */
export function wordsOf(line: string): string[] {
  return Array.from(
    line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g),
    ([, quoted, plain]) => quoted?.replaceAll(/\\(.)/g, "$1") ?? plain!,
  );
}
