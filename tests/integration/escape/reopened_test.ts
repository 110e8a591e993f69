/** Ports that were let go for one name, used again for another. */
import { playClass } from "./corpus.ts";

Deno.test("no connection leads out by the ports of an allowed one", (test) =>
  playClass(test, { script: "reopened" }));
