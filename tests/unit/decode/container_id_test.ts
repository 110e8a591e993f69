import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ContainerRuntime,
  decodeContainerId,
} from "../../../agent/decode/container_id.ts";

const UTF8 = new TextEncoder();

const ID = "4f5e1a0b".repeat(8);
const OTHER = "9c3d7e21".repeat(8);
/** Of BuildKit, as identity/randomid.go makes them. */
const BUILD = "mn8ux1v4qf0w2rjk7t5yz3abc";
const POD = "019c1fe8_0d92_4aa0_b61c_4df58bdde71c";

interface Row {
  /** Where the form is from. */
  readonly name: string;
  readonly text: string;
  readonly id: string;
  readonly runtime: ContainerRuntime | null;
}

const FORMS: readonly Row[] = [
  {
    name: "Docker with cgroupfs on v2 (moby, daemon/oci_linux.go)",
    text: `0::/docker/${ID}\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "Docker with systemd on v2 (runc, cgroups/systemd/common.go)",
    text: `0::/system.slice/docker-${ID}.scope\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "Docker on v1 and v2 together (this machine's layout)",
    text: `9:name=systemd:/docker/${ID}\n4:memory:/docker/${ID}\n0::/\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "several controllers in one line, cgroups(7)",
    text: `8:net_cls,net_prio:/docker/${ID}\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "the cgroup-parent of GitHub's hosted runners",
    text: `12:pids:/actions_job/${ID}\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "systemd in a container, below the container's own cgroup",
    text: `0::/system.slice/docker-${ID}.scope/init.scope\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "a neighbour, seen out of a cgroup namespace (cgroup_namespaces(7))",
    text: `0::/../docker-${ID}.scope\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "a neighbour by its bare id",
    text: `0::/../${ID}\n`,
    id: ID,
    runtime: null,
  },
  {
    name: "a cgroup that was removed (kernel/cgroup/cgroup.c)",
    text: `0::/docker/${ID} (deleted)\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "Podman as root (libpod/container_internal_linux.go)",
    text: `0::/machine.slice/libpod-${ID}.scope/container\n`,
    id: ID,
    runtime: "podman",
  },
  {
    name: "Podman without root",
    text: "0::/user.slice/user-1001.slice/user@1001.service/user.slice/" +
      `libpod-${ID}.scope/container\n`,
    id: ID,
    runtime: "podman",
  },
  {
    name: "Podman with --cgroups=split (libpod/oci_conmon_linux.go)",
    text: `0::/system.slice/job.service/libpod-payload-${ID}\n`,
    id: ID,
    runtime: "podman",
  },
  {
    name: "Podman with cgroupfs (libpod/container_internal_linux.go)",
    text: `0::/libpod_parent/libpod-${ID}/ctr\n`,
    id: ID,
    runtime: "podman",
  },
  {
    name:
      "containerd of Kubernetes with systemd (tkestack/vcuda-controller#19)",
    text: `11:blkio:/kubepods.slice/kubepods-pod${POD}.slice/` +
      `cri-containerd-${ID}.scope\n`,
    id: ID,
    runtime: "containerd",
  },
  {
    name: "containerd that was told systemd's form (kubernetes#106515)",
    text: "0::/system.slice/containerd.service/kubepods-burstable-" +
      `pod${POD}.slice:cri-containerd:${ID}\n`,
    id: ID,
    runtime: "containerd",
  },
  {
    name: "a neighbour in a pod (grafana/beyla#468)",
    text: `0::/../cri-containerd-${ID}.scope\n`,
    id: ID,
    runtime: "containerd",
  },
  {
    name: "nerdctl (pkg/cmd/container/run_cgroup_linux.go)",
    text: `0::/system.slice/nerdctl-${ID}.scope\n`,
    id: ID,
    runtime: "containerd",
  },
  {
    name: "Kubernetes with cgroupfs (spiffe/spire#1547)",
    text: `10:cpuset:/kubepods/kubepods/besteffort/pod${POD}/${ID}\n`,
    id: ID,
    runtime: null,
  },
  {
    name: "CRI-O (kinvolk/traceloop#34)",
    text: `0::/kubepods.slice/kubepods-burstable.slice/` +
      `kubepods-burstable-pod${POD}.slice/crio-${ID}.scope/container\n`,
    id: ID,
    runtime: "crio",
  },
  {
    name: "BuildKit in Docker (buildkit, executor/oci/spec.go)",
    text: `0::/docker/buildkit/${BUILD}\n`,
    id: BUILD,
    runtime: "buildkit",
  },
  {
    name:
      "BuildKit in Docker with systemd's form (moby, cmd/dockerd/daemon.go)",
    text: `0::/system.slice:docker:${BUILD}\n`,
    id: BUILD,
    runtime: "buildkit",
  },
  {
    name: "BuildKit by itself",
    text: `0::/buildkit/${BUILD}\n`,
    id: BUILD,
    runtime: "buildkit",
  },
  {
    name: "LXC on v2 (lxc, src/lxc/cgroups/cgfsng.c)",
    text: "0::/lxc.payload.web/system.slice/cron.service\n",
    id: "web",
    runtime: "lxc",
  },
  {
    name: "LXD on v2, older",
    text: "0::/lxc.payload/web\n",
    id: "web",
    runtime: "lxc",
  },
  {
    name: "LXC on v1",
    text: "4:memory:/lxc/web/init.scope\n",
    id: "web",
    runtime: "lxc",
  },
  {
    name: "systemd-nspawn (machined-dbus.c), its name escaped",
    text: "0::/machine.slice/machine-my\\x2dbox.scope/payload/init.scope\n",
    id: "my-box",
    runtime: "nspawn",
  },
  {
    name: "systemd-nspawn as a service (systemd-nspawn@.service)",
    text: "0::/machine.slice/systemd-nspawn@box.service/payload\n",
    id: "box",
    runtime: "nspawn",
  },
  {
    name: "Docker in Docker: the outer one",
    text: `0::/docker/${ID}/docker/${OTHER}\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "Kubernetes in Docker: the node (grafana/beyla#468)",
    text: `0::/docker/${ID}/kubelet.slice/kubelet-kubepods.slice/` +
      `cri-containerd-${OTHER}.scope\n`,
    id: ID,
    runtime: "docker",
  },
  {
    name: "a line that says the runtime after one that does not",
    text: `4:memory:/x/${ID}\n0::/docker/${ID}\n`,
    id: ID,
    runtime: "docker",
  },
];

for (const { name, text, id, runtime } of FORMS) {
  Deno.test(`decodeContainerId() finds ${name}`, () => {
    const found = decodeContainerId(UTF8.encode(text));
    assert.deepEqual(found, { id, runtime });
  });
}

const NONE: readonly { name: string; text: string }[] = [
  { name: "nothing", text: "" },
  { name: "the root", text: "0::/\n" },
  {
    name: "a service of the machine",
    text: "0::/system.slice/docker.service\n",
  },
  {
    name: "a monitor of Podman",
    text: `0::/machine.slice/libpod-conmon-${ID}.scope\n`,
  },
  {
    name: "a monitor of CRI-O",
    text: `0::/system.slice/crio-conmon-${ID}.scope\n`,
  },
  { name: "a monitor of LXC", text: "0::/lxc.monitor.web\n" },
  {
    name: "systemd-nspawn itself",
    text: "0::/machine.slice/machine-box.scope/supervisor\n",
  },
  {
    name: "a virtual machine of libvirt",
    text:
      "0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator\n",
  },
  { name: "an id that is short", text: `0::/docker/${ID.slice(1)}\n` },
  { name: "an id that is long", text: `0::/docker/${ID}0\n` },
  {
    name: "an id in capitals",
    text: `0::/docker/${ID.toUpperCase()}\n`,
  },
  { name: "a unit that is called so", text: `0::/docker-${ID}.service\n` },
  { name: "a key of Object", text: `0::/constructor/${BUILD}\n` },
  { name: "a line without its end", text: `0::/docker/${ID}` },
  { name: "a path that is none", text: `0::docker/${ID}\n` },
  { name: "a line that is none", text: `/docker/${ID}\n` },
  {
    name: "two lines that do not agree",
    text: `4:memory:/docker/${OTHER}\n0::/docker/${ID}\n`,
  },
];

for (const { name, text } of NONE) {
  Deno.test(`decodeContainerId() finds no container in ${name}`, () => {
    assert.equal(decodeContainerId(UTF8.encode(text)), null);
  });
}

Deno.test("decodeContainerId() looks below the agent's own container", () => {
  const inner = UTF8.encode(`0::/docker/${ID}/docker/${OTHER}\n`);
  assert.equal(decodeContainerId(inner, ID)?.id, OTHER);
  const own = UTF8.encode(`0::/docker/${ID}\n`);
  assert.equal(decodeContainerId(own, ID), null);
});

Deno.test("decodeContainerId() gives no part of an id for any truncation", () => {
  for (const { text, id } of FORMS) {
    const bytes = UTF8.encode(text);
    for (let length = 0; length < bytes.length; length++) {
      const found = decodeContainerId(bytes.subarray(0, length));
      assert.ok(found === null || found.id === id, `${length} bytes`);
    }
  }
});

Deno.test("decodeContainerId() takes any bytes", () => {
  const piece = fc.constantFrom(
    ...["0::/", "4:memory:/", "\n", "/", ":", "-", ".scope", " (deleted)"],
    ...["docker", "libpod", "lxc", "lxc.payload.", "machine.slice/machine-"],
    ...[ID, BUILD, "..", "\\x2d", "\\x0a", "\ufffd", "\0", "a"],
  );
  const text = fc.array(piece, { maxLength: 40 }).map((list) => list.join(""));
  fc.assert(fc.property(text, (text) => {
    const found = decodeContainerId(UTF8.encode(text));
    assert.ok(found === null || found.id !== "");
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    decodeContainerId(bytes);
  }));
});

Deno.test("decodeContainerId() is quick with a name that has no end", () => {
  for (const unit of ["a", "-", ":", "a-", ":a", "a:", "/docker", "\\x2d"]) {
    const text = UTF8.encode(`0::/${unit.repeat(16_384)}!\n`);
    const startMs = performance.now();
    decodeContainerId(text);
    assert.ok(performance.now() - startMs < 1_000, unit);
  }
});
