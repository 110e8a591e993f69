/**
 * What git 2.39.5 made of two files: eight lines `line 0 of the first content`
 * to `line 7 …`, and the same with `LINE 3`.
 *
 * @module
 */
import { hex } from "../../hex.ts";
import { ascii } from "./hellos.ts";

/** The first file. */
export const GIT_FIRST = ascii(lines().join(""));
/** The second one. */
export const GIT_SECOND = ascii(lines().join("").replace("line 3", "LINE 3"));
/** `git rev-parse :a :b` */
export const GIT_IDS = [
  "84e71bc00bd63b5f0282e59c9c8c6969300f380d",
  "59b16977d9cc8c69c4170ff20b65c2f0150ca386",
] as const;

/** The first one as a loose object. */
export const GIT_LOOSE = hex(`
  78014bcac94f5230323261c8c9cc4b553050c84f5328c9485548cb2c2a2e5148
  cecf2b49cd2be102cb19e29133c223678c47ce048f9c291e39333c72e6d8e500
  4596504c
`);

/** Where the entries of the packs start. */
export const GIT_ENTRIES = [12, 74] as const;

/** `git pack-objects --delta-base-offset`: the second is a delta of the first. */
export const GIT_PACK = hex(`
  5041434b 00000002 00000002                     # "PACK", version, objects
  b00e                                           # blob of 224 bytes
  789ccbc9cc4b553050c84f5328c9485548cb2c2a2e5148cecf2b49cd2be1ca01
  c919e29133c223678c47ce048f9c291e39333c72e6d8e5002ac24df5
  e301 3e                                        # delta of 19, 62 before
  789c7bc0f8807142089b8fa79fab82f1443be989a5d90043ac0683
  46ed8ec868c3b616d45e5b33db694f6cd9899db5
`);

/** `git pack-objects`: the same, with the base by its id. */
export const GIT_ID_PACK = hex(`
  5041434b 00000002 00000002
  b00e
  789ccbc9cc4b553050c84f5328c9485548cb2c2a2e5148cecf2b49cd2be1ca01
  c919e29133c223678c47ce048f9c291e39333c72e6d8e5002ac24df5
  f301 84e71bc00bd63b5f0282e59c9c8c6969300f380d  # delta of 19, of the first
  789c7bc0f8807142089b8fa79fab82f1443be989a5d90043ac0683
  6bdddf648904d8bf3df71659155d61d6886c410d
`);

/** The index of the first pack. */
export const GIT_PACK_INDEX = hex(`
  ff744f63 00000002
  ${"00000000".repeat(0x59)}
  ${"00000001".repeat(0x84 - 0x59)}
  ${"00000002".repeat(0x100 - 0x84)}
  59b16977d9cc8c69c4170ff20b65c2f0150ca386
  84e71bc00bd63b5f0282e59c9c8c6969300f380d
  6d489559 51405700
  0000004a 0000000c
  46ed8ec868c3b616d45e5b33db694f6cd9899db5
  a30971781f0e34e79ebcb829d32359de9b030cf1
`);

function lines(): string[] {
  return Array.from(
    { length: 8 },
    (_, index) => `line ${index} of the first content\n`,
  );
}
