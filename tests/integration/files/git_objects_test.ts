import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { bytePathOf } from "../../../ffi/byte_path.ts";
import { Libc } from "../../../ffi/libc.ts";
import { ObjectStore } from "../../../agent/observe/git/object_store.ts";
import { GitGround } from "../../lab/git.ts";
import { ensurePackages } from "../../lab/packages.ts";

const MAX_BYTES = 1 << 20;
/** Of a file that changes a little each time, so that deltas are worth it. */
const VERSIONS = 60;

await ensurePackages();
const libc = new Libc();

/** One object, as `git cat-file` tells it. */
interface Listed {
  readonly oid: string;
  readonly type: string;
  readonly bytes: number;
}

const STORED: readonly {
  name: string;
  objectBytes: 20 | 32;
  prepare: (ground: ObjectGround) => void;
}[] = [
  { name: "loose objects", objectBytes: 20, prepare: () => {} },
  {
    name: "loose objects that are not deflated",
    objectBytes: 20,
    prepare: (ground) => {
      ground.git("r", "config", "core.looseCompression", "0");
      ground.write("r/more", "more\n".repeat(1_000));
      ground.git("r", "add", "more");
    },
  },
  {
    name: "a pack",
    objectBytes: 20,
    prepare: (ground) => ground.git("r", "gc", "-q"),
  },
  {
    name: "loose objects of SHA-256",
    objectBytes: 32,
    prepare: () => {},
  },
  {
    name: "a pack of SHA-256",
    objectBytes: 32,
    prepare: (ground) => ground.git("r", "gc", "-q"),
  },
  {
    name: "long chains of deltas",
    objectBytes: 20,
    prepare: (ground) => {
      ground.writeVersions(300);
      ground.git(
        "r",
        "repack",
        "-adfq",
        "--threads=1",
        "--depth=250",
        "--window=2",
      );
      const chain = ground.text("r", "verify-pack", "-v", ...ground.indexes())
        .match(/chain length = (\d+)/g)!.at(-1)!;
      const length = Number(chain.slice("chain length = ".length));
      assert.ok(length > 50, `chains are of ${length}`);
    },
  },
  {
    name: "deltas that name their base",
    objectBytes: 20,
    prepare: (ground) => {
      ground.git("r", "config", "repack.useDeltaBaseOffset", "false");
      ground.git("r", "repack", "-adfq");
    },
  },
  {
    name: "offsets of eight bytes",
    objectBytes: 20,
    prepare: (ground) => {
      ground.git("r", "repack", "-adfq");
      const [index] = ground.indexes();
      const pack = index!.replace(/idx$/, "pack");
      Deno.removeSync(ground.at(`r/${index}`));
      // As git's own tests do: what is past the first 64 bytes counts as far.
      const version = "--index-version=2,0x40";
      ground.git("r", "index-pack", version, "-o", index!, pack);
    },
  },
  {
    name: "several packs, one over them all, and loose objects",
    objectBytes: 20,
    prepare: (ground) => {
      for (let count = 0; count < 40; count++) {
        ground.write(`r/file-${count}`, `${count}\n`);
        ground.git("r", "add", "-A");
        ground.git("r", "commit", "-qm", `${count}`);
        ground.git("r", "repack", "-q");
      }
      ground.git("r", "multi-pack-index", "write");
      ground.write("r/loose", "loose\n");
      ground.git("r", "add", "loose");
    },
  },
];

for (const { name, objectBytes, prepare } of STORED) {
  Deno.test(`ObjectStore reads ${name} as git does`, () => {
    using ground = new ObjectGround(objectBytes);
    prepare(ground);
    using store = ground.store();
    const listed = ground.list();

    assert.ok(listed.filter(({ type }) => type === "blob").length >= VERSIONS);
    for (const each of listed) assertStored(ground, store, each);
  });
}

Deno.test("ObjectStore reads what another repository keeps", () => {
  using ground = new ObjectGround(20);
  const listed = ground.list();
  ground.git(".", "clone", "-q", "--shared", "r", "other");
  const directories = ["other/.git/objects", "r/.git/objects"];
  using store = ground.store(directories);

  for (const each of listed) assertStored(ground, store, each);
});

