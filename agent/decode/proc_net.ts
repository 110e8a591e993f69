/**
 * The sockets in /proc/net/raw, raw6, icmp and icmp6, which sock_diag may not
 * know: proc_net(5).
 *
 * @module
 */

/** One line of such a table. */
export interface ProcNetSocket {
  /** An ICMP socket's identifier, a raw socket's IP protocol. */
  readonly localPort: number;
  readonly uid: number;
  /** 0 for a socket that nobody holds any more. */
  readonly inode: number;
}

/** Columns, split at white space. */
const COLUMN = { local: 1, uid: 7, inode: 9 } as const;

const LOCAL = /^[0-9A-F]+:([0-9A-F]{4})$/;

/**
 * Reads one of the tables; a line that is not understood is left out.
 *
 * @param text The whole file, its heading included.
 */
export function decodeProcNet(text: string): readonly ProcNetSocket[] {
  return text.split("\n").slice(1).flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const local = LOCAL.exec(columns[COLUMN.local] ?? "");
    const uid = Number(columns[COLUMN.uid]);
    const inode = Number(columns[COLUMN.inode]);
    if (local === null || !isCount(uid) || !isCount(inode)) return [];
    return [{ localPort: parseInt(local[1]!, 16), uid, inode }];
  });
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
