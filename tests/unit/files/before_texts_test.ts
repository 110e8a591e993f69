import assert from "node:assert/strict";
import { BeforeTexts } from "../../../agent/files/before_texts.ts";
import { ascii } from "../decode/hellos.ts";

const KIB = 1024;

Deno.test("BeforeTexts gives back what it keeps, also nothing at all", () => {
  const texts = new BeforeTexts();
  const contents = ["", "a\n", "line\n".repeat(10_000), "\0\xff"].map(ascii);

  for (const [index, content] of contents.entries()) {
    assert.equal(texts.keep(`${index}`, content), true);
  }
  for (const [index, content] of contents.entries()) {
    assert.deepEqual(texts.find(`${index}`), content);
  }
  assert.equal(texts.find("none"), null);
});

Deno.test("BeforeTexts keeps the first ones when it is full", () => {
  const texts = new BeforeTexts(64 * KIB);
  const kept: string[] = [];
  for (let index = 0; index < 1_000; index++) {
    // Nothing that deflates well.
    const content = crypto.getRandomValues(new Uint8Array(KIB));
    if (texts.keep(`${index}`, content)) kept.push(`${index}`);
  }

  assert.equal(kept[0], "0");
  assert.ok(kept.length > 40 && kept.length < 64, `${kept.length} are kept`);
  assert.ok(kept.every((oid) => texts.find(oid)?.length === KIB));
  assert.equal(texts.keep("0", new Uint8Array(KIB)), true);
});

Deno.test("BeforeTexts has room again for what is forgotten", () => {
  const texts = new BeforeTexts(KIB);
  const empty = new Uint8Array(0);
  let count = 0;
  while (texts.keep(`${count}`, empty)) count++;
  assert.equal(texts.isFull, true);
  texts.forget("0");
  texts.forget("0");

  assert.equal(texts.find("0"), null);
  assert.equal(texts.isFull, false);
  assert.equal(texts.keep("0", empty), true);
  assert.equal(texts.keep(`${count}`, empty), false);
});

Deno.test("BeforeTexts takes no room for what is too long", () => {
  const texts = new BeforeTexts();

  assert.equal(texts.keep("a", new Uint8Array((1 << 18) + 1)), false);
  assert.equal(texts.keep("a", new Uint8Array(1 << 18)), true);
});
