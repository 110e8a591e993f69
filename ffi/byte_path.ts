/**
 * Paths as the kernel knows them: bytes, not text.
 *
 * @module
 */

/**
 * A path, or a part of one, with a character for each byte (U+0000 to U+00FF):
 * a file can have any name but text cannot hold every one.
 */
export type BytePath = string & { readonly bytePath: never };

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
/** Arguments of one call of `String.fromCharCode`. */
const CHUNK = 4096;

/** The path of bytes. */
export function bytePath(bytes: Uint8Array): BytePath {
  if (bytes.length <= CHUNK) {
    return String.fromCharCode(...bytes) as BytePath;
  }
  let path = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    path += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return path as BytePath;
}

/** The path of a text, as UTF-8. */
export function bytePathOf(text: string): BytePath {
  return bytePath(ENCODER.encode(text));
}

/** The path's bytes. */
export function bytesOf(path: BytePath): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(path.length);
  for (let at = 0; at < path.length; at++) bytes[at] = path.charCodeAt(at);
  return bytes;
}

/**
 * The path with the NUL byte that ends it in C.
 *
 * @throws {TypeError} When it holds a NUL: C would see another path.
 */
export function cPath(path: BytePath): Uint8Array<ArrayBuffer> {
  if (path.includes("\0")) {
    throw new TypeError(
      "Cannot pass a path to C: it holds a NUL byte, none is allowed",
    );
  }
  const bytes = new Uint8Array(path.length + 1);
  for (let at = 0; at < path.length; at++) bytes[at] = path.charCodeAt(at);
  return bytes;
}

/** The path as text; what is not UTF-8 becomes U+FFFD. */
export function textOf(path: BytePath): string {
  return DECODER.decode(bytesOf(path));
}

/** A name below a directory. */
export function below(directory: BytePath, name: BytePath): BytePath {
  return (directory === "/" ? `/${name}` : `${directory}/${name}`) as BytePath;
}

/** Whether a path is a directory's own, or below it; no links are followed. */
export function isWithin(path: BytePath, directory: BytePath): boolean {
  return path === directory || directory === "/" ||
    path.startsWith(`${directory}/`);
}
