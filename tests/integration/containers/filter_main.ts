/**
 * The filter of container requests in a process of its own: the tests start it
 * in a mount namespace, which ends with it however it ends.
 *
 * Its only argument is JSON; it prints events, a line each, and ends with its
 * input.
 *
 * @module
 */
import { ContainerFilter } from "../../../agent/containers/container_filter.ts";
import { numberLine } from "../../../agent/record/line.ts";
import { Libc } from "../../../ffi/libc.ts";

const options = JSON.parse(Deno.args[0]!);
let seq = 0;
using libc = new Libc();
const filter = await ContainerFilter.open(libc, {
  ...options,
  processes: null,
  onEvents: (encoded) => {
    for (const event of encoded) {
      console.log(numberLine(event, ++seq).trimEnd());
    }
  },
});
console.log(JSON.stringify({ ready: filter.paths, against: filter.verify() }));
await new Response(Deno.stdin.readable).text();
await filter.close();
console.log(JSON.stringify({ closed: true }));
