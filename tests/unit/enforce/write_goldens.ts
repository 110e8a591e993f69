/**
 * Writes tests/fixtures/rules anew. Read the difference before you keep it:
 * every line of it is a packet that goes another way.
 *
 *     deno run -A tests/unit/enforce/write_goldens.ts
 *
 * @module
 */
import { guardRules } from "../../../agent/enforce/rules.ts";
import { renderRules } from "../../../agent/enforce/rules_text.ts";
import { guardOf } from "./guards.ts";

const DIRECTORY = new URL("../../fixtures/rules/", import.meta.url);

for (const scope of ["host", "command"] as const) {
  for (const egress of ["audit", "block"] as const) {
    for (const family of [4, 6] as const) {
      const name = `${scope}_${egress}_v${family}.rules`;
      const text = renderRules(guardRules(guardOf(scope, egress), family));
      Deno.writeTextFileSync(new URL(name, DIRECTORY), text);
    }
  }
}
