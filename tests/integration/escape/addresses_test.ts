import { playClass } from "./corpus.ts";

Deno.test("no address that means another leads out", (test) =>
  playClass(test, { script: "addresses" }));
