/** Options of IPv4: routes recorded, times, security, experiments. */
import { playClass } from "./corpus.ts";

Deno.test("no option of IPv4 leads out", (test) =>
  playClass(test, { script: "options" }));
