/**
 * The project's files as the house checks see them: paths from the root.
 *
 * Walks the tree rather than asking git, so a new file is checked before it is
 * committed, and an unpacked archive can be checked too.
 *
 * @module
 */

/** The project's root folder, with a final slash. */
export const ROOT = new URL("../../", import.meta.url).pathname;

// What .gitignore names, and git's own store.
const SKIPPED = new Set([".git", "node_modules", ".deno", "coverage", "dist"]);

/** One file, read whole. */
export interface SourceFile {
  /** Path from the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/**
 * A file's path from the project's root.
 *
 * @param fileName Absolute path, as the linter gives it.
 * @returns The relative path; null for a file outside the project.
 */
export function projectPath(fileName: string): string | null {
  return fileName.startsWith(ROOT) ? fileName.slice(ROOT.length) : null;
}

/**
 * Whether a path from the root is one of the folders, or inside one.
 *
 * @param path Path from the root.
 * @param folders Folders or files from the root, without a final slash.
 */
export function isUnder(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) =>
    path === folder || path.startsWith(`${folder}/`)
  );
}

/**
 * Every text file of the project, sorted by path.
 *
 * @returns Files without a NUL byte; binary fixtures are left out.
 */
export function readTextFiles(): SourceFile[] {
  const files: SourceFile[] = [];
  for (const path of walk("")) {
    const text = Deno.readTextFileSync(ROOT + path);
    if (!text.includes("\0")) files.push({ path, text });
  }
  return files;
}

/** Every TypeScript module of the project, sorted by path. */
export function readModules(): SourceFile[] {
  return walk("").filter((path) => path.endsWith(".ts")).map((path) => ({
    path,
    text: Deno.readTextFileSync(ROOT + path),
  }));
}

function walk(folder: string): string[] {
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(ROOT + folder)) {
    if (SKIPPED.has(entry.name)) continue;
    const path = folder + entry.name;
    if (entry.isDirectory) paths.push(...walk(`${path}/`));
    else if (entry.isFile) paths.push(path);
  }
  return paths.sort();
}
