/**
 * Which changes the policy lets pass.
 *
 * @module
 */
import type { SourceAllowance } from "../decide/policy.ts";
import { SourceScope } from "../decide/source_scope.ts";
import { Programs as ProgramFiles } from "../observe/programs.ts";
import { type BytePath, bytePathOf } from "../../ffi/byte_path.ts";
import type { ProcessWorld } from "../processes/process_world.ts";
import type { Doer } from "./file_events.ts";
import type { Finding } from "./finding.ts";

/** Asks the policy. */
export class Exemptions {
  readonly #scope: SourceScope;
  readonly #workspaces: readonly BytePath[];
  readonly #programs: ProgramFiles;

  /** @param world Lent. */
  constructor({ libc, order: { files } }: ProcessWorld) {
    const source = files?.source ?? { ignore: [], allow: [] };
    this.#scope = new SourceScope(source);
    const named = source.allow.flatMap(({ process }) => process ?? []);
    this.#programs = new ProgramFiles(libc, new Set(named));
    this.#workspaces = (files?.workspaces ?? []).map(bytePathOf);
  }

  /** Whether nobody looks at a file. */
  isIgnored(path: BytePath): boolean {
    return this.#scope.isIgnored({ path, workspace: this.#around(path) });
  }

  /** The entry that lets a change pass; null for none. */
  find(
    { path }: Finding,
    by: Doer & { readonly step: string | null },
  ): SourceAllowance | null {
    const { step, suspects } = by;
    const place = { path, workspace: this.#around(path) };
    return this.#scope.allowanceFor(place, {
      step,
      // All who may have done it: the one who has might hide among them.
      isProgram: (path) =>
        suspects !== null && suspects.length > 0 &&
        suspects.every(({ exe, program }) =>
          // In a mount namespace of his own anybody has any path.
          exe === path && this.#programs.isExecuted(path, program)
        ),
    });
  }

  #around(path: BytePath): BytePath | null {
    return this.#workspaces.find((workspace) =>
      path === workspace || workspace === "/" ||
      path.startsWith(`${workspace}/`)
    ) ?? null;
  }
}
