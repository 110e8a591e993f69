/**
 * Who held which socket when somebody looked for another: of many senders that
 * wait, one walk finds all.
 *
 * @module
 */

/** A process that holds a socket. */
export interface Holder {
  readonly pid: number;
  /** Such as `fd/7`. */
  readonly name: string;
}

/** The oldest is forgotten beyond this many. */
const MAX_SEEN = 4_096;

const PREFIX = new TextEncoder().encode("socket:[");
const CODE = { ZERO: 48, NINE: 57, CLOSE: 93 } as const;

/** Sockets by inode. What is taken from here may have changed. */
export class SeenSockets {
  readonly #holders = new Map<number, Holder>();

  /** Remembers a holder: of several the newest process, which is seen first. */
  add(inode: number, holder: Holder): void {
    if (this.#holders.has(inode)) return;
    this.#holders.set(inode, holder);
    if (this.#holders.size <= MAX_SEEN) return;
    this.#holders.delete(this.#holders.keys().next().value!);
  }

  /** Takes what was seen; null when nothing was. */
  take(inode: number): Holder | null {
    const holder = this.#holders.get(inode) ?? null;
    this.#holders.delete(inode);
    return holder;
  }
}

/**
 * Reads the inode in what a link of /proc/PID/fd holds.
 *
 * @returns 0 when it is no socket.
 */
export function readSocketInode(link: Uint8Array): number {
  for (let at = 0; at < PREFIX.length; at++) {
    if (link[at] !== PREFIX[at]) return 0;
  }
  let inode = 0;
  for (let at = PREFIX.length; at < link.length; at++) {
    const code = link[at]!;
    if (code === CODE.CLOSE) return inode;
    if (code < CODE.ZERO || code > CODE.NINE) return 0;
    inode = inode * 10 + (code - CODE.ZERO);
  }
  return 0;
}
