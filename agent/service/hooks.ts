/**
 * Has runners run our hooks around each job, and takes that back.
 *
 * @module
 */
import { type Context, say } from "../context.ts";
import { AgentError } from "../errors.ts";
import { realDirectory } from "../work_spaces.ts";
import { modeOf, ownership } from "../../ffi/directories.ts";
import { readText, tryReadText, writeFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { type EnvPlace, readEnvFile, writeEnvFile } from "./env_file.ts";
import {
  type HookedRunner,
  readHookedRunners,
  writeHookedRunners,
} from "./hooked_runners.ts";
import { COMMAND, HOOKS, OWNER_POLICY } from "./places.ts";
import { serviceError } from "./refusals.ts";

/** What the owner of a machine wants. */
export interface HookOrder {
  /** A policy's file. */
  readonly policy: string;
  /** Directories of runners. */
  readonly runners: readonly string[];
}

/** Of actions/runner; its listener takes them over from `.env`. */
const VARIABLES = {
  started: "ACTIONS_RUNNER_HOOK_JOB_STARTED",
  completed: "ACTIONS_RUNNER_HOOK_JOB_COMPLETED",
} as const;
const STAGES = ["started", "completed"] as const;
const LINES = STAGES.map((stage) => `${VARIABLES[stage]}=${HOOKS[stage]}\n`);
const OTHERS = /^ACTIONS_RUNNER_HOOK_JOB_(?:STARTED|COMPLETED)=/m;
const RESTART =
  "restart it: it reads that when it starts, and its jobs fail until then";

/**
 * Looks at what is wanted before anything is changed.
 *
 * @returns The runners' directories, without links.
 * @throws {AgentError} `service_refused`, `policy_invalid`.
 */
export function checkHookOrder(context: Context, order: HookOrder): string[] {
  const { libc } = context;
  context.policy({ policy: order.policy });
  const hooked = readHookedRunners(libc);
  return order.runners.map((name) => {
    const root = realDirectory(libc, context.resolve(name));
    if (root === null || modeOf(libc, `${root}/bin/Runner.Listener`) === null) {
      throw refused(name, {
        why: "no runner is installed there",
        hint: "Give the directory that its config.sh is in",
      });
    }
    if (hooked.some((runner) => runner.root === root)) return root;
    const file = readEnvFile(libc, { root, owner: ownership(libc, root) });
    if (OTHERS.test(atob(file?.content ?? ""))) {
      throw refused(name, {
        why: 'its ".env" names hooks for its jobs already',
        hint: "Take them out of it, Sluice's are in their place",
      });
    }
    return root;
  });
}

/**
 * Writes the hooks and the policy, and has exactly these runners run them.
 *
 * @param roots From {@linkcode checkHookOrder}.
 * @returns Whether anything has changed.
 */
export function hookRunners(
  context: Context,
  of: { readonly policy: string; readonly roots: readonly string[] },
): boolean {
  const { libc } = context;
  const { policy, roots } = of;
  const text = readText(libc, context.resolve(policy));
  let isChanged = tryReadText(libc, OWNER_POLICY) !== text;
  if (isChanged) {
    writeFile(libc, OWNER_POLICY, text);
    say(`Wrote the policy to "${OWNER_POLICY}"`);
  }
  for (const stage of STAGES) {
    writeFile(libc, HOOKS[stage], hookScript(stage));
    libc.check("chmod", libc.symbols.chmod(cString(HOOKS[stage]), 0o755));
  }
  const hooked = [...readHookedRunners(libc)];
  for (const runner of hooked.filter(({ root }) => !roots.includes(root))) {
    unhook(libc, runner);
    hooked.splice(hooked.indexOf(runner), 1);
    writeHookedRunners(libc, hooked);
    isChanged = true;
  }
  for (const root of new Set(roots)) {
    if (hooked.some((runner) => runner.root === root)) continue;
    const place = { root, owner: ownership(libc, root) };
    const former = readEnvFile(libc, place);
    hooked.push({ ...place, former });
    // Before the file itself: what was begun can be taken back.
    writeHookedRunners(libc, hooked);
    const content = btoa(withLines(atob(former?.content ?? "")));
    writeEnvFile(libc, place, { content, seconds: null });
    say(`Changed "${root}/.env" of that runner; ${RESTART}`);
    isChanged = true;
  }
  return isChanged;
}

/**
 * Which runners are to run the hooks, and whether their files still say so.
 *
 * Not who is not root: it is null then.
 */
export function hooksInPlace(
  libc: Libc,
): readonly { readonly root: string; readonly isInPlace: boolean | null }[] {
  return readHookedRunners(libc).map((runner) => {
    const { root } = runner;
    try {
      const text = atob(readEnvFile(libc, runner)?.content ?? "");
      return { root, isInPlace: LINES.every((line) => text.includes(line)) };
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return { root, isInPlace: null };
    }
  });
}

/** Takes the hooks out of all runners. */
export function unhookRunners(libc: Libc): void {
  for (const runner of readHookedRunners(libc)) {
    try {
      unhook(libc, runner);
    } catch (error) {
      // A runner that was removed is no reason to keep the service.
      if (!(error instanceof AgentError)) throw error;
      say(`Warning: ${error.message}`);
    }
  }
}

function unhook(libc: Libc, runner: HookedRunner): void {
  const { root, former } = runner;
  const place: EnvPlace = runner;
  const now = readEnvFile(libc, place);
  if (now === null) return;
  const text = atob(now.content);
  const before = atob(former?.content ?? "");
  if (text === withLines(before)) writeEnvFile(libc, place, former);
  else if (text !== before) {
    const rest = LINES.reduce((left, line) => left.replace(line, ""), text);
    if (rest !== text) {
      writeEnvFile(libc, place, { content: btoa(rest), seconds: null });
    }
    say(`Warning: "${root}/.env" was changed since; only its hooks are gone`);
  }
  say(`Restored "${root}/.env"; restart that runner, or its jobs fail`);
}

function withLines(text: string): string {
  const end = text === "" || text.endsWith("\n") ? "" : "\n";
  return `${text}${end}${LINES.join("")}`;
}

/** The runner starts it, and it starts who asks: what is exec'd is no child. */
function hookScript(stage: keyof typeof HOOKS): string {
  const names = ["GITHUB_WORKSPACE", "RUNNER_TEMP", "GITHUB_STEP_SUMMARY"];
  const values = names.map((name) => `"\${${name}-}"`).join(" ");
  return `#!/bin/bash
# Made by \`sluice service install\`.
code=0
${COMMAND} hook ${stage} -- ${values} || code=$?
exit "$code"
`;
}

function refused(
  name: string,
  parts: { readonly why: string; readonly hint: string },
) {
  const what = `Cannot guard the jobs of ${JSON.stringify(name)}`;
  return serviceError({ what, ...parts });
}
