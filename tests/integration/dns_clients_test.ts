/** Records that clients use, asked for by the resolvers that they have. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../lab/command.ts";
import { Lab, type LabRunOptions } from "../lab/lab.ts";
import { LARGE, RECORDS } from "../lab/topology.ts";
import { Guarding } from "./guarding.ts";
import { Probe } from "./probing.ts";

const SOURCE = fileURLToPath(new URL("./resolve.c", import.meta.url));
const FLAGS = {
  egress: "block",
  allow: [
    ...["allowed.test", "www.allowed.test", "*.wild.test", "chain.test"],
    ...[LARGE.name, RECORDS.name, RECORDS.hinted, RECORDS.ech],
  ],
} as const;

/** What a client is asked, and what its output must match. */
interface Row {
  readonly record: string;
  readonly client: string;
  /** `@` is the lab's directory. */
  readonly command: readonly string[];
  readonly found: RegExp;
  readonly options?: LabRunOptions;
}

const V4 = /203\.0\.113\.10/;
const BOTH =
  /(203\.0\.113\.10[^]*2001:db8:2::10|2001:db8:2::10[^]*203\.0\.113\.10)/;
const SEARCH = { env: { LOCALDOMAIN: "allowed.test" } };
/** More than a UDP answer holds. */
const ALL = new RegExp(
  `(203\\.0\\.113\\.\\d+\\s+(STREAM\\s+)?){${LARGE.count}}`,
);

function python(expression: string): string[] {
  const code = `import socket; print(${expression})`;
  return ["/usr/bin/python3", "-I", "-c", code];
}

function node(call: string): string[] {
  return [
    "node",
    "-e",
    `require("node:dns").promises.${call}.then(console.log)`,
  ];
}

function rows(
  record: string,
  of: {
    readonly found: RegExp;
    readonly options?: LabRunOptions;
    readonly by: Readonly<Record<string, readonly string[]>>;
  },
): Row[] {
  const { by, ...rest } = of;
  return Object.entries(by).map(([client, command]) => ({
    ...{ record, client, command },
    ...rest,
  }));
}

