/** Extension headers of IPv6: routes, options, long chains, and what stands behind the last. */
import { playClass } from "./corpus.ts";

Deno.test("no extension header of IPv6 leads out", (test) =>
  playClass(test, { script: "extensions" }));
