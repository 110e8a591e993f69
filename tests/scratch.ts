/**
 * A directory for one test that leaves nothing behind, however the test ends.
 *
 * Through libc, because unit tests have the agent's own permissions: none to
 * write files.
 *
 * @module
 */
import { readDirectory } from "../ffi/directories.ts";
import { O, openFile, readText, writeAll } from "../ffi/files.ts";
import { Libc } from "../ffi/libc.ts";
import { cString } from "../ffi/text.ts";

/** What only tests call. */
const SYMBOLS = {
  // <sys/mount.h>
  // int mount(const char *source, const char *target, const char *type,
  //           unsigned long flags, const void *data);
  mount: {
    parameters: ["buffer", "buffer", "buffer", "usize", "buffer"],
    result: "i32",
  },
  // int umount2(const char *target, int flags);
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  // <unistd.h>
  // int symlink(const char *target, const char *linkpath);
  symlink: { parameters: ["buffer", "buffer"], result: "i32" },
  // int chown(const char *path, uid_t owner, gid_t group);
  chown: { parameters: ["buffer", "u32", "u32"], result: "i32" },
  // <sys/stat.h>
  // int chmod(const char *path, mode_t mode);
  chmod: { parameters: ["buffer", "u32"], result: "i32" },
  // int mkfifo(const char *path, mode_t mode);
  mkfifo: { parameters: ["buffer", "u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const MNT_DETACH = 2; // <sys/mount.h>

/**
 * A file system in memory that has no place in the tree: only the descriptor
 * that this object holds keeps it, so it ends with the process at the latest.
 */
export class Scratch implements Disposable {
  /** Its path, for this process and for those of its user. */
  readonly path: string;
  readonly #libc = new Libc();
  readonly #library = Deno.dlopen(
    `/usr/lib/${Deno.build.arch}-linux-gnu/libc.so.6`,
    SYMBOLS,
  );
  readonly #fd: number;

  /**
   * Makes it.
   *
   * @param sizeBytes When it is full; a multiple of the page size.
   * @throws {SystemCallError} Without root.
   */
  constructor(sizeBytes = 1 << 20) {
    const { symbols } = this.#library;
    const place = `/tmp/sluice-scratch-${Deno.pid}`;
    this.#libc.symbols.mkdir(cString(place), 0o700);
    try {
      const type = cString("tmpfs");
      const data = cString(`size=${sizeBytes},mode=755`);
      this.#libc.check(
        "mount",
        symbols.mount(type, cString(place), type, 0n, data),
      );
      try {
        this.#fd = openFile(this.#libc, place, { flags: O.DIRECTORY });
      } finally {
        const result = symbols.umount2(cString(place), MNT_DETACH);
        this.#libc.check("umount2", result);
      }
    } finally {
      this.#libc.symbols.rmdir(cString(place));
    }
    this.path = `/proc/${Deno.pid}/fd/${this.#fd}`;
  }

  /** The path of something in it. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Makes or replaces a file, mode 0600. */
  write(name: string, content: string | Uint8Array): string {
    const flags = O.WRONLY | O.CREAT | O.TRUNC;
    const fd = openFile(this.#libc, this.at(name), { flags });
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    try {
      writeAll(this.#libc, fd, bytes);
    } finally {
      this.#libc.symbols.close(fd);
    }
    return this.at(name);
  }

  /** Fills what room there is, so that not one byte more can be written. */
  fill(name: string): void {
    const flags = O.WRONLY | O.CREAT;
    const fd = openFile(this.#libc, this.at(name), { flags });
    const page = new Uint8Array(4096);
    while (this.#libc.symbols.write(fd, page, 4096n) > 0);
    this.#libc.symbols.close(fd);
  }

  /** A file's text. */
  read(name: string): string {
    return readText(this.#libc, this.at(name));
  }

  /** The names in it, sorted. */
  names(name = "."): string[] {
    return (readDirectory(this.#libc, this.at(name)) ?? []).sort();
  }

  /** Removes a file. */
  remove(name: string): void {
    this.#libc.check(
      "unlink",
      this.#libc.symbols.unlink(cString(this.at(name))),
    );
  }

  /** Makes a directory. */
  makeDirectory(name: string, mode = 0o700): string {
    const path = this.at(name);
    this.#libc.check("mkdir", this.#libc.symbols.mkdir(cString(path), mode));
    // mkdir(2) takes the umask away from the mode.
    this.chmod(name, mode);
    return path;
  }

  /** Makes a symbolic link. */
  link(name: string, target: string): string {
    const path = this.at(name);
    this.#libc.check(
      "symlink",
      this.#library.symbols.symlink(cString(target), cString(path)),
    );
    return path;
  }

  /** Makes a link to it elsewhere, which the caller removes. */
  linkFrom(path: string): void {
    this.#libc.check(
      "symlink",
      this.#library.symbols.symlink(cString(this.path), cString(path)),
    );
  }

  /** Makes a named pipe. */
  makeFifo(name: string): string {
    const path = this.at(name);
    this.#libc.check(
      "mkfifo",
      this.#library.symbols.mkfifo(cString(path), 0o600),
    );
    return path;
  }

  /** Changes permission bits. */
  chmod(name: string, mode: number): void {
    this.#libc.check(
      "chmod",
      this.#library.symbols.chmod(cString(this.at(name)), mode),
    );
  }

  /** Gives a file away, group included. */
  chown(name: string, uid: number): void {
    this.#libc.check(
      "chown",
      this.#library.symbols.chown(cString(this.at(name)), uid, uid),
    );
  }

  /** Lets go of it, and with it of all files; a second call is an error. */
  [Symbol.dispose](): void {
    this.#libc.symbols.close(this.#fd);
    this.#library.close();
    this.#libc[Symbol.dispose]();
  }
}
