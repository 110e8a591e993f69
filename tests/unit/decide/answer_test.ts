import assert from "node:assert/strict";
import fc from "fast-check";
import { learnedFrom } from "../../../agent/decide/answer.ts";
import type { DnsMessage, DnsRecord } from "../../../agent/decode/dns.ts";
import { formatAddress } from "../../../agent/decode/address.ts";
import { hex } from "../../hex.ts";
import { addressOf } from "./policies.ts";

const QUESTION = { name: "a.example", type: 1, class: 1 };

/** `a.example 60 A 192.0.2.1` as a record. */
function record(text: string): DnsRecord {
  const [name = "", ttl, type, value = ""] = text.split(" ");
  const isName = type === "CNAME" || type === "NS";
  const TYPES: Record<string, number> = { A: 1, NS: 2, CNAME: 5, AAAA: 28 };
  return {
    name,
    type: TYPES[type ?? ""] ?? 16,
    class: 1,
    ttlSeconds: Number(ttl),
    data: isName ? new Uint8Array() : addressOf(value),
    target: isName ? value : null,
  };
}

/** An answer with these records. */
function answer(
  records: readonly string[],
  change: Partial<DnsMessage> = {},
): DnsMessage {
  return {
    id: 1,
    response: true,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: true,
    reserved: false,
    rcode: 0,
    questions: [{ ...QUESTION, bytes: new Uint8Array() }],
    answers: records.map(record),
    authorities: [],
    additionals: [],
    edns: null,
    questionEnd: 0,
    trailingBytes: 0,
    ...change,
  };
}

function show(message: DnsMessage, name = "a.example"): string[] {
  return learnedFrom(message, { ...QUESTION, name }).map((learned) =>
    `${formatAddress(learned.address)} ${learned.ttlSeconds}`
  );
}

const LEARNED: readonly {
  name: string;
  records: readonly string[];
  learned: readonly string[];
}[] = [
  { name: "nothing from an empty answer", records: [], learned: [] },
  {
    name: "every address of the name",
    records: ["a.example 60 A 192.0.2.1", "a.example 30 AAAA 2001:db8::1"],
    learned: ["192.0.2.1 60", "2001:db8::1 30"],
  },
  {
    name: "the end of a chain, with its shortest life",
    records: [
      "a.example 10 CNAME b.example",
      "b.example 60 CNAME c.example",
      "c.example 30 A 192.0.2.1",
    ],
    learned: ["192.0.2.1 10"],
  },
  {
    name: "the life of an address that is shorter than its chain's",
    records: ["a.example 60 CNAME b.example", "b.example 5 A 192.0.2.1"],
    learned: ["192.0.2.1 5"],
  },
  {
    name: "a chain whose records stand backwards",
    records: [
      "c.example 30 A 192.0.2.1",
      "b.example 20 CNAME c.example",
      "a.example 60 CNAME b.example",
    ],
    learned: ["192.0.2.1 20"],
  },
  {
    name: "no address of a name that was not asked for",
    records: ["a.example 60 A 192.0.2.1", "evil.example 60 A 192.0.2.66"],
    learned: ["192.0.2.1 60"],
  },
  {
    name: "no address of a name that only leads to the chain",
    records: [
      "evil.example 60 CNAME a.example",
      "evil.example 60 A 192.0.2.66",
      "a.example 60 A 192.0.2.1",
    ],
    learned: ["192.0.2.1 60"],
  },
  {
    name: "nothing from a chain that is broken",
    records: ["a.example 60 CNAME b.example", "c.example 60 A 192.0.2.1"],
    learned: [],
  },
  {
    name: "nothing from a loop",
    records: ["a.example 60 CNAME b.example", "b.example 60 CNAME a.example"],
    learned: [],
  },
  {
    name: "nothing from an alias of itself",
    records: ["a.example 60 CNAME a.example"],
    learned: [],
  },
  {
    name: "the first of two aliases",
    records: [
      "a.example 60 CNAME b.example",
      "a.example 60 CNAME evil.example",
      "evil.example 60 A 192.0.2.66",
      "b.example 60 A 192.0.2.1",
    ],
    learned: ["192.0.2.1 60"],
  },
  {
    name: "nothing from a delegation",
    records: ["a.example 60 NS b.example", "b.example 60 A 192.0.2.1"],
    learned: [],
  },
  {
    name: "TTL 0 for one with its top bit set",
    records: [`a.example ${2 ** 31} A 192.0.2.1`],
    learned: ["192.0.2.1 0"],
  },
];

