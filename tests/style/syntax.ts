/**
 * Deno's own parser, borrowed from its linter: no regular expression mistakes
 * a comment or a string for code, and no parser has to be installed.
 *
 * @module
 */
import { ROOT, type SourceFile } from "./tree.ts";

/**
 * Parses a module and calls the visitor for each node.
 *
 * Works under `deno test` only, where `Deno.lint.runPlugin` exists.
 *
 * @param file The module; its path names it in a syntax error.
 * @param visitor Handlers by node type.
 * @throws {SyntaxError} When the text is not TypeScript.
 */
export function visit(file: SourceFile, visitor: Deno.lint.LintVisitor): void {
  const plugin: Deno.lint.Plugin = {
    name: "visit",
    rules: { visit: { create: () => visitor } },
  };
  try {
    Deno.lint.runPlugin(plugin, ROOT + file.path, file.text);
  } catch (cause) {
    // The parser's own error does not say which of the modules it was.
    throw new SyntaxError(`Cannot parse "${file.path}": ${cause}`, { cause });
  }
}

/**
 * The text of a plain string or of a template without a placeholder.
 *
 * @returns Null for anything that is only known when it runs.
 */
export function constantText(node: Deno.lint.Node): string | null {
  if (node.type === "Literal" && typeof node.value === "string") {
    return node.value;
  }
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) {
    return node.quasis[0]?.cooked ?? null;
  }
  return null;
}

/**
 * The dotted name an expression spells, such as `Deno.dlopen`.
 *
 * @returns Null when it is not a plain chain of names.
 */
export function dottedName(node: Deno.lint.Node): string | null {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MetaProperty") return "import.meta";
  if (node.type !== "MemberExpression" || node.computed) return null;
  const object = dottedName(node.object);
  const property = dottedName(node.property);
  return object === null || property === null ? null : `${object}.${property}`;
}
