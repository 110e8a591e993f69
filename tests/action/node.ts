/**
 * The Node that the runner brings along for actions.
 *
 * @module
 */
import { runOrThrow } from "../lab/command.ts";

let found: Promise<string> | undefined;

/**
 * Path of a Node 24, had from npm's registry.
 *
 * @throws {Error} When npm cannot get it.
 */
export function findNode24(): Promise<string> {
  // npm keeps it, so that only the first time takes seconds.
  found ??= npmNode();
  return found;
}

async function npmNode(): Promise<string> {
  const tool = ["npm", "exec", "--yes", "--package=node@24", "--", "node"];
  const { code, stdout, stderr } = await new Deno.Command("timeout", {
    args: ["180", ...tool, "-p", "process.execPath"],
    stdin: "null",
  }).output();
  const path = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
  const version = code === 0 ? await runOrThrow([path, "--version"]) : "";
  if (version.startsWith("v24.")) return path;
  throw new Error(
    `Cannot get Node 24: ${new TextDecoder().decode(stderr).trim()}`,
  );
}