for (const { name, records, learned } of LEARNED) {
  Deno.test(`learnedFrom() learns ${name}`, () => {
    assert.deepEqual(show(answer(records)), learned);
  });
}

const RECORDS = ["a.example 60 A 192.0.2.1"];
const IGNORED: readonly { name: string; message: DnsMessage }[] = [
  { name: "a query", message: answer(RECORDS, { response: false }) },
  { name: "NXDOMAIN", message: answer(RECORDS, { rcode: 3 }) },
  {
    name: "the additional section",
    message: answer([], { additionals: RECORDS.map(record) }),
  },
  {
    name: "another class",
    message: answer([], { answers: [{ ...record(RECORDS[0]!), class: 3 }] }),
  },
  {
    name: "an address of three bytes",
    message: answer([], {
      answers: [{ ...record(RECORDS[0]!), data: new Uint8Array(3) }],
    }),
  },
];

for (const { name, message } of IGNORED) {
  Deno.test(`learnedFrom() learns nothing from ${name}`, () => {
    assert.deepEqual(show(message), []);
  });
}

Deno.test("learnedFrom() learns nothing for a question of another class", () => {
  const question = { ...QUESTION, class: 3 };
  assert.deepEqual(learnedFrom(answer(RECORDS), question), []);
});

Deno.test("learnedFrom() takes a truncated answer for what it has", () => {
  assert.equal(show(answer(RECORDS, { truncated: true })).length, 1);
});

Deno.test("learnedFrom() learns the same whatever the records' order", () => {
  const chain = [
    "a.example 60 CNAME b.example",
    "b.example 50 CNAME c.example",
    "c.example 40 CNAME d.example",
    "d.example 30 A 192.0.2.1",
    "d.example 70 A 192.0.2.2",
    "x.example 10 A 192.0.2.66",
  ];
  fc.assert(
    fc.property(
      fc.shuffledSubarray(chain, { minLength: chain.length }),
      (records) => {
        assert.deepEqual(show(answer(records)).toSorted(), [
          "192.0.2.1 30",
          "192.0.2.2 40",
        ]);
      },
    ),
  );
});

/** RFC 9460 section 2.2: a priority, the owner itself, and one hint. */
function serviceRecord(name: string, priority = 1): DnsRecord {
  const data = hex(`000${priority} 00 0004 0004 c0000209`);
  return { name, type: 65, class: 1, ttlSeconds: 20, data, target: null };
}

const HINTED: readonly {
  name: string;
  asked: string;
  type?: number;
  record: DnsRecord;
  learned: readonly string[];
}[] = [
  {
    name: "the hints of the name's own record",
    asked: "a.example",
    record: serviceRecord("a.example"),
    learned: ["a.example 192.0.2.9 20"],
  },
  {
    name: "the hints of another port for its host",
    asked: "_8443._https.a.example",
    record: serviceRecord("_8443._https.a.example"),
    learned: ["a.example 192.0.2.9 20"],
  },
  {
    name: "no hint of an alias",
    asked: "a.example",
    record: serviceRecord("a.example", 0),
    learned: [],
  },
  {
    name: "no hint of a name that was not asked for",
    asked: "a.example",
    record: serviceRecord("b.example"),
    learned: [],
  },
  {
    name: "no hint that was not asked for",
    asked: "a.example",
    type: 1,
    record: serviceRecord("a.example"),
    learned: [],
  },
];

for (const { name, asked, type = 65, record, learned } of HINTED) {
  Deno.test(`learnedFrom() takes ${name}`, () => {
    const message = answer([], { answers: [record] });
    const found = learnedFrom(message, { name: asked, type, class: 1 });
    assert.deepEqual(
      found.map(({ name, address, ttlSeconds }) =>
        `${name} ${formatAddress(address)} ${ttlSeconds}`
      ),
      learned,
    );
  });
}
