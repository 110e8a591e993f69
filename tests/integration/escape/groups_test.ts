/** Multicast and broadcast, link-local and reserved addresses. */
import { playClass } from "./corpus.ts";

Deno.test("no group and no broadcast leads out", (test) =>
  playClass(test, { script: "groups" }));
