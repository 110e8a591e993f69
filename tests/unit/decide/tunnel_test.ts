import assert from "node:assert/strict";
import { TunnelDetector } from "../../../agent/decide/tunnel.ts";
import { TUNNEL_LIMITS } from "../../../agent/decide/tunnel_limits.ts";
import { DNS_TYPE } from "../../../agent/decode/dns_type.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const { A, AAAA, HTTPS, NULL, PTR, SRV, TXT } = DNS_TYPE;

/** Limits that are soon reached. */
const STRICT = {
  ...TUNNEL_LIMITS,
  nameBytes: { ...TUNNEL_LIMITS.nameBytes, amount: 4096 },
};

/** One query of a sample, `everyMs` after the one before. */
interface Asked {
  readonly name: string;
  readonly type: number;
  readonly domain: string;
}

/** Numbers that look random and are the same each time. */
function* digits(seed: number): Generator<number> {
  let state = seed;
  for (;;) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9 | 0;
    yield (state >>> 8) & 0xffff;
  }
}

function randomText(
  alphabet: string,
  { length, from }: { length: number; from: Generator<number> },
): string {
  let text = "";
  while (text.length < length) {
    text += alphabet[from.next().value % alphabet.length];
  }
  return text;
}

const HEX = "0123456789abcdef";
const BASE32 = "abcdefghijklmnopqrstuvwxyz012345";

/** Names with this many labels of this many characters, all different. */
function tunnelNames(
  count: number,
  shape: { labels: number[]; alphabet: string; domain: string },
): string[] {
  const from = digits(count);
  return Array.from({ length: count }, () => {
    const labels = shape.labels.map((length) =>
      randomText(shape.alphabet, { length, from })
    );
    return [...labels, shape.domain].join(".");
  });
}

/** How often something was found, and what the first time. */
function watch(queries: readonly Asked[], everyMs: number) {
  const detector = new TunnelDetector();
  const found: { at: number; sign: string; isNews: boolean }[] = [];
  for (const [at, query] of queries.entries()) {
    const finding = detector.observe(query, at * everyMs);
    if (finding !== null) found.push({ at, ...finding });
  }
  return found;
}

function ask(
  domain: string,
  hosts: readonly string[],
  types: readonly number[] = [A, AAAA],
) {
  return hosts.flatMap((host) =>
    types.map((type) => ({
      name: host === "" ? domain : `${host}.${domain}`,
      type,
      domain,
    }))
  );
}

function repeat<T>(list: readonly T[], times: number): T[] {
  return Array.from({ length: times }, () => list).flat();
}

