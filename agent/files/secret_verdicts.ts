/**
 * Who has opened a secret and had no business with it.
 *
 * @module
 */
import type { SecretKind } from "../decide/secret_kinds.ts";
import { hasBusiness, type SecretReader } from "../decide/secret_readers.ts";
import type { ToolPlaces } from "../decide/tool_paths.ts";
import { ACT } from "../observe/files/file_source.ts";
import { ROLE } from "../observe/process_source.ts";
import type { Program } from "../processes/programs.ts";
import type { BytePath } from "../../ffi/byte_path.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { type FileLook, isUnchanged, lookAt } from "../../ffi/file_look.ts";
import { executedOf, isInstalled, realScriptOf } from "./doers.ts";
import type { FileWorld } from "./file_listener.ts";

/** By then the process programs have told who it is, and he has closed it. */
const SETTLE_MS = 60;
/** Openings between two turns; the rest are the same ones again. */
const MAX_WAITING = 4_096;
/** Between an act and hearing of it. */
const HEARING_US = 20_000;
/** One line for each program, secret and step. */
const MAX_TOLD = 4_096;

/** They start another program, and read no secret themselves. */
const LAUNCHER =
  /\/(?:(?:r?ba|da|z|k|mk|a)?sh|env|sudo|su|nice|timeout|xargs)$/;

/** Something was done with a secret. */
export interface SecretOpening {
  readonly path: BytePath;
  readonly kind: SecretKind;
  /** Bits of `ACT`. */
  readonly acts: number;
  /** Null when it is not known. */
  readonly pid: number | null;
  /** The file before it; null when it held no secret. */
  readonly look: FileLook | null;
}

interface Waiting extends Omit<SecretOpening, "acts"> {
  acts: number;
  readonly heardUs: number;
  readonly dueMs: number;
}

/** Holds openings back for a moment, and judges them. */
export class SecretVerdicts {
  readonly #world: FileWorld;
  readonly #places: ToolPlaces;
  readonly #armedUs: number;
  /** By who and what, the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #told = new Set<string>();

  /** Both are lent. */
  constructor(world: FileWorld, places: ToolPlaces) {
    this.#world = world;
    this.#places = places;
    this.#armedUs = world.clock.nowUs();
  }

  /** Takes in what was done. */
  add(opening: SecretOpening, nowMs: number): void {
    const { path, pid, acts } = opening;
    const key = `${pid} ${path}`;
    const known = this.#waiting.get(key);
    if (known !== undefined) {
      known.acts |= acts;
      return;
    }
    if (this.#waiting.size >= MAX_WAITING) return;
    const heardUs = this.#world.clock.bootUs();
    this.#waiting.set(key, { ...opening, heardUs, dueMs: nowMs + SETTLE_MS });
  }

  /** Judges those that have waited for long enough. */
  attend(nowMs: number): void {
    for (const [key, opening] of this.#waiting) {
      if (opening.dueMs > nowMs) return;
      this.#waiting.delete(key);
      this.#judge(opening);
    }
  }

  #judge(opening: Waiting): void {
    const { path, kind, pid, heardUs, look, acts } = opening;
    if ((acts & ACT.OPENED) === 0 || look === null) return;
    const { scope, root, reader } = this.#readerOf(opening);
    if (scope === "outside" || reader === "honest") return;
    if (this.#isWriter({ acts, path, look })) return;
    const atUs = reader === null ? heardUs : reader.atUs;
    const name = baseName(reader?.name ?? "a process that is not known");
    const told = [path, reader?.name, root?.pid, root?.startUs].join("\n");
    if (this.#told.has(told)) return;
    this.#told.add(told);
    if (this.#told.size > MAX_TOLD) this.#told.clear();
    this.#world.find({
      ...{ change: "read", subject: "secret", path, overwritten: false },
      reason: `${name} opened a file with credentials (${kind.title}), ` +
        "with which it has no business",
      ...{ before: null, diff: null },
      after: {
        ...{ blob: null, sha256: null, bytes: look.bytes },
        mode: (look.mode & 0o111) === 0 ? "100644" : "100755",
      },
      deed: {
        ...{ pid, pids: pid === null ? null : [pid] },
        ...{ fromUs: atUs, untilUs: atUs },
      },
    });
  }

  #readerOf({ pid, kind, heardUs }: Waiting): {
    readonly scope: "inside" | "outside";
    readonly root: Program["root"];
    readonly reader:
      | "honest"
      | null
      | { readonly name: string | null; readonly atUs: number };
  } {
    const { tree, programs, order } = this.#world.processes;
    const NOBODY = { root: null, reader: null };
    const isHost = order.scope === "host" && order.netns === null;
    if (pid === null) {
      return { scope: isHost ? "inside" : "outside", ...NOBODY };
    }
    const now = tree.find(pid);
    // The runner's own processes see to each other.
    if (now !== null && now.role !== ROLE.PLAIN) {
      return { scope: "outside", ...NOBODY };
    }
    const span = { fromUs: heardUs - HEARING_US, untilUs: heardUs };
    const all = programs.between(pid, { ...span, now });
    const found = all === null
      ? [programs.find(pid, { atUs: heardUs, now })]
      : executedOf(all);
    const ran = found.filter((program) => program !== null);
    const [last] = ran;
    if (last === undefined) {
      return { scope: isHost ? "inside" : "outside", ...NOBODY };
    }
    const { root, scope } = last;
    if (scope.isInside === false) return { scope: "outside", ...NOBODY };
    const stranger = ran.find((program, at) =>
      !(at > 0 && LAUNCHER.test(program.exe ?? "")) &&
      !hasBusiness(kind, this.#describe(program))
    );
    if (stranger === undefined) {
      return { scope: "inside", root, reader: "honest" };
    }
    const atUs = stranger === last ? heardUs : stranger.fromUs;
    const name = this.#describe(stranger).script ?? stranger.exe;
    return { scope: "inside", root, reader: { name, atUs } };
  }

  #describe(program: Program): SecretReader {
    const { processes } = this.#world;
    const { pid, exe, args, root, above } = program;
    const script = realScriptOf(processes, program);
    const since = { places: this.#places, armedUs: this.#armedUs };
    const isInstalledAt = (path: string) =>
      isInstalled(processes.libc, path, since);
    return {
      ...{ exe, args, script },
      isInstalled: exe !== null && isInstalledAt(exe) &&
        (script === null || isInstalledAt(script)),
      isStep: root?.pid === pid && above.length > 0,
    };
  }

  /** Whoever has changed it has opened it for that. */
  #isWriter(
    { acts, path, look }: Pick<SecretOpening, "acts" | "path"> & {
      readonly look: FileLook;
    },
  ): boolean {
    if ((acts & ACT.WRITTEN) !== 0) return true;
    if ((acts & ACT.CLOSED) === 0) return false;
    try {
      const now = lookAt(this.#world.processes.libc, path);
      return now !== null && !isUnchanged(look, now);
    } catch (error) {
      if (error instanceof SystemCallError) return false;
      throw error;
    }
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
