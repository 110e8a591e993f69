import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePolicy } from "../../../agent/decide/policy_file.ts";
import type { Event } from "../../../agent/record/event.ts";
import { recommend } from "../../../agent/report/recommendation.ts";
import { renderRecommendation } from "../../../agent/report/recommendation_text.ts";
import type { ScopeChoice } from "../../../agent/report/scope.ts";
import { connection, CURL, fixture, lookUp } from "./samples.ts";
import { readJournal } from "../../../agent/record/read.ts";

const NODE = { ...CURL, exe: "/usr/bin/node" };
const RESOLVED = { ...CURL, exe: "/usr/lib/systemd/systemd-resolved" };
const OTHER = connection({ names: ["other.example"], step: "Other" });

/** The entries that are recommended, each as its line of YAML. */
function entriesOf(
  events: readonly Event[],
  scope: ScopeChoice = "process",
): readonly string[] {
  const text = renderRecommendation(recommend(events, { scope }));
  return [...text.matchAll(/^ {2}- (.*)$/gm)].map(([, entry]) => entry!);
}

const BUILD = { step: "Build" };
const A_BY_CURL_IN_BUILD =
  '{ host: "a.example", step: "Build", process: "/usr/bin/curl" }';

const RECOMMENDED: readonly {
  name: string;
  events: readonly Event[];
  scope?: ScopeChoice;
  entry: string;
}[] = [
  {
    name: "one program of one step",
    events: [lookUp(BUILD), connection(BUILD)],
    entry: A_BY_CURL_IN_BUILD,
  },
  {
    name: "one program of one step, with no scope wanted",
    events: [connection(BUILD)],
    scope: "none",
    entry: "a.example",
  },
  {
    name: "one program of one step, by steps alone",
    events: [connection(BUILD)],
    scope: "step",
    entry: '{ host: "a.example", step: "Build" }',
  },
  {
    name: "two programs of one step",
    events: [connection(BUILD), connection({ ...BUILD, process: NODE })],
    entry: '{ host: "a.example", step: "Build" }',
  },
  {
    name: "one program of two steps",
    events: [connection(BUILD), connection({ step: "Publish" })],
    entry: '{ host: "a.example", process: "/usr/bin/curl" }',
  },
  {
    name: "a step and a sender of none",
    events: [connection(BUILD), connection({ step: null, process: null })],
    entry: "a.example",
  },
  {
    name: "a program in a temporary directory",
    events: [
      connection({ ...BUILD, process: { ...CURL, exe: "/tmp/x/curl" } }),
    ],
    entry: '{ host: "a.example", step: "Build" }',
  },
  {
    name: "a program whose path has its version",
    events: [connection({
      ...BUILD,
      process: { ...CURL, exe: "/opt/hostedtoolcache/node/20.1.0/bin/node" },
    })],
    entry: '{ host: "a.example", step: "Build" }',
  },
  {
    name: "a shell, which is whatever it is given",
    events: [
      connection({ ...BUILD, process: { ...CURL, exe: "/usr/bin/bash" } }),
    ],
    entry: '{ host: "a.example", step: "Build" }',
  },
  {
    name: "a name that another step looks up",
    events: [lookUp({ step: "Publish" }), connection(BUILD)],
    entry: '{ host: "a.example", process: "/usr/bin/curl" }',
  },
  {
    name: "a name that the machine's resolver asks for",
    events: [
      lookUp(BUILD),
      lookUp({ step: null, process: RESOLVED }),
      connection(BUILD),
    ],
    entry: A_BY_CURL_IN_BUILD,
  },
  {
    name: "another port and protocol",
    events: [connection({
      ...BUILD,
      protocol: "udp",
      destination: { address: "198.51.100.1", port: 8443 },
    })],
    scope: "step",
    entry: '{ host: "a.example", port: 8443, protocol: udp, step: "Build" }',
  },
  {
    name: "an address",
    events: [connection({
      ...BUILD,
      names: [],
      destination: { address: "2001:db8::1", port: 443 },
    })],
    scope: "step",
    entry: '{ address: "2001:db8::1", step: "Build" }',
  },
  {
    name: "a look-up alone",
    events: [lookUp(BUILD)],
    scope: "step",
    entry: '{ host: "a.example", protocol: dns, step: "Build" }',
  },
  {
    name: "what was refused then",
    events: [connection({ ...BUILD, enforced: true })],
    scope: "none",
    entry: "a.example # was refused",
  },
];

for (const { name, events, scope, entry } of RECOMMENDED) {
  Deno.test(`recommend() is as tight as it can for ${name}`, () => {
    assert.equal(entriesOf([...events, OTHER], scope)[0], entry);
  });
}

Deno.test("recommend() names no step where there is only one", () => {
  assert.deepEqual(entriesOf([connection(BUILD)], "step"), ["a.example"]);
});

Deno.test("recommend() needs nothing for what the runner does itself", () => {
  const events = [
    connection({
      decision: "allow",
      why: "allowed_name",
      rule: "runner: a.example",
    }),
  ];
  assert.deepEqual(entriesOf(events), []);
});

Deno.test("recommend() keeps an entry for a step that does what the runner does", () => {
  const why = "allowed_name";
  const rule = "runner: a.example";
  const events = [
    lookUp({ decision: "allow", why, rule }),
    connection({ decision: "allow", why, rule }),
    lookUp(BUILD),
    connection(BUILD),
    OTHER,
  ];
  assert.equal(entriesOf(events)[0], A_BY_CURL_IN_BUILD);
});

Deno.test("recommend() lists proxies apart", () => {
  const events = [connection({
    names: ["proxy.example"],
    destination: { address: "198.51.100.9", port: 3128 },
    sni: "a.example",
    asked: { host: "a.example", port: 443 },
    why: "proxy_not_allowed",
  })];
  const text = renderRecommendation(recommend(events, { scope: "step" }));
  const policy = parsePolicy(text, "policy.yml");
  assert.deepEqual(policy.proxy.map((entry) => entry.text), [
    "proxy.example:3128",
  ]);
});

for (
  const journal of [
    "audit_npm_view",
    "block_refused",
    "hostile",
    "killed",
    "said_names",
    "steps",
  ]
) {
  Deno.test(`renderRecommendation() of ${journal} is a policy`, () => {
    const { events, problems } = readJournal(fixture(`${journal}.ndjson`));
    const options = { scope: "process", problems } as const;
    const recommended = recommend(events, options);
    const policy = parsePolicy(renderRecommendation(recommended), "policy.yml");
    assert.equal(policy.allow.length, recommended.allow.length);
  });
}

const anything = fc.string({ unit: "binary", maxLength: 30 });

Deno.test("renderRecommendation() is a policy with the same scopes, whatever a journal holds", () => {
  fc.assert(fc.property(
    fc.array(
      fc.record({
        name: fc.oneof(fc.domain(), anything),
        step: fc.option(anything.filter((step) => step !== "")),
        exe: fc.oneof(anything.map((text) => `/usr/bin/${text}`), anything),
        address: fc.oneof(fc.ipV4(), fc.ipV6(), anything),
        port: fc.integer({ min: 0, max: 65_535 }),
      }),
      { maxLength: 5 },
    ),
    (made) => {
      const events = made.flatMap(({ name, step, exe, address, port }) => {
        const who = { step, process: { ...CURL, exe } };
        return [
          connection({ ...who, names: [name], destination: { address, port } }),
          lookUp({ ...who, name }),
        ];
      });
      const recommended = recommend(events, { scope: "process" });
      const text = renderRecommendation(recommended);
      const { allow } = parsePolicy(text, "policy.yml");
      assert.deepEqual(
        allow.map(({ step, process }) => ({ step, process })),
        recommended.allow.map(({ step, process }) => ({ step, process })),
      );
      assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}\p{Cs}]|##\[|^\s*::/mu);
    },
  ));
});
