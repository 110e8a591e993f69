/**
 * The programs that the action takes, written into its source.
 *
 * @module
 */
import type { Architecture } from "./runtime.ts";

/** One program. */
export interface Pin {
  readonly architecture: Architecture;
  readonly url: string;
  /** Of the file, 64 hex digits. */
  readonly sha256: string;
}

/** From its name to the end of the statement, whatever it holds. */
const STATEMENT = /^export const RELEASE: Release \| null =[^;]*;$/m;

/**
 * Puts a release into the text of agent/action/release.ts.
 *
 * @returns The text as `deno fmt` leaves it.
 * @throws {Error} When the text has no place for it.
 */
export function pinRelease(
  text: string,
  release: { readonly version: string; readonly pins: readonly Pin[] },
): string {
  const { version, pins } = release;
  if (!STATEMENT.test(text)) {
    throw new Error("Cannot pin the release: RELEASE is not in release.ts");
  }
  const programs = pins.map(({ architecture, url, sha256 }) =>
    [
      `    ${architecture}: {`,
      `      url:`,
      `        ${JSON.stringify(url)},`,
      `      sha256:`,
      `        ${JSON.stringify(sha256)},`,
      `    },`,
    ].join("\n")
  );
  const lines = [
    "export const RELEASE: Release | null = {",
    `  version: ${JSON.stringify(version)},`,
    "  programs: {",
    ...programs,
    "  },",
    "};",
  ];
  return text.replace(STATEMENT, () => lines.join("\n"));
}
