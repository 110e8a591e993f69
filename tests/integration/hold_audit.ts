/**
 * Hears of processes by audit until it is killed, or its input ends.
 *
 * @module
 */
import { openProcessSource } from "../../agent/observe/open_process_source.ts";
import { Libc } from "../../ffi/libc.ts";

if (import.meta.main) {
  using libc = new Libc();
  using source = openProcessSource(libc, { preferred: ["audit"] }).source;
  console.log(`open ${source.name}`);
  for await (const _ of Deno.stdin.readable) source.drain();
}
