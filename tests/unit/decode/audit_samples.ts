/**
 * Audit records as Linux 6.18 wrote them, and writers of the same form.
 *
 * @module
 */

/** AUDIT_*, <linux/audit.h>. */
export const TYPE = {
  SYSCALL: 1300,
  PATH: 1302,
  CWD: 1307,
  EXECVE: 1309,
  EOE: 1320,
  PROCTITLE: 1327,
} as const;

/** A record, its text still to be encoded. */
export interface Sample {
  readonly type: number;
  readonly text: string;
}

const EVENT = "audit(1795444199.488:40264):";

/** Captured: `/bin/true "a b" q"x plain a0=x "" é`, called in /tmp. */
export const TRUE_EXEC: readonly Sample[] = [
  {
    type: TYPE.SYSCALL,
    text:
      `${EVENT} arch=c000003e syscall=59 success=yes exit=0 a0=55ba0df59ed8 ` +
      "a1=55ba0df61650 a2=55ba0df61698 a3=8 items=2 ppid=30117 pid=30118 " +
      "auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 " +
      'tty=(none) ses=4294967295 comm="true" exe="/usr/bin/true" ' +
      'key="sluice-1-2"',
  },
  {
    type: TYPE.EXECVE,
    text: `${EVENT} argc=6 a0="/bin/true" a1=612062 a2=712278 a3="plain" ` +
      'a4="a0=x" a5=""',
  },
  { type: TYPE.EXECVE, text: `${EVENT}  a6_len=4 a6[0]=C3 a6[1]=A9` },
  { type: TYPE.CWD, text: `${EVENT} cwd="/tmp"` },
  {
    type: TYPE.PATH,
    text: `${EVENT} item=0 name="/bin/true" inode=247849 dev=fe:00 ` +
      "mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL",
  },
  { type: TYPE.PROCTITLE, text: `${EVENT} proctitle=2F62696E2F74727565006120` },
  { type: TYPE.EOE, text: `${EVENT} ` },
];

/** What {@linkcode TRUE_EXEC} says. */
export const TRUE_ARGS = ["/bin/true", "a b", 'q"x', "plain", "a0=x", "", "é"];

/** The message that a sample is the payload of. */
export function messageOf({ type, text }: Sample) {
  return { type, payload: new TextEncoder().encode(text) };
}

/** As audit_log_n_untrustedstring() writes it, kernel/audit.c. */
export function encodeUntrusted(bytes: Uint8Array): string {
  const isPlain = bytes.every((byte) =>
    byte !== 0x22 && byte >= 0x21 && byte <= 0x7e
  );
  if (isPlain) return `"${String.fromCharCode(...bytes)}"`;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("").toUpperCase();
}

/** The records of an argument vector, no piece longer than `pieceBytes`. */
export function writeArguments(
  args: readonly Uint8Array[],
  options: { readonly event: string; readonly pieceBytes: number },
): Sample[] {
  const { event, pieceBytes } = options;
  const texts = [`${event} argc=${args.length}`];
  for (const [index, bytes] of args.entries()) {
    if (bytes.length <= pieceBytes) {
      texts[texts.length - 1] += ` a${index}=${encodeUntrusted(bytes)}`;
      continue;
    }
    texts[texts.length - 1] += ` a${index}_len=${bytes.length}`;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = encodeUntrusted(bytes.subarray(at, at + pieceBytes));
      texts[texts.length - 1] += ` a${index}[${at / pieceBytes}]=${piece}`;
      texts.push(`${event} `);
    }
  }
  return texts.map((text) => ({ type: TYPE.EXECVE, text }));
}
