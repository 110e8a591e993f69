/**
 * A real HTTP proxy, which the policy names: what is asked of it is judged as
 * if it were reached directly.
 */
import assert from "node:assert/strict";
import { aggregate } from "../../agent/report/aggregate.ts";
import { allowanceFor, proxiesFor } from "../../agent/report/allowance.ts";
import { allowLines, proxyLines } from "../../agent/report/policy_text.ts";
import { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait.ts";
import { NOBODY } from "./escape/attack.ts";
import { Guarding } from "./guarding.ts";

const PORT = 3128;
/** `other.test` is the proxy's name, on an address where sites are, too. */
const PROXY = `http://other.test:${PORT}`;

async function startProxy(lab: Lab): Promise<void> {
  const path = `${lab.directory}/tinyproxy.conf`;
  const lines = [
    `Port ${PORT}`,
    "Listen 203.0.113.50",
    "Listen 2001:db8:2::50",
    "Timeout 60",
    "DisableViaHeader Yes",
    `PidFile "${lab.directory}/tinyproxy.pid"`,
    `LogFile "${lab.directory}/tinyproxy.log"`,
  ];
  await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
  lab.spawn("out", ["tinyproxy", "-d", "-c", path]);
  const listening = ["ss", "-Hltn", `sport = :${PORT}`];
  await waitUntil(async () => {
    const { stdout } = await lab.in("out", listening);
    return stdout.split("\n").length > 2;
  }, { what: "the proxy" });
}

async function fetchBy(
  lab: Lab,
  args: readonly string[],
  side: "run" | "box" = "run",
) {
  const all = ["curl", "-sS", "--max-time", "5", "-x", PROXY, ...args];
  return await lab.in(side, all, { user: NOBODY, timeoutMs: 20_000 });
}

async function arm(lab: Lab, more: string): Promise<Guarding> {
  const path = `${lab.directory}/proxy.yml`;
  await Deno.writeTextFile(path, `version: 1\negress: block\n${more}\n`);
  return await Guarding.arm(lab, {
    egress: "block",
    more: ["--policy", path],
  });
}

const POLICY = `
proxy: ["other.test:${PORT}"]
allow: [allowed.test, "allowed.test:80", "allowed.test:8443"]
deny: ["evil.test"]`;

const ALLOWED = [
  ["https://allowed.test/"],
  ["https://allowed.test:8443/"],
  ["http://allowed.test/"],
  ["http://allowed.test/a", "http://allowed.test/b"],
  ["--proxytunnel", "http://allowed.test/"],
];

const REFUSED = [
  { args: ["https://shared.test/"], why: "name_not_allowed" },
  { args: ["http://shared.test/"], why: "name_not_allowed" },
  { args: ["http://allowed.test:8080/"], why: "port_not_allowed" },
  { args: ["https://evil.test/"], why: "denied_by_rule" },
  { args: ["https://203.0.113.10/"], why: "address_not_allowed" },
  {
    // The tunnel leads to one name, and the client says another in it.
    args: [
      "--connect-to",
      "shared.test::allowed.test:",
      "https://shared.test/",
    ],
    why: "sni_not_allowed",
  },
  {
    args: ["-p", "-H", "Host: shared.test", "http://allowed.test/"],
    why: "host_not_allowed",
  },
];

Deno.test("the guard lets a proxy be asked for what is allowed, and for nothing else", async () => {
  await using lab = await Lab.up({ container: true });
  await startProxy(lab);
  for (const args of [...ALLOWED, ...REFUSED.slice(0, 2).map((r) => r.args)]) {
    const { code, stderr } = await fetchBy(lab, args);
    assert.equal(code, 0, `without: ${args}: ${stderr}`);
  }
  const guard = await arm(lab, POLICY);
  for (const side of ["run", "box"] as const) {
    for (const family of ["-4", "-6"]) {
      for (const args of ALLOWED) {
        const { code, stderr } = await fetchBy(lab, [family, ...args], side);
        assert.equal(code, 0, `${side} ${family} ${args}: ${stderr}`);
      }
    }
  }
  for (const { args, why } of REFUSED) {
    const { code, stdout } = await fetchBy(lab, args);
    assert.notEqual(code, 0, args.join(" "));
    assert.equal(stdout, "");
    await guard.waitFor({ kind: "connection", why, enforced: true });
  }
  const [told] = await guard.waitFor({ sni: "allowed.test" });
  assert.equal(told!.kind, "connection");
  assert.deepEqual(told!.names, ["other.test"]);
});

Deno.test("the guard takes nobody for a proxy whom the policy does not call so", async () => {
  await using lab = await Lab.up();
  await startProxy(lab);
  const guard = await arm(
    lab,
    `allow: ["other.test:${PORT}", allowed.test, "allowed.test:80"]`,
  );
  for (const url of ["https://allowed.test/", "http://allowed.test/"]) {
    assert.notEqual((await fetchBy(lab, [url])).code, 0);
  }
  await guard.waitFor({ why: "proxy_not_allowed", enforced: true }, 2);
});

Deno.test("the guard asks what a proxy is asked for under names: answered, and by address too", async () => {
  await using lab = await Lab.up();
  await startProxy(lab);
  const guard = await arm(
    lab,
    `names: answered\nproxy: ["203.0.113.50:${PORT}"]\nallow: [allowed.test, other.test/dns]`,
  );
  const good = await fetchBy(lab, ["-4", "https://allowed.test/"]);
  assert.equal(good.code, 0, good.stderr);
  const bad = await fetchBy(lab, ["-4", "https://shared.test/"]);
  assert.notEqual(bad.code, 0);
  await guard.waitFor({ why: "name_not_allowed", sni: "shared.test" });
});

const NEEDED = ["https://allowed.test/", "http://allowed.test:8080/"];

for (const egress of ["audit", "block"] as const) {
  Deno.test(`the guard proposes after ${egress} what a build behind a proxy needs`, async () => {
    await using lab = await Lab.up();
    await startProxy(lab);
    const before = await Guarding.arm(lab, {
      egress,
      allow: egress === "audit" ? [] : [`other.test:${PORT}`],
    });
    for (const url of NEEDED) {
      const { code } = await fetchBy(lab, [url]);
      assert.equal(code === 0, egress === "audit", url);
    }
    await before.waitFor({ why: "proxy_not_allowed" }, NEEDED.length);
    await before.stop();
    const summary = aggregate(await before.events());
    const which = egress === "audit" ? "seen" : "refused";
    const proposed = [
      ...allowLines(allowanceFor(summary, which)),
      ...proxyLines(proxiesFor(summary, which)),
    ];
    assert.deepEqual(proposed, [
      ...["allow:", "  - allowed.test", "  - allowed.test:8080"],
      ...["proxy:", `  - other.test:${PORT}`],
    ]);
    const after = await arm(lab, proposed.join("\n"));
    for (const url of NEEDED) {
      assert.equal((await fetchBy(lab, [url])).code, 0, url);
    }
    await after.stop();
  });
}
