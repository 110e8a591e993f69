/**
 * What a process has used so far, from /proc.
 *
 * @module
 */

/** Memory in bytes. */
export interface Memory {
  /** VmRSS: every page that is in, shared ones too. */
  readonly resident: number;
  /** Pss: shared pages by the number of processes that share them. */
  readonly proportional: number;
}

/**
 * CPU time of all threads of a process, user and system.
 *
 * From `schedstat`, which counts nanoseconds: the ticks of `stat` are 10 ms,
 * as much as a thousand connections cost.
 *
 * @returns Microseconds.
 * @throws {Error} On a kernel without `CONFIG_SCHED_INFO`.
 */
export async function readCpuMicros(pid: number): Promise<number> {
  let nanoseconds = 0;
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const path = `/proc/${pid}/task/${name}/schedstat`;
    const [ran] = (await Deno.readTextFile(path)).split(" ");
    nanoseconds += Number(ran);
  }
  return nanoseconds / 1_000;
}

/** Memory of a process now. */
export async function readMemory(pid: number): Promise<Memory> {
  const [status, smaps] = await Promise.all([
    Deno.readTextFile(`/proc/${pid}/status`),
    Deno.readTextFile(`/proc/${pid}/smaps_rollup`),
  ]);
  return {
    resident: readKibibytes(status, "VmRSS"),
    proportional: readKibibytes(smaps, "Pss"),
  };
}

/** The most that was ever resident of a process, in bytes. */
export async function readPeakBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return readKibibytes(status, "VmHWM");
}

/** proc(5): `VmRSS:     62348 kB`, where kB are 1024 bytes. */
function readKibibytes(text: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text);
  if (found !== null) return Number(found[1]) * 1024;
  throw new Error(`Cannot read memory: no "${field}" in "${text}"`);
}
