/**
 * A policy from a file, from flags, or from both.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import { covers } from "./cover.ts";
import { parseEndpoint } from "./endpoint.ts";
import type { Entry, Policy } from "./policy.ts";
import { parsePolicy } from "./policy_file.ts";
import { defaultPolicy } from "./policy_shape.ts";
import { quote } from "./refusal.ts";

/** What the command line says about the policy. */
export interface PolicyFlags {
  /** The content and the name of `--policy`; null without the flag. */
  readonly file: { readonly text: string; readonly name: string } | null;
  /** `--egress`; null without the flag. */
  readonly egress: "audit" | "block" | null;
  /** Each `--allow`, in order. */
  readonly allow: readonly string[];
  /** Each `--deny`, in order. */
  readonly deny: readonly string[];
}

/**
 * Puts a policy together.
 *
 * The flags' entries follow those of the file, and `--egress` beats the file's
 * `egress`. Without both, any `--allow` means block: who lists what may leave
 * means nothing else to leave.
 *
 * @param flags What the command line says.
 * @returns The whole policy.
 * @throws {AgentError} `usage` when nothing says whether to audit or to block,
 * `policy_invalid` for a malformed file or entry.
 */
export function buildPolicy(flags: PolicyFlags): Policy {
  const { file } = flags;
  const allow = flags.allow.map((text) => parseEndpoint(text, "allow"));
  const deny = flags.deny.map((text) => parseEndpoint(text, "deny"));
  if (file === null && flags.egress === null && allow.length === 0) {
    throw new AgentError("usage", {
      what: "Cannot choose a policy",
      why: "neither --policy nor --egress nor --allow is given, one is needed",
      hint: "Use --egress audit to let everything out and record it",
    });
  }
  const base = file === null
    ? defaultPolicy()
    : parsePolicy(file.text, file.name);
  return {
    ...base,
    egress: flags.egress ?? base.egress,
    allow: [...base.allow, ...allow],
    deny: [...base.deny, ...deny],
  };
}

/**
 * What a policy's author probably did not mean.
 *
 * @param policy A whole policy.
 * @returns One sentence for each, hostile bytes escaped, without a full stop.
 */
export function policyWarnings(policy: Policy): readonly string[] {
  const { allow, deny } = policy;
  return [
    ...allow.flatMap((entry) => warnAllow(entry, deny)),
    ...deny.filter((entry) => entry.step !== null).map((entry) =>
      `The deny entry ${
        quote(entry.text)
      } holds for every sender whose step is not known`
    ),
    ...warnDuplicates(allow, "allow"),
    ...warnDuplicates(deny, "deny"),
    ...warnSource(policy),
  ];
}

/**
 * What of a policy does not work where processes are not watched.
 *
 * @param scope What is guarded: the runner is not in a command.
 * @returns As {@linkcode policyWarnings}.
 */
export function unwatchedWarnings(
  policy: Policy,
  scope: "host" | "command",
): readonly string[] {
  const { allow, proxy, egress, runner } = policy;
  const warnings = [...allow, ...proxy]
    .filter(({ step }) => step !== null)
    .map(({ text }) =>
      `The entry ${quote(text)} never matches: no step is known`
    );
  if (scope === "host" && egress === "block" && runner === "allow") {
    warnings.push("A runner's own endpoints are refused to the runner too");
  }
  return warnings;
}

function warnSource({ source, on }: Policy): readonly string[] {
  const { watch, allow } = source;
  if (!watch) {
    return on.overwritten === "fail"
      ? ["No overwritten source makes the job fail: source.watch is false"]
      : [];
  }
  return allow
    .filter(({ path, process, step }) =>
      /^\/?\*\*(?:\/\*)?$/.test(path) && process === null && step === null
    )
    .map(({ text }) =>
      `The source entry ${quote(text)} lets everybody change every file`
    );
}

function warnAllow(entry: Entry, deny: readonly Entry[]): readonly string[] {
  const warnings: string[] = [];
  const shown = `The allow entry ${quote(entry.text)}`;
  const { target } = entry;
  if (target.kind === "network" && target.prefixBits === 0) {
    warnings.push(`${shown} allows every address of its family`);
  }
  const denied = deny.find((wide) => covers(wide, entry));
  if (denied !== undefined) {
    warnings.push(
      `${shown} never matches: the deny entry ${quote(denied.text)} covers it`,
    );
  }
  return warnings;
}

function warnDuplicates(
  entries: readonly Entry[],
  list: "allow" | "deny",
): readonly string[] {
  const seen = new Map<string, Entry>();
  const warnings: string[] = [];
  for (const entry of entries) {
    const key = meaningOf(entry);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, entry);
    else {
      warnings.push(
        `The ${list} entry ${quote(entry.text)} says the same as ${
          quote(first.text)
        }`,
      );
    }
  }
  return warnings;
}

function meaningOf(entry: Entry): string {
  const { target, port, protocol } = entry;
  const { step, process, sha256, ancestor } = entry;
  const named = target.kind === "host"
    ? target.pattern
    : [...target.address, target.prefixBits];
  const scope = [step, process, sha256, ancestor];
  return JSON.stringify([named, port, protocol, ...scope]);
}
