/**
 * The tools of the iptables package, in the calling thread's network namespace.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import { canAccess } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { runTool } from "../../ffi/tools.ts";

const X_OK = 1; // <unistd.h>

/** Where distributions put the tools; the first that has one counts. */
const DIRECTORIES = ["/usr/sbin", "/sbin", "/usr/bin"];

/** Finds a tool of the iptables package; null when it is not installed. */
export function findTool(libc: Libc, name: string): string | null {
  for (const directory of DIRECTORIES) {
    const path = `${directory}/${name}`;
    if (canAccess(libc, path, X_OK)) return path;
  }
  return null;
}

/** iptables-save and iptables-restore, and those of IPv6. */
export class IptablesTool {
  readonly #libc: Libc;
  #isNft = false;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Whether what was last read are rules of nf_tables. */
  get isNft(): boolean {
    return this.#isNft;
  }

  /**
   * Reads all rules of a family, without counters.
   *
   * @throws {AgentError} `firewall_failed`, `iptables_missing`.
   */
  save(family: 4 | 6): string {
    const { code, stdout, stderr } = runTool(this.#libc, [
      this.#path(family, "-save"),
    ]);
    if (code !== 0) throw refused("read the firewall rules", stderr);
    this.#isNft = stdout.includes("(nf_tables)");
    return stdout;
  }

  /**
   * Applies rules beside those that stand, one transaction for each table.
   *
   * @throws {AgentError} `firewall_failed`, `iptables_missing`.
   */
  restore(family: 4 | 6, rules: string): void {
    const tool = this.#path(family, "-restore");
    const command = [tool, "--noflush", "-w", "5"];
    const { code, stderr } = runTool(this.#libc, command, { input: rules });
    if (code !== 0) throw refused("change the firewall rules", stderr);
  }

  #path(family: 4 | 6, suffix: "-save" | "-restore"): string {
    const name = (family === 4 ? "iptables" : "ip6tables") + suffix;
    const path = findTool(this.#libc, name);
    if (path !== null) return path;
    throw new AgentError("iptables_missing", {
      what: "Cannot set firewall rules",
      why: `"${name}" is not in ${DIRECTORIES.join(", ")}, it is needed`,
      hint: "Run `sluice doctor --install`",
    });
  }
}

function refused(act: string, stderr: string): AgentError {
  const said = stderr.trim().split("\n").slice(-2).join("; ");
  return new AgentError("firewall_failed", {
    what: `Cannot ${act}`,
    why: `the tool said ${JSON.stringify(said)}, success is needed`,
    hint: "Run `sluice doctor` to see what this kernel lacks",
  });
}
