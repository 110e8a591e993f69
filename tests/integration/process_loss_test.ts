/** What the kernel could not hand over is counted and said. */
import assert from "node:assert/strict";
import type { ProcessRecord } from "../../agent/decode/process_record.ts";
import { AuditSource } from "../../agent/observe/audit_source.ts";
import { ConnectorSource } from "../../agent/observe/connector_source.ts";
import { ProcConnector } from "../../agent/observe/proc_connector.ts";
import { Libc } from "../../ffi/libc.ts";
import { OwnNetwork } from "../own_network.ts";
import { AuditGround } from "./audit_ground.ts";

const LITTLE_BYTES = 65_536;
const COUNT = 2000;

function run(script: string): void {
  new Deno.Command("/bin/sh", { args: ["-c", script] }).outputSync();
}

const MANY = `i=0; while [ $i -lt ${COUNT} ]; do (exit 0); i=$((i+1)); done`;

Deno.test("the connector counts what it could not hear", () => {
  using libc = new Libc();
  using all = new ProcConnector(libc);
  using few = new ProcConnector(libc, LITTLE_BYTES);
  run(MANY);
  const heard = [...few.take()];
  run(MANY.replace(`${COUNT}`, "20"));
  heard.push(...few.take());
  const lost = few.takeLost();
  const last = new Map(heard.map(({ cpu, sequence }) => [cpu, sequence]));
  // What comes after the last that was heard, the next one will tell.
  const whole = [...all.take()]
    .filter(({ cpu, sequence }) => sequence <= (last.get(cpu) ?? -1));
  assert.equal(all.takeLost(), 0);
  assert.ok(lost > COUNT, `${lost} of ${whole.length}`);
  assert.ok(heard.length < whole.length);
  // Renamings and the like are among what is lost, and never told.
  assert.ok(heard.length + lost >= whole.length);
  assert.ok(heard.length + lost < 2 * whole.length);
});

Deno.test("a source that lost something says so, and knows afterwards who lives", () => {
  using libc = new Libc();
  using source = new ConnectorSource(libc, LITTLE_BYTES);
  run(MANY);
  const sleeper = new Deno.Command("/bin/sleep", { args: ["60"] }).spawn();
  try {
    const records: ProcessRecord[] = [...source.drain()];
    for (let tries = 0; tries < 100 && !records.some(isLost); tries++) {
      run(MANY.replace(`${COUNT}`, "20"));
      records.push(...source.drain());
    }
    const lost = records.find(isLost);
    assert.ok(lost?.kind === "lost" && lost.count > 0);
    assert.equal(source.lineage.find(sleeper.pid)?.parentPid, Deno.pid);
    const own = ownOf(records);
    assert.ok(own.size > 0);
    for (const pid of own) {
      if (source.lineage.find(pid) === null) continue;
      assert.ok(isThere(pid), `${pid} has ended`);
    }
  } finally {
    sleeper.kill("SIGKILL");
  }
  return sleeper.status.then(() => {});
});

Deno.test("audit that lost something says so", async () => {
  await using _ground = await AuditGround.take();
  using libc = new Libc();
  using source = new AuditSource(libc, LITTLE_BYTES);
  run(MANY.replace("(exit 0)", "/bin/true"));
  const records: ProcessRecord[] = [];
  for (let tries = 0; tries < 200 && !records.some(isLost); tries++) {
    records.push(...source.drain());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(records.some(isLost));
});

for (const Source of [AuditSource, ConnectorSource]) {
  Deno.test(`${Source.name} hears the machine from another network namespace`, async () => {
    await using _ground = await AuditGround.take();
    using libc = new Libc();
    const home = await Deno.readLink("/proc/thread-self/ns/net");
    const source = openElsewhere(libc, Source);
    using _source = source;
    assert.equal(await Deno.readLink("/proc/thread-self/ns/net"), home);
    const { pid, status } = new Deno.Command("/bin/sleep", { args: ["0.3"] })
      .spawn();
    await status;
    const ended = () =>
      source.drain().some((record) =>
        record.kind === "exit" && record.pid === pid
      );
    for (let tries = 0; !ended(); tries++) {
      assert.ok(tries < 500, "nothing was heard in time");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
}

function openElsewhere(
  libc: Libc,
  Source: typeof AuditSource | typeof ConnectorSource,
): AuditSource | ConnectorSource {
  using _network = new OwnNetwork(libc);
  return new Source(libc);
}

function isLost({ kind }: ProcessRecord): boolean {
  return kind === "lost";
}

/**
 * What our shells have forked: others of the machine can end between the look
 * at who lives and ours.
 */
function ownOf(records: readonly ProcessRecord[]): ReadonlySet<number> {
  const shells = new Set<number>();
  const own = new Set<number>();
  for (const record of records) {
    if (record.kind !== "fork") continue;
    const { pid, parentPid } = record;
    if (parentPid === Deno.pid) shells.add(pid);
    else if (shells.has(parentPid)) own.add(pid);
  }
  return own;
}

function isThere(pid: number): boolean {
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch {
    return false;
  }
}
