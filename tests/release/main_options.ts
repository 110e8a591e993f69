/**
 * What the tasks that make programs have in common: flags, and what they print.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Architecture, MACHINES } from "./runtime.ts";

/**
 * Reads `--arch`.
 *
 * @throws {RangeError} When there is no program for it.
 */
export function readArchitecture(text: string): Architecture {
  if (Object.hasOwn(MACHINES, text)) return text as Architecture;
  throw new RangeError(
    `Cannot make a program for "${text}": known are ${Object.keys(MACHINES)}`,
  );
}

/** Prints a file's SHA-256 as sha256sum(1) does, and gives it. */
export async function tellDigest(path: string): Promise<string> {
  const digest = createHash("sha256").update(await Deno.readFile(path))
    .digest("hex");
  console.log(`${digest}  ${path}`);
  return digest;
}
