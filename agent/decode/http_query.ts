/**
 * The target of a request as a path and a query, read in one way only.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc3986 | RFC 3986}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** A target in its parts, decoded. */
export interface HttpPath {
  /** Without slashes; none is empty, `.` or `..`. */
  readonly segments: readonly string[];
  readonly query: readonly (readonly [name: string, value: string])[];
}

/** What names, ids and digests are made of. */
const SEGMENT = /^[A-Za-z0-9_.:@+~-]+$/;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a target in origin form.
 *
 * @param target As it stands in the request line: one byte, one character.
 */
export function decodeHttpPath(target: string): Decoded<HttpPath> {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  if (!path.startsWith("/")) return refuse("is not a path");
  const segments: string[] = [];
  for (const part of path.slice(1).split("/")) {
    const segment = decodePart(part);
    const isPlain = segment !== null && SEGMENT.test(segment) &&
      segment !== "." && segment !== "..";
    if (!isPlain) return refuse("has a path that can be read in two ways");
    segments.push(segment);
  }
  const query: [string, string][] = [];
  const text = mark < 0 ? "" : target.slice(mark + 1);
  for (const part of text === "" ? [] : text.split("&")) {
    const equals = part.indexOf("=");
    const name = decodePart(equals < 0 ? part : part.slice(0, equals), true);
    const value = equals < 0 ? "" : decodePart(part.slice(equals + 1), true);
    // Some servers take a semicolon for an ampersand.
    const isOdd = /[;#]/.test(part) || name === null || value === null;
    if (isOdd) return refuse("has a query that can be read in two ways");
    query.push([name, value]);
  }
  return { ok: true, value: { segments, query } };
}

/** Writes a target as {@linkcode decodeHttpPath} reads it. */
export function encodeHttpPath({ segments, query }: HttpPath): string {
  const path = segments.map((segment) => `/${encodeURIComponent(segment)}`);
  const parts = query.map(([name, value]) =>
    `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
  );
  return path.join("") + (parts.length === 0 ? "" : `?${parts.join("&")}`);
}

/** @returns Null when a sign is not what it should stand for. */
function decodePart(text: string, isQuery = false): string | null {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "%") {
      const digits = text.slice(at + 1, at + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return null;
      bytes.push(parseInt(digits, 16));
      at += 2;
    } else {
      const isBlank = isQuery && text[at] === "+";
      bytes.push(isBlank ? 0x20 : text.charCodeAt(at) & 0xff);
    }
  }
  try {
    const decoded = UTF8.decode(Uint8Array.from(bytes));
    return decoded.includes("\0") ? null : decoded;
  } catch {
    return null;
  }
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `target ${why}` };
}
