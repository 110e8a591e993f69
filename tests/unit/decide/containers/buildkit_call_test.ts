import assert from "node:assert/strict";
import {
  callAgainst,
  kindOfCall,
} from "../../../../agent/decide/containers/buildkit_call.ts";

const CONTROL = "/moby.buildkit.v1.Control";
const BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge";
const ENCODER = new TextEncoder();

/** A field of bytes; each is shorter than 128. */
function field(number: number, value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? ENCODER.encode(value) : value;
  return Uint8Array.of(number << 3 | 2, bytes.length, ...bytes);
}

function join(...fields: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(fields.flatMap((each) => [...each]));
}

function attribute(number: number, name: string, value: string): Uint8Array {
  return field(number, join(field(1, name), field(2, value)));
}

const SOLVE = join(
  field(1, "ref"),
  field(5, "session"),
  field(6, "dockerfile.v0"),
  attribute(7, "target", "host"),
  attribute(7, "force-network-mode", "none"),
);

/** As gRPC sends a message. */
function prefixed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

for (
  const { path, message } of [
    { path: `${CONTROL}/Solve`, message: SOLVE },
    { path: `${CONTROL}/Solve`, message: new Uint8Array(0) },
    { path: `${BRIDGE}/Solve`, message: attribute(3, "target", "host") },
  ]
) {
  Deno.test(`callAgainst() has nothing against ${path}, ${message.length} bytes`, () => {
    assert.equal(kindOfCall(path), "judged");
    assert.equal(callAgainst(path, prefixed(message)), null);
  });
}

for (
  const path of [
    ...["Info", "ListWorkers", "Status", "DiskUsage", "Prune"]
      .map((name) => `${CONTROL}/${name}`),
    ...["Ping", "Return", "ReadFile", "ResolveSourceMeta"]
      .map((name) => `${BRIDGE}/${name}`),
  ]
) {
  Deno.test(`kindOfCall() lets ${path} say what it likes`, () => {
    assert.equal(kindOfCall(path), "plain");
  });
}

for (
  const path of [
    ...["NewContainer", "ExecProcess", "ReleaseContainer", "Other"]
      .map((name) => `${BRIDGE}/${name}`),
    ...["Session", "solve", "Solve/", "Solve?a", "", "%53olve"]
      .map((name) => `${CONTROL}/${name}`),
    `/${CONTROL}/Info`,
    "moby.buildkit.v1.Control/Solve",
    "/containerd.services.content.v1.Content/Delete",
    "/containerd.services.containers.v1.Containers/Create",
    "",
    "constructor",
  ]
) {
  Deno.test(`kindOfCall() refuses ${path}`, () => {
    assert.equal(kindOfCall(path), "refused");
    assert.match(callAgainst(path, prefixed(SOLVE))!, /none that a build/);
  });
}

for (
  const { name, content } of [
    { name: "nothing", content: new Uint8Array(0) },
    { name: "half a prefix", content: Uint8Array.of(0, 0, 0, 0) },
    {
      name: "a compressed message",
      content: prefixed(SOLVE).with(0, 1),
    },
    { name: "a message that is cut", content: prefixed(SOLVE).slice(0, -1) },
    {
      name: "a second message",
      content: join(prefixed(SOLVE), prefixed(field(9, "network.host"))),
    },
  ]
) {
  Deno.test(`callAgainst() refuses ${name}`, () => {
    assert.equal(
      callAgainst(`${CONTROL}/Solve`, content),
      "it is not one message, uncompressed",
    );
  });
}

for (
  const { name, path = `${CONTROL}/Solve`, message, why } of [
    {
      name: "a right that is asked for",
      message: join(SOLVE, field(9, "network.host")),
      why: 'Entitlements: "network.host"',
    },
    {
      name: "a right without a name",
      message: join(SOLVE, field(9, "")),
      why: 'Entitlements: ""',
    },
    {
      name: "the machine's network",
      message: join(SOLVE, attribute(7, "force-network-mode", "host")),
      why: 'force-network-mode: "host"',
    },
    {
      name: "the machine's network by the bridge",
      path: `${BRIDGE}/Solve`,
      message: attribute(3, "force-network-mode", "host"),
      why: 'force-network-mode: "host"',
    },
    {
      name: "another cgroup",
      message: attribute(7, "cgroup-parent", "/"),
      why: 'cgroup-parent: "/"',
    },
    {
      name: "an attribute with two values",
      message: field(
        7,
        join(field(1, "force-network-mode"), field(2, ""), field(2, "host")),
      ),
      why: "its attributes are malformed",
    },
    {
      name: "an unknown field",
      // 17 << 3 does not fit one byte.
      message: Uint8Array.of(0x88, 0x01, 1),
      why: "its field 17 is not known",
    },
    {
      name: "half of a message",
      message: SOLVE.subarray(0, -1),
      why: "its protobuf is malformed",
    },
  ]
) {
  Deno.test(`callAgainst() refuses ${name}`, () => {
    assert.equal(callAgainst(path, prefixed(message)), why);
  });
}

Deno.test("callAgainst() finds a right at every place of a message", () => {
  const right = field(9, "security.insecure");
  for (const before of [[], [SOLVE]]) {
    for (const behind of [[], [SOLVE], [field(9, "")]]) {
      const message = join(...before, right, ...behind);
      assert.equal(
        callAgainst(`${CONTROL}/Solve`, prefixed(message)),
        'Entitlements: "security.insecure"',
      );
    }
  }
  // A number where a text belongs, which a reader could take for none.
  const odd = prefixed(Uint8Array.of(9 << 3, 1));
  assert.equal(callAgainst(`${CONTROL}/Solve`, odd), "Entitlements: null");
});
