/** Fragments: tiny, overlapping, out of order, alone. */
import { playClass } from "./corpus.ts";

Deno.test("no fragment leads out", (test) =>
  playClass(test, { script: "fragments" }));
