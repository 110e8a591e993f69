/**
 * Which module reaches which, read from the source.
 *
 * Everything that makes one module depend on another counts: static imports
 * and re-exports, types too, `import()`, `new URL(…, import.meta.url)` (how a
 * worker is named) and `import.meta.resolve(…)`.
 *
 * @module
 */
import { constantText, dottedName, visit } from "./syntax.ts";
import type { SourceFile } from "./tree.ts";

/** One dependency of one module. */
export interface Import {
  /** As written; null when it is computed and cannot be checked. */
  readonly specifier: string | null;
  /** Path from the root for a file of the project, else null. */
  readonly path: string | null;
  /** The package's name, or `node:` and the module's; null for a file. */
  readonly package: string | null;
}

/** A module and all it depends on. */
export interface Module {
  /** Path from the project's root. */
  readonly path: string;
  readonly imports: readonly Import[];
}

/** Reads one module's dependencies, in source order. */
export function readImports(file: SourceFile): Module {
  const imports: Import[] = [];
  const add = (source: Deno.lint.Node | null | undefined) => {
    if (source === null || source === undefined) return;
    imports.push(resolveImport(file.path, constantText(source)));
  };
  visit(file, {
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType(node) {
      const { argument } = node;
      add(argument.type === "TSLiteralType" ? argument.literal : argument);
    },
    NewExpression(node) {
      const [target, base] = node.arguments;
      if (dottedName(node.callee) !== "URL" || base === undefined) return;
      if (dottedName(base) === "import.meta.url") add(target);
    },
    CallExpression(node) {
      if (dottedName(node.callee) === "import.meta.resolve") {
        add(node.arguments[0]);
      }
    },
  });
  return { path: file.path, imports };
}

/**
 * Finds one import cycle.
 *
 * @param modules Every module that may take part.
 * @returns The paths along the cycle, the first one again at the end; null
 * when there is none.
 */
export function findCycle(modules: readonly Module[]): string[] | null {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const finished = new Set<string>();

  function search(path: string, trail: readonly string[]): string[] | null {
    const start = trail.indexOf(path);
    if (start >= 0) return [...trail.slice(start), path];
    if (finished.has(path)) return null;
    for (const next of byPath.get(path)?.imports ?? []) {
      if (next.path === null) continue;
      const cycle = search(next.path, [...trail, path]);
      if (cycle !== null) return cycle;
    }
    finished.add(path);
    return null;
  }

  for (const { path } of modules) {
    const cycle = search(path, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

/**
 * Finds the packages that loading a module would load.
 *
 * @param entry Path of the module to start from.
 * @param modules Every module that may be reached.
 * @returns One line for each, the way to it joined by arrows; `node:` modules
 * are part of Deno and not packages.
 */
export function findPackages(
  entry: string,
  modules: readonly Module[],
): string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const ways = new Map([[entry, entry]]);
  const found: string[] = [];
  // A Map is walked in the order of insertion, entries added meanwhile too.
  for (const [path, way] of ways) {
    for (const next of byPath.get(path)?.imports ?? []) {
      if (next.path !== null && !ways.has(next.path)) {
        ways.set(next.path, `${way} -> ${next.path}`);
      }
      if (next.package !== null && !next.package.startsWith("node:")) {
        found.push(`${way} -> ${next.package}`);
      }
    }
  }
  return found;
}

function resolveImport(from: string, specifier: string | null): Import {
  if (specifier === null) return { specifier, path: null, package: null };
  if (/^\.{0,2}\//.test(specifier)) {
    // A URL keeps `..` from climbing above the root; there it is a slip.
    const path = new URL(specifier, `file:///${from}`).pathname.slice(1);
    return { specifier, path, package: null };
  }
  const name = specifier.replace(/^npm:/, "");
  // `@scope/name@version/sub` and `name/sub` are both their package's.
  const found = /^(node:[^/]+|@[^/]+\/[^/@]+|[^/@]+)/.exec(name)?.[0];
  return { specifier, path: null, package: found ?? name };
}
