/**
 * Holds a lab until it is killed, for the test of what is left then.
 *
 * `deno run -A hold_main.ts FILE` prints `holding PREFIX.` once everything that
 * could stay behind is there: servers, a capture, a process that detached
 * itself and ignores signals, and a clean-up line that writes to FILE.
 *
 * @module
 */
import { Lab } from "./lab.ts";

if (import.meta.main) {
  await using lab = await Lab.up({ container: true });
  await using _capture = await lab.capture();
  const stubborn = lab.spawn("box", [
    ...["setsid", "--fork", "sh", "-c"],
    "trap '' TERM HUP INT; echo detached; while :; do sleep 1; done",
  ]);
  await stubborn.waitFor("detached");
  await lab.onCleanup(`echo first >> ${Deno.args[0]}`);
  await lab.onCleanup(`echo last >> ${Deno.args[0]}`);
  console.log(`holding ${lab.prefix}.`);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}
