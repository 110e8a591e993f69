/**
 * A C project that a build is measured on.
 *
 * @module
 */
import { runOrThrow } from "../lab/command.ts";

/** As many compilers at once as the smallest hosted runner has processors. */
const JOBS = "2";

/**
 * Writes a C project of many files.
 *
 * @returns The command that builds it.
 */
export async function writeProject(
  directory: string,
  files: number,
): Promise<readonly string[]> {
  const project = `${directory}/project`;
  await runOrThrow(["mkdir", "-p", project]);
  for (let file = 0; file < files; file++) {
    const functions = Array.from(
      { length: 40 },
      (_, index) => `
static int part_${file}_${index}(const char *text, size_t length) {
  int sum = ${index};
  for (size_t at = 0; at < length; at++) sum = sum * 31 + text[at] % ${
        file + 7
      };
  return sum ^ (int)strlen(text);
}`,
    );
    const sum = functions.map((_, index) =>
      `part_${file}_${index}(text, length)`
    );
    await Deno.writeTextFile(
      `${project}/file_${file}.c`,
      `#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n${
        functions.join("\n")
      }\nint file_${file}(const char *text, size_t length) {\n  return ${
        sum.join(" +\n    ")
      };\n}\n`,
    );
  }
  const script = `cd "$1" && rm -f *.o && ls *.c |
    xargs -P ${JOBS} -n 1 gcc -O2 -c && gcc -shared -o project.so *.o`;
  return ["sh", "-euc", script, "sh", project];
}
