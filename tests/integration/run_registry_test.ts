import assert from "node:assert/strict";
import { Cell } from "./cell.ts";

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
