import assert from "node:assert/strict";
import { parse } from "yaml";
import { INPUTS } from "../../agent/job/input_table.ts";
import {
  actionPart,
  inputsTable,
  inputsYaml,
  readmePart,
} from "./inputs_text.ts";
import { ROOT } from "./tree.ts";

const MEND = "Run `deno run -A tests/style/inputs_text.ts --write`";

Deno.test("README explains each input as the agent's table does", () => {
  const readme = Deno.readTextFileSync(`${ROOT}README.md`);
  assert.equal(readmePart(readme), inputsTable(), MEND);
});

Deno.test("action.yml declares the inputs of the agent's table", () => {
  const action = Deno.readTextFileSync(`${ROOT}action.yml`);
  assert.equal(actionPart(action), inputsYaml(), MEND);
  const { inputs } = parse(action);
  assert.deepEqual(
    Object.entries(inputs),
    INPUTS.map(({ name, meaning, default: given }) => [
      name,
      { description: meaning, default: given },
    ]),
  );
});

Deno.test("INPUTS has each name once", () => {
  const names = INPUTS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});
