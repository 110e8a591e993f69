/**
 * The rules as they stand against the rules as they should.
 *
 * @module
 */
import { isForger } from "./forged_mark.ts";
import type { Slot } from "./marks.ts";
import { CHAIN_PREFIX, type Hook, type TableRules } from "./rule.ts";
import { normalForm, targetOf } from "./rule_form.ts";
import { readSaved, type SavedTable, wordsOf } from "./saved_rules.ts";

/** What can be wrong with a guard's rules. */
export type DeviationKind =
  /** A chain of ours is not there, or is by another name. */
  | "chain_missing"
  /** A chain of ours holds other rules than we wrote. */
  | "chain_changed"
  /** There is a chain with a name of ours that we did not make. */
  | "chain_added"
  /** No rule leads into our chain. */
  | "hook_missing"
  /** Somebody's rule stands in front of ours. */
  | "hook_behind"
  /** Somebody's rule gives packets a mark that is a verdict of ours. */
  | "mark_forged";

/** One difference. */
export interface Deviation {
  readonly kind: DeviationKind;
  readonly family: 4 | 6;
  readonly table: string;
  readonly chain: string;
  /** Of {@linkcode DeviationKind} `mark_forged`: its line. */
  readonly line?: string;
}

/** What is compared. */
export interface Comparison {
  readonly family: 4 | 6;
  /** As they should be. */
  readonly rules: readonly TableRules[];
  /** What `iptables-save` printed. */
  readonly saved: string;
  readonly slot: Slot;
  /** Whether a chain of that name is this guard's. */
  readonly isOurs: (chain: string) => boolean;
  /** Forgers that were there before us, as {@linkcode listForgers} has them. */
  readonly known: ReadonlySet<string>;
}

/** Finds every difference that matters; none when the rules are ours. */
export function compareRules(comparison: Comparison): Deviation[] {
  const tables = readSaved(comparison.saved);
  const found = comparison.rules.flatMap((rules) =>
    compareTable(
      comparison,
      rules,
      tables.find(({ table }) => table === rules.table),
    )
  );
  return [...found, ...findForgers(comparison, tables)];
}

function compareTable(
  { family, isOurs }: Comparison,
  rules: TableRules,
  saved: SavedTable | undefined,
): Deviation[] {
  const { table } = rules;
  const deviations: Deviation[] = [];
  const add = (kind: DeviationKind, chain: string) =>
    deviations.push({ kind, family, table, chain });
  for (const chain of rules.chains) {
    const standing = saved?.chains.get(chain.name);
    if (standing === undefined) add("chain_missing", chain.name);
    else if (
      formsOf(standing.rules) !== chain.rules.map(normalForm).join("\n")
    ) add("chain_changed", chain.name);
  }
  const own = new Set(rules.chains.map(({ name }) => name));
  for (const name of saved?.chains.keys() ?? []) {
    if (isOurs(name) && !own.has(name)) add("chain_added", name);
  }
  for (const hook of rules.hooks) {
    const kind = compareHook(hook, saved?.chains.get(hook.chain)?.rules ?? []);
    if (kind !== null) add(kind, hook.chain);
  }
  return deviations;
}

function compareHook(
  { first, rule }: Hook,
  standing: readonly string[],
): DeviationKind | null {
  const wanted = normalForm(rule);
  const at = standing.findIndex((line) => formOf(line) === wanted);
  if (at < 0) return "hook_missing";
  // Last is not asked for again: what stands behind us in `mangle` sees fewer
  // packets, and what stands in front takes none out unrefused.
  if (!first) return null;
  const isBehind = standing.slice(0, at).some((line) => !isGuards(line));
  return isBehind ? "hook_behind" : null;
}

/** Whether a rule leads to a guard's chain, be it another guard's. */
function isGuards(line: string): boolean {
  return targetOf(wordsOf(line))?.startsWith(`${CHAIN_PREFIX}-`) ?? false;
}

function findForgers(
  { family, slot, known }: Comparison,
  tables: readonly SavedTable[],
): Deviation[] {
  return tables.flatMap(({ table, chains }) =>
    [...chains].flatMap(([chain, { rules }]) =>
      // In a chain of ours it would have been found as a change.
      chain.startsWith(`${CHAIN_PREFIX}-`) ? [] : rules
        .filter((line) =>
          isForger(wordsOf(line), slot) && !known.has(`${table} ${line}`)
        )
        .map((line) => ({
          kind: "mark_forged" as const,
          family,
          table,
          chain,
          line,
        }))
    )
  );
}

/** Lists the forgers that stand now, as table and line. */
export function listForgers(
  of: Pick<Comparison, "family" | "saved" | "slot">,
): ReadonlySet<string> {
  const all = { ...of, known: new Set(""), rules: [], isOurs: () => false };
  return new Set(
    findForgers(all, readSaved(of.saved))
      .map(({ table, line }) => `${table} ${line}`),
  );
}

/** The normal form of a saved rule, without its chain. */
export function formOf(line: string): string {
  return normalForm(wordsOf(line).slice(2));
}

function formsOf(lines: readonly string[]): string {
  return lines.map(formOf).join("\n");
}
