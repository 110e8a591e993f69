/**
 * What a value in a request may be, as functions that say what is against it.
 *
 * @module
 */
import {
  isJsonObject,
  type Json,
  type JsonObject,
} from "../../decode/strict_json.ts";

/** Null for nothing; else a phrase that says what is there: `"host"`. */
export type JsonRule = (value: Json) => string | null;

/** By the name of a member. */
export type JsonRules = Readonly<Record<string, JsonRule>>;

const SHOWN_CHARACTERS = 120;

/** It can be anything. */
export function isFree(_value: Json): string | null {
  return null;
}

/** It may be there, if it says nothing. */
export function isUnset(value: Json): string | null {
  return isEmpty(value) ? null : shown(value);
}

/** A text of these, or none. */
export function isOneOf(...texts: readonly string[]): JsonRule {
  return (value) =>
    isEmpty(value) || texts.includes(value as string) ? null : shown(value);
}

/** A text that has this form, or none. */
export function isLike(pattern: RegExp): JsonRule {
  return (value) =>
    isEmpty(value) || (typeof value === "string" && pattern.test(value))
      ? null
      : shown(value);
}

/** A list whose items all follow a rule, or none. */
export function isListOf(rule: JsonRule): JsonRule {
  return (value) => {
    if (isEmpty(value)) return null;
    if (!Array.isArray(value)) return shown(value);
    return firstAgainst(value, rule);
  };
}

/** An object whose members all have names of this form, or none. */
export function hasNames(pattern: RegExp): JsonRule {
  return (value) => {
    if (isEmpty(value)) return null;
    if (!isJsonObject(value)) return shown(value);
    const odd = Object.keys(value).find((name) => !pattern.test(name));
    return odd === undefined ? null : shown(odd);
  };
}

/** An object whose members, whatever their names, all follow a rule. */
export function isMapOf(rule: JsonRule): JsonRule {
  return (value) => {
    if (isEmpty(value)) return null;
    if (!isJsonObject(value)) return shown(value);
    return firstAgainst(Object.values(value), rule);
  };
}

/** An object of known members, or none. */
export function isMadeOf(rules: JsonRules): JsonRule {
  return (value) => {
    if (isEmpty(value)) return null;
    if (!isJsonObject(value)) return shown(value);
    return whatIsAgainst(value, rules);
  };
}

/**
 * Looks for a member that breaks its rule. One without a rule may be there, if
 * it says nothing: names are matched exactly, and what reads them in another
 * case finds none that says something.
 *
 * @returns A phrase such as `Privileged: true`; null when all is well.
 */
export function whatIsAgainst(
  value: JsonObject,
  rules: JsonRules,
): string | null {
  for (const [name, member] of Object.entries(value)) {
    const rule = Object.hasOwn(rules, name) ? rules[name]! : isUnset;
    const against = rule(member);
    if (against !== null) return `${shownName(name)}: ${against}`;
  }
  return null;
}

/** The members that have a rule: whatever is passed on was looked at. */
export function onlyKnown(value: JsonObject, rules: JsonRules): JsonObject {
  const known = Object.entries(value)
    .filter(([name]) => Object.hasOwn(rules, name));
  return Object.assign(Object.create(null), Object.fromEntries(known));
}

/** Whether a value says nothing: what is not set is written so. */
export function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === false) return true;
  if (value === 0 || value === "") return true;
  if (typeof value !== "object") return false;
  return Object.keys(value).length === 0;
}

/** A value as a person reads it, cut. */
export function shown(value: Json): string {
  const text = typeof value === "bigint"
    ? String(value)
    : JSON.stringify(value, (_, each) =>
      typeof each === "bigint" ? String(each) : each);
  return text.length <= SHOWN_CHARACTERS
    ? text
    : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

function shownName(name: string): string {
  return /^[A-Za-z]{1,40}$/.test(name) ? name : shown(name);
}

function firstAgainst(values: readonly Json[], rule: JsonRule): string | null {
  for (const value of values) {
    const against = rule(value);
    if (against !== null) return against;
  }
  return null;
}
