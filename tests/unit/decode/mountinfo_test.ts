import assert from "node:assert/strict";
import {
  decodeMounts,
  findCgroup2Mount,
} from "../../../agent/decode/mountinfo.ts";

const PROC = "24 30 0:22 / /proc rw,nosuid shared:5 - proc proc rw";
const V1 = "33 32 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids";
const V2 = "35 32 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

const ROWS: readonly { name: string; text: string; wanted: string | null }[] = [
  { name: "nothing in an empty file", text: "", wanted: null },
  { name: "nothing without cgroup v2", text: `${PROC}\n${V1}\n`, wanted: null },
  {
    name: "the mount next to v1",
    text: `${PROC}\n${V1}\n${V2}\n`,
    wanted: "/sys/fs/cgroup/unified",
  },
  {
    name: "the mount behind any number of optional fields",
    text: V2.replace("rw -", "rw shared:9 master:1 propagate_from:2 -"),
    wanted: "/sys/fs/cgroup/unified",
  },
  {
    name: "a mount point with a space and a backslash",
    text: V2.replace("unified", "a\\040b\\134040"),
    wanted: "/sys/fs/cgroup/a b\\040",
  },
  {
    name: "the first of two",
    text: `${V2}\n${V2.replace("unified", "second")}`,
    wanted: "/sys/fs/cgroup/unified",
  },
  {
    name: "the whole hierarchy and not a part of it",
    text: `${V2.replace("0:30 /", "0:30 /docker")}\n${V2}`,
    wanted: "/sys/fs/cgroup/unified",
  },
  {
    name: "no other file system whose source is called cgroup2",
    text: "35 32 0:30 / /mnt rw - tmpfs cgroup2 rw",
    wanted: null,
  },
  {
    name: "no mount point that is called like a separator",
    text: "35 32 0:30 / - cgroup2 - tmpfs tmpfs rw",
    wanted: null,
  },
  {
    name: "nothing in a line that is cut",
    text: V2.slice(0, 30),
    wanted: null,
  },
];

for (const { name, text, wanted } of ROWS) {
  Deno.test(`findCgroup2Mount() finds ${name}`, () => {
    assert.equal(findCgroup2Mount(text), wanted);
  });
}

Deno.test("decodeMounts() reads all mounts, in their order", () => {
  const bind =
    "90 32 254:0 /a\\040b /work\\012space rw shared:1 - ext4 /dev/x rw";
  assert.deepEqual(decodeMounts(`${V2}\n${bind}\n`), [
    {
      ...{ id: "35", device: "0:30", root: "/" },
      ...{ mountPoint: "/sys/fs/cgroup/unified", type: "cgroup2" },
      flags: ["rw"],
    },
    {
      ...{ id: "90", device: "254:0", root: "/a b" },
      ...{ mountPoint: "/work\nspace", type: "ext4" },
      flags: ["rw"],
    },
  ]);
});

Deno.test("decodeMounts() leaves out lines that are cut", () => {
  for (let length = 0; length < V2.indexOf(" - ") + 3; length++) {
    const mounts = decodeMounts(`${V2.slice(0, length)}\n${V1}`);
    assert.deepEqual(mounts.map(({ id }) => id), ["33"], `${length}`);
  }
});
