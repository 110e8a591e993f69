/**
 * What every decoder returns.
 *
 * @module
 */

/**
 * A value, or why the bytes were refused.
 *
 * Decoders never throw: bytes from outside are allowed to be wrong, and the
 * thread that reads them must not stop for one of them.
 */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };
