/**
 * The tools that were used, by the names that they were executed by.
 *
 * @module
 */
import { isToolPath, type ToolPlaces } from "../decide/tool_paths.ts";
import { type BytePath, bytePathOf } from "../../ffi/byte_path.ts";
import { canAccess } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { realPathOf } from "./real_path.ts";
import { ToolHistory } from "./tool_history.ts";

/** A build uses some hundred; whoever comes up with more is not followed. */
const MAX_TOOLS = 8_192;
/** Names of what is no tool, such as what a build has built. */
const MAX_OTHERS = 16_384;

/** A file that is executed, or run by an interpreter. */
export interface Tool {
  /** Without links. */
  readonly path: BytePath;
  readonly history: ToolHistory;
}

/** What a name leads to. */
export interface FoundTool {
  readonly tool: Tool;
  /** Absolute. */
  readonly name: string;
  /** What it led to at its last use; the same tool unless a link was changed. */
  readonly last: Tool;
}

/** Knows the tools. */
export class ToolList {
  readonly #libc: Libc;
  readonly #places: ToolPlaces;
  readonly #tools = new Map<string, Tool>();
  /** What each name led to. */
  readonly #names = new Map<string, Tool>();
  /** All names, and what is there without links. */
  readonly #paths = new Map<BytePath, Tool>();
  readonly #others = new Set<string>();
  /** What the others were judged by. */
  #searched = 0;

  /**
   * @param libc Must outlive this object.
   * @param places Lent.
   */
  constructor(libc: Libc, places: ToolPlaces) {
    this.#libc = libc;
    this.#places = places;
  }

  /** The tool that is at a path, or that a link there led to at its last use. */
  at(path: BytePath): Tool | null {
    return this.#paths.get(path) ?? null;
  }

  /** Whether a name is worth a look: false for most of what a build builds. */
  mayBe(name: string): boolean {
    const { size } = this.#places.searchPath;
    if (size !== this.#searched) this.#others.clear();
    this.#searched = size;
    return !this.#others.has(name);
  }

  /**
   * The tool of a name.
   *
   * @param name Absolute, or one that is searched for.
   * @param isReal Whether it is a path without links.
   * @returns Null when it is none, or not there.
   */
  find(name: string, isReal: boolean): FoundTool | null {
    if (!name.includes("/")) return this.#findCalled(name);
    const real = isReal ? name : realPathOf(this.#libc, name);
    const last = this.#names.get(name);
    // Gone since it was used, or for a moment: it was what it was.
    if (real === null) {
      return last === undefined ? null : { tool: last, name, last };
    }
    let tool = this.#tools.get(real);
    // A tool's name is one wherever it leads to.
    const isKnown = tool !== undefined || last !== undefined;
    if (!isKnown && !isToolPath(real, this.#places)) {
      this.#addOther(name);
      return null;
    }
    if (tool === undefined) {
      if (this.#names.size >= MAX_TOOLS) return null;
      tool = { path: bytePathOf(real), history: new ToolHistory() };
      this.#tools.set(real, tool);
    }
    if (last !== tool) {
      this.#names.set(name, tool);
      this.#paths.set(bytePathOf(name), tool).set(tool.path, tool);
    }
    return { tool, name, last: last ?? tool };
  }

  /**
   * The tool that a step finds by this name: the kernel only says where a link
   * led to, which may be anywhere since somebody has changed it.
   */
  #findCalled(name: string): FoundTool | null {
    for (const directory of this.#places.searchPath) {
      const path = `${directory}/${name}`;
      const isThere = this.#names.has(path) || canAccess(this.#libc, path);
      if (isThere) return this.find(path, false);
    }
    this.#addOther(name);
    return null;
  }

  #addOther(name: string): void {
    this.#others.add(name);
    if (this.#others.size > MAX_OTHERS) this.#others.clear();
  }
}
