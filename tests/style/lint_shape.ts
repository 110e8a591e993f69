/**
 * Lint rules about the shape of a module: its name, its exports, its syntax.
 *
 * @module
 */
import { isUnder, projectPath } from "./tree.ts";

const PRODUCT = ["agent", "ffi"];
const FILE_NAME = /^[a-z0-9]+(_[a-z0-9]+)*\.ts$/;
const MAX_POSITIONAL = 2;

type Parameter = Deno.lint.Node | Deno.lint.TSParameterProperty;

/** Rules by name. */
export const SHAPE_RULES: Record<string, Deno.lint.Rule> = {
  "file-name": {
    create: (context) => ({
      Program(node) {
        const name = context.filename.slice(
          context.filename.lastIndexOf("/") + 1,
        );
        if (FILE_NAME.test(name)) return;
        context.report({
          node,
          message:
            `File name "${name}" is not snake_case.ts: one spelling, so that a module is found without a search and imports work on every file system`,
        });
      },
    }),
  },

  "no-default-export": {
    create(context) {
      if (!inProduct(context.filename)) return {};
      const report = (node: Deno.lint.Node) =>
        context.report({
          node,
          message:
            "Default export: every importer may name it differently, so a search for the name misses its users",
          hint: "Export it by its name.",
        });
      return {
        ExportDefaultDeclaration: report,
        ExportSpecifier(node) {
          if (nameOf(node.exported) === "default") report(node);
        },
      };
    },
  },

  "no-top-level-arrow": {
    create: (context) => ({
      "Program > VariableDeclaration > VariableDeclarator"(
        node: Deno.lint.VariableDeclarator,
      ) {
        reportFunctionValue(context, node);
      },
      "Program > ExportNamedDeclaration > VariableDeclaration > VariableDeclarator"(
        node: Deno.lint.VariableDeclarator,
      ) {
        reportFunctionValue(context, node);
      },
    }),
  },

  "erasable-only": {
    create(context) {
      const report = (node: Deno.lint.Node, what: string) =>
        context.report({
          node,
          message:
            `${what} is not erasable: Node runs the action's files by removing types, and this would need code to be generated`,
        });
      return {
        TSEnumDeclaration: (node) => report(node, "An enum"),
        TSParameterProperty: (node) => report(node, "A parameter property"),
        TSModuleDeclaration(node) {
          // Ambient declarations have no code to generate.
          if (node.declare || node.id.type !== "Identifier") return;
          report(node, "A namespace");
        },
      };
    },
  },

  "hash-private": {
    create(context) {
      const report = (
        node: Deno.lint.MethodDefinition | Deno.lint.PropertyDefinition,
      ) => {
        if (node.accessibility !== "private") return;
        // There is no `#constructor`.
        if (node.type === "MethodDefinition" && node.kind === "constructor") {
          return;
        }
        context.report({
          node,
          message:
            "`private` holds for the type checker only: `#` holds at run time too, and needs no type to be erased",
        });
      };
      return { MethodDefinition: report, PropertyDefinition: report };
    },
  },

  "max-two-parameters": {
    create(context) {
      const check = (node: Deno.lint.Node & { params: Parameter[] }) => {
        if (!isOffered(node) || !hasTooMany(node.params)) return;
        context.report({
          node,
          message:
            `More than ${MAX_POSITIONAL} positional parameters: at the call nobody sees which is which, and two of one type can be swapped unnoticed`,
          hint: "Keep two and put the rest into one options object.",
        });
      };
      return {
        FunctionDeclaration: check,
        FunctionExpression: check,
        TSMethodSignature: check,
      };
    },
  },
};

function inProduct(fileName: string): boolean {
  return isUnder(projectPath(fileName) ?? "", PRODUCT);
}

function nameOf(node: Deno.lint.Identifier | Deno.lint.StringLiteral): string {
  return node.type === "Identifier" ? node.name : node.value;
}

function reportFunctionValue(
  context: Deno.lint.RuleContext,
  node: Deno.lint.VariableDeclarator,
): void {
  const type = node.init?.type;
  if (type !== "ArrowFunctionExpression" && type !== "FunctionExpression") {
    return;
  }
  context.report({
    node,
    message:
      "Function in a top-level variable: it cannot be used above its line, so the module cannot be read from its exports down",
    hint: "Declare it with `function`.",
  });
}

/** Whether others call it: inside one module its definition is in sight. */
function isOffered(node: Deno.lint.Node): boolean {
  if (!("parent" in node)) return false;
  const { parent } = node;
  switch (node.type) {
    case "FunctionDeclaration":
      return parent.type === "ExportNamedDeclaration";
    case "FunctionExpression":
      return parent.type === "MethodDefinition" &&
        parent.key.type !== "PrivateIdentifier";
    default:
      return node.type === "TSMethodSignature";
  }
}

function hasTooMany(params: readonly Parameter[]): boolean {
  // `this` is a type annotation in the place of a parameter; `libc` is what
  // every call into C goes through, as `this` would be.
  const real = params.filter((param) =>
    !(param.type === "Identifier" && ["this", "libc"].includes(param.name))
  );
  if (real.length <= MAX_POSITIONAL) return false;
  return real.length > MAX_POSITIONAL + 1 || !isOptions(real.at(-1)!);
}

function isOptions(param: Parameter): boolean {
  const target = param.type === "AssignmentPattern" ? param.left : param;
  return target.type === "ObjectPattern" ||
    (target.type === "Identifier" && target.name === "options");
}
