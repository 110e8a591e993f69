/**
 * The text that puts a guard's rules back, whatever has become of them.
 *
 * @module
 */
import { CHAIN_PREFIX, ruleText, type TableRules } from "./rule.ts";
import { normalForm, targetOf } from "./rule_form.ts";
import { type Deviation, formOf } from "./rules_compare.ts";
import { hookLines, isHook } from "./rules_text.ts";
import { readSaved, type SavedTable, wordsOf } from "./saved_rules.ts";

/** What is put back, and over what. */
export interface Repair {
  /** As they should be. */
  readonly rules: readonly TableRules[];
  /** What `iptables-save` printed. */
  readonly saved: string;
  /** What was found to be wrong with it. */
  readonly deviations: readonly Deviation[];
  /** Whether a chain of that name is this guard's. */
  readonly isOurs: (chain: string) => boolean;
}

/**
 * Renders a repair for `iptables-restore --noflush`.
 *
 * Each table is one transaction, in which a packet meets either the rules from
 * before or ours, never none. The last table of a packet's way comes first: the
 * backstop holds before the rest is touched.
 */
export function renderRepair(repair: Repair): string {
  const saved = readSaved(repair.saved);
  const names = repair.rules.map(({ table }) => table).reverse();
  const others = saved.map(({ table }) => table)
    .filter((name) => !names.some((own) => own === name));
  return [...names, ...others].map((name) =>
    renderTable(
      repair,
      saved.find(({ table }) => table === name) ??
        { table: name, chains: new Map() },
    )
  ).join("");
}

function renderTable(repair: Repair, saved: SavedTable): string {
  const { table, chains } = saved;
  const rules = repair.rules.find((each) => each.table === table) ??
    { chains: [], hooks: [] };
  const own = new Set(rules.chains.map(({ name }) => name));
  const renamed = findRenamed(rules.chains, saved);
  const isGone = (name: string) => repair.isOurs(name) || renamed.has(name);
  const leaving = [...chains.keys()].filter((name) =>
    isGone(name) && !own.has(name)
  );
  const hooks = [...chains.values()].flatMap((chain) =>
    chain.rules.filter((line) => isHook(line, isGone))
  );
  const forged = repair.deviations.flatMap((found) =>
    found.table === table && found.line !== undefined ? [found.line] : []
  );
  const lines = [
    // One that is there is emptied by this.
    ...[...own, ...leaving].map((name) => `:${name} - [0:0]`),
    ...[...hooks, ...forged].map((line) => line.replace("-A", "-D")),
    ...leaving.map((name) => `-X ${name}`),
    ...rules.chains.flatMap((chain) =>
      chain.rules.map((rule) => `-A ${chain.name} ${ruleText(rule)}`)
    ),
    ...hookLines(rules.hooks),
  ];
  return lines.length === 0
    ? ""
    : [`*${table}`, ...lines, "COMMIT", ""].join("\n");
}

/**
 * The chains that hold the rules of one of ours which has them no more: to
 * whatever name it was given, it would be left over when the guard ends.
 */
function findRenamed(
  own: TableRules["chains"],
  { chains }: SavedTable,
): ReadonlySet<string> {
  const lost = own.filter(({ name, rules }) =>
    chains.get(name)?.rules.map(formOf).join("\n") !==
      rules.map(normalForm).join("\n")
  );
  const missing = new Set(
    lost.map(({ rules }) =>
      rules.map((rule) => maskedForm(rule, isOwn)).join("\n")
    ),
  );
  const isUsers = (name: string) => chains.get(name)?.isUsers ?? false;
  const renamed = [...chains].filter(([name, { isUsers: users, rules }]) =>
    users && !isOwn(name) &&
    missing.has(
      rules.map((line) =>
        maskedForm(wordsOf(line).slice(2), (to) => isOwn(to) || isUsers(to))
      ).join("\n"),
    )
  );
  return new Set(renamed.map(([name]) => name));
}

function isOwn(name: string): boolean {
  return name.startsWith(`${CHAIN_PREFIX}-`);
}

/** A normal form in which a chain that is led to has no name. */
function maskedForm(
  words: readonly string[],
  isChain: (name: string) => boolean,
): string {
  const target = targetOf(words);
  return normalForm(
    target === null || !isChain(target)
      ? words
      : words.with(words.lastIndexOf(target), "*"),
  );
}
