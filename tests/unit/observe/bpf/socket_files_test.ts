import assert from "node:assert/strict";
import { SocketFiles } from "../../../../agent/observe/bpf/socket_files.ts";
import { BpfSource } from "../../../../agent/observe/bpf/source.ts";
import { waitUntil } from "../../../lab/wait.ts";
import { Children, SLEEP } from "../children.ts";

/** Standard input of a child that was given a socket. */
const STDIN = 0;

/** The kernel's list, and processes to be in it. */
class World implements Disposable {
  readonly children = new Children();
  readonly files: SocketFiles;
  readonly #source: BpfSource;

  constructor() {
    const { libc } = this.children;
    this.#source = new BpfSource(libc);
    const { filesFds } = this.#source;
    assert.ok(filesFds !== null, "this kernel cannot list");
    const files = SocketFiles.open(libc, filesFds);
    assert.ok(files !== null, "this kernel cannot list");
    this.files = files;
  }

  /** Ends the source, as when the thread that has loaded it does. */
  endSource(): void {
    this.#source[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.files[Symbol.dispose]();
    this.endSource();
    this.children[Symbol.dispose]();
  }
}

/** Who has it, by which descriptor. */
function holdersOf(files: SocketFiles, inode: number): [number, number][] {
  return files.list(inode)!.map(({ pid, descriptor }) => [pid, descriptor]);
}

Deno.test("list() gives everybody who has a socket, and by which descriptor", () => {
  using world = new World();
  const { children, files } = world;
  const { socket, inode } = children.openSocket();
  assert.deepEqual(holdersOf(files, inode), [[Deno.pid, socket.fd]]);
  const child = children.start(socket.fd);
  const both = [[Deno.pid, socket.fd], [child, STDIN]];
  const found = holdersOf(files, inode);
  assert.deepEqual(found.toSorted(), both.toSorted());
  socket[Symbol.dispose]();
  assert.deepEqual(holdersOf(files, inode), [[child, STDIN]]);
  children.end(child);
  assert.deepEqual(holdersOf(files, inode), []);
});

Deno.test("list() knows nobody for a number that no socket has", () => {
  using world = new World();
  assert.deepEqual(world.files.list(0xffff_ffff), []);
});

Deno.test("listOf() gives the descriptors of one process only", () => {
  using world = new World();
  const { children, files } = world;
  const { socket, inode } = children.openSocket();
  const child = children.start(socket.fd);
  const other = children.startOwner();
  const [own] = files.listOf(inode, child)!;
  assert.deepEqual([own?.pid, own?.descriptor], [child, STDIN]);
  assert.deepEqual(files.listOf(other.inode, child), []);
  children.end(child);
  assert.equal(files.listOf(inode, child)?.length ?? 0, 0);
});

Deno.test("isHeldOnlyBy() is so for one process, and not for two", () => {
  using world = new World();
  const { children, files } = world;
  const { socket, inode } = children.openSocket();
  assert.equal(files.isHeldOnlyBy(inode, Deno.pid), true);
  const child = children.start(socket.fd);
  assert.equal(files.isHeldOnlyBy(inode, Deno.pid), false);
  assert.equal(files.isHeldOnlyBy(inode, child), false);
  socket[Symbol.dispose]();
  assert.equal(files.isHeldOnlyBy(inode, child), true);
  assert.equal(files.isHeldOnlyBy(inode, Deno.pid), false);
});

Deno.test("isHeldOnlyBy() counts what one process has twice", async () => {
  using world = new World();
  const { children, files } = world;
  const { socket, inode } = children.openSocket();
  const twice = ["/bin/sh", "-c", "exec 7<&0; exec sleep 60"];
  const child = children.start(socket.fd, twice);
  socket[Symbol.dispose]();
  // The shell takes a moment to get there.
  await waitUntil(() => files.listOf(inode, child)?.length === 2, {
    what: "the second descriptor",
  });
  assert.equal(files.isHeldOnlyBy(inode, child), true);
});

Deno.test("isHeldOnlyBy() is not so while a socket is under way to somebody", async () => {
  using world = new World();
  const { children, files } = world;
  // It sends its standard input to itself, and nobody takes it out.
  const script = "import array, socket, time\n" +
    "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n" +
    "time.sleep(1)\n" +
    "fds = array.array('i', [0])\n" +
    "a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])\n" +
    "time.sleep(60)\n";
  const { pid, inode } = children.startOwner([
    ...["/usr/bin/python3", "-I", "-c", script],
  ]);
  assert.equal(files.isHeldOnlyBy(inode, pid), true);
  await waitUntil(() => !files.isHeldOnlyBy(inode, pid), {
    what: "the message",
  });
  assert.deepEqual(holdersOf(files, inode), [[pid, STDIN]]);
});

Deno.test("SocketFiles goes on when the source that has loaded its program is gone", () => {
  using world = new World();
  const { pid, inode } = world.children.startOwner(SLEEP);
  world.endSource();
  assert.deepEqual(holdersOf(world.files, inode), [[pid, STDIN]]);
});

Deno.test("SocketFiles leaves no descriptor open", () => {
  using children = new Children();
  const { libc } = children;
  using source = new BpfSource(libc);
  const before = children.openDescriptors();
  for (let turn = 0; turn < 3; turn++) {
    const files = SocketFiles.open(libc, source.filesFds!)!;
    files.listOf(1, Deno.pid);
    files[Symbol.dispose]();
    files[Symbol.dispose]();
  }
  assert.equal(children.openDescriptors(), before);
});

Deno.test("SocketFiles is none where the kernel refuses", () => {
  using children = new Children();
  const { socket } = children.openSocket();
  const { fd } = socket;
  const refused = { program: fd, wanted: fd };
  const before = children.openDescriptors();
  assert.equal(SocketFiles.open(children.libc, refused), null);
  assert.equal(children.openDescriptors(), before);
});