Deno.test("ObjectStore finds what was stored or moved since", () => {
  using ground = new ObjectGround(20);
  using store = ground.store();
  const [first] = ground.blobs();
  assert.equal(store.readBlob(ground.next(), MAX_BYTES), null);

  // From loose to packed.
  ground.git("r", "gc", "-q");
  assertStored(ground, store, first!);
  // Stored once it had been asked for in vain.
  const oid = ground.next();
  ground.write("r/next", "next\n");
  ground.git("r", "add", "next");
  assert.equal(text(store.readBlob(oid, MAX_BYTES)), "next\n");
  // From one pack to another, the first of which is removed.
  ground.git("r", "commit", "-qm", "next");
  ground.git("r", "repack", "-adfq");
  ground.git("r", "prune-packed");
  for (const each of ground.list()) assertStored(ground, store, each);
});

Deno.test("ObjectStore reads nothing that is larger than asked for", () => {
  for (const isPacked of [false, true]) {
    using ground = new ObjectGround(20);
    if (isPacked) ground.git("r", "gc", "-q");
    using store = ground.store();
    for (const { oid, bytes } of ground.blobs()) {
      assert.equal(store.readBlob(oid, bytes)?.length, bytes);
      assert.equal(store.readBlob(oid, bytes - 1), null);
    }
  }
});

Deno.test("ObjectStore reads no blob of what is none", () => {
  using ground = new ObjectGround(20);
  using store = ground.store();
  for (const { oid, type, bytes } of ground.list()) {
    if (type === "blob") continue;
    assert.equal(store.readBlob(oid, MAX_BYTES), null);
    assert.equal(store.sizeOf(oid), bytes);
  }
  for (const oid of ["", "00", "../../../config", "g".repeat(40)]) {
    assert.equal(store.readBlob(oid, MAX_BYTES), null);
    assert.equal(store.sizeOf(oid), null);
  }
});

const HOSTILE: readonly {
  name: string;
  replace: (path: string) => void;
}[] = [
  { name: "another content", replace: (path) => writeObject(path, "evil\n") },
  {
    name: "a size that is not its own",
    replace: (path) =>
      Deno.writeFileSync(path, deflateSync(bytesOf("blob 9\0a\n"))),
  },
  {
    name: "more than fits into memory",
    replace: (path) => {
      const bomb = new Uint8Array(1 << 28);
      bomb.set(bytesOf(`blob ${(1 << 28) - 15}\0`));
      Deno.writeFileSync(path, deflateSync(bomb));
    },
  },
  {
    name: "no zlib stream",
    replace: (path) => Deno.writeTextFileSync(path, "a"),
  },
  { name: "nothing", replace: (path) => Deno.writeTextFileSync(path, "") },
  {
    name: "a pipe",
    replace: (path) =>
      new Deno.Command("mkfifo", { args: [path] }).outputSync(),
  },
  { name: "a directory", replace: (path) => Deno.mkdirSync(path) },
  { name: "a link to itself", replace: (path) => Deno.symlinkSync(path, path) },
];

for (const { name, replace } of HOSTILE) {
  Deno.test(`ObjectStore believes no loose object that is ${name}`, () => {
    using ground = new ObjectGround(20);
    const { oid } = ground.blobs()[0]!;
    const path = ground.at(
      `r/.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`,
    );
    Deno.removeSync(path);
    replace(path);
    using store = ground.store();

    assert.equal(store.readBlob(oid, MAX_BYTES), null);
    store.sizeOf(oid);
  });
}

Deno.test("ObjectStore reads the good one of two copies", () => {
  using ground = new ObjectGround(20);
  const [first] = ground.blobs();
  ground.git("r", "repack", "-q");
  const { oid } = first!;
  const path = ground.at(`r/.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`);
  Deno.removeSync(path);
  writeObject(path, "evil\n");
  using store = ground.store();

  assert.equal(store.readBlob(oid, MAX_BYTES)?.length, first!.bytes);
});

