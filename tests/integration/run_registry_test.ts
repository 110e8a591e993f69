import assert from "node:assert/strict";
import { Cell, RUN_TIMEOUT_MS } from "./cell.ts";
import { assertGone } from "./leftovers.ts";

// These two need the network that the machine has, where rules are set for the
// guarded command's cgroup alone.
const VIEW = ["npm", "view", "lodash", "version", "--fetch-retries=0"];
const UPDATE = ["apt-get", "update", "-o", "Acquire::Retries=0"];

Deno.test("npm view works under sluice run in audit, and what it printed lets it pass in block mode", async () => {
  await using cell = await Cell.open({ online: true });
  const endpoint = await registryOf(cell);
  const env = { npm_config_cache: `${cell.directory}/npm` };
  const audit = await cell.sluice(
    ["run", "--egress", "audit", "--", ...VIEW],
    { env },
  );
  assert.equal(audit.code, 0, audit.stderr);
  assert.match(audit.stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match(audit.stderr, / would refuse$/m);
  assert.ok(audit.stderr.includes(`- ${endpoint}\n`), audit.stderr);

  await Deno.remove(env.npm_config_cache, { recursive: true });
  const block = await cell.sluice(
    ["run", "--egress", "block", "--allow", endpoint, "--", ...VIEW],
    { env },
  );
  assert.equal(block.code, 0, block.stderr);
  assert.equal(block.stdout, audit.stdout);
  assert.doesNotMatch(block.stderr, / refused$/m);
});

Deno.test("npm view is refused under sluice run that allows another host", async () => {
  await using cell = await Cell.open({ online: true });
  const endpoint = await registryOf(cell);
  const env = { npm_config_cache: `${cell.directory}/npm` };
  const { code, stdout, stderr } = await cell.sluice(
    ["run", "--egress", "block", "--allow", "other.invalid", "--", ...VIEW],
    { env },
  );
  assert.notEqual(code, 0);
  assert.equal(stdout, "");
  assert.match(stderr, /ENOTFOUND/);
  assert.ok(stderr.includes(`--allow ${endpoint}\n`), stderr);
});

Deno.test("apt-get update works under sluice run that allows the hosts of its sources", async () => {
  // A copy: nobody else's package lists change.
  await using cell = await Cell.open({
    online: true,
    copy: true,
    setup: "rm -rf /var/lib/apt/lists/*",
  });
  const { stdout } = await cell.in([...UPDATE, "--print-uris"]);
  const endpoints = new Set(
    [...stdout.matchAll(/^'([^']+)'/gm)].map(([, uri]) => endpointOf(uri!)),
  );
  assert.ok(endpoints.size > 0, "apt has no sources");
  const refused = await cell.sluice([
    ...["run", "--egress", "block", "--allow", "other.invalid"],
    ...["--", ...UPDATE],
  ]);
  assert.match(refused.stdout + refused.stderr, /Could not resolve/);
  assert.match(refused.stderr, / refused$/m);
  const allowed = await cell.sluice([
    ...["run", "--egress", "block"],
    ...[...endpoints].flatMap((endpoint) => ["--allow", endpoint]),
    ...["--", ...UPDATE],
  ]);
  assert.equal(allowed.code, 0, allowed.stdout + allowed.stderr);
  assert.doesNotMatch(allowed.stdout, /^(?:Err|Ign):/m);
  assert.match(allowed.stderr, / allowed$/m);
});

Deno.test("sluice run sets rules for its own cgroup only in the machine's network, and takes them away", async () => {
  await using cell = await Cell.open({ online: true });
  // TEST-NET-1, RFC 5737: leads nowhere. Nothing of it may reach a wire.
  const script = `printf x > /dev/tcp/192.0.2.1/9; echo ended $? >&2
    echo ready; until [ -e go ]; do sleep 0.05; done`;
  await using sluice = cell.startSluice([
    ...["run", "--egress", "block", "--allow", "other.invalid", "--"],
    ...["bash", "-c", script],
  ]);
  const startedMs = performance.now();
  await sluice.waitFor("ready");
  assert.ok(performance.now() - startedMs < 5_000);
  const own = `--path "sluice/run-${sluice.pid}"`;
  for (const tool of ["iptables-save", "ip6tables-save"]) {
    const rules = (await cell.in([tool])).stdout.split("\n");
    const hooks = rules.filter((rule) =>
      /^-A (?!SLUICE).* -[jg] SLUICE/.test(rule)
    );
    assert.ok(hooks.some((rule) => rule.includes(own)), rules.join("\n"));
    // What comes in is told by a mark that only the connections of a guard's
    // own command have.
    const others = hooks.filter((rule) =>
      !rule.includes("--path ") &&
      !/^-A INPUT .*-m connmark --mark 0x/.test(rule)
    );
    assert.deepEqual(others, []);
  }
  await Deno.writeTextFile(`${cell.directory}/go`, "");
  const { code, stderr } = await sluice.finished(RUN_TIMEOUT_MS);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^ended 1$/m);
  assert.match(stderr, /192\.0\.2\.1:9, 1 time/);
  assert.ok(!(await cell.in(["iptables-save"])).stdout.includes(own));
  assert.ok(!(await cell.in(["ip6tables-save"])).stdout.includes(own));
  await assertGone(sluice.pid);
});

/** Whichever the machine's owner has chosen. */
async function registryOf(cell: Cell): Promise<string> {
  const { stdout } = await cell.in(["npm", "config", "get", "registry"]);
  return endpointOf(stdout.trim());
}

/** As an entry: 443 is what an entry without a port means. */
function endpointOf(uri: string): string {
  const { hostname, port, protocol } = new URL(uri);
  const number = port || (protocol === "http:" ? "80" : "443");
  return number === "443" ? hostname : `${hostname}:${number}`;
}
