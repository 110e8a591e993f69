/**
 * The process in `out` that is not a web site: the attacker and the echoes.
 *
 * `deno run -A far_side_main.ts DIRECTORY` prints `ready` once all listen.
 *
 * @module
 */
import { serveAttacker } from "./attacker_server.ts";
import { serveEcho } from "./echo_server.ts";

if (import.meta.main) {
  const directory = Deno.args[0];
  if (directory === undefined) {
    throw new TypeError(
      "Cannot serve: no directory given, the lab's is needed",
    );
  }
  await Promise.all([serveAttacker(directory), serveEcho()]);
  console.log("ready");
}
