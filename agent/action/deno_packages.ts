/**
 * npm's packages of Deno that the agent runs with: from source, and within the
 * program that is released.
 *
 * @module
 */
import type { Architecture } from "./release.ts";

/** One package, by what is in it. */
export interface DenoPackage {
  readonly name: string;
  readonly version: string;
  /** Of its tarball: SHA-512 in Base64, as npm's `dist.integrity` has it. */
  readonly sha512: string;
}

/**
 * The only ones: what the tests run with is what is released.
 *
 * npm has no 2.9.6 for arm64, though `deno@2.9.6` names it: there it is the
 * version before, which all tests pass with on x64 and which no arm64 machine
 * of ours has run.
 */
export const DENO_PACKAGES: Readonly<Record<Architecture, DenoPackage>> = {
  x64: {
    name: "@deno/linux-x64-glibc",
    version: "2.9.6",
    sha512:
      "3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==",
  },
  arm64: {
    name: "@deno/linux-arm64-glibc",
    version: "2.9.5",
    sha512:
      "IuYjsz9PGl7CJcNXMuN27KNDB8Q40brK3SG3l+TXMDVW61ZKwcn0fQHBHnXFiiygEwI8by/fKnASEluhZB1atw==",
  },
};
