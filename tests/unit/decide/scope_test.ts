import assert from "node:assert/strict";
import type { Sender } from "../../../agent/decide/decision.ts";
import {
  coversScope,
  hashedPrograms,
  holdsFor,
  isSenderScoped,
  isStepScoped,
  mayHoldFor,
  needsAncestors,
  type Scope,
  UNSCOPED,
} from "../../../agent/decide/scope.ts";
import { NOBODY, policyOf, type PolicyTexts } from "./policies.ts";

const HASH = "ab".repeat(32);

/** A sender of which everything is known. */
const KNOWN: Sender = {
  exe: "/usr/bin/curl",
  step: "Build",
  isRunner: false,
  ancestors: ["/usr/bin/dash", "/usr/bin/make"],
  isAncestryWhole: true,
  sha256: HASH,
};

// `allow` and `deny`: whether an entry of that list is for the sender.
const SCOPES: readonly {
  name: string;
  scope: Partial<Scope>;
  sender?: Sender;
  allow: boolean;
  deny: boolean;
}[] = [
  { name: "for everybody", scope: {}, allow: true, deny: true },
  {
    name: "for everybody, of somebody unknown",
    scope: {},
    sender: NOBODY,
    allow: true,
    deny: true,
  },
  { name: "its step", scope: { step: "Build" }, allow: true, deny: true },
  { name: "another step", scope: { step: "build" }, allow: false, deny: false },
  {
    name: "a step, of somebody unknown",
    scope: { step: "Build" },
    sender: NOBODY,
    allow: false,
    deny: true,
  },
  {
    name: "its program",
    scope: { process: "/usr/bin/curl" },
    allow: true,
    deny: true,
  },
  {
    name: "another program",
    scope: { process: "/usr/bin/wget" },
    allow: false,
    deny: false,
  },
  {
    name: "a program, of somebody unknown",
    scope: { process: "/usr/bin/curl" },
    sender: NOBODY,
    allow: false,
    deny: true,
  },
  {
    name: "its content",
    scope: { process: "/usr/bin/curl", sha256: HASH },
    allow: true,
    deny: true,
  },
  {
    name: "another content",
    scope: { process: "/usr/bin/curl", sha256: "cd".repeat(32) },
    allow: false,
    deny: false,
  },
  {
    name: "a content that was not read",
    scope: { process: "/usr/bin/curl", sha256: HASH },
    sender: { ...KNOWN, sha256: null },
    allow: false,
    deny: true,
  },
  {
    name: "what is far above it",
    scope: { ancestor: "/usr/bin/make" },
    allow: true,
    deny: true,
  },
  {
    name: "what is not above it",
    scope: { ancestor: "/usr/bin/npm" },
    allow: false,
    deny: false,
  },
  {
    name: "itself, which is not above itself",
    scope: { ancestor: "/usr/bin/curl" },
    allow: false,
    deny: false,
  },
  {
    name: "what is not among those that are known above it",
    scope: { ancestor: "/usr/bin/npm" },
    sender: { ...KNOWN, isAncestryWhole: false },
    allow: false,
    deny: true,
  },
  {
    name: "something above somebody unknown",
    scope: { ancestor: "/usr/bin/make" },
    sender: NOBODY,
    allow: false,
    deny: true,
  },
  {
    name: "the runner, of a step",
    scope: { runner: true },
    allow: false,
    deny: true,
  },
  {
    name: "the runner, of nobody",
    scope: { runner: true },
    sender: NOBODY,
    allow: false,
    deny: true,
  },
  {
    name: "the runner, of itself",
    scope: { runner: true },
    sender: { ...KNOWN, isRunner: true },
    allow: true,
    deny: true,
  },
  {
    name: "its step and another program",
    scope: { step: "Build", process: "/usr/bin/wget" },
    allow: false,
    deny: false,
  },
];

for (const { name, scope, sender = KNOWN, allow, deny } of SCOPES) {
  const entry = { ...UNSCOPED, ...scope };
  Deno.test(`holdsFor() asks an allow entry for ${name}`, () => {
    assert.equal(holdsFor(entry, sender), allow);
  });
  Deno.test(`mayHoldFor() asks a deny entry for ${name}`, () => {
    assert.equal(mayHoldFor(entry, sender), deny);
  });
}

Deno.test("coversScope() says that everybody is more than one of them", () => {
  for (const { scope } of SCOPES) {
    const narrow = { ...UNSCOPED, ...scope };
    assert.ok(coversScope(UNSCOPED, narrow));
    assert.ok(coversScope(narrow, narrow));
    const isNarrow = Object.keys(scope).length > 0;
    assert.equal(coversScope(narrow, UNSCOPED), !isNarrow);
  }
});

/** What is asked about the senders of a policy. */
const ASKED: readonly {
  name: string;
  texts: PolicyTexts;
  asks: readonly string[];
}[] = [
  { name: "no scope", texts: { allow: ["a.example"] }, asks: [] },
  {
    name: "a step",
    texts: { deny: [{ text: "a.example", step: "Build" }] },
    asks: ["step", "sender"],
  },
  {
    name: "a program",
    texts: { proxy: [{ text: "a.example:3128", process: "/a" }] },
    asks: ["sender"],
  },
  {
    name: "a program's content",
    texts: { allow: [{ text: "a.example", process: "/a", sha256: HASH }] },
    asks: ["hash", "sender"],
  },
  {
    name: "an ancestor",
    texts: { allow: [{ text: "a.example", ancestor: "/a" }] },
    asks: ["ancestors", "sender"],
  },
];

for (const { name, texts, asks } of ASKED) {
  Deno.test(`a policy with ${name} asks for that of its senders`, () => {
    const policy = policyOf(texts);
    const found = {
      step: isStepScoped(policy),
      hash: hashedPrograms(policy).size > 0,
      ancestors: needsAncestors(policy),
      sender: isSenderScoped(policy),
    };
    const asked = Object.entries(found).filter(([, is]) => is);
    assert.deepEqual(asked.map(([what]) => what), asks);
  });
}

Deno.test("hashedPrograms() names the programs whose content is asked for", () => {
  const policy = policyOf({
    allow: [
      { text: "a.example", process: "/a", sha256: HASH },
      { text: "b.example", process: "/b" },
    ],
    deny: [{ text: "c.example", process: "/c", sha256: HASH }],
  });
  assert.deepEqual([...hashedPrograms(policy)], ["/a", "/c"]);
});
