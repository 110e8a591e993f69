/**
 * Watches who reads credentials.
 *
 * @module
 */
import type { ToolPlaces } from "../decide/tool_paths.ts";
import type { FileChange } from "../observe/files/file_source.ts";
import { Exemptions } from "./exemptions.ts";
import type { FileListener, FileWorld } from "./file_listener.ts";
import { SecretVerdicts } from "./secret_verdicts.ts";
import { Secrets } from "./secrets.ts";

/** The listener for secrets. */
export class SecretWatch implements FileListener {
  readonly #secrets: Secrets;
  readonly #verdicts: SecretVerdicts;
  /** Null once all that is there has been found. */
  #meeting: Generator<void> | null;
  #isReady = false;

  /** @param places Where programs are; lent. */
  constructor(world: FileWorld, places: ToolPlaces) {
    const { files, order, processes } = world;
    const exemptions = new Exemptions(processes);
    const verdicts = new SecretVerdicts(world, places);
    this.#verdicts = verdicts;
    this.#secrets = new Secrets({
      ...{ libc: processes.libc, source: files, order },
      isIgnored: (path) => exemptions.isIgnored(path),
      opened: (opening) => verdicts.add(opening, performance.now()),
    });
    this.#meeting = files.name === "fanotify" ? this.#secrets.meet() : null;
    this.#isReady = this.#meeting === null;
    if (this.#meeting !== null) return;
    const message = "Who reads credentials is not heard of: " +
      `${files.name} does not say who opens a file`;
    processes.tell({ kind: "agent", event: "impaired", message });
  }

  get isBusy(): boolean {
    return this.#meeting !== null;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  take(change: FileChange): void {
    this.#secrets.hear(change);
  }

  lose(): void {
    if (this.#isReady) this.#meeting = this.#secrets.meet();
  }

  attend(nowMs: number): void {
    if (this.#meeting?.next().done === true) {
      this.#meeting = null;
      this.#isReady = true;
    }
    this.#verdicts.attend(nowMs);
  }

  end(): void {
    this.#verdicts.attend(Infinity);
  }
}
