/**
 * Rules as the text that iptables-restore takes, and the text that undoes them.
 *
 * @module
 */
import { CHAIN_PREFIX, type Hook, ruleText, type TableRules } from "./rule.ts";
import { splitTables } from "./saved_rules.ts";

/**
 * Renders rules for `iptables-restore --noflush`, which applies a table's
 * share as one transaction.
 */
export function renderRules(tables: readonly TableRules[]): string {
  return tables.map(({ table, chains, hooks }) =>
    [
      `*${table}`,
      ...chains.map(({ name }) => `:${name} - [0:0]`),
      ...chains.flatMap(({ name, rules }) =>
        rules.map((rule) => `-A ${name} ${ruleText(rule)}`)
      ),
      ...hookLines(hooks),
      "COMMIT",
      "",
    ].join("\n")
  ).join("");
}

/** The lines that lead from the kernel's chains into ours. */
export function hookLines(hooks: readonly Hook[]): string[] {
  return hooks.map(({ chain, first, rule }) =>
    `${first ? `-I ${chain} 1` : `-A ${chain}`} ${ruleText(rule)}`
  );
}

/**
 * Renders the removal of rules that stand in a saved rule set.
 *
 * It goes by what is there and not by what was put there, so that it also
 * clears what an agent that was killed had left half done.
 *
 * @param saved What `iptables-save` printed.
 * @param isOurs Whether a chain of that name is to go.
 * @returns Input for `iptables-restore --noflush`; empty when nothing is there.
 */
export function renderRemoval(
  saved: string,
  isOurs: (chain: string) => boolean,
): string {
  const parts: string[] = [];
  for (const { table, lines } of splitTables(saved)) {
    const chains = lines.flatMap((line) =>
      line.startsWith(":") ? [line.slice(1).split(" ")[0]!] : []
    ).filter(isOurs);
    const hooks = lines.filter((line) => isHook(line, isOurs));
    if (chains.length + hooks.length === 0) continue;
    parts.push(
      `*${table}`,
      ...hooks.map((line) => line.replace("-A", "-D")),
      ...chains.map((name) => `-F ${name}`),
      ...chains.map((name) => `-X ${name}`),
      "COMMIT",
      "",
    );
  }
  return parts.join("\n");
}

/** The names of the tables in a saved rule set. */
export function tableNames(saved: string): string[] {
  return splitTables(saved).map(({ table }) => table);
}

/** The chains of ours in a saved rule set, with a guard's slot or without. */
export function isChainOf(
  slot: number | null,
): (chain: string) => boolean {
  const pattern = slot === null
    ? new RegExp(`^${CHAIN_PREFIX}-[A-Z]`)
    : new RegExp(`^${CHAIN_PREFIX}-${slot}-[A-Z]`);
  return (chain) => pattern.test(chain);
}

/** Whether a rule stands in a chain of others and leads to one of ours. */
export function isHook(
  line: string,
  isOurs: (chain: string) => boolean,
): boolean {
  // What others wrote into a comment or a log prefix is no target.
  const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const rule = /^-A (\S+) (?:.* )?-[jg] (\S+)/.exec(bare);
  if (rule === null || isOurs(rule[1]!)) return false;
  return isOurs(rule[2]!);
}
