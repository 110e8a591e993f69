import assert from "node:assert/strict";
import {
  judgeBody,
  routeRequest,
} from "../../../../agent/decide/containers/container_request.ts";
import { decodeHttpHead } from "../../../../agent/decode/http_head.ts";

function route(line: string, more = "") {
  const text = `${line} HTTP/1.1\r\nHost: d\r\n${more}\r\n`;
  const result = decodeHttpHead(new TextEncoder().encode(text));
  assert.equal(result.kind, "head");
  return routeRequest(
    (result as Extract<typeof result, { kind: "head" }>).head,
  );
}

/** What docker, docker compose and the runner ask for. */
const PASSED: readonly { line: string; body?: string; about?: string }[] = [
  { line: "HEAD /_ping" },
  { line: "GET /v1.51/version" },
  { line: "GET /v1.41/containers/json?all=1&filters=%7B%7D" },
  { line: "GET /containers/abc/logs?follow=1&stdout=1" },
  { line: "POST /v1.41/containers/create?name=a&platform=", body: "create" },
  { line: "POST /v1.41/containers/abc/start", about: "container abc" },
  { line: "POST /v1.41/containers/abc/wait?condition=next-exit" },
  { line: "POST /v1.41/containers/abc/kill?signal=TERM" },
  { line: "DELETE /v1.41/containers/abc?force=1&v=1" },
  {
    line: "POST /v1.41/containers/abc/exec",
    body: "exec",
    about: "container abc",
  },
  { line: "POST /v1.41/exec/abc/start", body: "execStart", about: "exec abc" },
  {
    line: "PUT /v1.41/containers/abc/archive?path=%2F",
    body: "bytes",
    about: "container abc",
  },
  { line: "POST /v1.41/images/create?fromImage=a&tag=b", body: "bytes" },
  { line: "POST /v1.41/images/reg.example:5000/a/b/push?tag=c" },
  { line: "GET /v1.41/images/a@sha256:0123/json" },
  { line: "DELETE /v1.41/images/a:b?force=1" },
  {
    line: "POST /v1.41/build?t=a&networkmode=default&rm=1&cgroupparent=",
    body: "bytes",
  },
  { line: "POST /v1.41/networks/create", body: "network" },
  {
    line: "POST /v1.41/networks/n/connect",
    body: "connect",
    about: "network n",
  },
  { line: "POST /v1.41/volumes/create", body: "volume" },
  { line: "POST /auth", body: "auth" },
];

const REFUSED: readonly string[] = [
  ...["POST /v1.41/swarm/init", "POST /v1.41/plugins/pull", "GET /debug/pprof"],
  ...["POST /services/create", "POST /secrets/create", "POST /nodes/a/update"],
  ...["POST /containers/a/checkpoints", "POST /grpc", "OPTIONS /info"],
  ...[
    "POST /libpod/containers/create",
    "POST /v4.0.0/libpod/containers/create",
  ],
  ...["GET /containers/a/attach/ws", "POST /v1.23/containers/a/start"],
  ...["POST /containers/a/start?checkpoint=b", "POST /containers/a/b/start"],
  ...["POST /build?networkmode=host", "POST /build?networkmode=container:a"],
  ...["POST /build?securityopt=a", "POST /build?NetworkMode=host"],
  ...["POST /containers/create?hostConfig=x", "PATCH /containers/a"],
  ...[
    "POST /v1.41",
    "POST /v1.41/v1.41/containers/create",
    "DELETE /plugins/a",
  ],
  ...["POST /session", "PUT /images/a", "POST /containers/-a/start"],
];

for (const { line, body = "none", about } of PASSED) {
  Deno.test(`routeRequest() passes ${line}`, () => {
    const routed = route(line);

    assert.ok(routed.ok, JSON.stringify(routed));
    assert.equal(routed.value.body, body);
    const questions = routed.value.questions.map(({ kind, name }) =>
      `${kind} ${name}`
    );
    assert.deepEqual(questions, about === undefined ? [] : [about]);
  });
}

for (const line of REFUSED) {
  Deno.test(`routeRequest() refuses ${line}`, () => {
    assert.equal(route(line).ok, false);
  });
}

Deno.test("routeRequest() drops parameters that nobody has looked at", () => {
  const routed = route("POST /build?t=a%20b&networkmode=&isolation=&t=c");
  assert.ok(routed.ok);
  assert.equal(routed.value.target, "/build?t=a%20b&t=c");
});

