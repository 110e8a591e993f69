/**
 * Rights that processes of the user's have kept from before: what is closed
 * since then is not closed to them.
 *
 * @module
 */
import { processesHere } from "./processes_here.ts";
import { readLink } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";

/** <linux/capability.h>: those that neither files nor packets are bent by. */
const HARMLESS = [
  ["NET_BIND_SERVICE", 10n],
  ["IPC_LOCK", 14n],
  ["SYS_NICE", 23n],
  ["SYS_RESOURCE", 24n],
  ["WAKE_ALARM", 35n],
  ["BLOCK_SUSPEND", 36n],
] as const;

const HARMLESS_MASK = HARMLESS.reduce((mask, [, bit]) => mask | 1n << bit, 0n);

/** @returns A sentence for each process. */
export function findKeptRights(libc: Libc, uid: number): string[] {
  const namespaceOf = (pid: number | "thread-self", name: string) =>
    readLink(libc, `/proc/${pid}/ns/${name}`);
  const users = namespaceOf("thread-self", "user");
  const mounts = namespaceOf("thread-self", "mnt");
  return [...processesHere(libc)].flatMap(
    ([pid, { name, uids, permitted }]) => {
      if (!uids.includes(uid) || uids.includes(0)) return [];
      // In a user namespace of its own no program gives it what it has not.
      if (namespaceOf(pid, "user") !== users) return [];
      const who = `process ${pid}, ${JSON.stringify(name)}, of the job's user`;
      const theirs = namespaceOf(pid, "mnt");
      return [
        ...((permitted & ~HARMLESS_MASK) === 0n
          ? []
          : [`${who} has capabilities of root's`]),
        // The flags that take programs their rights are of one namespace's mounts.
        ...(theirs === null || theirs === mounts ? [] : [
          `${who} sees mounts of its own, whose programs still give rights`,
        ]),
      ];
    },
  );
}
