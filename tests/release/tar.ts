/**
 * A tar archive that depends on nothing but what is in it.
 *
 * @see POSIX.1-2017, pax, "ustar Interchange Format"
 * @module
 */

const BLOCK_BYTES = 512;

/** Offsets and widths of the header's fields that are not zero. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
} as const;

/** One regular file. */
export interface TarFile {
  /** Relative path of at most 100 bytes, ASCII. */
  readonly path: string;
  readonly isExecutable: boolean;
  readonly bytes: Uint8Array;
}

/**
 * Writes an archive: owner root, dates of 1970, in the order given.
 *
 * @throws {RangeError} When a path does not fit.
 */
export function writeTar(files: readonly TarFile[]): Uint8Array<ArrayBuffer> {
  const sizes = files.map(({ bytes }) => BLOCK_BYTES + padded(bytes.length));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const archive = new Uint8Array(total + 2 * BLOCK_BYTES);
  let at = 0;
  for (const [index, file] of files.entries()) {
    archive.set(header(file), at);
    archive.set(file.bytes, at + BLOCK_BYTES);
    at += sizes[index]!;
  }
  return archive;
}

/**
 * Finds one file of an archive, such as a package of npm's.
 *
 * @returns Its bytes, a view; null when it is not there.
 */
export function readTarFile(
  archive: Uint8Array,
  path: string,
): Uint8Array | null {
  const decoder = new TextDecoder();
  const text = (at: number, [offset, width]: readonly [number, number]) =>
    decoder.decode(archive.subarray(at + offset, at + offset + width))
      .replace(/\0.*$/s, "");
  for (let at = 0; at + BLOCK_BYTES <= archive.length;) {
    const size = parseInt(text(at, FIELDS.size), 8) || 0;
    const start = at + BLOCK_BYTES;
    if (text(at, FIELDS.name) === path) {
      return archive.subarray(start, start + size);
    }
    at = start + padded(size);
  }
  return null;
}

function header({ path, isExecutable, bytes }: TarFile): Uint8Array {
  if (path.length > FIELDS.name[1]) {
    throw new RangeError(
      `Cannot archive ${path}: its path has ${path.length} bytes, at most ${
        FIELDS.name[1]
      } fit`,
    );
  }
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (field: keyof typeof FIELDS, text: string) =>
    block.set(new TextEncoder().encode(text), FIELDS[field][0]);
  const octal = (field: keyof typeof FIELDS, value: number) =>
    put(field, `${value.toString(8).padStart(FIELDS[field][1] - 1, "0")}\0`);
  put("name", path);
  octal("mode", isExecutable ? 0o755 : 0o644);
  octal("uid", 0);
  octal("gid", 0);
  octal("size", bytes.length);
  octal("mtime", 0);
  put("type", "0");
  put("magic", "ustar\x0000");
  put("checksum", " ".repeat(FIELDS.checksum[1]));
  const sum = block.reduce((total, byte) => total + byte, 0);
  put("checksum", `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}
