/**
 * Applies a guard's rules to the calling thread's network namespace, and takes
 * them away again.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { canAccess } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { clearConnmarks } from "./connmarks.ts";
import { IptablesTool } from "./iptables_tool.ts";
import type { Slot } from "./marks.ts";
import { removeEmptyTable } from "./nft_tables.ts";
import type { Guarded } from "./rule.ts";
import { guardRules } from "./rules.ts";
import { compareRules, type Deviation, listForgers } from "./rules_compare.ts";
import { renderRepair } from "./rules_repair.ts";
import {
  isChainOf,
  renderRemoval,
  renderRules,
  tableNames,
} from "./rules_text.ts";

/**
 * Who changes one rule after the other does the next while the first is put
 * back: what is read back then is the next change, and no failure of ours.
 */
const MAX_TRIES = 3;

/** Both families, where the kernel has both. */
export type Families = readonly (4 | 6)[];

/** The tables of each family before the guard, kept to restore them exactly. */
export type TablesBefore = Readonly<Record<string, readonly string[]>>;

/** The families this kernel speaks: nothing leaves by one that it lacks. */
export function kernelFamilies(libc: Libc): Families {
  return canAccess(libc, "/proc/sys/net/ipv6") ? [4, 6] : [4];
}

/** The rules of one network namespace, through iptables-save and -restore. */
export class Firewall {
  readonly #libc: Libc;
  readonly #families: Families;
  /** Rules of others that write marks of ours, from before the guard. */
  #known: ReadonlyMap<4 | 6, ReadonlySet<string>> = new Map();

  readonly #tool: IptablesTool;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#families = kernelFamilies(libc);
    this.#tool = new IptablesTool(libc);
  }

  /** Whether the rules last read are nf_tables', of which the kernel tells. */
  get isNft(): boolean {
    return this.#tool.isNft;
  }

  /** Which tables there are now, by family. */
  tables(): TablesBefore {
    return Object.fromEntries(
      this.#families.map((
        family,
      ) => [family, tableNames(this.#tool.save(family))]),
    );
  }

  /**
   * Puts a guard's rules in place and reads them back; all of them or, with an
   * error, none.
   *
   * @throws {AgentError} `firewall_failed` with what the tool said, or when the
   * kernel does not hold what it was given.
   */
  apply(guarded: Guarded, before: TablesBefore): void {
    const { slot } = guarded;
    this.#known = new Map(
      this.#families.map((family) => [
        family,
        listForgers({ family, slot, saved: this.#tool.save(family) }),
      ]),
    );
    try {
      // An earlier guard of this slot may have allowed what this one does not.
      this.#clearMarks(guarded.slot);
      for (const family of this.#families) {
        this.#tool.restore(family, renderRules(guardRules(guarded, family)));
      }
      const [deviation] = this.compare(guarded);
      if (deviation !== undefined) throw notReadBack(deviation);
    } catch (error) {
      this.remove(guarded, before);
      throw error;
    }
  }

  /**
   * Finds what differs from the rules that {@linkcode Firewall.apply} has set.
   *
   * @returns Nothing when all of them stand where they should.
   * @throws {AgentError} `firewall_failed` when they cannot be read.
   */
  compare(guarded: Guarded): Deviation[] {
    return this.#families.flatMap((family) =>
      this.#compare(guarded, { family, saved: this.#tool.save(family) })
    );
  }

  /**
   * Puts the rules back as they should be; what is allowed stays allowed.
   *
   * @throws {AgentError} `firewall_failed`; then some may still be wrong.
   */
  repair(guarded: Guarded): void {
    let deviation: Deviation | undefined;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      this.#putBack(guarded);
      [deviation] = this.compare(guarded);
      if (deviation === undefined) return;
    }
    throw notReadBack(deviation!);
  }

  /**
   * Changes a guard's rules to another slot's, the new ones first.
   *
   * @param guarded With its new slot.
   * @param from Its slot until now; what that has allowed is asked about again.
   * @throws {AgentError} `firewall_failed`; then some may still be wrong.
   */
  move(guarded: Guarded, from: Slot): void {
    this.#clearMarks(guarded.slot);
    this.repair(guarded);
    if (guarded.cgroup === null) this.#clearMarks(from);
    else this.#removeRules({ ...guarded, slot: from });
  }

  /**
   * Takes a guard's rules away, with the tables that only they needed.
   *
   * @param guard Which guard's; its marks are taken from all connections too.
   * @throws {AgentError} `firewall_failed` with what the tool said.
   */
  remove(guard: Pick<Guarded, "slot" | "cgroup">, before: TablesBefore): void {
    this.#removeRules(guard);
    for (const family of this.#families) {
      this.#removeTables(family, before[family] ?? []);
    }
  }

  /** Whether rules of this guard stand in any table. */
  isApplied(slot: number | null): boolean {
    const isOurs = isChainOf(slot);
    return this.#families.some((family) =>
      renderRemoval(this.#tool.save(family), isOurs) !== ""
    );
  }

  #compare(
    guarded: Guarded,
    { family, saved }: { family: 4 | 6; saved: string },
  ): Deviation[] {
    return compareRules({
      family,
      saved,
      rules: guardRules(guarded, family),
      slot: guarded.slot,
      isOurs: ourChains(guarded),
      known: this.#known.get(family) ?? new Set(),
    });
  }

  #putBack(guarded: Guarded): void {
    const isOurs = ourChains(guarded);
    for (const family of this.#families) {
      const saved = this.#tool.save(family);
      const deviations = this.#compare(guarded, { family, saved });
      if (deviations.length === 0) continue;
      const rules = guardRules(guarded, family);
      const text = renderRepair({ rules, saved, deviations, isOurs });
      this.#tool.restore(family, text);
    }
  }

  #removeRules(guard: Pick<Guarded, "slot" | "cgroup">): void {
    const isOurs = ourChains(guard);
    for (const family of this.#families) {
      const removal = renderRemoval(this.#tool.save(family), isOurs);
      if (removal !== "") this.#tool.restore(family, removal);
    }
    this.#clearMarks(guard.slot);
  }

  #clearMarks({ allowMark, dnsMark }: Slot): void {
    try {
      clearConnmarks(this.#libc, [allowMark, dnsMark]);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      throw new AgentError("firewall_failed", {
        what: "Cannot clear marks from the connection table",
        why: error.message,
        hint: "Load the kernel module nf_conntrack_netlink",
        cause: error,
      });
    }
  }

  #removeTables(family: 4 | 6, before: readonly string[]): void {
    const saved = this.#tool.save(family);
    // iptables-legacy cannot drop a table either, and no netlink call can.
    if (!this.#tool.isNft) return;
    for (const name of tableNames(saved)) {
      if (!before.includes(name)) {
        removeEmptyTable(this.#libc, { family, name });
      }
    }
  }
}

function ourChains(
  { slot, cgroup }: Pick<Guarded, "slot" | "cgroup">,
): (chain: string) => boolean {
  return isChainOf(cgroup === null ? null : slot.number);
}

function notReadBack({ kind, family, table, chain }: Deviation): AgentError {
  return new AgentError("firewall_failed", {
    what: "Cannot rely on the firewall rules",
    why: `IPv${family}, table "${table}", chain "${chain}" read back with ` +
      `"${kind}", what was written is needed`,
    hint: "Run `sluice doctor`; end what else changes firewall rules now",
  });
}
