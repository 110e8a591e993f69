/**
 * What every command works with: libc, the environment, paths as the user
 * meant them, and what the flags say about the guard.
 *
 * @module
 */
import { addressKey } from "./decide/address_key.ts";
import type { Policy } from "./decide/policy.ts";
import {
  buildPolicy,
  policyWarnings,
  unwatchedWarnings,
} from "./decide/policy_flags.ts";
import { formatAddress, parseAddress } from "./decode/address.ts";
import { AgentError } from "./errors.ts";
import { initialEnvironment, invokedDirectory } from "./observe/invoker.ts";
import { findResolvers } from "./observe/resolvers.ts";
import { choice, type Flags, usage } from "./options.ts";
import { stepSocketPath } from "./processes/step_place.ts";
import { escapeTerminal } from "./report/escape.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { readText } from "../ffi/files.ts";
import { Libc } from "../ffi/libc.ts";
import { enterNetworkNamespace } from "../ffi/namespaces.ts";

/** Where a guard keeps its state unless --state says otherwise. */
const DEFAULT_STATE = "/run/sluice";

const WATCHED = ["network", "process", "source"] as const;
const DEFAULT_WATCH = "network,process,source";

/** What the flags say about a guard, beside its policy. */
export interface Wishes {
  readonly selfTest: boolean;
  /** Whether what cannot be guarded runs all the same. */
  readonly mayFail: boolean;
  /** Whether processes are watched too. */
  readonly processes: boolean;
  /** Whether sources are watched too, where the policy does not forbid it. */
  readonly sources: boolean;
}

/** One invocation of the program. */
export class Context implements Disposable {
  readonly libc = new Libc();
  /** What the program was started with, `NAME=value` each. */
  readonly environment: readonly string[] = initialEnvironment(this.libc);
  /** Where the user stood. */
  readonly directory: string = invokedDirectory(this.libc, this.environment);

  /** Makes a path absolute, from where the user stood. */
  resolve(path: string): string {
    return path.startsWith("/") ? path : `${this.directory}/${path}`;
  }

  /** The state directory that the flags name. */
  stateDirectory(flags: Flags): string {
    return this.resolve(flags.state ?? DEFAULT_STATE);
  }

  /** Where one guard keeps its own: a command has a directory for itself. */
  sessionDirectory(flags: Flags, scope: "host" | "command"): string {
    const base = this.stateDirectory(flags);
    return scope === "host"
      ? base
      : `${base}/run-${this.libc.symbols.getpid()}`;
  }

  /** Where `sluice step` finds that guard. */
  stepSocket(flags: Flags, scope: "host" | "command"): string {
    return stepSocketPath(this.sessionDirectory(flags, scope));
  }

  /**
   * The policy that the flags make, its warnings said on stderr.
   *
   * @throws {AgentError} `usage`, `policy_invalid`.
   */
  policy(flags: Flags): Policy {
    const policy = buildPolicy({
      file: flags.policy === undefined
        ? null
        : { text: this.#policyText(flags.policy), name: flags.policy },
      egress: choice({ name: "egress", value: flags.egress }, [
        "audit",
        "block",
      ]),
      allow: flags.allow ?? [],
      deny: flags.deny ?? [],
    });
    for (const warning of policyWarnings(policy)) say(`Warning: ${warning}`);
    return policy;
  }

  /** The resolvers: those the flags name, else those of the namespace. */
  resolvers(flags: Flags): string[] {
    if (flags.resolver === undefined) {
      return findResolvers(this.libc, this.netns(flags)).map(canonical);
    }
    return flags.resolver.map((text) => {
      if (parseAddress(text) !== null) return canonical(text);
      throw usage(
        `--resolver is ${JSON.stringify(text)}`,
        "Give the resolver's IP address",
      );
    });
  }

  /** The network namespace that the flags name, null for our own. */
  netns(flags: Flags): string | null {
    return flags.netns === undefined ? null : this.resolve(flags.netns);
  }

  /**
   * Takes this thread into a network namespace.
   *
   * @throws {AgentError} `namespace_unavailable`.
   */
  enter(netns: string | null): void {
    if (netns === null) return;
    try {
      enterNetworkNamespace(this.libc, netns);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      throw new AgentError("namespace_unavailable", {
        what: `Cannot enter the network namespace ${JSON.stringify(netns)}`,
        why: error.message,
        hint: "Give a file such as /run/netns/NAME or /proc/PID/ns/net",
        cause: error,
      });
    }
  }

  /** Checks the flags that only say what else is wanted. */
  checkFlags(flags: Flags): Wishes {
    const watched = (flags.watch ?? DEFAULT_WATCH).split(",").map((value) =>
      choice({ name: "watch", value }, WATCHED)
    );
    const sources = watched.includes("source");
    if (flags.workspace !== undefined && !sources) {
      throw usage(
        "--workspace is given, but --watch leaves sources out",
        "Add source to --watch, or leave --workspace out",
      );
    }
    const mode = choice(
      { name: "on-failure", value: flags["on-failure"] },
      ["fail", "continue"],
    );
    return {
      selfTest: !flags["no-self-test"],
      mayFail: mode === "continue",
      processes: watched.includes("process"),
      sources,
    };
  }

  /** Unloads libc; a second call does nothing. */
  [Symbol.dispose](): void {
    this.libc[Symbol.dispose]();
  }

  #policyText(path: string): string {
    try {
      return readText(this.libc, this.resolve(path));
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      throw new AgentError("policy_invalid", {
        what: `Cannot read the policy ${JSON.stringify(path)}`,
        why: error.message,
        hint: "Check the path given to --policy",
        cause: error,
      });
    }
  }
}

/** Says one line to the user, on stderr. */
export function say(line: string): void {
  console.error(`sluice: ${escapeTerminal(line)}`);
}

/**
 * Says what of a policy does not work when processes are not watched.
 *
 * @param of What is guarded, and why nothing is heard of processes: null when
 * nobody asked for it.
 */
export function sayUnwatched(
  policy: Policy,
  of: { readonly why: string | null; readonly scope: "host" | "command" },
): void {
  const { why, scope } = of;
  if (why !== null) say(`Warning: processes are not watched: ${why}`);
  for (const warning of unwatchedWarnings(policy, scope)) {
    say(`Warning: ${warning}`);
  }
}

function canonical(address: string): string {
  const bytes = parseAddress(address);
  return bytes === null ? formatAddress(new Uint8Array(4)) : addressKey(bytes);
}
