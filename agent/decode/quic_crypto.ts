/**
 * The runtime's cryptography, which is taken in only where a QUIC packet is to
 * be read: it costs every packet thread a dozen milliseconds and megabytes.
 *
 * @module
 */
import type * as NodeCrypto from "node:crypto";

/** Gives the library; the first call of a thread loads it. */
export function loadCrypto(): typeof NodeCrypto {
  // Not by `import()`: the packet thread never awaits once it runs.
  return globalThis.process.getBuiltinModule("node:crypto");
}
