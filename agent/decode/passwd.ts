/**
 * The users in /etc/passwd.
 *
 * @see passwd(5)
 * @module
 */

/** name:password:uid:gid:comment:home:shell, passwd(5). */
const FIELDS = 7;
/** uid_t has 32 bits, and its last value stands for no user at all. */
const MAX_ID = 0xffff_fffe;

/** One user. */
export interface PasswdEntry {
  /** Login name, never empty. */
  readonly name: string;
  /** 0 to 2^32 - 2. */
  readonly uid: number;
  /** 0 to 2^32 - 2, the user's first group. */
  readonly gid: number;
  /** Home directory, as it is written; may be empty. */
  readonly home: string;
  /** Login shell, as it is written; empty stands for /bin/sh. */
  readonly shell: string;
}

/**
 * Reads a user database.
 *
 * Lines that are not seven fields with a name and two numbers are left out:
 * comments, and the `+` and `-` lines of network databases.
 *
 * @param text The whole file.
 * @returns One entry for each user, in their order; the first one of a name or
 * a number is the one that counts.
 *
 * @example One user
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodePasswd } from "./passwd.ts";
 *
 * const [user] = decodePasswd("ci:x:1001:118:,,,:/home/ci:/bin/bash\n");
 * assert.equal(user?.uid, 1001);
 * ```
 */
export function decodePasswd(text: string): readonly PasswdEntry[] {
  const entries: PasswdEntry[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(":");
    if (fields.length !== FIELDS) continue;
    const [name, , uidText, gidText, , home, shell] = fields;
    const uid = parseId(uidText!);
    const gid = parseId(gidText!);
    if (!/^[^\s+#-]/.test(name!) || uid === null || gid === null) continue;
    entries.push({ name: name!, uid, gid, home: home!, shell: shell! });
  }
  return entries;
}

function parseId(text: string): number | null {
  if (!/^[0-9]{1,10}$/.test(text)) return null;
  const id = Number(text);
  return id <= MAX_ID ? id : null;
}
