/** Segments of no connection: any flags, wrong lengths and checksums. */
import { playClass } from "./corpus.ts";

Deno.test("no segment without a connection leads out", (test) =>
  playClass(test, { script: "invalid_tcp" }));
