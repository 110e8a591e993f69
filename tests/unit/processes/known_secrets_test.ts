import assert from "node:assert/strict";
import { KnownSecrets } from "../../../agent/processes/known_secrets.ts";

Deno.test("KnownSecrets keeps what several steps were given, longest first", () => {
  const secrets = new KnownSecrets();
  secrets.learn(["A_TOKEN=12345678"]);
  secrets.learn(["B_TOKEN=1234567890", "A_TOKEN=12345678"]);

  assert.deepEqual(secrets.values, ["1234567890", "12345678"]);
});

Deno.test("KnownSecrets keeps the latest when there are many", () => {
  const secrets = new KnownSecrets();
  for (let index = 0; index < 1_000; index++) {
    secrets.learn([`A_TOKEN=value-${index + 1_000}`]);
  }

  assert.equal(secrets.values.length, 128);
  assert.ok(secrets.values.includes("value-1999"));
  assert.ok(!secrets.values.includes("value-1000"));
});
