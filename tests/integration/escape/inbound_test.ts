/** Answers to somebody outside, from a port that nobody listened on. */
import { playClass } from "./corpus.ts";

Deno.test("no answer to somebody outside leads out", (test) =>
  playClass(test, { script: "inbound", outside: "caller", before: "holder" }));
