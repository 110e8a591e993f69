/**
 * Whether this kernel takes a guard's rules, tried where they guard nothing.
 *
 * @module
 */
import { SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { runTool } from "../../ffi/tools.ts";
import { findTool } from "./iptables_tool.ts";
import { slotOf } from "./marks.ts";
import { guardRules } from "./rules.ts";
import { renderRules } from "./rules_text.ts";

const UNSHARE = "/usr/bin/unshare";

/** Which rules are tried. */
export type TrialKind =
  /** Those that every guard of a host has. */
  | "all"
  /** Besides, those that a host with `/udp` in the policy needs. */
  | "udp";

/**
 * Sets rules in a network namespace that ends with the tool.
 *
 * @param families IPv4, IPv6 or both.
 * @returns False when the kernel, or the tool, does not know some of them.
 */
export function takesRules(
  libc: Libc,
  of: { readonly kind: TrialKind; readonly families: readonly (4 | 6)[] },
): boolean {
  return of.families.every((family) => {
    const tables = guardRules({
      slot: slotOf(0),
      egress: "block",
      inbound: "listening",
      cgroup: null,
      listening: { tcp: [22], udp: [] },
      saidPorts: of.kind === "udp" ? null : [],
    }, family);
    const name = family === 4 ? "iptables-restore" : "ip6tables-restore";
    const tool = findTool(libc, name);
    if (tool === null) return false;
    try {
      const command = [UNSHARE, "--net", tool, "--noflush"];
      const input = renderRules(tables);
      return runTool(libc, command, { input }).code === 0;
    } catch (error) {
      if (error instanceof SystemCallError) return false;
      throw error;
    }
  });
}
