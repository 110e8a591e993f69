/**
 * Decides whether a call of BuildKit's own interface is passed on.
 *
 * What a build does on the machine is decided by the rights that it asks for,
 * also in what a Dockerfile or a frontend's image says and is not seen here:
 * without a right asked for BuildKit gives none.
 *
 * @see {@link https://github.com/moby/buildkit/tree/master/api | Its interface}
 * @module
 */
import type { Decoded } from "../../decode/bytes.ts";
import { decodeProtobuf, type ProtobufField } from "../../decode/protobuf.ts";
import { isUnset, shown } from "./json_rules.ts";

/** What is passed on whatever it says: it says nothing about the machine. */
const PLAIN: ReadonlySet<string> = new Set([
  ...[
    ...["DiskUsage", "Info", "ListWorkers", "ListenBuildHistory", "Prune"],
    ...["Status", "UpdateBuildHistory"],
  ].map((name) => `/moby.buildkit.v1.Control/${name}`),
  ...[
    ...["Evaluate", "Inputs", "Ping", "ReadDir", "ReadFile", "Return"],
    ...["ResolveImageConfig", "ResolveSourceMeta", "StatFile", "Warn"],
  ].map((name) => `/moby.buildkit.v1.frontend.LLBBridge/${name}`),
  // What a build was made of, of its history: BuildKit gives it to be read.
  ...["Info", "Read"].map((name) =>
    `/containerd.services.content.v1.Content/${name}`
  ),
  "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  "/grpc.health.v1.Health/Check",
]);

/** What a message that builds has in which field. */
interface SolveFields {
  /** The highest number that is known. */
  readonly last: number;
  /** A map of texts. */
  readonly attributes: number;
  /** Rights that are asked for; null where none can be. */
  readonly entitlements: number | null;
}

const SOLVES: ReadonlyMap<string, SolveFields> = new Map([
  [
    "/moby.buildkit.v1.Control/Solve",
    { last: 16, attributes: 7, entitlements: 9 },
  ],
  [
    "/moby.buildkit.v1.frontend.LLBBridge/Solve",
    { last: 15, attributes: 3, entitlements: null },
  ],
]);

/** What these ask for has rights over the machine. */
const ATTRIBUTES: Readonly<Record<string, (value: string) => string | null>> = {
  "force-network-mode": (value) =>
    ["", "default", "none", "sandbox"].includes(value) ? null : shown(value),
  "cgroup-parent": isUnset,
};

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Before a message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;

/** How a call is dealt with: `judged` has one message that is looked at. */
export type CallKind = "plain" | "judged" | "refused";

/**
 * What kind of call a method is.
 *
 * @param path Such as `/moby.buildkit.v1.Control/Solve`.
 */
export function kindOfCall(path: string): CallKind {
  if (PLAIN.has(path)) return "plain";
  return SOLVES.has(path) ? "judged" : "refused";
}

/**
 * What is against a call that is judged.
 *
 * @param path Of its method.
 * @param content All that the client sends with it; the caller bounds it.
 * @returns Half a sentence; null when all is well.
 */
export function callAgainst(path: string, content: Uint8Array): string | null {
  const known = SOLVES.get(path);
  if (known === undefined) return `${shown(path)} is none that a build needs`;
  const message = messageOf(content);
  if (message === null) return "it is not one message, uncompressed";
  const fields = decodeProtobuf(message);
  if (!fields.ok) return `its ${fields.why}`;
  for (const field of fields.value) {
    const against = fieldAgainst(field, known);
    if (against !== null) return against;
  }
  return null;
}

/** Null when it is not one, or not all of it. */
function messageOf(content: Uint8Array): Uint8Array | null {
  if (content.length < PREFIX_BYTES || content[0] !== 0) return null;
  const { buffer, byteOffset } = content;
  const length = new DataView(buffer, byteOffset).getUint32(1);
  const message = content.subarray(PREFIX_BYTES);
  return message.length === length ? message : null;
}

function fieldAgainst(
  { number, value }: ProtobufField,
  { last, attributes, entitlements }: SolveFields,
): string | null {
  if (number > last) return `its field ${number} is not known`;
  if (number === entitlements) {
    const text = typeof value === "bigint" ? null : textOf(value);
    return `Entitlements: ${shown(text)}`;
  }
  if (number !== attributes) return null;
  const entry = typeof value === "bigint" ? null : decodeEntry(value);
  if (entry === null || !entry.ok) return "its attributes are malformed";
  const [name, text] = entry.value;
  const rule = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name]! : null;
  const against = rule?.(text) ?? null;
  return against === null ? null : `${name}: ${against}`;
}

/** One entry of a map: of a field that is there twice, readers take the last. */
function decodeEntry(bytes: Uint8Array): Decoded<readonly [string, string]> {
  const malformed = { ok: false, why: "entry is malformed" } as const;
  const fields = decodeProtobuf(bytes);
  if (!fields.ok) return fields;
  const texts = new Map<number, string>();
  for (const { number, value } of fields.value) {
    const text = typeof value === "bigint" ? null : textOf(value);
    if (number > 2 || text === null || texts.has(number)) return malformed;
    texts.set(number, text);
  }
  return { ok: true, value: [texts.get(1) ?? "", texts.get(2) ?? ""] };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}