Deno.test("ObjectStore returns nothing wrong of a damaged pack", () => {
  using ground = new ObjectGround(20);
  ground.git("r", "repack", "-adfq");
  const blobs = ground.blobs();
  const contents = new Map(
    blobs.map(({ oid }) => [oid, ground.git("r", "cat-file", "blob", oid)]),
  );
  let lost = 0;
  for (const end of ["pack", "idx"]) {
    const path = ground.at(`r/${ground.indexes()[0]!.replace(/idx$/, end)}`);
    const good = Deno.readFileSync(path);
    for (let count = 0; count < 60; count++) {
      const bad = good.slice();
      for (let hits = 0; hits < 8; hits++) {
        const at = (count * 8 + hits) * 7919 % good.length;
        bad[at]! ^= 1 << count % 8;
      }
      // Cut off as well, each eighth time.
      const kept = count % 8 === 7 ? bad.length >> 1 : bad.length;
      Deno.removeSync(path);
      Deno.writeFileSync(path, bad.subarray(0, kept));
      using store = ground.store();
      for (const { oid } of blobs) {
        const found = store.readBlob(oid, MAX_BYTES);
        store.sizeOf(oid);
        if (found === null) lost++;
        else assert.deepEqual(found, contents.get(oid));
      }
    }
    Deno.removeSync(path);
    Deno.writeFileSync(path, good);
  }
  assert.ok(lost > 0, "nothing was damaged");
});

Deno.test("ObjectStore ends a circle of deltas", () => {
  using ground = new ObjectGround(20);
  const [one, other] = ["11".repeat(20), "22".repeat(20)];
  // Each is a delta of the other; an index takes no more than their order.
  const delta = deflateSync(Uint8Array.of(1, 1, 0x91, 0, 1));
  const entries = [other!, one!].map((base) =>
    Uint8Array.from([0x75, ...Uint8Array.fromHex(base), ...delta])
  );
  const header = Uint8Array.from([...bytesOf("PACK"), 0, 0, 0, 2, 0, 0, 0, 2]);
  const pack = [header, ...entries, new Uint8Array(20)].flatMap((b) => [...b]);
  const counts = Array.from(
    { length: 256 },
    (_, first) => [0, 0, 0, first < 0x11 ? 0 : first < 0x22 ? 1 : 2],
  );
  const index = [
    ...[0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2, ...counts.flat()],
    ...Uint8Array.fromHex(one! + other!),
    ...new Uint8Array(8),
    ...[0, 0, 0, 12, 0, 0, 0, 12 + entries[0]!.length],
    ...new Uint8Array(40),
  ];
  const stem = "r/.git/objects/pack/pack-1";
  ground.write(`${stem}.pack`, Uint8Array.from(pack));
  ground.write(`${stem}.idx`, Uint8Array.from(index));
  using store = ground.store();

  assert.equal(store.sizeOf(one!), 1);
  assert.equal(store.readBlob(one!, MAX_BYTES), null);
});

Deno.test("ObjectStore is not led astray by thousands of packs", () => {
  using ground = new ObjectGround(20);
  ground.git("r", "gc", "-q");
  const blobs = ground.blobs();
  using store = ground.store();
  const [good] = ground.indexes().map((path) => ground.at(`r/${path}`));
  for (let count = 0; count < 6_000; count++) {
    const path = good!.replace(/pack-[0-9a-f]+/, `pack-${count}`);
    Deno.writeTextFileSync(path, "");
  }
  assert.equal(store.readBlob(ground.next(), MAX_BYTES), null);

  for (const { oid, bytes } of blobs) {
    assert.equal(store.readBlob(oid, MAX_BYTES)?.length, bytes);
  }
});

Deno.test("ObjectStore reads on where one pack is withheld", async () => {
  using ground = new ObjectGround(20);
  ground.git("r", "gc", "-q");
  const stem = ground.at(`r/${ground.indexes()[0]!.replace(/\.idx$/, "")}`);
  const other = stem.replace(/pack-[0-9a-f]+$/, "pack-0");
  for (const end of ["idx", "pack"]) {
    Deno.copyFileSync(`${stem}.${end}`, `${other}.${end}`);
  }
  // git itself would wait for the lease.
  const blobs = ground.blobs();
  for (const leased of [stem, other]) {
    await withLease(`${leased}.pack`, () => {
      using store = ground.store();
      for (const { oid, bytes } of blobs) {
        assert.equal(store.readBlob(oid, MAX_BYTES)?.length, bytes);
      }
    });
  }
});

