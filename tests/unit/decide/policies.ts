/**
 * Short ways to a policy and to what is judged by it, for tests.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Sender } from "../../../agent/decide/decision.ts";
import { parseAddress } from "../../../agent/decode/address.ts";
import { parsePolicy } from "../../../agent/decide/policy_file.ts";
import type { Entry, Policy } from "../../../agent/decide/policy.ts";
import {
  type ListName,
  parseEndpoint,
} from "../../../agent/decide/endpoint.ts";

/** A sender of which nothing is known. */
export const NOBODY: Sender = { exe: null, step: null };

/** An entry, or its text with a scope. */
export type EntryText =
  | string
  | {
    readonly text: string;
    readonly step?: string;
    readonly process?: string;
    readonly sha256?: string;
    readonly ancestor?: string;
  };

/** Lists as texts. */
export interface PolicyTexts {
  readonly egress?: "audit" | "block";
  readonly allow?: readonly EntryText[];
  readonly proxy?: readonly EntryText[];
  readonly deny?: readonly EntryText[];
}

/** The policy with these lists, blocking unless it says otherwise. */
export function policyOf(texts: PolicyTexts): Policy {
  const { egress = "block", allow = [], proxy = [], deny = [] } = texts;
  return {
    ...parsePolicy("version: 1", "test"),
    egress,
    allow: allow.map((entry) => entryOf(entry, "allow")),
    proxy: proxy.map((entry) => entryOf(entry, "proxy")),
    deny: deny.map((entry) => entryOf(entry, "deny")),
  };
}

/** One entry, with its scope. */
export function entryOf(entry: EntryText, list: ListName): Entry {
  if (typeof entry === "string") return parseEndpoint(entry, list);
  const { text, ...scope } = entry;
  return { ...parseEndpoint(text, list), ...scope };
}

/** The bytes of an address that is written right. */
export function addressOf(text: string): Uint8Array {
  const address = parseAddress(text);
  assert.ok(address, text);
  return address;
}
