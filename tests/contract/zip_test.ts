/** Python's own reader as the oracle for the archive that is uploaded. */
import assert from "node:assert/strict";
import { writeZip } from "../../agent/action/zip.ts";

/** What it reads: it compares both headers, and each CRC. */
const READ = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    print(json.dumps([archive.testzip(), archive.comment.hex(), [
        [each.filename, archive.read(each).hex(), list(each.date_time)]
        for each in archive.infolist()]]))
`;

async function readByPython(archive: Uint8Array): Promise<unknown> {
  const path = await Deno.makeTempFile({ suffix: ".zip" });
  try {
    await Deno.writeFile(path, archive);
    const { code, stdout, stderr } = await new Deno.Command("python3", {
      args: ["-I", "-c", READ, path],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(path);
  }
}

/** Bytes that do not repeat, so that they hardly get shorter. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state >> 16;
  });
}

const ARCHIVES: readonly {
  readonly name: string;
  readonly files: readonly {
    readonly name: string;
    readonly bytes: Uint8Array;
  }[];
}[] = [
  { name: "no file", files: [] },
  { name: "an empty file", files: [{ name: "a", bytes: new Uint8Array() }] },
  {
    name: "text, noise, and zeros of a megabyte each",
    files: [
      { name: "report.md", bytes: new TextEncoder().encode("# Repörts\n") },
      { name: "noise", bytes: noise(1 << 20) },
      { name: "journal.ndjson", bytes: new Uint8Array(1 << 20) },
    ],
  },
  {
    name: "names beyond ASCII",
    files: ["ä/ß.txt", "名前", "a b"].map((name) => ({
      name,
      bytes: new TextEncoder().encode(name),
    })),
  },
];

for (const { name, files } of ARCHIVES) {
  Deno.test(`writeZip() writes ${name} as Python reads it`, async () => {
    assert.deepEqual(await readByPython(writeZip(files)), [
      null,
      "",
      files.map((file) => [
        file.name,
        file.bytes.toHex(),
        [1980, 1, 1, 0, 0, 0],
      ]),
    ]);
  });
}
