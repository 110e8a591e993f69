/**
 * Inputs that failed once.
 *
 * @module
 */
import { hex } from "../hex.ts";

const FOLDER = new URL("../fixtures/fuzz/", import.meta.url);

/**
 * Reads the inputs of one target, each a commented dump.
 *
 * @param target Its name is that of the folder.
 */
export function readRegressions(target: string): Uint8Array[] {
  const folder = new URL(`${target}/`, FOLDER);
  try {
    return [...Deno.readDirSync(folder)]
      .map(({ name }) => name)
      .filter((name) => name.endsWith(".hex"))
      .sort()
      .map((name) => hex(Deno.readTextFileSync(new URL(name, folder))));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
