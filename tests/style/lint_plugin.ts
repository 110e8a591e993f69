/**
 * The style sheet's mechanical rules that `deno lint` does not bring.
 *
 * Each message says what is wrong and, after the colon, why the rule exists; a
 * rule that is right in general and wrong once is silenced in place, with
 * `// deno-lint-ignore sluice/<rule>` and the reason beside it.
 *
 * @module
 */
import { CONDUCT_RULES } from "./lint_conduct.ts";
import { SHAPE_RULES } from "./lint_shape.ts";

// Deno loads a plugin by its default export; there is no other way.
const plugin: Deno.lint.Plugin = {
  name: "sluice",
  rules: { ...SHAPE_RULES, ...CONDUCT_RULES },
};

export default plugin;
