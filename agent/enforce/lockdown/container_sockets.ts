/**
 * Sockets by which container runtimes, which are root, take orders.
 *
 * @module
 */
import type { AsUser } from "./as_user.ts";
import type { ChangeLog } from "./change_log.ts";
import { leaveToRoot } from "./root_only.ts";
import { decodeRealUser } from "../../decode/proc.ts";
import { readDirectory } from "../../../ffi/directories.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import {
  canAccess,
  readFile,
  readLink,
  tryReadText,
} from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";

/** Where they are when nobody has said otherwise. */
const USUAL = [
  "/run/docker.sock",
  "/run/cri-dockerd.sock",
  "/run/containerd/containerd.sock",
  "/run/containerd/containerd.sock.ttrpc",
  "/run/k3s/containerd/containerd.sock",
  "/run/podman/podman.sock",
  "/run/buildkit/buildkitd.sock",
  "/run/crio/crio.sock",
  "/var/lib/lxd/unix.socket",
  "/var/snap/lxd/common/lxd/unix.socket",
  "/var/snap/lxd/common/lxd-user/unix.socket",
  "/var/lib/incus/unix.socket",
  "/var/lib/incus/unix.socket.user",
  "/run/incus/unix.socket",
  "/run/libvirt/libvirt-sock",
  "/run/libvirt/virtqemud-sock",
  "/run/libvirt/virtlxcd-sock",
];

/** Programs whose other sockets are theirs as well. */
const RUNTIMES =
  /^(?:dockerd|containerd|podman|buildkitd|lxd|incusd|crio|cri-dockerd|k3s.*|libvirtd|virt(?:qemu|lxc)d)$/;

/** What /proc/net/unix says of a socket that others can connect to. */
const LISTENING = /^\S+: \S+ \S+ 00010000 \S+ \S+ +(\d+) (\/.*)$/;

/** Leaves them to root. */
export function closeContainerSockets(libc: Libc, log: ChangeLog): void {
  for (const path of findContainerSockets(libc)) leaveToRoot(libc, log, path);
}

/** Those that a user can still connect to. */
export function tryContainerSockets(libc: Libc, user: AsUser): string[] {
  return [...user.writable(findContainerSockets(libc))].map((path) =>
    `The container runtime at ${JSON.stringify(path)} still takes orders`
  );
}

/** All that are there, by paths without a link. */
function findContainerSockets(libc: Libc): string[] {
  const usual = USUAL.filter((path) => canAccess(libc, path));
  return [...new Set([...usual, ...socketsOfRuntimes(libc)])];
}

function socketsOfRuntimes(libc: Libc): string[] {
  return (readDirectory(libc, "/proc") ?? []).flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    const exe = readLink(libc, `/proc/${pid}/exe`) ?? "";
    if (!RUNTIMES.test(exe.slice(exe.lastIndexOf("/") + 1))) return [];
    return isRoots(libc, pid) ? socketsOf(libc, pid) : [];
  });
}

/** A user's own runtime gives nothing that the user has not. */
function isRoots(libc: Libc, pid: string): boolean {
  try {
    return decodeRealUser(readFile(libc, `/proc/${pid}/status`)) === 0;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  }
}

function socketsOf(libc: Libc, pid: string): string[] {
  const fds = readDirectory(libc, `/proc/${pid}/fd`) ?? [];
  const held = new Set(
    fds.map((fd) => readLink(libc, `/proc/${pid}/fd/${fd}`)),
  );
  const lines = (tryReadText(libc, `/proc/${pid}/net/unix`) ?? "").split("\n");
  return lines.flatMap((line) => {
    const [, inode, path] = LISTENING.exec(line) ?? [];
    if (path === undefined || !held.has(`socket:[${inode}]`)) return [];
    return canAccess(libc, path)
      ? [path.replace(/^\/var\/run\//, "/run/")]
      : [];
  });
}
