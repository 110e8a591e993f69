/**
 * The steps of a workflow, or of a composite action, that start another guard.
 *
 * @module
 */
import {
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  parseAllDocuments,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { makeVisible } from "../decide/refusal.ts";

/** One such step. */
export interface GuardStep {
  readonly from: "harden-runner" | "bullfrog" | "sluice";
  readonly step: YAMLMap;
  /** The pair of `uses:`. */
  readonly uses: Pair<Scalar, Scalar>;
  /** The pair of `with:`; null when there is none. */
  readonly with: Pair | null;
}

/** All steps of a file, or why it cannot be read. */
export type GuardSteps =
  | { readonly ok: true; readonly steps: readonly GuardStep[] }
  | { readonly ok: false; readonly offset: number; readonly why: string };

const GUARDS: readonly (readonly [GuardStep["from"], RegExp])[] = [
  ["harden-runner", /^step-security\/harden-runner@/i],
  ["bullfrog", /^bullfrogsec\/bullfrog@/i],
];

/**
 * Finds them, by the places where they stand.
 *
 * @param text Of one file; several YAML documents may be in it.
 * @param own What `uses:` says where Sluice is there already.
 */
export function findGuardSteps(text: string, own = ""): GuardSteps {
  const steps: GuardStep[] = [];
  const documents = parseAllDocuments(text, {
    uniqueKeys: false,
    prettyErrors: false,
  });
  for (const document of Array.isArray(documents) ? documents : []) {
    const [error] = document.errors;
    if (error !== undefined) {
      const why = makeVisible(error.message);
      return { ok: false, offset: error.pos[0], why };
    }
    visit(document, {
      Map(_, map, path) {
        const list = path.at(-1);
        const holder = path.at(-2);
        if (!isSeq(list) || !isPair(holder) || keyOf(holder) !== "steps") {
          return;
        }
        const step = readStep(map, own);
        if (step !== null) steps.push(step);
      },
    });
  }
  return { ok: true, steps };
}

/** A pair of a mapping by its key; null when it is not there. */
function pairOf(map: YAMLMap, name: string): Pair | null {
  return map.items.find((pair) => keyOf(pair) === name) ?? null;
}

/** A pair's key, when it is a text. */
export function keyOf(pair: Pair): string | null {
  return isScalar(pair.key) && typeof pair.key.value === "string"
    ? pair.key.value
    : null;
}

function readStep(step: YAMLMap, own: string): GuardStep | null {
  const uses = pairOf(step, "uses");
  if (uses === null || !isScalar(uses.value)) return null;
  const { value } = uses.value;
  if (typeof value !== "string") return null;
  const from = value === own
    ? "sluice"
    : GUARDS.find(([, form]) => form.test(value))?.[0];
  if (from === undefined) return null;
  return {
    from,
    step,
    uses: uses as Pair<Scalar, Scalar>,
    with: pairOf(step, "with"),
  };
}

/** The values of a step's `with:`, as GitHub hands them over. */
export function inputsOf(step: GuardStep): Record<string, string> {
  const given: Record<string, string> = {};
  if (!isMap(step.with?.value)) return given;
  for (const pair of step.with.value.items) {
    const name = keyOf(pair);
    if (name === null || !isScalar(pair.value)) continue;
    const { value, source } = pair.value;
    given[name.toLowerCase()] = typeof value === "string"
      ? value
      : source ?? String(value ?? "");
  }
  return given;
}
