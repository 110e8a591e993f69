/**
 * Rules of others that write a verdict of ours onto packets or connections.
 *
 * @module
 */
import { MARK, MARK_MASK, type Slot } from "./marks.ts";

/** Targets that write marks, as iptables-save spells what they write. */
const WRITERS: ReadonlySet<string> = new Set(["MARK", "CONNMARK"]);

/**
 * Whether a rule would make a verdict out of a packet's mark that is none.
 *
 * A mark that only clears our bits, or sets those of others, is nobody's
 * verdict: Docker, kube-proxy and VPNs write such ones.
 *
 * @param words Of its line, the chain's name included.
 */
export function isForger(words: readonly string[], slot: Slot): boolean {
  const target = words.findLastIndex((word) => word === "-j");
  if (target < 0 || !WRITERS.has(words[target + 1] ?? "")) return false;
  const options = words.slice(target + 2);
  const at = options.findIndex((word) => /^--set-x?mark$/.test(word));
  if (at < 0) return false;
  const [value, mask = 0xffff_ffff] = (options[at + 1] ?? "").split("/")
    .map(Number);
  const verdicts = [MARK.PASS, slot.allowMark, slot.dnsMark];
  // Unmarked and refused packets; the kernel takes the mask out, and then
  // combines by XOR, net/netfilter/xt_mark.c.
  return [0, MARK.DENY].some((before) =>
    verdicts.includes((((before & ~mask) ^ value!) & MARK_MASK) >>> 0)
  );
}