for (
  const { line, upgrade, isFine } of [
    { line: "POST /containers/a/attach", upgrade: "tcp", isFine: true },
    { line: "POST /containers/a/attach", upgrade: "h2c", isFine: false },
    { line: "POST /exec/a/start", upgrade: "tcp", isFine: true },
    { line: "POST /session", upgrade: "h2c", isFine: true },
    { line: "POST /grpc", upgrade: "h2c", isFine: true },
    { line: "POST /v1.41/grpc", upgrade: "tcp", isFine: false },
    { line: "GET /grpc", upgrade: "h2c", isFine: false },
    { line: "POST /containers/create", upgrade: "h2c", isFine: false },
    { line: "GET /_ping", upgrade: "websocket", isFine: false },
  ]
) {
  Deno.test(`routeRequest() of ${line} and a change to ${upgrade}`, () => {
    const more = `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
    assert.equal(route(line, more).ok, isFine);
  });
}

/** Bodies of a container to be made that nobody's client sends. */
const ODD: readonly { name: string; host: unknown }[] = [
  { name: "a list", host: [] },
  { name: "a bind without a target", host: { Binds: ["/a:rw"] } },
  { name: "a bind with four parts", host: { Binds: ["/a:/b:ro:/c"] } },
  { name: "a bind that is no text", host: { Binds: [{ a: 1 }] } },
  { name: "a path that goes up for a volume", host: { Binds: ["../a:/b"] } },
  { name: "an unknown mode", host: { Binds: ["/a:/b:ro,U"] } },
  { name: "a mount of another type", host: { Mounts: [{ Type: "cluster" }] } },
  { name: "a mount without a type", host: { Mounts: [{ Source: "/" }] } },
  {
    name: "a mount that is shared",
    host: {
      Mounts: [{
        ...{ Type: "bind", Source: "/a", Target: "/b" },
        BindOptions: { Propagation: "rshared" },
      }],
    },
  },
  {
    name: "a mount with a driver",
    host: {
      Mounts: [{
        ...{ Type: "volume", Target: "/b" },
        VolumeOptions: { DriverConfig: { Options: { device: "/" } } },
      }],
    },
  },
  { name: "volumes from a path", host: { VolumesFrom: ["/a"] } },
  { name: "another driver", host: { VolumeDriver: "mine" } },
  { name: "half of what is masked", host: { MaskedPaths: ["/proc/kcore"] } },
  { name: "nothing read-only", host: { ReadonlyPaths: [] } },
  { name: "annotations for a runtime", host: { Annotations: { a: "b" } } },
  { name: "a setting of tomorrow", host: { Tomorrow: "yes" } },
  { name: "a namespace in upper case", host: { PidMode: "Host" } },
];

for (const { name, host } of ODD) {
  Deno.test(`judgeBody() refuses a container with ${name}`, () => {
    const body = JSON.parse(JSON.stringify({ Image: "x", HostConfig: host }));
    const judged = judgeBody("create", body);
    assert.equal(judged.ok, false);
  });
}

Deno.test("judgeBody() writes only what was looked at", () => {
  const judged = judgeBody("create", {
    Image: "x",
    tomorrow: null,
    HostConfig: {
      Privileged: false,
      Devices: [],
      Binds: ["/a:/b:ro", "cache:/c"],
      Mounts: [{ Type: "bind", Source: "/d", Target: "/e" }],
      NetworkMode: "mine",
    },
  });

  assert.ok(judged.ok);
  const { binds, questions, write } = judged.value;
  assert.deepEqual(binds, [
    { source: "/a", isReadOnly: true, isMade: true },
    { source: "/d", isReadOnly: false, isMade: false },
  ]);
  assert.deepEqual(questions, [
    { kind: "volume", name: "cache" },
    { kind: "network", name: "mine" },
  ]);
  assert.deepEqual(JSON.parse(JSON.stringify(write(["/held/0", "/held/1"]))), {
    Image: "x",
    HostConfig: {
      NetworkMode: "mine",
      Binds: ["/held/0:/b:ro", "cache:/c"],
      Mounts: [{ Type: "bind", Source: "/held/1", Target: "/e" }],
      VolumesFrom: [],
    },
    NetworkingConfig: null,
  });
});
