import assert from "node:assert/strict";
import type { Event } from "../../../agent/record/event.ts";
import { aggregate, countsOf } from "../../../agent/report/aggregate.ts";
import { agent, at, connection, CURL, lookUp, summaryOf } from "./samples.ts";

const NODE = { ...CURL, pid: 9, exe: "/usr/bin/node" };

Deno.test("aggregate() puts attempts that agree into one row", () => {
  const { rows } = aggregate([
    connection({ time: at(1) }),
    connection({
      time: at(2),
      destination: { address: "198.51.100.2", port: 443 },
      names: ["a.example", "b.example"],
      process: { ...CURL, pid: 4301 },
    }),
    connection({ time: at(3) }),
  ]);

  assert.deepEqual(rows, [{
    name: "a.example",
    names: ["a.example", "b.example"],
    sni: null,
    asked: null,
    addresses: ["198.51.100.1", "198.51.100.2"],
    port: 443,
    protocol: "tcp",
    process: CURL,
    step: null,
    container: null,
    decision: "deny",
    enforced: false,
    why: "name_not_allowed",
    rule: null,
    times: 3,
    first: at(1),
    last: at(3),
    types: [],
    servers: [],
    answered: false,
  }]);
});

const APART: readonly { readonly name: string; readonly other: Event }[] = [
  { name: "name", other: connection({ names: ["b.example"] }) },
  {
    name: "port",
    other: connection({ destination: { address: "198.51.100.1", port: 80 } }),
  },
  { name: "protocol", other: connection({ protocol: "udp" }) },
  {
    name: "name that the client says",
    other: connection({ sni: "b.example" }),
  },
  { name: "executable", other: connection({ process: NODE }) },
  { name: "executable not found", other: connection({ process: null }) },
  {
    name: "executable unknown",
    other: connection({ process: { ...CURL, exe: null } }),
  },
  { name: "step", other: connection({ step: "Build" }) },
  { name: "container", other: connection({ container: "builder" }) },
  { name: "decision", other: connection({ decision: "allow" }) },
  { name: "enforcement", other: connection({ enforced: true }) },
  { name: "reason", other: connection({ why: "port_not_allowed" }) },
  { name: "rule", other: connection({ rule: "*.example" }) },
];

for (const { name, other } of APART) {
  Deno.test(`aggregate() keeps rows of another ${name} apart`, () => {
    assert.equal(aggregate([connection(), other]).rows.length, 2);
  });
}

Deno.test("aggregate() shows a flow under the name that the client said", () => {
  const names = ["b.example", "a.example"];
  const { rows } = aggregate([
    connection({ time: at(1), sni: "a.example", names }),
    connection({ time: at(2), sni: "a.example", names: ["a.example"] }),
  ]);

  assert.deepEqual(
    rows.map(({ name, names, sni, times }) => ({ name, names, sni, times })),
    [{ name: "a.example", names, sni: "a.example", times: 2 }],
  );
});

Deno.test("aggregate() adds flows whose client stayed silent to those of their name", () => {
  const silent = connection();
  const said = connection({ sni: "a.example" });
  for (const events of [[silent, said], [said, silent]]) {
    const { rows } = aggregate(events);

    assert.deepEqual(
      rows.map(({ name, sni, times }) => ({ name, sni, times })),
      [{ name: "a.example", sni: "a.example", times: 2 }],
    );
  }
});

Deno.test("aggregate() gives a row to each address without a name", () => {
  const { rows } = aggregate([
    connection({ names: [] }),
    connection({
      names: [],
      destination: { address: "198.51.100.2", port: 443 },
    }),
  ]);

  assert.deepEqual(rows.map(({ name, addresses }) => [name, addresses]), [
    [null, ["198.51.100.1"]],
    [null, ["198.51.100.2"]],
  ]);
});

Deno.test("aggregate() does not take a name for the address it imitates", () => {
  const { rows } = aggregate([
    connection({ names: [] }),
    connection({ names: ["198.51.100.1"] }),
  ]);

  assert.equal(rows.length, 2);
});

Deno.test("aggregate() survives names that objects have already", () => {
  const names = ["__proto__", "constructor", "toString"];
  const { rows } = aggregate(
    names.flatMap((name) => [
      lookUp({ name }),
      connection({ names: [name] }),
    ]),
  );

  assert.deepEqual(rows.map(({ name }) => name), names.toSorted());
});

Deno.test("aggregate() shows a look-up that no connection followed", () => {
  const answers = ["cdn.example", "198.51.100.1", "2001:db8::1"];
  const { rows } = aggregate([
    lookUp({ time: at(1), answers }),
    lookUp({ time: at(2), type: "AAAA", answers: null }),
  ]);

  assert.equal(rows.length, 1);
  const { protocol, port, addresses, types, servers, answered, times } =
    rows[0]!;
  assert.deepEqual(
    { protocol, port, addresses, types, servers, answered, times },
    {
      protocol: "dns",
      port: 0,
      addresses: ["198.51.100.1", "2001:db8::1"],
      types: ["A", "AAAA"],
      servers: [{ address: "192.0.2.53", port: 53 }],
      answered: true,
      times: 2,
    },
  );
});

