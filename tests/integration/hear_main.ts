/**
 * Loads the process programs, and says as one line of JSON what came of it.
 *
 * Then it waits to be killed, if it has loaded them.
 *
 * @module
 */
import { BpfSource } from "../../agent/observe/bpf/source.ts";
import { AgentError } from "../../agent/errors.ts";
import { Libc } from "../../ffi/libc.ts";

const libc = new Libc();
try {
  const source = new BpfSource(libc);
  const ids: { programs: number[]; maps: number[] } = {
    programs: [],
    maps: [],
  };
  for (const { name } of Deno.readDirSync("/proc/self/fdinfo")) {
    let text = "";
    try {
      text = Deno.readTextFileSync(`/proc/self/fdinfo/${name}`);
    } catch {
      continue; // the directory's own, closed already
    }
    const program = /^prog_id:\s*([0-9]+)/m.exec(text)?.[1];
    const map = /^map_id:\s*([0-9]+)/m.exec(text)?.[1];
    if (program !== undefined) ids.programs.push(Number(program));
    if (map !== undefined) ids.maps.push(Number(map));
  }
  // A program is named by its own descriptor and by that of its link.
  const programs = [...new Set(ids.programs)];
  console.log(JSON.stringify({ ...ids, programs }));
  setInterval(() => source.drain(), 100);
} catch (error) {
  const code = error instanceof AgentError ? error.code : String(error);
  console.log(JSON.stringify({ code, fds: countFds() }));
}

/** Descriptors of BPF that are still open. */
function countFds(): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      const to = Deno.readLinkSync(`/proc/self/fd/${name}`);
      if (to.startsWith("anon_inode:bpf")) count++;
    } catch {
      continue;
    }
  }
  return count;
}
