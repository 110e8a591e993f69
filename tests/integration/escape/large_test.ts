/** What is cut on its way: UDP_SEGMENT, the largest datagrams, streams. */
import { playClass } from "./corpus.ts";

Deno.test("nothing that is cut on its way leads out", (test) =>
  playClass(test, { script: "large" }));
