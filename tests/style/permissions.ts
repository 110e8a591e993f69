/**
 * What the tasks of deno.json grant, and what the source would need.
 *
 * @module
 */
import { dottedName, visit } from "./syntax.ts";
import type { SourceFile } from "./tree.ts";

/** The task of deno.json that runs the agent, with all it may do. */
export const AGENT_TASK = "sluice";

/** One `deno` command of a task. */
export interface DenoCommand {
  /** `run`, `test`, `fmt` and so on. */
  readonly subcommand: string;
  /** Every word before the target that starts with a dash, sorted. */
  readonly options: readonly string[];
  /** Those of them that grant or refuse something. */
  readonly permissions: readonly string[];
  /** The first argument that is no flag; null when there is none. */
  readonly target: string | null;
}

// Capital letters are Deno's short forms: -A, -R=path, -P=set.
const PERMISSION =
  /^(?:-[a-z]*[A-Z].*|--(?:allow|deny|ignore)-.+|--no-prompt|--permission-set.*)$/;

/**
 * Everything of Deno's that asks for no permission, or for the two that the
 * agent has. A list of what may be used and not of what may not: an API that
 * Deno adds tomorrow is refused until somebody has looked.
 */
const PERMITTED = new Set([
  "addSignalListener",
  "args",
  "build",
  "consoleSize",
  "dlopen",
  "errors",
  "exit",
  "exitCode",
  "inspect",
  "isatty",
  "memoryUsage",
  "noColor",
  "pid",
  "ppid",
  "refTimer",
  "removeSignalListener",
  "stderr",
  "stdin",
  "stdout",
  "unrefTimer",
  "version",
]);

/** Globals that open connections or files. */
const FORBIDDEN_GLOBALS = new Set([
  "EventSource",
  "WebSocket",
  "WebSocketStream",
  "WebTransport",
  "caches",
  "fetch",
  "localStorage",
  "sessionStorage",
]);
const GLOBAL_OBJECTS = new Set(["globalThis", "self", "window"]);

/**
 * Reads the `deno` commands of one task.
 *
 * @param task The task's command line, as deno.json has it.
 */
export function readCommands(task: string): DenoCommand[] {
  return task.split(/&&|\|\||[;|&\n]/).flatMap((command) => {
    const words = command.trim().split(/\s+/);
    const at = words.findIndex((word) => /(?:^|\/)deno(?:@|$)/.test(word));
    if (at < 0) return [];
    const [subcommand = "", ...rest] = words.slice(at + 1);
    const end = rest.findIndex((word) => !word.startsWith("-"));
    const options = rest.slice(0, end < 0 ? rest.length : end).sort();
    return [{
      subcommand,
      options,
      permissions: options.filter((word) => PERMISSION.test(word)),
      target: rest[end] ?? null,
    }];
  });
}

/**
 * Finds what a module of the agent would need a wider permission for.
 *
 * @returns The names as used, such as `Deno.Command` or `fetch`.
 */
export function findPrivileged(file: SourceFile): string[] {
  const found: string[] = [];
  visit(file, {
    Identifier(node) {
      const { parent } = node;
      if (node.name === "Deno") {
        // Names of types, as in `Deno.PointerValue`, do nothing.
        if (parent.type === "TSQualifiedName") return;
        const name = parent.type === "MemberExpression" && !parent.computed &&
            parent.object === node
          ? dottedName(parent.property)
          : null;
        if (name === null) found.push("Deno without a plain member");
        else if (!PERMITTED.has(name)) found.push(`Deno.${name}`);
      }
      if (FORBIDDEN_GLOBALS.has(node.name) && isReference(node)) {
        found.push(node.name);
      }
    },
    Literal(node) {
      // An argument vector for a second Deno would be a second place.
      if (typeof node.value !== "string") return;
      if (/^--(?:allow|deny)-\S+$/.test(node.value)) {
        found.push(`"${node.value}"`);
      }
    },
    TemplateElement(node) {
      if (/^--(?:allow|deny)-/.test(node.raw)) found.push(`"${node.raw}"`);
    },
  });
  return found;
}

/** Whether a name stands for the global and not for a member or a key. */
function isReference(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed ||
        GLOBAL_OBJECTS.has(dottedName(parent.object) ?? "");
    case "Property":
      return parent.value === node && parent.parent.type !== "ObjectPattern";
    case "CallExpression":
    case "NewExpression":
    case "VariableDeclarator":
    case "ArrayExpression":
    case "AwaitExpression":
    case "ReturnStatement":
    case "AssignmentExpression":
    case "ArrowFunctionExpression":
      return true;
    default:
      return false;
  }
}
