/**
 * The packet queues of a network namespace, as
 * /proc/net/netfilter/nfnetlink_queue shows them.
 *
 * @module
 */

/** One queue that somebody has bound. */
export interface BoundQueue {
  readonly number: number;
  /** The netlink port of who answers it; its process's id, or any number. */
  readonly portId: number;
  /** Packets that the kernel gave up since the queue was bound. */
  readonly dropped: number;
}

/** Columns of seq_show() in net/netfilter/nfnetlink_queue.c. */
const COLUMN = {
  number: 0,
  portId: 1,
  queueDropped: 5,
  userDropped: 6,
} as const;
const MIN_COLUMNS = 9;

/**
 * Reads the table; a line that is not understood is left out.
 *
 * @param text The whole file.
 */
export function decodeQueueTable(text: string): readonly BoundQueue[] {
  return text.split("\n").flatMap((line) => {
    const columns = line.trim().split(/\s+/).map(Number);
    if (columns.length < MIN_COLUMNS || columns.some(Number.isNaN)) return [];
    const dropped = columns[COLUMN.queueDropped]! +
      columns[COLUMN.userDropped]!;
    const number = columns[COLUMN.number]!;
    return [{ number, portId: columns[COLUMN.portId]!, dropped }];
  });
}
