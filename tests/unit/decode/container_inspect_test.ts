import assert from "node:assert/strict";
import fc from "fast-check";
import {
  containerRisk,
  isOnlySocket,
} from "../../../agent/decide/container_risk.ts";
import { decodeContainerInspect } from "../../../agent/decode/container_inspect.ts";

const ID = "4f5e1a0b".repeat(8);

/**
 * The shape of Docker's Engine API 1.47, with the fields that are read and some
 * of those around them.
 */
function answer(
  host: Record<string, unknown> = {},
  mounts: readonly Record<string, unknown>[] = [],
): Record<string, unknown> {
  return {
    Id: ID,
    Created: "2026-11-23T14:00:00.000000000Z",
    Name: "/web",
    HostConfig: {
      Binds: null,
      NetworkMode: "bridge",
      PidMode: "",
      IpcMode: "private",
      UTSMode: "",
      UsernsMode: "",
      CgroupnsMode: "private",
      Privileged: false,
      CapAdd: null,
      Devices: [],
      SecurityOpt: null,
      ...host,
    },
    Mounts: mounts,
    Config: { Image: "alpine:3.22", Cmd: ["sh"] },
  };
}

function decode(value: unknown) {
  return decodeContainerInspect(
    new TextEncoder().encode(JSON.stringify(value)),
  );
}

Deno.test("decodeContainerInspect() reads what a runtime says", () => {
  const decoded = decode(answer());
  assert.ok(decoded.ok);
  const { id, name, image, modes, isPrivileged } = decoded.value;
  assert.deepEqual([id, name, image], [ID, "web", "alpine:3.22"]);
  assert.equal(modes.network, "bridge");
  assert.equal(isPrivileged, false);
  assert.deepEqual(containerRisk(decoded.value), []);
});

const RISKS: readonly {
  name: string;
  host?: Record<string, unknown>;
  mounts?: readonly Record<string, unknown>[];
  risk: readonly string[];
}[] = [
  {
    name: "a privileged container",
    host: { Privileged: true },
    risk: ["all rights (privileged)"],
  },
  {
    name: "the machine's namespaces",
    host: { PidMode: "host", NetworkMode: "host", IpcMode: "host" },
    risk: [
      "the machine's network namespace",
      "the machine's pid namespace",
      "the machine's ipc namespace",
    ],
  },
  {
    name: "another container's network",
    host: { NetworkMode: `container:${ID}` },
    risk: [],
  },
  {
    name: "the runtime's socket and the machine's root",
    mounts: [
      { Type: "bind", Source: "/var/run/docker.sock" },
      { Type: "bind", Source: "/" },
    ],
    risk: ["the machine's /var/run/docker.sock", "the machine's /"],
  },
  {
    name: "a workspace and a volume",
    mounts: [
      { Type: "bind", Source: "/home/runner/work" },
      { Type: "volume", Source: "/var/lib/docker/volumes/a/_data" },
    ],
    risk: [],
  },
  {
    name: "capabilities that lead out",
    host: { CapAdd: ["SYS_ADMIN", "CAP_SYS_PTRACE", "net_raw"] },
    risk: ["the capability SYS_ADMIN", "the capability SYS_PTRACE"],
  },
  {
    name: "a device",
    host: { Devices: [{ PathOnHost: "/dev/sda" }] },
    risk: ["the device /dev/sda"],
  },
  {
    name: "no confinement",
    host: { SecurityOpt: ["seccomp=unconfined", "no-new-privileges"] },
    risk: ["no confinement (seccomp=unconfined)"],
  },
];

for (const { name, host, mounts, risk } of RISKS) {
  Deno.test(`containerRisk() says what it means to have ${name}`, () => {
    const decoded = decode(answer(host, mounts));
    assert.ok(decoded.ok);
    assert.deepEqual(containerRisk(decoded.value), risk);
  });
}

Deno.test("isOnlySocket() knows what the runner lends to each container", () => {
  const socket = { Type: "bind", Source: "/var/run/docker.sock" };
  const work = { Type: "bind", Source: "/home/runner/work" };
  const isOnly = (...of: Parameters<typeof answer>) => {
    const decoded = decode(answer(...of));
    return decoded.ok && isOnlySocket(decoded.value);
  };
  assert.equal(isOnly({}, [socket, work]), true);
  assert.equal(isOnly({}, [work]), false);
  assert.equal(isOnly({ Privileged: true }, [socket]), false);
});

const REFUSED: readonly { name: string; value: unknown }[] = [
  { name: "null", value: null },
  { name: "a list", value: [] },
  { name: "no id", value: { Name: "/web" } },
  { name: "a short id", value: { ...answer(), Id: ID.slice(1) } },
  { name: "an id that is a path", value: { ...answer(), Id: `../${ID}` } },
];

for (const { name, value } of REFUSED) {
  Deno.test(`decodeContainerInspect() refuses ${name}`, () => {
    assert.equal(decode(value).ok, false);
  });
}

Deno.test("decodeContainerInspect() takes other types for what is not set", () => {
  const decoded = decode({
    ...{ Id: ID, Name: 7, Config: [], Mounts: { Type: "bind" } },
    HostConfig: { Privileged: "true", CapAdd: "ALL", Devices: [7, null] },
  });
  assert.ok(decoded.ok);
  assert.equal(decoded.value.name, "");
  assert.deepEqual(containerRisk(decoded.value), []);
});

Deno.test("decodeContainerInspect() cuts what is long", () => {
  const long = "a".repeat(100_000);
  const many = new Array(100_000).fill("SYS_ADMIN");
  const decoded = decode({ ...answer({ CapAdd: many }), Name: long });
  assert.ok(decoded.ok);
  assert.equal(decoded.value.name.length, 1_024);
  assert.equal(decoded.value.capabilities.length, 256);
});

Deno.test("decodeContainerInspect() refuses every truncation", () => {
  const bytes = new TextEncoder().encode(JSON.stringify(answer()));
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeContainerInspect(bytes.subarray(0, length)).ok, false);
  }
});

Deno.test("decodeContainerInspect() takes any JSON, also deep", () => {
  fc.assert(fc.property(fc.json(), (text) => {
    decodeContainerInspect(new TextEncoder().encode(text));
  }));
  const deep = "[".repeat(500_000);
  assert.equal(
    decodeContainerInspect(new TextEncoder().encode(deep)).ok,
    false,
  );
});
