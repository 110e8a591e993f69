/**
 * Lint rules about what a module does and says: work at import, comments,
 * messages, output.
 *
 * @module
 */
import { dottedName } from "./syntax.ts";
import { isUnder, projectPath } from "./tree.ts";

const PRODUCT = ["agent", "ffi", "mod.ts"];

// Clock, timers and threads; every call of a Deno.* function counts as well.
const WORK_CALLS = new Set([
  "Date",
  "Date.now",
  "fetch",
  "performance.now",
  "setInterval",
  "setTimeout",
]);
const WORK_CONSTRUCTORS = new Set(["Date", "Worker"]);

// A possessive ("the command's own") is no contraction, so `'s` counts only
// after words that have no possessive of that form.
const CONTRACTION =
  /\b[a-z]+n['’]t\b|[a-z]['’](?:re|ve|ll|d|m)\b|\b(?:it|that|there|here|what|who|let|he|she)['’]s\b/i;

/** Rules by name. */
export const CONDUCT_RULES: Record<string, Deno.lint.Rule> = {
  "no-import-time-work": {
    create(context) {
      if (!isUnder(projectPath(context.filename) ?? "", PRODUCT)) return {};
      const report = (node: Deno.lint.Node, name: string) => {
        if (isDeferred(node, context)) return;
        context.report({
          node,
          message:
            `${name} at import time: a test, a report on a laptop or \`--help\` would load libraries, open files or read the clock without asking for it`,
          hint: "Move it into a function that the entry point calls.",
        });
      };
      return {
        CallExpression(node) {
          const name = dottedName(node.callee);
          if (name === null) return;
          if (WORK_CALLS.has(name) || name.startsWith("Deno.")) {
            report(node, `${name}()`);
          }
        },
        NewExpression(node) {
          const name = dottedName(node.callee) ?? "";
          // A date of a given moment is a constant, not a clock.
          if (name === "Date" && node.arguments.length > 0) return;
          if (WORK_CONSTRUCTORS.has(name) || name.startsWith("Deno.")) {
            report(node, `new ${name}()`);
          }
        },
      };
    },
  },

  "exported-doc": {
    create(context) {
      if (!isUnder(projectPath(context.filename) ?? "", PRODUCT)) return {};
      return {
        Program(program) {
          const comments = context.sourceCode.getAllComments();
          for (const [index, node] of program.body.entries()) {
            if (node.type !== "ExportNamedDeclaration") continue;
            if (node.declaration === null) continue;
            const previous = program.body[index - 1];
            if (isOverloadOf(node, previous)) continue;
            const documented = comments.some((comment) =>
              comment.type === "Block" && comment.value.startsWith("*") &&
              // The module's own comment says nothing of its first export.
              !comment.value.includes("@module") &&
              comment.range[0] >= (previous?.range[1] ?? 0) &&
              comment.range[1] <= node.range[0]
            );
            if (documented) continue;
            context.report({
              node,
              message:
                "Export without a doc comment: another folder uses it and must know shapes, units and errors without reading its body",
            });
          }
        },
      };
    },
  },

  "error-message": {
    create(context) {
      if (!isUnder(projectPath(context.filename) ?? "", PRODUCT)) return {};
      const check = (node: Deno.lint.Node) => {
        for (const { text, isEnd } of messageTexts(node, true)) {
          if (isEnd && /\.\s*$/.test(text)) {
            context.report({
              node,
              message:
                "Error message ends with a period: messages are joined (`what: why (hint: hint)`), and a period would stand in the middle",
            });
          }
          const contraction = CONTRACTION.exec(text)?.[0];
          if (contraction === undefined) continue;
          context.report({
            node,
            message:
              `Error message has the contraction "${contraction}": it is read in a hurry, often by people to whom English is foreign, and "not" must not hide in two letters`,
          });
        }
      };
      return {
        NewExpression(node) {
          const name = dottedName(node.callee) ?? "";
          if (!/Error$/.test(name)) return;
          // The options of an Error hold a cause, which is somebody else's.
          for (const argument of node.arguments) {
            if (argument.type !== "ObjectExpression") check(argument);
          }
        },
        ObjectExpression(node) {
          const parts = new Map<string, Deno.lint.Node>();
          for (const property of node.properties) {
            if (property.type !== "Property") continue;
            const key = dottedName(property.key);
            if (key !== null) parts.set(key, property.value);
          }
          // These three together are an AgentError's parts, wherever they are.
          const texts = ["what", "why", "hint"].map((key) => parts.get(key));
          if (texts.includes(undefined)) return;
          for (const text of texts) check(text!);
        },
      };
    },
  },

  "no-console": {
    create(context) {
      const path = projectPath(context.filename) ?? "";
      const isEntry = /^agent\/[^/]+$/.test(path);
      if (!isUnder(path, PRODUCT) || isEntry) return {};
      return {
        MemberExpression(node) {
          if (dottedName(node.object) !== "console") return;
          context.report({
            node,
            message:
              "console outside an entry point: `run` leaves stdout to the guarded command, and text from outside must be escaped first, which report/ does",
            hint: "Return the value and let agent/*.ts print it.",
          });
        },
      };
    },
  },
};

/** Whether a node runs later than the import of its module. */
function isDeferred(
  node: Deno.lint.Node,
  context: Deno.lint.RuleContext,
): boolean {
  const path = [...context.sourceCode.getAncestors(node), node];
  return path.some((ancestor, index) => {
    const parent = path[index - 1];
    switch (ancestor.type) {
      case "FunctionDeclaration":
        return true;
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        // A function called on the spot is not later.
        return !(parent?.type === "CallExpression" &&
          parent.callee === ancestor);
      case "PropertyDefinition":
        return !ancestor.static;
      case "IfStatement":
        return dottedName(ancestor.test) === "import.meta.main";
      default:
        return false;
    }
  });
}

function isOverloadOf(
  node: Deno.lint.ExportNamedDeclaration,
  previous: Deno.lint.Statement | undefined,
): boolean {
  if (previous?.type !== "ExportNamedDeclaration") return false;
  const [first, second] = [previous.declaration, node.declaration];
  return first?.type === "TSDeclareFunction" &&
    (second?.type === "FunctionDeclaration" ||
      second?.type === "TSDeclareFunction") &&
    first.id?.name === second.id?.name;
}

/** The constant texts of an expression; `isEnd` where one ends the message. */
function messageTexts(
  node: Deno.lint.Node,
  isEnd: boolean,
): { text: string; isEnd: boolean }[] {
  switch (node.type) {
    case "Literal":
      return typeof node.value === "string"
        ? [{ text: node.value, isEnd }]
        : [];
    case "TemplateLiteral":
      return node.quasis.map((quasi, index) => ({
        text: quasi.cooked ?? quasi.raw,
        isEnd: isEnd && index === node.quasis.length - 1,
      }));
    case "BinaryExpression":
      return [
        ...messageTexts(node.left, false),
        ...messageTexts(node.right, isEnd),
      ];
    case "ConditionalExpression":
      return [
        ...messageTexts(node.consequent, isEnd),
        ...messageTexts(node.alternate, isEnd),
      ];
    default:
      return [];
  }
}
