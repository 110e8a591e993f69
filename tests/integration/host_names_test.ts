/** Which connections an entry opens: names, chains, wildcards, ports, networks. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import type { Side } from "../lab/topology.ts";
import { Guarding } from "./guarding.ts";
import { assertRefused, Probe } from "./probing.ts";

/** One command in `run`, and how it must end. */
interface Try {
  /** For curl, with `-4` or `-6` in front where it matters. */
  readonly fetch: string;
  /** Curl's exit code: 6 is an unknown name, 7 a refused connection. */
  readonly code: 0 | 6 | 7;
}

const CURL = ["curl", "-sS", "--insecure", "--max-time", "5"];

const ROWS: readonly { allow: string[]; tries: readonly Try[] }[] = [
  {
    allow: ["allowed.test"],
    tries: [
      { fetch: "-4 https://allowed.test/", code: 0 },
      { fetch: "-6 https://allowed.test/", code: 0 },
      { fetch: "-4 https://www.allowed.test/", code: 6 },
      { fetch: "-6 https://www.allowed.test/", code: 6 },
      { fetch: "https://other.test/", code: 6 },
      { fetch: "http://allowed.test/", code: 7 },
      { fetch: "https://203.0.113.50/", code: 7 },
      { fetch: "https://[2001:db8:2::50]/", code: 7 },
    ],
  },
  {
    allow: ["www.allowed.test"],
    tries: [
      { fetch: "-4 https://www.allowed.test/", code: 0 },
      { fetch: "-6 https://www.allowed.test/", code: 0 },
      { fetch: "-4 https://allowed.test/", code: 6 },
    ],
  },
  {
    allow: ["chain.test"],
    tries: [
      { fetch: "-4 https://chain.test/", code: 0 },
      { fetch: "-6 https://chain.test/", code: 0 },
      { fetch: "-4 https://cdn.test/", code: 6 },
      { fetch: "-4 https://link.chain.test/", code: 6 },
    ],
  },
  {
    allow: ["*.wild.test"],
    tries: [
      { fetch: "-4 https://x.wild.test/", code: 0 },
      { fetch: "-6 https://a.b.deep.wild.test/", code: 0 },
      { fetch: "-4 https://wild.test/", code: 6 },
      { fetch: "-4 https://notwild.test/", code: 6 },
    ],
  },
  {
    allow: ["allowed.test:8443"],
    tries: [
      { fetch: "-4 https://allowed.test:8443/", code: 0 },
      { fetch: "-6 https://allowed.test:8443/", code: 0 },
      { fetch: "-4 https://allowed.test/", code: 7 },
      { fetch: "-6 https://allowed.test/", code: 7 },
    ],
  },
  {
    allow: ["203.0.113.0/28", "[2001:db8:2::10]:8443"],
    tries: [
      { fetch: "https://203.0.113.10/", code: 0 },
      { fetch: "https://203.0.113.20/", code: 7 },
      { fetch: "https://203.0.113.10:8443/", code: 7 },
      { fetch: "https://[2001:db8:2::10]:8443/", code: 0 },
      { fetch: "https://[2001:db8:2::10]/", code: 7 },
    ],
  },
  {
    allow: ["many.test"],
    tries: Array.from({ length: 6 }, (_, at) => ({
      fetch: `-${at % 2 === 0 ? 4 : 6} https://many.test/`,
      code: 0,
    })),
  },
];

for (const { allow, tries } of ROWS) {
  for (const side of ["run", "box"] as const) {
    Deno.test(`block with ${allow.join(", ")} opens that and no more to ${side}`, async (test) => {
      await using lab = await Lab.up({ container: true });
      await Guarding.arm(lab, { egress: "block", allow });
      await using capture = await lab.capture("tcp");
      for (const { fetch, code } of tries) {
        await test.step(`curl ${fetch} exits with ${code}`, async () => {
          await assertFetch(lab, side, { fetch, code });
        });
      }
      // Whatever was refused left no trace on the wire.
      const allowed = new Set(
        tries.filter(({ code }) => code === 0).map((t) => portOf(t.fetch)),
      );
      const packets = await capture.stop();
      const ports = packets.filter(({ flags }) => flags === "SYN")
        .map(({ destinationPort }) => destinationPort);
      assert.deepEqual(new Set(ports), allowed);
    });
  }
}

Deno.test("block with a UDP entry opens UDP and not TCP", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  await Guarding.arm(lab, { egress: "block", allow: ["allowed.test:7/udp"] });
  for (const address of ["203.0.113.10", "2001:db8:2::10"]) {
    // The name has not been looked up yet: the address alone opens nothing.
    assertRefused(await probe.one("run", `udp ${address} 7 6869`));
  }
  await lab.in("run", ["getent", "ahosts", "allowed.test"]);
  for (const address of ["203.0.113.10", "2001:db8:2::10"]) {
    const echo = await probe.one("run", `udp ${address} 7 6869`);
    assert.equal(echo.answer, "6869");
    assertRefused(await probe.one("run", `tcp ${address} 7 hi`));
    assertRefused(await probe.one("run", `udp ${address} 8 6869`));
  }
});

Deno.test("block believes the namespace's own hosts file", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const directory = `/etc/netns/${lab.prefix}-run`;
  await Deno.writeTextFile(
    `${directory}/hosts`,
    "203.0.113.50 pinned.test other\n2001:db8:2::50 pinned.test\n" +
      "203.0.113.51 elsewhere.test\n",
  );
  const flags = { egress: "block", allow: ["pinned.test"] } as const;
  const guard = await Guarding.arm(lab, flags);
  for (const address of ["203.0.113.50", "2001:db8:2::50"]) {
    const { result } = await probe.one("run", `tcp ${address} 443`);
    assert.equal(result, "ok");
  }
  assertRefused(await probe.one("run", "tcp 203.0.113.51 443"));
  const [event] = await guard.waitFor({ rule: "pinned.test" });
  assert.ok(event?.kind === "connection");
  assert.deepEqual(event.names, ["other", "pinned.test"]);
  assert.deepEqual(await lab.resolver.queries(), []);
});

async function assertFetch(lab: Lab, side: Side, of: Try): Promise<void> {
  const command = [...CURL, ...of.fetch.split(" ")];
  const { code, stderr, milliseconds } = await lab.in(side, command);
  assert.equal(code, of.code, stderr);
  assert.ok(milliseconds < 2_000, `${milliseconds} ms`);
}

function portOf(fetch: string): number {
  const { port, protocol } = new URL(fetch.slice(fetch.indexOf("http")));
  if (port !== "") return Number(port);
  return protocol === "http:" ? 80 : 443;
}
