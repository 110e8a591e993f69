/**
 * What the agent says when somebody has laid hands on it.
 *
 * @module
 */
import type { Changer } from "./decode/nft_generation.ts";
import type { AgentEvent, ChangerField } from "./record/event.ts";
import type { Journal } from "./record/journal.ts";
import { readLink } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";

/** One thing that was tampered with. */
export interface Tampering {
  readonly what: NonNullable<AgentEvent["what"]>;
  /** A sentence without its period, the agent's state in it. */
  readonly message: string;
  /** True when nothing could leave by it. */
  readonly held?: boolean;
  /** From when to when egress was not guarded as it should be. */
  readonly from?: string;
  readonly to?: string;
  readonly by?: ChangerField | null;
}

/** Writes `tampered`, and remembers whether the job is red. */
export class Alarm {
  readonly #journal: Pick<Journal, "write">;
  #isRaised = false;

  /** @param journal Takes the events. Borrowed. */
  constructor(journal: Pick<Journal, "write">) {
    this.#journal = journal;
  }

  /** Whether something could have left by any of it. */
  get isRaised(): boolean {
    return this.#isRaised;
  }

  /** Writes one event. */
  raise({ by = null, held = false, message, ...rest }: Tampering): void {
    if (!held) this.#isRaised = true;
    this.#journal.write({
      kind: "agent",
      event: "tampered",
      held,
      ...rest,
      ...(by === null ? {} : { by }),
      message: `${message}${by === null ? "" : `, by ${nameOf(by)}`}.`,
    });
  }
}

/** What is still to be found of a process that may have ended. */
export function describeChanger(libc: Libc, by: Changer | null) {
  if (by === null) return null;
  return { ...by, exe: readLink(libc, `/proc/${by.pid}/exe`) };
}

function nameOf({ pid, name, exe }: ChangerField): string {
  const known = exe ?? name;
  return `process ${pid}${known === null ? "" : ` (${known})`}`;
}
