/** ICMP: echoes, errors about nothing, errors about an allowed flow, neighbour discovery. */
import { playClass } from "./corpus.ts";

Deno.test("no message of ICMP leads out", (test) =>
  playClass(test, { script: "icmp" }));
