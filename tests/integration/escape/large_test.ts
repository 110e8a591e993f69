import { playClass } from "./corpus.ts";

Deno.test("nothing that is cut on its way leads out", (test) =>
  playClass(test, { script: "large" }));