const NAME = "allowed.test";
const ROWS: readonly Row[] = [
  ...rows("A and AAAA", {
    found: BOTH,
    by: {
      glibc: ["@/glibc", NAME],
      musl: ["@/musl", NAME],
      python: python(`socket.getaddrinfo("${NAME}", 443)`),
      "node lookup": node(`lookup("${NAME}", { all: true })`),
      "node resolve": [
        ...["node", "-e"],
        `const d = require("node:dns").promises; Promise.all([
          d.resolve4("${NAME}"), d.resolve6("${NAME}")]).then(console.log)`,
      ],
      dig: ["dig", "+short", NAME, "A", NAME, "AAAA"],
    },
  }),
  ...rows("CNAME", {
    found: /203\.0\.113\.20|link\.chain\.test/,
    by: {
      glibc: ["@/glibc", "chain.test"],
      musl: ["@/musl", "chain.test"],
      "node resolve": node('resolveCname("chain.test")'),
      dig: ["dig", "chain.test", "CNAME"],
    },
  }),
  ...rows("SRV", {
    found: /389/,
    by: {
      "node resolve": node(`resolveSrv("${RECORDS.service}")`),
      dig: ["dig", RECORDS.service, "SRV"],
    },
  }),
  ...rows("TXT", {
    found: /v=spf1 -all/,
    by: {
      "node resolve": node(`resolveTxt("${RECORDS.name}")`),
      dig: ["dig", RECORDS.name, "TXT"],
    },
  }),
  ...rows("MX", {
    found: /mail\.records\.test/,
    by: {
      "node resolve": node(`resolveMx("${RECORDS.name}")`),
      dig: ["dig", RECORDS.name, "MX"],
    },
  }),
  ...rows("HTTPS", {
    found: /status: NOERROR[^]*ANSWER: 1,/,
    by: { dig: ["dig", RECORDS.name, "TYPE65"] },
  }),
  ...rows("HTTPS of another port", {
    found: /^(?![^]*Sluice)[^]*status: N/,
    by: { dig: ["dig", "_8443._https.allowed.test", "TYPE65"] },
  }),
  ...rows("PTR of an allowed address", {
    found: /allowed\.test|shared\.test|records\.test/,
    by: {
      glibc: ["@/glibc", "-x", "203.0.113.10"],
      musl: ["@/musl", "-x", "203.0.113.10"],
      python: python('socket.gethostbyaddr("2001:db8:2::10")'),
      "node resolve": node('reverse("203.0.113.10")'),
      dig: ["dig", "-x", "2001:db8:2::10"],
    },
  }),
  ...rows("a search domain", {
    found: V4,
    options: SEARCH,
    by: {
      glibc: ["@/glibc", "www"],
      python: python('socket.getaddrinfo("www", 443)'),
      "node lookup": node('lookup("www", { all: true })'),
      dig: ["dig", "+domain=allowed.test", "+short", "www"],
    },
  }),
  ...rows("mixed case", {
    found: V4,
    by: {
      glibc: ["@/glibc", "AlLoWeD.TeSt"],
      musl: ["@/musl", "AlLoWeD.TeSt"],
      dig: ["dig", "aLLOWED.tEST"],
    },
  }),
  ...rows("DNSSEC and EDNS", {
    found: V4,
    by: {
      dnssec: ["dig", "+dnssec", "+cdflag", NAME],
      options: ["dig", "+cookie", "+nsid", "+padding=128", "+keepalive", NAME],
      subnet: ["dig", "+subnet=198.51.100.0/24", NAME],
      none: ["dig", "+noedns", "+nocookie", NAME],
      glibc: ["@/glibc", NAME],
    },
  }).map((row) =>
    row.client === "glibc"
      ? { ...row, options: { env: { RES_OPTIONS: "edns0 trust-ad" } } }
      : row
  ),
  ...rows("truncation to TCP", {
    found: ALL,
    by: {
      glibc: ["@/glibc", LARGE.name],
      "node resolve": node(
        `resolve4("${LARGE.name}").then((all) => all.join(" "))`,
      ),
      dig: ["dig", "+short", LARGE.name],
    },
  }),
];

Deno.test("block answers what clients ask for about allowed names", async (t) => {
  await using lab = await Lab.up();
  const strict = ["-O1", "-Wall", "-Wextra", "-Werror"];
  for (const [name, compiler] of [["glibc", "gcc"], ["musl", "musl-gcc"]]) {
    const output = ["-o", `${lab.directory}/${name}`, SOURCE];
    await runOrThrow([compiler!, ...strict, ...output]);
  }
  const guard = await Guarding.arm(lab, FLAGS);
  for (const { record, client, command, found, options } of ROWS) {
    await t.step(`${record} by ${client}`, async () => {
      const words = command.map((word) => word.replace(/^@/, lab.directory));
      const { stdout, stderr } = await lab.in("run", words, options);
      assert.match(stdout, found, stderr);
    });
  }
  const denied = (await guard.verdicts()).filter(({ decision }) =>
    decision === "deny"
  );
  // A resolver without the search domain asks for the bare name too.
  const others = denied.filter((event) =>
    event.kind !== "dns" || event.name !== "www"
  );
  assert.deepEqual(others, []);
});

Deno.test("block opens an address that an HTTPS record hints at, and no ECH", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  await Guarding.arm(lab, FLAGS);
  const connect = async () =>
    (await probe.one("run", `wait 1000 tcp ${RECORDS.address} 443`)).result;
  const ask = async (name: string) =>
    (await lab.in("run", ["dig", name, "TYPE65"])).stdout;
  assert.notEqual(await connect(), "ok");
  assert.match(await ask(RECORDS.ech), /NOERROR[^]*ANSWER: 0,/);
  assert.notEqual(await connect(), "ok");
  assert.match(await ask(RECORDS.hinted), /NOERROR[^]*ANSWER: 1,/);
  assert.equal(await connect(), "ok");
});
