import assert from "node:assert/strict";
import { QUIC_VERSION } from "../../../agent/decode/quic_header.ts";
import { deriveClientKeys } from "../../../agent/decode/quic_keys.ts";
import { hex } from "../../hex.ts";
import { VECTOR_DESTINATION } from "./quic_vectors.ts";

const ROWS: readonly {
  name: string;
  version: number;
  keys: { key: string; iv: string; headerKey: string };
}[] = [
  {
    name: "RFC 9001 A.1",
    version: QUIC_VERSION.V1,
    keys: {
      key: "1f369613dd76d5467730efcbe3b1a22d",
      iv: "fa044b2f42a3fd3b46fb255c",
      headerKey: "9f50449e04a0e810283a1e9933adedd2",
    },
  },
  {
    name: "RFC 9369 A.1",
    version: QUIC_VERSION.V2,
    keys: {
      key: "8b1a0bc121284290a29e0971b5cd045d",
      iv: "91f73e2351d8fa91660e909f",
      headerKey: "45b95e15235d6f45a6b19cbcb0294ba9",
    },
  },
];

for (const { name, version, keys } of ROWS) {
  Deno.test(`deriveClientKeys() derives the keys of ${name}`, () => {
    assert.deepEqual(deriveClientKeys(version, hex(VECTOR_DESTINATION)), {
      key: hex(keys.key),
      iv: hex(keys.iv),
      headerKey: hex(keys.headerKey),
    });
  });
}
