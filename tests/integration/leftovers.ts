/**
 * What a guard could leave behind, to be compared and missed.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CommandResult } from "../lab/command.ts";
import { waitUntil } from "../lab/wait.ts";

/**
 * What a guard could leave in a network namespace and a state directory.
 *
 * @param enter Runs a program in the namespace.
 * @param state The state directory.
 */
export async function footprint(
  enter: (args: readonly string[]) => Promise<CommandResult>,
  state: string,
): Promise<string> {
  const { stdout } = await enter(["sh", "-c", FOOTPRINT, state]);
  return stdout;
}

/** A footprint without the journals that every run keeps in its state. */
export function withoutJournals(footprint: string): string {
  return footprint.replaceAll(/^run-\d+(?:\/journal\.ndjson)? \n/gm, "");
}

/** The lines that only one of two footprints has, marked with whose they are. */
export function differingLines(before: string, after: string): string[] {
  const [old, now] = [before, after].map((text) => new Set(text.split("\n")));
  return [
    ...old!.difference(now!).values().map((line) => `-${line}`),
    ...now!.difference(old!).values().map((line) => `+${line}`),
  ];
}

/** Without counters and comments, which tell the time. */
const FOOTPRINT = `
iptables-save | sed -e '/^#/d' -e 's/\\[.*\\]//'
ip6tables-save | sed -e '/^#/d' -e 's/\\[.*\\]//'
cat /proc/thread-self/net/netfilter/nfnetlink_queue
[ ! -d "$0" ] || find "$0" -mindepth 1 -printf '%P %l\\n' | sort
`;

/**
 * Asserts that a `sluice run` which has ended left no process and no cgroup.
 *
 * @param pid Its own; it led a session.
 */
export async function assertGone(pid: number): Promise<void> {
  assert.deepEqual(await cgroupsOf(pid), []);
  await waitUntil(async () => (await sessionOf(pid)).length === 0, {
    what: `the end of session ${pid}`,
  });
}

/** Command names of the processes in a session, zombies aside. */
export async function sessionOf(pid: number): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    // proc_pid_stat(5): pid (comm) state ppid pgrp session …
    const [, comm, rest = ""] = /\((.*)\) (.*)/s.exec(stat) ?? [];
    const [state, , , session] = rest.split(" ");
    if (Number(session) === pid && state !== "Z") names.push(comm!);
  }
  return names;
}

/** Paths of the cgroups of one `sluice run`. */
export async function cgroupsOf(pid: number): Promise<string[]> {
  const { stdout } = await new Deno.Command("find", {
    args: ["/sys/fs/cgroup", "-type", "d", "-name", `run-${pid}`],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((path) => path);
}

/** Whether a process has ended, be it that its parent has not looked yet. */
export async function isGone(pid: string): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return stat === "" || /\) Z /.test(stat);
}

/**
 * Whether nothing of a process is left, its sockets neither: when its first
 * thread has ended, the others may still be closing them.
 */
export async function isEnded(pid: number): Promise<boolean> {
  try {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].length;
    return threads === 1 && /^State:\s+Z/m.test(status);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    // ESRCH: it ended between open and read.
    if (error instanceof Error && /os error 3\b/.test(error.message)) {
      return true;
    }
    throw error;
  }
}
