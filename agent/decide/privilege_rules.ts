/**
 * The acts that take, keep or lend more rights than a build needs.
 *
 * @module
 */

/** Stable ids and what each stands for, as README lists them. */
export const PRIVILEGE_RULES = {
  "runner-memory": "the runner's memory, environment or descriptors were taken",
  "process-memory": "a process read another one that it did not start",
  "core-dump": "a signal was sent to the runner that makes it dump its memory",
  "sudo-used": "another user's rights were asked for (sudo, su, pkexec)",
  "shell-on-socket": "a shell has its input and output on a connection",
  "container-privileged": "a container got rights over the machine",
  "container-refused": "a container runtime was asked for such rights",
  "setuid-made": "a program was given the rights of its owner",
  "kernel-module": "a kernel module was loaded or removed",
  "env-file-poisoned": "later steps were given code to load",
  "runner-files-changed": "the runner's own files were changed",
} as const;

/** One of the ids. */
export type PrivilegeRule = keyof typeof PRIVILEGE_RULES;

/** One act, before it is known whose it was. */
export interface Finding {
  readonly rule: PrivilegeRule;
  /** One sentence for a person, without a final period. */
  readonly reason: string;
}
