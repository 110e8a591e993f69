/** Every system call that sends: zero copy, splice, sendfile, io_uring and its thread. */
import { playClass } from "./corpus.ts";

Deno.test("no system call leads out", (test) =>
  playClass(test, { script: "calls" }));
