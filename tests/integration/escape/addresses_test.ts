/** Addresses that mean another one: translated, mapped, tunnelled, or never asked for. */
import { playClass } from "./corpus.ts";

Deno.test("no address that means another leads out", (test) =>
  playClass(test, { script: "addresses" }));
