/**
 * The network namespaces of this machine's processes, found by the number that
 * the calling thread's own one has for them.
 *
 * Nothing keeps a namespace alive here: a container's interfaces would outlive
 * it, and whoever makes new ones of the same name could not. So what is kept is
 * a directory of a process that is in it.
 *
 * @module
 */
import { decodeContainerId } from "../decode/container_id.ts";
import { findCgroup2Mount } from "../decode/mountinfo.ts";
import { decodeUnifiedCgroup } from "../decode/proc.ts";
import { tryReadText } from "../../ffi/files.ts";
import { Budget } from "./budget.ts";
import type { BridgePorts } from "./bridge_ports.ts";
import type { ProcFiles } from "./proc_files.ts";
import { newestFirst, type Place } from "./socket_holders.ts";
import { Unfound } from "./unfound.ts";
import type { Libc } from "../../ffi/libc.ts";

/** So many namespaces are remembered, with one descriptor each. */
const MAX_KNOWN = 64;
/** A walk of /proc stops here: the packet is waiting. One takes 2 to 5 ms. */
const WALK_MS = 20;
/** No namespace has this number. */
const NOBODY = -1;

/** A namespace that was found, for as long as the caller keeps it open. */
export interface OpenNamespace extends Place {
  /** To be closed by the caller. */
  readonly fd: number;
}

/** A process that is in a namespace. */
interface Member {
  /** Of /proc. */
  readonly directoryFd: number;
  /** As in {@linkcode Place}. */
  readonly procsPath: string | null;
}

/** Finds network namespaces. */
export class NetNamespaces implements Disposable {
  readonly #libc: Libc;
  readonly #files: ProcFiles;
  readonly #ports: BridgePorts;
  /** By the number, in the order of last use. */
  readonly #known = new Map<number, Member>();
  readonly #cgroups: string | null;
  /** By the number. */
  readonly #unfound = new Unfound();

  /** @param files Must outlive this object, as `libc` and `ports` must. */
  constructor(
    libc: Libc,
    of: { readonly files: ProcFiles; readonly ports: BridgePorts },
  ) {
    this.#libc = libc;
    this.#files = of.files;
    this.#ports = of.ports;
    const mounts = tryReadText(libc, "/proc/self/mountinfo") ?? "";
    this.#cgroups = findCgroup2Mount(mounts);
    // What has never run takes ten times as long, and no packet waits now.
    this.#walk(NOBODY);
  }

  /**
   * Opens the namespace that has this number at the moment.
   *
   * @param id As {@linkcode BridgePorts.wireOf} gives it.
   * @returns Null when no process is found in it within the budget.
   */
  open(id: number): OpenNamespace | null {
    const member = this.#known.get(id);
    if (member !== undefined) {
      this.#known.delete(id);
      const known = this.#openAt(member, id);
      if (known !== null) {
        this.#known.set(id, member);
        return known;
      }
      this.#files.close(member.directoryFd);
    }
    if (this.#unfound.has(id)) return null;
    const found = this.#walk(id);
    if (found === null) this.#unfound.add(id);
    return found;
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const member of this.#known.values()) {
      this.#files.close(member.directoryFd);
    }
    this.#known.clear();
  }

  /** Looks at every process: the last one found is the oldest, and stays. */
  #walk(id: number): OpenNamespace | null {
    const budget = new Budget(this.#libc, WALK_MS);
    const others = new Set<string>();
    let found: OpenNamespace | null = null;
    let oldest = -1;
    for (const pid of newestFirst(this.#libc)) {
      if (budget.isSpent) break;
      const link = this.#files.link(`/proc/${pid}/ns/net`);
      if (link === null || others.has(link)) continue;
      if (found !== null && link !== found.namespace) continue;
      const directoryFd = this.#files.openDirectory(`/proc/${pid}`);
      // While it is open, no other namespace gets its inode.
      found ??= this.#openAt({ directoryFd, procsPath: null }, id);
      if (found === null) others.add(link);
      this.#files.close(found === null ? directoryFd : oldest);
      if (found !== null) oldest = directoryFd;
    }
    if (found === null) return null;
    const procsPath = this.#procsPath(oldest);
    this.#keep(id, { directoryFd: oldest, procsPath });
    return { ...found, procsPath };
  }

  #keep(id: number, member: Member): void {
    this.#known.set(id, member);
    if (this.#known.size <= MAX_KNOWN) return;
    const [first, { directoryFd }] = this.#known.entries().next().value!;
    this.#known.delete(first);
    this.#files.close(directoryFd);
  }

  /** Only of a container's: others' hold no more than one of its processes. */
  #procsPath(directoryFd: number): string | null {
    const fd = this.#files.openFile(directoryFd, "cgroup");
    const text = this.#files.read(fd);
    const isContainer = decodeContainerId(text) !== null;
    const path = isContainer ? decodeUnifiedCgroup(text) : null;
    this.#files.close(fd);
    if (this.#cgroups === null || path === null) return null;
    // Above what is mounted here.
    if (path.split("/").includes("..")) return null;
    return `${this.#cgroups}${path}/cgroup.procs`;
  }

  /** Null when the process is gone, or is in another namespace by now. */
  #openAt(member: Member, id: number): OpenNamespace | null {
    const { directoryFd, procsPath } = member;
    const fd = this.#files.openFile(directoryFd, "ns/net");
    if (fd < 0) return null;
    // A number is given again when its namespace has gone.
    if (this.#ports.idOf(fd) === id) {
      const namespace = this.#files.link(`/proc/self/fd/${fd}`);
      if (namespace !== null) return { fd, namespace, procsPath };
    }
    this.#files.close(fd);
    return null;
  }
}
