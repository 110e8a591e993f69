import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Annotation,
  annotationLine,
  annotationLines,
} from "../../../agent/report/annotations.ts";

function annotation(message: string): Annotation {
  return { level: "error", title: "Sluice: refused", message };
}

Deno.test("annotationLine() writes what the runner reads", () => {
  assert.equal(
    annotationLine(annotation("50% of\na.test:443")),
    "::error title=Sluice%3A refused::50%25 of%0Aa.test:443",
  );
});

Deno.test("annotationLine() is one line whose command is ours, whatever it says", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (title, message) => {
    const line = annotationLine({ level: "warning", title, message });
    assert.match(line, /^::warning title=[^:,\r\n]*::[^\r\n]*$/);
  }));
});

Deno.test("annotationLines() shows eight of a kind and says how many more there are", () => {
  const many = Array.from({ length: 20 }, (_, index) => annotation(`${index}`));
  const notice: Annotation = { level: "notice", title: "a", message: "b" };
  const lines = annotationLines([...many, notice]);
  assert.equal(lines.length, 10);
  assert.match(lines[8]!, /^::error .*12 more/);
  assert.match(lines[9]!, /^::notice /);
});
