/**
 * A tree that inotify watches, and what it tells of it in words.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  ACT,
  type FileChange,
  type LostChanges,
} from "../../../agent/observe/files/file_source.ts";
import { InotifySource } from "../../../agent/observe/files/inotify_source.ts";
import { bytePathOf, textOf } from "../../../ffi/byte_path.ts";
import { Libc } from "../../../ffi/libc.ts";

const ACT_NAMES = Object.entries(ACT);

/** A watched tree, in a directory of its own that ends with it. */
export class InotifyGround implements Disposable {
  readonly root: string;
  readonly source: InotifySource;
  readonly #libc = new Libc();

  constructor(make: (root: string) => void = () => {}) {
    const outer = Deno.makeTempDirSync({ prefix: "sluice-inotify-" });
    this.root = `${outer}/tree`;
    Deno.mkdirSync(this.root);
    make(this.root);
    this.source = new InotifySource(this.#libc);
    for (const _ of this.source.watchTree(bytePathOf(this.root)));
    this.source.drain();
  }

  get outer(): string {
    return this.root.slice(0, this.root.lastIndexOf("/"));
  }

  at(name: string): string {
    return `${this.root}/${name}`;
  }

  /** All there is, in words; `end` of the paths below the root. */
  hear(): string[] {
    const heard: string[] = [];
    for (let empty = 0; empty < 2;) {
      const changes = this.source.drain();
      empty = changes.length === 0 && !this.hasMore() ? empty + 1 : 0;
      heard.push(...changes.map((each) => this.#say(each)));
    }
    return heard;
  }

  /** Whether a descriptor is readable. */
  hasMore(): boolean {
    const fds = new Int32Array(2 * this.source.fds.length);
    this.source.fds.forEach((fd, index) => {
      fds[2 * index] = fd;
      fds[2 * index + 1] = 1; // POLLIN
    });
    const entries = new Uint8Array(fds.buffer);
    const count = BigInt(this.source.fds.length);
    return this.#libc.symbols.poll(entries, count, 0) > 0;
  }

  #say(change: FileChange | LostChanges): string {
    if (change.kind === "lost") return "lost";
    const acts = ACT_NAMES.filter(([, bit]) => (change.acts & bit) !== 0)
      .map(([name]) => name).join("|");
    assert.equal(change.pid, null);
    const path = textOf(change.path);
    const inside = path.startsWith(this.root)
      ? path.slice(this.root.length)
      : path;
    return `${acts} ${inside}${change.isDirectory ? "/" : ""}`;
  }

  [Symbol.dispose](): void {
    this.source[Symbol.dispose]();
    this.#libc[Symbol.dispose]();
    Deno.removeSync(this.outer, { recursive: true });
  }
}
