import { playClass } from "./corpus.ts";

Deno.test("no extension header of IPv6 leads out", (test) =>
  playClass(test, { script: "extensions" }));
