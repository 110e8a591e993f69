/**
 * Capture files as tcpdump writes them.
 *
 * @see {@link https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-06.html | pcap}
 * @module
 */

/** One frame, as it was on the wire. */
export interface Frame {
  /** Seconds since 1970, with microseconds. */
  readonly seconds: number;
  /** From the link header on; a view into the file. */
  readonly bytes: Uint8Array;
}

/** Section 4: microsecond times, in the byte order of the machine. */
const MAGIC = 0xa1b2c3d4;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const LINKTYPE_ETHERNET = 1;

/**
 * Reads the frames of a capture, which may still be growing.
 *
 * @param file The file's bytes. A record that is not whole yet is left out.
 * @throws {SyntaxError} When it is no microsecond capture of Ethernet, or when
 * a frame was cut: the caller would judge by what it cannot see.
 */
export function readPcap(file: Uint8Array): Frame[] {
  if (file.length < FILE_HEADER_BYTES) return [];
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const littleEndian = view.getUint32(0, true) === MAGIC;
  if (view.getUint32(0, littleEndian) !== MAGIC) {
    throw new SyntaxError(
      `Cannot read capture: magic is ${view.getUint32(0)}, ${MAGIC} is needed`,
    );
  }
  const linkType = view.getUint32(20, littleEndian) & 0xffff;
  if (linkType !== LINKTYPE_ETHERNET) {
    throw new SyntaxError(
      `Cannot read capture: link type is ${linkType}, ` +
        `${LINKTYPE_ETHERNET} is needed`,
    );
  }
  const frames: Frame[] = [];
  let at = FILE_HEADER_BYTES;
  while (at + RECORD_HEADER_BYTES <= file.length) {
    const captured = view.getUint32(at + 8, littleEndian);
    const original = view.getUint32(at + 12, littleEndian);
    if (captured !== original) {
      throw new SyntaxError(
        `Cannot read capture: a frame has ${captured} of ${original} bytes`,
      );
    }
    const start = at + RECORD_HEADER_BYTES;
    if (start + captured > file.length) break;
    const micros = view.getUint32(at + 4, littleEndian);
    frames.push({
      seconds: view.getUint32(at, littleEndian) + micros / 1e6,
      bytes: file.subarray(start, start + captured),
    });
    at = start + captured;
  }
  return frames;
}
