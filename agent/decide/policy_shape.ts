/**
 * What a policy file may hold, before its entries are understood.
 *
 * `policy.schema.json` says the same to editors; a test keeps the two together.
 *
 * @module
 */
import * as v from "valibot";
import type { ListName } from "./endpoint.ts";
import type { EntryProtocol, Policy } from "./policy.ts";

const CONSEQUENCES = ["fail", "warn", "ignore"] as const;

const text = v.pipe(
  v.string("text is needed"),
  v.nonEmpty("text is needed"),
);

const path = v.pipe(
  v.string("an absolute path is needed"),
  v.startsWith("/", "an absolute path is needed"),
);

const entryMapping = v.strictObject({
  host: v.optional(text),
  address: v.optional(text),
  port: v.optional(
    v.union([v.number(), v.literal("*")], "a number or * is needed"),
  ),
  protocol: v.optional(
    v.picklist(["tcp", "udp", "icmp", "dns"], "a protocol is needed"),
  ),
  step: v.optional(text),
  process: v.optional(path),
  sha256: v.optional(
    v.pipe(
      v.string("64 hexadecimal digits are needed"),
      v.regex(/^[0-9a-f]{64}$/i, "64 hexadecimal digits are needed"),
    ),
  ),
  ancestor: v.optional(path),
}, "an endpoint is needed");

// A union would report every branch; the type of the value tells which one
// its author meant.
const entry = v.lazy((input) =>
  typeof input === "string"
    ? v.string()
    : v.pipe(mapping("an endpoint is needed"), entryMapping)
);

const entries = v.nullish(v.array(entry, "a list is needed"), []);

const consequence = v.optional(
  v.picklist(CONSEQUENCES, "fail, warn or ignore is needed"),
  "warn",
);

const allowanceMapping = v.strictObject({
  path: text,
  process: v.optional(path),
  step: v.optional(text),
});

const sourceAllowance = v.pipe(
  mapping("a path is needed"),
  allowanceMapping,
  v.transform(({ path, process = null, step = null }) => ({
    text: [
      `path: ${path}`,
      ...(process === null ? [] : [`process: ${process}`]),
      ...(step === null ? [] : [`step: ${step}`]),
    ].join(", "),
    ...{ path, process, step },
  })),
);

const source = v.strictObject({
  watch: v.optional(v.boolean("true or false is needed"), true),
  ignore: v.optional(v.array(text, "a list is needed"), []),
  allow: v.optional(v.array(sourceAllowance, "a list is needed"), []),
});

const dns = v.strictObject({
  unseen: v.optional(
    v.union([
      v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      v.literal("any"),
    ], "a number of bytes or any is needed"),
    32_768,
  ),
});

const protect = v.strictObject({
  "runner-memory": v.optional(v.boolean("true or false is needed"), false),
});

const on = v.strictObject({ denied: consequence, overwritten: consequence });

const settings = v.strictObject({
  version: v.literal(1, "1 is needed"),
  egress: v.optional(
    v.picklist(["audit", "block"], "audit or block is needed"),
    "block",
  ),
  allow: entries,
  proxy: entries,
  deny: entries,
  names: v.optional(
    v.picklist(["answered", "said"], "answered or said is needed"),
    "said",
  ),
  inbound: v.optional(
    v.picklist(
      ["listening", "allow", "deny"],
      "listening, allow or deny is needed",
    ),
    "listening",
  ),
  dns: v.optional(v.pipe(mapping(), dns), {}),
  runner: v.optional(
    v.picklist(["allow", "deny"], "allow or deny is needed"),
    "allow",
  ),
  protect: v.optional(
    v.pipe(
      mapping(),
      protect,
      v.transform((keys) => ({ runnerMemory: keys["runner-memory"] })),
    ),
    {},
  ),
  source: v.optional(v.pipe(mapping(), source), {}),
  on: v.optional(v.pipe(mapping(), on), {}),
});

const policyShape = v.pipe(mapping(), settings);

/** A policy file as plain data, defaults filled in. */
export interface PolicyShape extends Omit<Policy, ListName> {
  /** Always 1. */
  readonly version: number;
  /** Entries as they are written. */
  readonly allow: readonly (string | EntryMapping)[];
  /** Entries as they are written. */
  readonly proxy: readonly (string | EntryMapping)[];
  /** Entries as they are written. */
  readonly deny: readonly (string | EntryMapping)[];
}

/** An entry that is not a line of text. */
export interface EntryMapping {
  /** A name or a pattern; exactly one of this and `address` is needed. */
  readonly host?: string | undefined;
  /** An address, perhaps with a prefix. */
  readonly address?: string | undefined;
  /** Any number so far, or `*`. */
  readonly port?: number | "*" | undefined;
  /** The default depends on the list. */
  readonly protocol?: EntryProtocol | undefined;
  /** The name of a step. */
  readonly step?: string | undefined;
  /** An absolute path. */
  readonly process?: string | undefined;
  /** 64 hexadecimal digits. */
  readonly sha256?: string | undefined;
  /** An absolute path. */
  readonly ancestor?: string | undefined;
}

/** One finding: what of the library's is used. */
export interface ShapeIssue {
  /** The kind of schema that was not met. */
  readonly type: string;
  /** The value that did not meet it. */
  readonly input: unknown;
  /** What it lists as possible; `never` for a key that is not known. */
  readonly expected: string | null;
  /** The end of the sentence "… is X, …". */
  readonly message: string;
  /** From the top; missing for the whole file. */
  readonly path?: readonly { readonly key: unknown }[] | undefined;
}

/**
 * Checks the shape of a policy and fills in its defaults.
 *
 * @param value Plain data.
 * @returns The policy, or what is wrong with it.
 */
export function parseShape(
  value: unknown,
): { readonly shape: PolicyShape } | {
  readonly issues: readonly ShapeIssue[];
} {
  const { success, output, issues } = v.safeParse(policyShape, value);
  return success ? { shape: output } : { issues };
}

/** Without it a list would pass for a mapping whose keys are numbers. */
function mapping(message: string = "settings are needed") {
  return v.custom<Record<string, unknown>>(
    (input) =>
      typeof input === "object" && input !== null && !Array.isArray(input),
    message,
  );
}

/**
 * The keys that are known where an unknown one stands.
 *
 * @param path The keys above it.
 * @returns In the order of the documentation.
 */
export function knownKeys(path: readonly unknown[]): readonly string[] {
  if (path[0] === "source" && path.length > 1) {
    return Object.keys(allowanceMapping.entries);
  }
  switch (path[0]) {
    case undefined:
      return Object.keys(settings.entries);
    case "dns":
      return Object.keys(dns.entries);
    case "protect":
      return Object.keys(protect.entries);
    case "source":
      return Object.keys(source.entries);
    case "on":
      return Object.keys(on.entries);
    default:
      return Object.keys(entryMapping.entries);
  }
}

/** What a policy is that says nothing: block, and no entry. */
export function defaultPolicy(): Policy {
  const { version: _, ...shape } = v.parse(policyShape, { version: 1 });
  return { ...shape, allow: [], proxy: [], deny: [] };
}
