import assert from "node:assert/strict";
import { judgeAnswer } from "../../../../agent/decide/containers/answers.ts";
import type { Question } from "../../../../agent/decide/containers/judged_body.ts";
import type { Json } from "../../../../agent/decode/strict_json.ts";

const ID = "a".repeat(64);

function isHeld(path: string): boolean {
  return path.startsWith("/held/");
}

/** As Docker 20.10 describes a container that was made with no options. */
const PLAIN = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "json-file", Config: {} },
  NetworkMode: "default",
  PortBindings: {},
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "host",
  Dns: [],
  IpcMode: "private",
  Cgroup: "",
  PidMode: "",
  Privileged: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 67_108_864,
  Runtime: "runc",
  ConsoleSize: [0, 0],
  Isolation: "",
  CgroupParent: "",
  Devices: [],
  DeviceRequests: null,
  OomKillDisable: null,
  MaskedPaths: ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys"],
  ReadonlyPaths: [
    ...["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
    "/proc/sysrq-trigger",
  ],
};

function judge(question: Question, body: unknown, status = 200) {
  const json = JSON.parse(JSON.stringify(body)) as Json;
  return judgeAnswer(question, { status, body: json, isHeld });
}

const CONTAINER: Question = { kind: "container", name: "x" };

function asked(host: unknown) {
  return judge(CONTAINER, { Id: ID, HostConfig: host });
}

Deno.test("judgeAnswer() finds nothing against a plain container", () => {
  assert.deepEqual(asked(PLAIN), { against: null, id: ID, questions: [] });
});

Deno.test("judgeAnswer() finds nothing against what the filter has held", () => {
  assert.equal(asked({ ...PLAIN, Binds: ["/held/0:/a"] }).against, null);
});

for (
  const host of [
    { Privileged: true },
    { Binds: ["/:/host"] },
    { PidMode: "host" },
    { Devices: [{ PathOnHost: "/dev/sda" }] },
    { MaskedPaths: [] },
    { CapAdd: ["SYS_ADMIN"] },
  ]
) {
  Deno.test(`judgeAnswer() is against ${JSON.stringify(host)}`, () => {
    assert.notEqual(asked({ ...PLAIN, ...host }).against, null);
  });
}

Deno.test("judgeAnswer() leaves what is not there to the runtime", () => {
  for (const kind of ["container", "exec", "network", "volume"] as const) {
    const { against } = judge({ kind, name: "x" }, {}, 404);
    assert.equal(against, null);
  }
});

for (
  const { status, body } of [{ status: 0, body: null }, {
    status: 500,
    body: {},
  }, { status: 200, body: [] }]
) {
  Deno.test(`judgeAnswer() is against ${status} ${JSON.stringify(body)}`, () => {
    for (const kind of ["container", "exec", "network", "volume"] as const) {
      assert.notEqual(judge({ kind, name: "x" }, body, status).against, null);
    }
  });
}

Deno.test("judgeAnswer() goes from a program to its container", () => {
  const exec: Question = { kind: "exec", name: "e" };
  const plain = { ContainerID: ID, ProcessConfig: { privileged: false } };
  const { against, questions } = judge(exec, plain);
  assert.equal(against, null);
  assert.deepEqual(questions, [{ kind: "container", name: ID }]);
  const all = { ContainerID: ID, ProcessConfig: { privileged: true } };
  assert.notEqual(judge(exec, all).against, null);
});

for (
  const { kind, body, isFine } of [
    { kind: "network", body: { Driver: "bridge" }, isFine: true },
    { kind: "network", body: { Driver: "null" }, isFine: true },
    { kind: "network", body: { Driver: "host" }, isFine: false },
    { kind: "network", body: { Driver: "ipvlan" }, isFine: false },
    { kind: "volume", body: { Driver: "local", Options: null }, isFine: true },
    {
      kind: "volume",
      body: { Driver: "local", Options: { device: "/" } },
      isFine: false,
    },
    { kind: "volume", body: { Driver: "nfs" }, isFine: false },
  ] as const
) {
  Deno.test(`judgeAnswer() of a ${kind} with ${JSON.stringify(body)}`, () => {
    const { against } = judge({ kind, name: "x" }, body);
    assert.equal(against === null, isFine);
  });
}
