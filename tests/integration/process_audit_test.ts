/** Audit, one for the whole machine, is shared and left as it was. */
import assert from "node:assert/strict";
import { clearAuditRemains } from "../../agent/observe/audit_rules.ts";
import { openProcessSource } from "../../agent/observe/open_process_source.ts";
import { Libc } from "../../ffi/libc.ts";
import { waitUntil } from "../lab/wait.ts";
import { AuditGround } from "./audit_ground.ts";
import { Hearing } from "./hearing.ts";

/** Where the guard's own rules are told from those of others. */
const OURS = /sluice-\d/;

Deno.test("audit is as it was before, with an operator's rules and daemon", async () => {
  await using ground = await AuditGround.take();
  await ground.addRules();
  await using daemon = await ground.startDaemon();
  const before = await ground.state();
  const tag = crypto.randomUUID();
  {
    await using hearing = await Hearing.by("audit");
    const during = await ground.state();
    assert.match(during, OURS);
    assert.ok(during.includes(`pid ${daemon.pid}\n`), during);
    const rules = before.split("\n").slice(0, 3);
    for (const rule of rules) assert.ok(during.includes(rule), rule);
    const pid = await hearing.run(["/bin/true", tag]);
    assert.deepEqual(hearing.execsOf(pid)[0]?.args, ["/bin/true", tag]);
  }
  assert.equal(await ground.state(), before);
  // The daemon goes on: it hears of the operator's rules and writes them down.
  await ground.control("-m", tag);
  await waitUntil(
    async () => (await ground.log()).includes(tag),
    { what: "auditd to write" },
  );
});

Deno.test("audit is switched off again by whoever leaves last", async () => {
  await using ground = await AuditGround.take();
  const before = await ground.state();
  {
    await using first = await ground.hold();
    await using _second = await ground.hold();
    const both = await ground.state();
    assert.equal(both.split("\n").filter((line) => OURS.test(line)).length, 4);
    first.kill("SIGKILL");
    await first.finished(5_000);
    {
      // The next to come takes out what was left, and leaves the other alone.
      await using _third = await Hearing.by("audit");
    }
    const one = await ground.state();
    assert.equal(one.split("\n").filter((line) => OURS.test(line)).length, 2);
    assert.match(one, /^enabled 1$/m);
  }
  using libc = new Libc();
  clearAuditRemains(libc);
  assert.equal(await ground.state(), before);
});

Deno.test("audit is put back after a guard that was killed", async () => {
  await using ground = await AuditGround.take();
  await ground.control("-b", "320");
  const before = await ground.state();
  {
    await using holder = await ground.hold();
    assert.match(await ground.state(), /^enabled 1\n[^]*backlog_limit 16384$/m);
    holder.kill("SIGKILL");
    await holder.finished(5_000);
  }
  assert.match(await ground.state(), OURS);
  using libc = new Libc();
  clearAuditRemains(libc);
  assert.equal(await ground.state(), before);
});

Deno.test("audit that a daemon has come to use meanwhile stays on", async () => {
  await using ground = await AuditGround.take();
  await ground.control("-e", "0");
  const hearing = await Hearing.by("audit");
  let daemon;
  try {
    daemon = await ground.startDaemon();
  } finally {
    await hearing[Symbol.asyncDispose]();
  }
  await using _daemon = daemon;
  const after = await ground.state();
  assert.match(after, /^enabled 1$/m);
  assert.match(after, /^backlog_limit 64$/m);
  assert.doesNotMatch(after, OURS);
});

Deno.test("audit that tells nothing is refused, and the connector says why it is used", async () => {
  await using ground = await AuditGround.take();
  await ground.addRules(["-a never,task"]);
  const before = await ground.state();
  using libc = new Libc();
  const { source, refused } = openProcessSource(libc, {
    preferred: ["audit", "connector"],
  });
  using _source = source;
  assert.equal(source.name, "connector");
  assert.deepEqual(refused.map(({ name }) => name), ["audit"]);
  assert.match(refused[0]!.why, /tells nothing/);
  assert.equal(await ground.state(), before);
});