const FOLLOWED: readonly {
  readonly name: string;
  readonly query: Event;
  readonly flow?: Parameters<typeof connection>[0];
  readonly protocols: readonly string[];
}[] = [
  {
    name: "hides a look-up that audit lets go",
    query: lookUp(),
    protocols: ["tcp"],
  },
  {
    name: "hides a look-up that is allowed",
    query: lookUp({ decision: "allow", why: "allowed_name" }),
    protocols: ["tcp"],
  },
  {
    name: "hides the look-up of an older name of the address",
    query: lookUp({ name: "older.example" }),
    protocols: ["tcp"],
  },
  {
    name: "shows a look-up that is refused",
    query: lookUp({ enforced: true, answers: null }),
    protocols: ["dns", "tcp"],
  },
  {
    name: "shows a look-up at a server that is not allowed",
    query: lookUp({ why: "resolver_not_allowed" }),
    protocols: ["tcp", "dns"],
  },
  {
    name: "hides the look-up of the name that the client says",
    query: lookUp(),
    flow: { sni: "a.example" },
    protocols: ["tcp"],
  },
  {
    name: "shows a look-up of another name than the client says",
    query: lookUp(),
    flow: { sni: "b.example", why: "sni_not_allowed" },
    protocols: ["dns", "tcp"],
  },
  {
    name: "shows a look-up behind which the client says no name",
    query: lookUp(),
    flow: { why: "name_missing" },
    protocols: ["dns", "tcp"],
  },
  {
    name: "shows a look-up behind which nobody can read the name",
    query: lookUp(),
    flow: { why: "name_unreadable" },
    protocols: ["dns", "tcp"],
  },
];

for (const { name, query, flow, protocols } of FOLLOWED) {
  Deno.test(`aggregate() ${name} when a connection follows`, () => {
    const names = ["a.example", "older.example"];
    const { rows } = aggregate([
      query,
      connection({ names, time: at(1), ...flow }),
    ]);

    assert.deepEqual(
      rows.map(({ protocol }) => protocol).sort(),
      [
        ...protocols,
      ].sort(),
    );
  });
}

Deno.test("aggregate() sorts by what became of it, then by name", () => {
  const refused = { enforced: true };
  const allowed = { decision: "allow", enforced: true } as const;
  const { rows } = aggregate([
    connection({ ...allowed, names: ["a.example"] }),
    connection({ names: ["b.example"] }),
    connection({ ...refused, names: ["d.example"] }),
    connection({ ...refused, names: ["c.example"] }),
  ]);

  assert.deepEqual(rows.map(({ name }) => name), [
    "c.example",
    "d.example",
    "b.example",
    "a.example",
  ]);
});

Deno.test("aggregate() takes mode and scope from the last armed", () => {
  const { egress, scope } = aggregate([
    agent("armed", { second: 0, egress: "audit", scope: "host" }),
    agent("stopped", { second: 1 }),
    agent("armed", { second: 2, egress: "block", scope: "command" }),
  ]);

  assert.deepEqual({ egress, scope }, { egress: "block", scope: "command" });
});

Deno.test("aggregate() knows no mode without armed", () => {
  assert.equal(aggregate([]).egress, null);
});

Deno.test("aggregate() tells of tampering, losses and problems", () => {
  const summary = aggregate([
    agent("armed", { second: 0 }),
    agent("tampered", { second: 1, message: "Rules were flushed." }),
    agent("tampered", { second: 2 }),
    agent("stopped", { second: 3, packets: 7, lost: 2 }),
  ], ["line 1: x"]);

  assert.deepEqual(summary.tampered, [
    "Rules were flushed.",
    "The agent was tampered with.",
  ]);
  assert.equal(summary.packets, 7);
  assert.equal(summary.lostEvents, 2);
  assert.deepEqual(summary.problems, ["line 1: x"]);
});

Deno.test("aggregate() finds the gaps of a killed agent's journal", () => {
  const { coverage, lost } = summaryOf("killed");

  assert.deepEqual(coverage.map(({ from }) => from.slice(17, 23)), [
    "00.000",
    "00.190",
    "09.000",
  ]);
  assert.deepEqual(lost.map(({ from }) => from.slice(17, 23)), [
    "00.150",
    "00.300",
    "09.150",
  ]);
});

Deno.test("countsOf() counts events by kind and decision", () => {
  const counts = countsOf([
    agent("armed", { second: 0 }),
    connection(),
    connection({ decision: "allow" }),
    connection({ enforced: true }),
    lookUp({ decision: "allow" }),
  ]);

  assert.deepEqual(counts, {
    connection: { allow: 1, deny: 2 },
    dns: { allow: 1, deny: 0 },
    exec: 0,
    step: 0,
    privilege: { seen: 0, denied: 0 },
    file: { seen: 0, overwritten: 0 },
  });
});

Deno.test("aggregate() tells tampering from what could let nothing out", () => {
  const armed = agent("armed", { second: 0 });
  const held = agent("tampered", { second: 1, held: true, message: "Moved." });
  const message = "Stopped.";
  const impaired = agent("impaired", { second: 2, message });
  const calm = aggregate([armed, held, impaired]);
  assert.equal(calm.isTampered, false);
  assert.deepEqual(calm.tampered, ["Moved."]);
  assert.deepEqual(calm.impaired, [message]);
  const open = agent("tampered", { second: 3 });
  assert.equal(aggregate([armed, held, open]).isTampered, true);
});

Deno.test("aggregate() keeps each name that a silent client may have meant", () => {
  const silent = connection({ names: ["a.example", "b.example"] });
  const said = connection({ sni: "a.example" });
  for (const events of [[silent, said], [said, silent]]) {
    const { rows } = aggregate(events);

    assert.deepEqual(rows.map(({ sni, names }) => ({ sni, names })), [
      { sni: null, names: ["a.example", "b.example"] },
    ]);
  }
});
