/**
 * Many names share an address: only those that are allowed
 * are reached there, by what the client itself says.
 */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { Guarding } from "../guarding.ts";

type Side = "run" | "box";

const TIMEOUT_SECONDS = 5;

/** Ways to a name that is not allowed, at the address of one that is. */
const ATTACKS = [
  {
    name: "SNI of another name",
    args: ["--connect-to", "shared.test:443:allowed.test:443"],
    url: "https://shared.test/",
    why: "sni_not_allowed",
  },
  {
    name: "SNI of another name on another port",
    args: ["--connect-to", "shared.test:8443:allowed.test:8443"],
    url: "https://shared.test:8443/",
    why: "sni_not_allowed",
  },
  {
    name: "TLS 1.2",
    args: ["--tls-max", "1.2", "--connect-to", "shared.test::allowed.test:"],
    url: "https://shared.test/",
    why: "sni_not_allowed",
  },
  {
    name: "no SNI",
    args: ["--insecure", "--header", "Host: shared.test"],
    url: "https://203.0.113.10/",
    why: "name_missing",
  },
  {
    name: "HTTP Host of another name",
    args: ["--header", "Host: shared.test"],
    url: "http://allowed.test/",
    why: "host_not_allowed",
  },
] as const;

async function armNamed(lab: Lab): Promise<Guarding> {
  const path = `${lab.directory}/said.yml`;
  await Deno.writeTextFile(
    path,
    `version: 1
egress: block
allow: [allowed.test, "allowed.test:8443", "allowed.test:80"]
`,
  );
  return await Guarding.arm(lab, {
    egress: "block",
    more: ["--policy", path],
  });
}

async function fetchFrom(lab: Lab, side: Side, args: readonly string[]) {
  const options = ["--silent", "--show-error", "--max-time"];
  return await lab.in(
    side,
    ["curl", ...options, String(TIMEOUT_SECONDS), ...args],
    { timeoutMs: 20_000 },
  );
}

for (const side of ["run", "box"] as const) {
  for (const { name, args, url, why } of ATTACKS) {
    for (const family of ["-4", "-6"] as const) {
      if (url.includes("203.0.113") && family === "-6") continue;
      Deno.test(`the guard refuses ${side} ${name} over curl ${family}`, async () => {
        await using lab = await Lab.up({ container: true });
        const attack = [family, ...args, url];
        const bare = await fetchFrom(lab, side, attack);
        assert.equal(bare.code, 0, bare.stderr);

        const guarding = await armNamed(lab);
        const own = [family, "https://allowed.test/"];
        assert.equal((await fetchFrom(lab, side, own)).code, 0);
        await using capture = await lab.capture("tcp");
        const refused = await fetchFrom(lab, side, attack);
        assert.notEqual(refused.code, 0);
        assert.ok(refused.milliseconds < TIMEOUT_SECONDS * 1000);
        const payloads = (await capture.stop()).filter(({ payload, source }) =>
          payload.length > 0 && !source.startsWith("203.0.113.") &&
          !source.startsWith("2001:db8:2:")
        );
        assert.deepEqual(payloads.map(({ text }) => text), []);
        const { stdout, code } = await fetchFrom(lab, side, own);
        assert.equal(code, 0);
        assert.match(stdout, /allowed\.test/);
        const events = await guarding.events();
        assert.ok(
          events.some((event) =>
            event.kind === "connection" && event.why === why && event.enforced
          ),
        );
      });
    }
  }
}

Deno.test("the guard lets the name of each site go that is allowed, and servers that speak first", async () => {
  await using lab = await Lab.up({ container: true });
  await armNamed(lab);
  for (const side of ["run", "box"] as const) {
    for (
      const url of [
        "https://allowed.test/",
        "https://allowed.test:8443/",
        "http://allowed.test/",
      ]
    ) {
      for (const family of ["-4", "-6"]) {
        for (const tls of ["1.2", "1.3"]) {
          const args = [family, "--tls-max", tls, url];
          const { code, stderr } = await fetchFrom(lab, side, args);
          assert.equal(code, 0, `${side} ${args.join(" ")}: ${stderr}`);
        }
      }
    }
  }
});

Deno.test("names: answered asks for no name", async () => {
  await using lab = await Lab.up();
  const path = `${lab.directory}/answered.yml`;
  const policy = "version: 1\nnames: answered\nallow: [allowed.test]\n";
  await Deno.writeTextFile(path, policy);
  await Guarding.arm(lab, { egress: "block", more: ["--policy", path] });
  const { args, url } = ATTACKS[0];
  assert.equal(
    (await fetchFrom(lab, "run", ["https://allowed.test/"])).code,
    0,
  );
  assert.equal((await fetchFrom(lab, "run", [...args, url])).code, 0);
});
