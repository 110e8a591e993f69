/**
 * Which container a process is in, by the names of its cgroups.
 *
 * Names are what their makers say: whoever may make cgroups, as root or below
 * one that was handed to him, may call them so. Of nested containers it is the
 * outermost, whose name nobody inside could choose, and which the runtime of
 * this machine knows.
 *
 * @see cgroups(7)
 * @module
 */

/** Who made a container; null when the path does not say. */
export type ContainerRuntime =
  | "docker"
  | "podman"
  | "containerd"
  | "crio"
  | "buildkit"
  | "lxc"
  | "nspawn";

/** A container, as the path of a cgroup names it. */
export interface ContainerName {
  /** 64 hexadecimal digits; of BuildKit 25 letters and digits; else a name. */
  readonly id: string;
  readonly runtime: ContainerRuntime | null;
}

/**
 * In front of an id, in `docker-<id>.scope` as in `…slice:docker:<id>`. Those
 * of monitors, such as `libpod-conmon`, are not here: they are no containers.
 */
const PREFIXES: Readonly<Record<string, ContainerRuntime>> = {
  docker: "docker",
  libpod: "podman",
  "libpod-payload": "podman",
  "cri-containerd": "containerd",
  nerdctl: "containerd",
  crio: "crio",
  buildkit: "buildkit",
};

/** Directories that hold one with an id as its whole name. */
const PARENTS: Readonly<Record<string, ContainerRuntime>> = {
  docker: "docker",
  // The cgroup-parent of Docker on GitHub's hosted runners.
  actions_job: "docker",
  libpod_parent: "podman",
  buildkit: "buildkit",
};

const OCI_ID = /^[0-9a-f]{64}$/;
/** BuildKit's identity.NewID(): 128 random bits in base 36. */
const BUILDKIT_ID = /^[0-9a-z]{25}$/;
const PREFIXED = /^(?:.*:)?([a-z-]+)[-:]([0-9a-z]+)$/;

/** The names of virtual machines and of libvirt's own containers. */
const LIBVIRT = /^(?:qemu|lxc|libvirt)-/;

/** Bytes of a name that were escaped, systemd.unit(5). */
const ESCAPED = /\\x([0-9a-f]{2})/g;

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Finds the container in /proc/<pid>/cgroup, in lines of cgroup v1 and v2.
 *
 * @param text The whole file, or as much of it as was read.
 * @param ownId The container that the agent itself is in, which is then that of
 * every process it sees; null when it is in none.
 * @returns Null for a process of the machine itself, and when two lines name
 * different containers.
 */
export function decodeContainerId(
  text: Uint8Array,
  ownId: string | null = null,
): ContainerName | null {
  let found: ContainerName | null = null;
  // The kernel lets no name of a cgroup hold a line feed. What follows the
  // last one was cut, and a part of an id can look like an id.
  for (const line of UTF8.decode(text).split("\n").slice(0, -1)) {
    const path = /^\d+:[^:]*:(\/.*)$/s.exec(line)?.[1];
    const name = path === undefined ? null : nameIn(path, ownId);
    if (name === null) continue;
    if (found !== null && found.id !== name.id) return null;
    if (found === null || found.runtime === null) found = name;
  }
  return found;
}

function nameIn(path: string, ownId: string | null): ContainerName | null {
  // The kernel says this of a cgroup that was removed since.
  const names = path.replace(/ \(deleted\)$/, "").split("/").slice(1);
  for (const [depth, name] of names.entries()) {
    const around = { parent: names[depth - 1] ?? "", child: names[depth + 1] };
    const found = ociName(name, around.parent) ??
      systemName(name, { ...around, isTop: depth <= 1 });
    if (found !== null && found.id !== ownId) return found;
  }
  return null;
}

function ociName(name: string, parent: string): ContainerName | null {
  const bare = name.endsWith(".scope") ? name.slice(0, -6) : name;
  const by = lookUp(PARENTS, parent);
  if (OCI_ID.test(bare)) return { id: bare, runtime: by };
  if (by === "buildkit" && BUILDKIT_ID.test(bare)) {
    return { id: bare, runtime: by };
  }
  const [, prefix, id] = PREFIXED.exec(bare) ?? [];
  const runtime = lookUp(PREFIXES, prefix ?? "");
  if (id === undefined || runtime === null) return null;
  if (OCI_ID.test(id)) return { id, runtime };
  const isBuilder = runtime === "docker" || runtime === "buildkit";
  return isBuilder && BUILDKIT_ID.test(id) ? { id, runtime: "buildkit" } : null;
}

function systemName(
  name: string,
  around: { parent: string; child: string | undefined; isTop: boolean },
): ContainerName | null {
  const { parent, child, isTop } = around;
  const isOfLxc = parent === "lxc.payload" || (parent === "lxc" && isTop);
  const lxc = isOfLxc ? name : /^lxc\.payload\.(.+)$/s.exec(name)?.[1];
  if (lxc !== undefined && lxc !== "") return { id: lxc, runtime: "lxc" };
  const scope = parent === "machine.slice"
    ? /^machine-(.+)\.scope$/s.exec(name)?.[1]
    : undefined;
  const machine = scope ?? /^systemd-nspawn@(.+)\.service$/s.exec(name)?.[1];
  // systemd-nspawn itself is a process of the machine's.
  if (machine === undefined || child === "supervisor") return null;
  const id = machine.replace(ESCAPED, (_, hex) => characterOf(hex));
  return LIBVIRT.test(id) ? null : { id, runtime: "nspawn" };
}

function characterOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

function lookUp(
  table: Readonly<Record<string, ContainerRuntime>>,
  key: string,
): ContainerRuntime | null {
  return Object.hasOwn(table, key) ? table[key]! : null;
}
