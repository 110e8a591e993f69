/**
 * The benchmark's C programs, compiled when they are needed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../lab/command.ts";

/** Arguments: see the comment at the start of each program's source. */
export type BenchProgram =
  | "accept_all"
  | "connect"
  | "crowd"
  | "dns_probe"
  | "flows"
  | "tls_probe";

const LIBRARIES: Readonly<Record<BenchProgram, readonly string[]>> = {
  accept_all: ["-lnetfilter_queue", "-lnfnetlink"],
  connect: [],
  crowd: [],
  dns_probe: [],
  flows: [],
  tls_probe: ["-lssl", "-lcrypto"],
};

/**
 * Compiles one program.
 *
 * @param program Which one.
 * @param directory Where the executable goes, such as a lab's own directory.
 * @returns Its path.
 * @throws {Error} When gcc refuses, also for a warning.
 */
export async function compileProgram(
  program: BenchProgram,
  directory: string,
): Promise<string> {
  const source = fileURLToPath(new URL(`./${program}.c`, import.meta.url));
  const path = `${directory}/${program}`;
  const strict = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"];
  await runOrThrow([
    ...["gcc", ...strict, "-o", path, source, ...LIBRARIES[program]],
  ]);
  return path;
}
