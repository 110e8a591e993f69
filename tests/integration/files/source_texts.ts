/**
 * Sources as tests write them.
 *
 * @module
 */
/** A C file, of a name of its own. */
export function original(name: string): string {
  const id = name.replaceAll(/\W/g, "_");
  return `/* ${name} */
#include <stdio.h>

int ${id}(void) {
  const int granted = 0;
  return granted;
}
`;
}

/** The same file with one line changed, and not one byte longer. */
export function overwritten(name: string): string {
  return original(name).replace("granted = 0", "granted = 1");
}

/** A shell line that writes a file, its directory included. */
export function fileLines(path: string, text: string): string {
  const end = "SLUICE_END";
  return `mkdir -p "$(dirname "${path}")"\ncat >"${path}" <<'${end}'\n${text}${end}\n`;
}
