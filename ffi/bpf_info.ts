/**
 * What the kernel counts of programs.
 *
 * @see bpf(2), <linux/bpf.h>
 * @module
 */
import { BPF, PROGRAM_INFO } from "./bpf_objects.ts";
import { SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";

/** <asm/unistd.h> */
const NR_BPF = Deno.build.arch === "aarch64" ? 280n : 321n;

const ATTRIBUTE_BYTES = 144;

/**
 * How often a program was not run because it ran already on that processor.
 *
 * @throws {SystemCallError} With the errno of bpf(2).
 */
export function countMisses(libc: Libc, programFd: number): number {
  const { symbols } = libc;
  const info = new Uint8Array(PROGRAM_INFO.bytes);
  const size = BigInt(info.length);
  // The kernel takes addresses, and those of buffers are not to be had.
  const memory = BigInt(symbols.malloc(size));
  // What is there asks for more than numbers.
  symbols.copyInto(memory, info, size);
  const attribute = new Uint8Array(ATTRIBUTE_BYTES);
  const view = new DataView(attribute.buffer);
  view.setUint32(0, programFd, true);
  view.setUint32(4, info.length, true);
  view.setBigUint64(8, memory, true);
  const command = BPF.OBJ_GET_INFO_BY_FD;
  const result = symbols.bpf(NR_BPF, command, attribute, ATTRIBUTE_BYTES);
  const errno = result < 0 ? libc.errno() : 0;
  symbols.copyFrom(info, memory, size);
  symbols.free(memory);
  if (errno !== 0) throw new SystemCallError("bpf", errno);
  const { misses } = PROGRAM_INFO;
  return Number(new DataView(info.buffer).getBigUint64(misses, true));
}
