/** Other protocols: GRE, SCTP, ESP, UDP-Lite, tunnels, numbers that nobody has. */
import { playClass } from "./corpus.ts";

Deno.test("no other protocol leads out", (test) =>
  playClass(test, { script: "protocols" }));
