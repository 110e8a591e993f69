import assert from "node:assert/strict";
import fc from "fast-check";
import { MARK_MASK, withMark } from "../../../agent/enforce/marks.ts";
import { guardRules } from "../../../agent/enforce/rules.ts";
import { anyGuard, anyPacket } from "./guards.ts";
import { type Passing, traverse } from "./rule_machine.ts";

const anyFamily = fc.constantFrom(4 as const, 6 as const);

/** Each is the first packet of something new under the mark of something old. */
const NEW: readonly {
  readonly name: string;
  readonly hooks: readonly ("INPUT" | "OUTPUT" | "FORWARD")[];
  readonly fields: Partial<Passing>;
}[] = [
  {
    name: "a SYN between ports that were let go before",
    hooks: ["OUTPUT", "FORWARD"],
    fields: { protocol: "tcp", isSyn: true },
  },
  {
    name: "a connection that a helper expects",
    hooks: ["INPUT", "OUTPUT", "FORWARD"],
    fields: { state: "RELATED", isHelped: true, isSyn: false },
  },
];

for (const { name, hooks, fields } of NEW) {
  Deno.test(`renewRules() takes the mark from ${name}`, () => {
    fc.assert(
      fc.property(
        ...[anyGuard, anyFamily, anyPacket, fc.constantFrom(...hooks)] as const,
        (any, family, anyOne, hook) => {
          const guarded = { ...any, cgroup: null };
          const { allowMark } = guarded.slot;
          const connmark = withMark(anyOne.connmark, allowMark);
          const packet = { ...anyOne, ...fields, connmark };
          const rules = guardRules(guarded, family);
          traverse(rules, { table: "mangle", hook, packet });
          assert.equal(packet.connmark, connmark & ~MARK_MASK);
        },
      ),
    );
  });
}
