/**
 * `deno task fuzz`: hostile bytes into everything that reads some.
 *
 *     deno task fuzz                       every target, a minute in all
 *     deno task fuzz --seconds 3600        every target, an hour in all
 *     deno task fuzz --target dns          one target
 *     deno task fuzz --seed 7              another chance; default: the time
 *     deno task fuzz --target dns --input 00ff
 *                                          one input, and nothing else
 *
 * Inputs that failed once (tests/fixtures/fuzz) run first. What fails is
 * printed as short as it can be made; the exit code is 1 then.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { describeCrash, describeHunt, hunt } from "./hunt.ts";
import { readRegressions } from "./regressions.ts";
import { TARGET_NAMES } from "./targets.ts";

const DEFAULT_SECONDS = 60;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === null) return 2;
  const { names, seconds, seed, input } = options;
  let isSound = true;
  for (const target of names) {
    const result = await hunt({
      target,
      seconds: input === null ? seconds / names.length : 0,
      seed,
      inputs: input === null ? readRegressions(target) : [input],
    });
    console.log(describeHunt(target, result));
    if (result.crash === null) continue;
    isSound = false;
    console.log(describeCrash(result.crash, { target, seed }));
  }
  return isSound ? 0 : 1;
}

function readOptions(args: string[]): {
  names: readonly string[];
  seconds: number;
  seed: number;
  input: Uint8Array | null;
} | null {
  try {
    const { values } = parseArgs({
      args,
      options: {
        seconds: { type: "string" },
        target: { type: "string", multiple: true },
        seed: { type: "string" },
        input: { type: "string" },
      },
    });
    const names = values.target ?? TARGET_NAMES;
    const unknown = names.find((name) => !TARGET_NAMES.includes(name));
    if (unknown !== undefined) {
      throw new TypeError(
        `Cannot fuzz "${unknown}": known are ${TARGET_NAMES.join(", ")}`,
      );
    }
    if (values.input !== undefined && names.length !== 1) {
      throw new TypeError("Cannot run an input: one --target is needed");
    }
    const [seconds, seed] = [values.seconds, values.seed].map((text) =>
      text === undefined ? null : readCount(text)
    );
    return {
      names,
      seconds: seconds ?? DEFAULT_SECONDS,
      seed: seed ?? Date.now() >>> 0,
      input: values.input === undefined
        ? null
        : Uint8Array.fromHex(values.input),
    };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) {
      throw error;
    }
    console.error(error.message);
    return null;
  }
}

function readCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new TypeError(`Cannot read "${text}": a whole number is needed`);
}
