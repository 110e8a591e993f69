import { playClass } from "./corpus.ts";

Deno.test("no system call leads out", (test) =>
  playClass(test, { script: "calls" }));
