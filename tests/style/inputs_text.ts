/**
 * What README and action.yml say of the inputs: `--write` puts it there.
 *
 * @module
 */
import { type Input, INPUTS } from "../../agent/job/input_table.ts";
import { ROOT } from "./tree.ts";

const BEGIN = "<!-- inputs: written by tests/style/inputs_text.ts -->";
const END = "<!-- end of inputs -->";
const WIDTH = 80;

/** README's tables, as `deno fmt` leaves them. */
export function inputsTable(): string {
  return [
    table("Harden-Runner's", from("harden-runner")),
    table("Sluice's own", from("sluice")),
  ].join("\n\n");
}

/** The `inputs:` of action.yml. */
export function inputsYaml(): string {
  const entries = INPUTS.map(({ name, meaning, default: given }) =>
    [
      `  ${name}:`,
      "    description: >-",
      ...fold(meaning, WIDTH - 6).map((line) => `      ${line}`),
      `    default: ${JSON.stringify(given)}`,
    ].join("\n")
  );
  return `inputs:\n${entries.join("\n")}\n`;
}

/** The part of README that is written from the table; null without marks. */
export function readmePart(readme: string): string | null {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from < 0 || to < from) return null;
  return readme.slice(from + BEGIN.length, to).trim();
}

/** The part of action.yml that is written from the table; null without. */
export function actionPart(action: string): string | null {
  return /^inputs:\n(?:[ #].*\n|\n)*/m.exec(action)?.[0].trimEnd()
    .concat("\n") ?? null;
}

function from(whose: Input["from"]): readonly Input[] {
  return INPUTS.filter((input) => input.from === whose);
}

function table(title: string, inputs: readonly Input[]): string {
  const rows = [
    [title, "Value", "Meaning"],
    ...inputs.map((input) => [
      `\`${input.name}\``,
      valueOf(input),
      input.meaning,
    ]),
  ];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  const [head, ...body] = rows.map((row) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [head, rule, ...body].join("\n");
}

function valueOf({ type, default: given }: Input): string {
  if (typeof type === "string" && given === "") return type;
  const words = typeof type === "string"
    ? type
    : type.map((word) => `\`${word}\``).join(", ");
  return given === "" ? words : `${words}; \`${given}\``;
}

function fold(text: string, width: number): string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1)!;
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

function write(): void {
  const readme = Deno.readTextFileSync(`${ROOT}README.md`);
  const old = readmePart(readme);
  if (old === null) throw new Error("README.md has no place for the inputs");
  const body = `${BEGIN}\n\n${inputsTable()}\n\n${END}`;
  const at = readme.indexOf(BEGIN);
  const end = readme.indexOf(END) + END.length;
  Deno.writeTextFileSync(
    `${ROOT}README.md`,
    readme.slice(0, at) + body + readme.slice(end),
  );
  const action = Deno.readTextFileSync(`${ROOT}action.yml`);
  const part = actionPart(action);
  if (part === null) throw new Error("action.yml has no inputs");
  Deno.writeTextFileSync(
    `${ROOT}action.yml`,
    action.replace(part, () => inputsYaml()),
  );
}

if (import.meta.main && Deno.args.includes("--write")) write();