Deno.test("ObjectStore keeps few descriptors open, and in the end none", () => {
  using ground = new ObjectGround(20);
  for (let count = 0; count < 50; count++) {
    ground.write(`r/file-${count}`, `${count}\n`);
    ground.git("r", "add", "-A");
    ground.git("r", "commit", "-qm", `${count}`);
    ground.git("r", "repack", "-q");
  }
  ground.git("r", "prune-packed");
  assert.ok(ground.indexes().length >= 50);
  const before = openDescriptors();
  {
    using store = ground.store();
    for (const each of ground.blobs()) assertStored(ground, store, each);
    const more = openDescriptors() - before;
    assert.ok(more > 0 && more <= 64, `${more} are open`);
  }
  assert.equal(openDescriptors(), before);
});

/** A repository of many versions of a file. */
class ObjectGround extends GitGround {
  readonly #objectBytes: 20 | 32;

  constructor(objectBytes: 20 | 32) {
    super();
    this.#objectBytes = objectBytes;
    const format = objectBytes === 20 ? "sha1" : "sha256";
    this.makeRepository("r", `--object-format=${format}`);
    this.git("r", "config", "gc.auto", "0");
    this.writeVersions(VERSIONS);
  }

  /** Commits many files, each with a little that another has not. */
  writeVersions(count: number): void {
    const lines = Array.from({ length: 400 }, (_, index) => `line ${index}\n`);
    for (let version = 0; version < count; version++) {
      lines[version] = `version ${version}\n`;
      this.write(`r/version-${version}.txt`, lines.join(""));
    }
    this.git("r", "add", "-A");
    this.git("r", "commit", "-qm", "versions");
  }

  store(directories = ["r/.git/objects"]): ObjectStore {
    return new ObjectStore(libc, {
      objectBytes: this.#objectBytes,
      objectDirectories: directories.map((each) => bytePathOf(this.at(each))),
    });
  }

  text(directory: string, ...args: readonly string[]): string {
    return text(this.git(directory, ...args))!;
  }

  /** Below the repository. */
  indexes(): string[] {
    const directory = ".git/objects/pack";
    return [...Deno.readDirSync(this.at(`r/${directory}`))]
      .map(({ name }) => `${directory}/${name}`)
      .filter((name) => name.endsWith(".idx"));
  }

  list(): Listed[] {
    return this.text("r", "cat-file", "--batch-all-objects", "--batch-check")
      .trim().split("\n").map((line) => {
        const [oid, type, bytes] = line.split(" ");
        return { oid: oid!, type: type!, bytes: Number(bytes) };
      });
  }

  blobs(): Listed[] {
    return this.list().filter(({ type, bytes }) =>
      type === "blob" && bytes > 0
    );
  }

  /** The id of a content that is not there yet. */
  next(): string {
    this.write("home/next", "next\n");
    return this.text("r", "hash-object", this.at("home/next")).trim();
  }
}

function assertStored(
  ground: ObjectGround,
  store: ObjectStore,
  { oid, type, bytes }: Listed,
): void {
  assert.equal(store.sizeOf(oid), bytes, oid);
  if (type !== "blob") return;
  const expected = ground.git("r", "cat-file", "blob", oid);
  assert.deepEqual(store.readBlob(oid, MAX_BYTES), expected, oid);
}

/** While somebody has one, nobody else can open a file without waiting. */
async function withLease(path: string, act: () => void): Promise<void> {
  const script = `import fcntl, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = open(sys.argv[1], "rb+")
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("leased", flush=True)
sys.stdin.read()`;
  const holder = new Deno.Command("python3", {
    args: ["-c", script, path],
    ...{ stdin: "piped", stdout: "piped" },
  }).spawn();
  const reader = holder.stdout.getReader();
  try {
    assert.match(text((await reader.read()).value!)!, /^leased/);
    act();
  } finally {
    await holder.stdin.close();
    await reader.cancel();
    await holder.status;
  }
}

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

function writeObject(path: string, content: string): void {
  const header = `blob ${content.length}\0`;
  Deno.writeFileSync(path, deflateSync(bytesOf(header + content)));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes);
}
