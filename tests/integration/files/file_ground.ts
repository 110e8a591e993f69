/**
 * A tree that a source of changes watches, another process that changes it, and
 * what is told of that.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  ACT,
  type FileChange,
  type FileSource,
  type FileSourceName,
  type LostChanges,
} from "../../../agent/observe/files/file_source.ts";
import { openFileSource } from "../../../agent/observe/files/open_file_source.ts";
import { type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import { Libc } from "../../../ffi/libc.ts";
import { Poller } from "../../../ffi/sockets.ts";

const ACT_NAMES = Object.entries(ACT);

const PREFIX = "sluice-files-";

/** Executes what it reads, a line of JSON each, in the tree. */
const ACTOR = `
import json, mmap, os, random, shutil, sys
print("ready", flush=True)
for line in sys.stdin:
    try:
        exec(json.loads(line))
        print("done", flush=True)
    except BaseException as error:
        print(repr(error), flush=True)
`;

/** Ends with all that it has made. */
export class FileGround implements AsyncDisposable {
  readonly source: FileSource;
  /** The tree; beside it is a directory `out` that is not watched. */
  readonly root: string;
  /** All that was told since the ground was made. */
  readonly told: (FileChange | LostChanges)[] = [];
  readonly #libc = new Libc();
  readonly #outer: string;
  readonly #actor: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #buffered = "";

  private constructor(name: FileSourceName, outer: string) {
    this.#outer = outer;
    this.root = `${outer}/tree`;
    const { source } = openFileSource(this.#libc, { preferred: [name] });
    this.source = source;
    this.#actor = new Deno.Command("python3", {
      args: ["-c", ACTOR],
      cwd: this.root,
      ...{ stdin: "piped", stdout: "piped" },
    }).spawn();
    this.#writer = this.#actor.stdin.getWriter();
    this.#lines = this.#actor.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /**
   * Makes the tree, and begins to watch it.
   *
   * @param before Python that makes what is there already.
   */
  static async by(name: FileSourceName, before = ""): Promise<FileGround> {
    // Where few others make noise: fanotify hears of all on a file system.
    const outer = await Deno.makeTempDir({ dir: "/dev/shm", prefix: PREFIX });
    await Deno.mkdir(`${outer}/tree`);
    await Deno.mkdir(`${outer}/out`);
    const ground = new FileGround(name, outer);
    assert.equal(await ground.#line(), "ready");
    await ground.act(before);
    ground.watch(ground.root);
    return ground;
  }

  /** Who does everything. */
  get pid(): number {
    return this.#actor.pid;
  }

  /** A path in the tree; `../out` leads out of it. */
  at(name: string): BytePath {
    return bytePathOf(new URL(name, `file://${this.root}/`).pathname);
  }

  /** Watches a tree, and drops what is told of it until then. */
  watch(root: string): void {
    for (const _ of this.source.watchTree(bytePathOf(root)));
    this.hear();
    this.told.length = 0;
  }

  /** Has the other process execute Python. */
  async act(python: string): Promise<void> {
    const line = JSON.stringify(python) + "\n";
    await this.#writer.write(new TextEncoder().encode(line));
    assert.equal(await this.#line(), "done");
  }

  /** Hears until nothing is left, and returns what is new. */
  hear(): readonly (FileChange | LostChanges)[] {
    const from = this.told.length;
    const poller = new Poller(this.#libc, this.source.fds);
    for (let quiet = 0; quiet < 2;) {
      const changes = this.source.drain();
      const isQuiet = changes.length === 0 && poller.wait(20) === 0;
      quiet = isQuiet ? quiet + 1 : 0;
      this.told.push(...changes);
    }
    return this.told.slice(from);
  }

  /**
   * The same, all acts of a path together: `/a/f WRITTEN CLOSED`, sorted. A
   * directory ends with a slash; what is not in the tree is told in full.
   */
  hearTogether(): string[] {
    const acts = new Map<string, number>();
    for (const change of this.hear()) {
      if (change.kind === "lost") acts.set("lost", 0);
      else {
        const path = this.#say(change);
        acts.set(path, (acts.get(path) ?? 0) | change.acts);
      }
    }
    return [...acts].map(([path, bits]) => {
      const names = ACT_NAMES.filter(([, bit]) => (bits & bit) !== 0);
      return [path, ...names.map(([name]) => name)].join(" ");
    }).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.source[Symbol.dispose]();
    await this.#writer.close();
    await this.#lines.cancel();
    await this.#actor.status;
    this.#libc[Symbol.dispose]();
    await Deno.remove(this.#outer, { recursive: true });
  }

  #say({ path, isDirectory }: FileChange): string {
    const isInside = path === this.root || path.startsWith(`${this.root}/`);
    const place = isInside
      ? path.slice(this.root.length)
      : path.replace(this.#outer, "..");
    return isDirectory ? `${place}/` : place;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#buffered.indexOf("\n");
      if (end >= 0) {
        const line = this.#buffered.slice(0, end);
        this.#buffered = this.#buffered.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#lines.read();
      assert.ok(!done, "the other process has ended");
      this.#buffered += value;
    }
  }
}
