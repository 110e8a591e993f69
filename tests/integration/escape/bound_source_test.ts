/** Packets in another's name, which over IPv6 any user may send. */
import { playClass } from "./corpus.ts";

Deno.test("no packet in another's name leads out", (test) =>
  playClass(test, { script: "bound_source", before: "holder" }));