/** Ten digits, as the shards and regions of real services are numbered. */
function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`);
}

const QUIET: readonly {
  name: string;
  queries: readonly Asked[];
  everyMs: number;
}[] = [
  {
    name: "npm, which looks its host up for each of 20000 packages",
    queries: repeat(ask("npmjs.test", ["registry"]), 20_000),
    everyMs: 2,
  },
  {
    name: "apt with its mirrors and their SRV records",
    queries: [
      ...ask("debian.test", ["deb", "security", "ftp.de", "cdn-fastly.deb"]),
      ...ask("debian.test", ["_http._tcp.deb", "_http._tcp.security"], [SRV]),
      ...ask("ubuntu.test", ["archive", "security", "azure.archive", "esm"]),
    ],
    everyMs: 20,
  },
  {
    name: "git and a forge's hosts, all at once",
    queries: repeat(
      ask("github.test", [
        "",
        "api",
        "codeload",
        "uploads",
        "gist",
        "objects-origin",
        "pkg-containers",
        "lfs",
        "ghcr",
      ], [A, AAAA, HTTPS]),
      200,
    ),
    everyMs: 1,
  },
  {
    name: "a registry of images with its regions and storage accounts",
    queries: [
      ...ask("docker.test", ["registry-1", "auth", "index", "hub"]),
      ...ask("cloudflarestorage.test", [
        "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2",
      ]),
      ...ask(
        "windows.test",
        numbered("productionresultssa", 20).map((each) => `${each}.blob.core`),
      ),
      ...ask(
        "amazonaws.test",
        numbered("prod-eu-west-", 8).map((each) =>
          `${each}-starport-layer-bucket.s3.dualstack`
        ),
      ),
    ],
    everyMs: 5,
  },
  {
    name: "sixty names of a CDN that are hashes",
    queries: tunnelNames(60, {
      labels: [32],
      alphabet: HEX,
      domain: "cdn.test",
    }).flatMap((name) =>
      [A, AAAA, HTTPS].map((type) => ({ name, type, domain: "cdn.test" }))
    ),
    everyMs: 50,
  },
  {
    name: "a balancer's generated name in every region",
    queries: ask(
      "elb.test",
      numbered("internal-k8s-ingress-prod-0f3c9d2b7a-18273645", 40).map((
        each,
      ) => `${each}.eu-central-1`),
    ),
    everyMs: 100,
  },
  {
    name: "a browser test that opens a page of ninety hosts",
    queries: ask("shop.test", numbered("img-", 90), [A, AAAA, HTTPS]),
    everyMs: 10,
  },
  {
    name: "a mail server's tests with their policies",
    queries: ask("mail.test", [
      "",
      "_dmarc",
      "s1._domainkey",
      "s2._domainkey",
      "_smtp._tls",
      "_mta-sts",
    ], [TXT]),
    everyMs: 200,
  },
  {
    name: "a virus scanner that asks for its version every three minutes",
    queries: repeat(ask("clamav.test", ["current.cvd"], [TXT]), 480),
    everyMs: 180_000,
  },
  {
    name: "a name for each address of a network, by the minute",
    queries: ask("10.in-addr.arpa", numbered("7.0.", 250), [PTR]),
    everyMs: 700,
  },
  {
    name: "a week of builds, each with thirty new host names a day",
    queries: numbered("build-", 210).flatMap((host) =>
      repeat(ask("corp.test", [host]), 5)
    ),
    everyMs: 7 * DAY_MS / 2100,
  },
];

for (const { name, queries, everyMs } of QUIET) {
  Deno.test(`TunnelDetector stays quiet for ${name}`, () => {
    assert.ok(queries.length > 0);
    assert.deepEqual(watch(queries, everyMs), []);
  });
}

const FOUND: readonly {
  name: string;
  names: readonly string[];
  type: number;
  everyMs: number;
  /** The first that is found is at most this one. */
  by: number;
  sign: string;
}[] = [
  {
    // Names are filled to 253 characters, upstream data in Base32.
    name: "iodine's names, full to the last byte",
    names: tunnelNames(60, {
      labels: [57, 57, 57, 57],
      alphabet: BASE32,
      domain: "t.evil.test",
    }),
    type: NULL,
    everyMs: 20,
    by: 40,
    sign: "longNames",
  },
  {
    name: "iodine that waits, with empty names of few characters",
    names: tunnelNames(400, {
      labels: [6],
      alphabet: BASE32,
      domain: "t.evil.test",
    }),
    type: NULL,
    everyMs: 4000,
    by: 270,
    sign: "freeTypes",
  },
  {
    // Hexadecimal in labels of 62, a query each second.
    name: "dnscat's names by address records",
    names: tunnelNames(200, {
      labels: [62, 62, 34],
      alphabet: HEX,
      domain: "evil.test",
    }),
    type: A,
    everyMs: 1000,
    by: 40,
    sign: "longNames",
  },
  {
    name: "dnscat that has nothing to say, 18 digits a second",
    names: tunnelNames(2000, {
      labels: [18],
      alphabet: HEX,
      domain: "evil.test",
    }),
    type: A,
    everyMs: 1000,
    by: 1870,
    sign: "nameBytes",
  },
  {
    name: "a slow drip of thirty characters each half minute",
    names: tunnelNames(2000, {
      labels: [30],
      alphabet: HEX,
      domain: "evil.test",
    }),
    type: A,
    everyMs: MINUTE_MS / 2,
    by: 1800,
    sign: "nameBytes",
  },
  {
    name: "a slower drip of sixty characters each minute",
    names: tunnelNames(1000, {
      labels: [60],
      alphabet: BASE32,
      domain: "evil.test",
    }),
    type: AAAA,
    everyMs: MINUTE_MS,
    by: 900,
    sign: "nameBytes",
  },
  {
    name: "words that are in a dictionary, one for each bit",
    names: numbered("blue-house-", 1500).map((host) => `${host}.evil.test`),
    type: A,
    everyMs: 10,
    by: 1250,
    sign: "names",
  },
  {
    name: "commands fetched from one name's TXT",
    names: Array.from({ length: 600 }, () => "c.evil.test"),
    type: TXT,
    everyMs: 10 * SECOND_MS,
    by: 460,
    sign: "freeTypes",
  },
];

for (const { name, names, type, everyMs, by, sign } of FOUND) {
  Deno.test(`TunnelDetector finds ${name}`, () => {
    const domain = "evil.test";
    const found = watch(
      names.map((each) => ({ name: each, type, domain })),
      everyMs,
    );

    assert.ok(found.length > 0, `nothing in ${names.length}`);
    assert.equal(found[0]!.sign, sign);
    assert.ok(found[0]!.at <= by, `found at ${found[0]!.at}, ${by} is wanted`);
  });
}

Deno.test("TunnelDetector lets no more than its limit out in names of one domain", () => {
  const detector = new TunnelDetector();
  const names = tunnelNames(2000, {
    labels: [40],
    alphabet: BASE32,
    domain: "evil.test",
  });
  let bytes = 0;
  for (const name of names) {
    const query = { name, type: A, domain: "evil.test" };
    if (detector.observe(query, 0) === null) bytes += 40;
  }

  assert.ok(bytes <= TUNNEL_LIMITS.nameBytes.amount);
  assert.ok(bytes > TUNNEL_LIMITS.nameBytes.amount - 100);
});

Deno.test("TunnelDetector keeps what is known free past the limit", () => {
  const detector = new TunnelDetector();
  const query = { name: "registry.evil.test", type: A, domain: "evil.test" };
  detector.observe(query, 0);
  for (const host of numbered("x", 2000)) {
    detector.observe({ ...query, name: `${host}.evil.test` }, 0);
  }

  assert.equal(detector.observe(query, 0), null);
  assert.notEqual(
    detector.observe({ ...query, name: "new.evil.test" }, 0),
    null,
  );
});

Deno.test("TunnelDetector recovers as time passes", () => {
  const detector = new TunnelDetector();
  const askFor = (host: string, nowMs: number) =>
    detector.observe(
      { name: `${host}.evil.test`, type: A, domain: "evil.test" },
      nowMs,
    );
  for (const host of numbered("x", 2000)) askFor(host, 0);

  assert.notEqual(askFor("next", 0), null);
  assert.equal(askFor("next", MINUTE_MS), null);
});

Deno.test("TunnelDetector says the same of a domain once an hour", () => {
  const names = tunnelNames(16 * 60, {
    labels: [45, 45],
    alphabet: HEX,
    domain: "evil.test",
  });
  const found = watch(
    names.map((name) => ({ name, type: A, domain: "evil.test" })),
    MINUTE_MS,
  );
  const news = found.filter(({ isNews }) => isNews).map(({ at }) => at);

  assert.ok(found.length > 100);
  const first = found[0]!.at;
  assert.deepEqual(news[0], first);
  for (const [index, at] of news.slice(1).entries()) {
    assert.ok(at - news[index]! >= 60, `${at} after ${news[index]}`);
  }
  assert.ok(news.length >= 5, `${news.length}`);
});

Deno.test("TunnelDetector counts each domain for itself", () => {
  const detector = new TunnelDetector();
  for (const at of Array(300).keys()) {
    const domain = `d${at % 10}.test`;
    const query = { name: `host-number-${at}.${domain}`, type: A, domain };
    assert.equal(detector.observe(query, at), null);
  }
});

Deno.test("TunnelDetector counts the domain itself as a name without bytes", () => {
  const limits = {
    ...TUNNEL_LIMITS,
    nameBytes: { amount: 8, periodMs: DAY_MS },
  };
  const detector = new TunnelDetector(limits);
  const query = { name: "evil.test", type: A, domain: "evil.test" };

  assert.equal(detector.observe(query, 0), null);
  assert.equal(detector.observe({ ...query, name: "a.evil.test" }, 0), null);
  assert.deepEqual(detector.observe({ ...query, name: "b.evil.test" }, 0), {
    sign: "nameBytes",
    isNews: true,
    names: 2,
    nameBytes: 8,
  });
});

Deno.test("TunnelDetector takes a name whole that is not under its domain", () => {
  const limits = {
    ...TUNNEL_LIMITS,
    nameBytes: { amount: 20, periodMs: DAY_MS },
  };
  const detector = new TunnelDetector(limits);
  const query = {
    name: "x.notevil.test.example",
    type: A,
    domain: "evil.test",
  };

  assert.equal(detector.observe(query, 0)?.sign, "nameBytes");
});

Deno.test("TunnelDetector knows a name that is asked for each day for ever", () => {
  const limits = {
    ...TUNNEL_LIMITS,
    // Nothing comes back: a name that was new twice would be found.
    nameBytes: { amount: 12, periodMs: Infinity },
  };
  const detector = new TunnelDetector(limits);
  const query = { name: "registry.corp.test", type: A, domain: "corp.test" };
  for (let day = 0; day < 30; day++) {
    assert.equal(detector.observe(query, day * DAY_MS), null, `day ${day}`);
  }
});

Deno.test("TunnelDetector forgets a name that nobody asks for in two days", () => {
  const limits = {
    ...TUNNEL_LIMITS,
    nameBytes: { amount: 12, periodMs: Infinity },
  };
  const detector = new TunnelDetector(limits);
  const query = { name: "registry.corp.test", type: A, domain: "corp.test" };
  detector.observe(query, 0);

  assert.equal(detector.observe(query, 2 * DAY_MS)?.sign, "nameBytes");
});

Deno.test("TunnelDetector does not forget a busy domain for ten thousand others", () => {
  const detector = new TunnelDetector(STRICT);
  const evil = tunnelNames(200, {
    labels: [50],
    alphabet: HEX,
    domain: "evil.test",
  }).map((name) => ({ name, type: A, domain: "evil.test" }));
  const found: unknown[] = [];
  for (const [at, query] of evil.entries()) {
    // Enough for the quiet ones to be forgotten, once the domain is busy.
    for (const host of at > 30 ? numbered(`other-${at}-`, 600) : []) {
      detector.observe({
        name: `${host}.test`,
        type: A,
        domain: `${host}.test`,
      }, at);
    }
    found.push(detector.observe(query, at));
  }

  assert.ok(detector.lost > 10_000, `${detector.lost}`);
  assert.equal(found.slice(0, 80).every((each) => each === null), true);
  assert.equal(found.slice(82).every((each) => each !== null), true);
});

Deno.test("TunnelDetector does not forget what it has found for many others", () => {
  const detector = new TunnelDetector();
  const query = { name: "c.evil.test", type: TXT, domain: "evil.test" };
  for (let count = 0; count < 200; count++) detector.observe(query, 0);
  assert.equal(detector.observe(query, 0)?.isNews, true);
  for (const host of numbered("other-", 600)) {
    detector.observe(
      { name: `${host}.test`, type: A, domain: `${host}.test` },
      0,
    );
  }

  assert.equal(detector.observe(query, 0)?.isNews, false);
});

Deno.test("TunnelDetector's memory is bounded", () => {
  const detector = new TunnelDetector();
  // Every domain to the edge of being busy, with the shortest names that count.
  for (const domain of numbered("domain-", 3000)) {
    for (const host of numbered("host-", 255)) {
      detector.observe({ name: `${host}.${domain}`, type: A, domain }, 0);
    }
  }

  assert.equal(detector.lost > 0, true);
  assert.ok(detector.size <= 576, `${detector.size}`);
});
