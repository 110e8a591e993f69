/**
 * Docker's own command line behind the filter: what a build needs works, what
 * gives a container rights over the machine does not.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dockerClient } from "./docker_client.ts";
import { FilterGround } from "./filter_ground.ts";
import { waitUntil } from "../../lab/wait.ts";

const IMAGE = ["alpine", "true"];

/** `$WORK` is the job's workspace; each is passed on. */
const WORKING: readonly { name: string; args: string[]; act: string }[] = [
  { name: "a plain container", args: [], act: "containers/create" },
  {
    name: "the workspace",
    args: ["-v", "$WORK/project:/src"],
    act: "containers/create",
  },
  {
    name: "the workspace, as a mount",
    args: ["--mount", "type=bind,src=$WORK/project,dst=/src,readonly"],
    act: "containers/create",
  },
  {
    name: "a volume, ports and limits",
    args: ["-v", "cache:/c", "-p", "8080:80", "-m", "64m", "--cpus", "1"],
    act: "containers/create",
  },
  {
    name: "public files of the machine, to be read",
    args: ["-v", "/etc/passwd:/etc/passwd:ro"],
    act: "containers/create",
  },
  {
    name: "the runtime's socket, which is the filter's then",
    args: ["-v", "$SOCKET:/var/run/docker.sock"],
    act: "containers/create",
  },
  {
    name: "less rights than usual",
    args: ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    act: "containers/create",
  },
  {
    name: "a network and a user",
    args: ["--network", "mine", "--user", "1000", "--tmpfs", "/tmp"],
    act: "containers/create",
  },
];

const REFUSED: readonly { name: string; args: string[]; why: RegExp }[] = [
  { name: "all rights", args: ["--privileged"], why: /Privileged: true/ },
  ...["SYS_ADMIN", "ALL", "NET_ADMIN", "sys_ptrace", "CAP_BPF"].map((name) => ({
    name: `the capability ${name}`,
    args: ["--cap-add", name],
    why: /CapAdd: /,
  })),
  ...[
    { name: "pid", why: /PidMode: "host"/ },
    { name: "ipc", why: /IpcMode: "host"/ },
    { name: "uts", why: /UTSMode: "host"/ },
    { name: "userns", why: /UsernsMode: "host"/ },
    { name: "cgroupns", why: /CgroupnsMode: "host"/ },
    { name: "network", why: /NetworkMode: "host"/ },
  ].map(({ name, why }) => ({
    name: `the machine's ${name} namespace`,
    args: [`--${name}`, "host"],
    why,
  })),
  ...["/", "/etc", "/var/lib/docker", "$WORK/..", "/proc"].map((path) => ({
    name: `the machine's ${path}`,
    args: ["-v", `${path}:/host`],
    why: /a container may see the job's workspace only/,
  })),
  {
    name: "a public file to be written",
    args: ["-v", "/etc/passwd:/etc/passwd"],
    why: /a container may see the job's workspace only/,
  },
  {
    name: "a mount that the machine shares",
    args: ["-v", "$WORK/project:/src:shared"],
    why: /Binds: /,
  },
  {
    name: "a volume that is a path",
    args: [
      "--mount",
      "type=volume,dst=/x,volume-opt=device=/,volume-opt=o=bind",
    ],
    why: /Mounts: /,
  },
  { name: "a device", args: ["--device", "/dev/null"], why: /Devices: / },
  {
    name: "a rule for devices",
    args: ["--device-cgroup-rule", "b *:* rwm"],
    why: /DeviceCgroupRules: /,
  },
  {
    name: "all graphics cards",
    args: ["--gpus", "all"],
    why: /DeviceRequests/,
  },
  ...["seccomp=unconfined", "apparmor=unconfined", "label=disable"].map(
    (option) => ({
      name: `no confinement (${option})`,
      args: ["--security-opt", option],
      why: /SecurityOpt: /,
    }),
  ),
  {
    name: "unmasked system paths",
    args: ["--security-opt", "systempaths=unconfined"],
    why: /MaskedPaths: \[\]/,
  },
  {
    name: "a setting of the machine's kernel",
    args: ["--sysctl", "net.X=1"],
    why: /Sysctls: /,
  },
  { name: "another runtime", args: ["--runtime", "mine"], why: /Runtime: / },
  {
    name: "another cgroup",
    args: ["--cgroup-parent", "/"],
    why: /CgroupParent: /,
  },
  {
    name: "a log that root writes elsewhere",
    args: ["--log-driver", "syslog", "--log-opt", "syslog-address=unix:///x"],
    why: /LogConfig: Type: "syslog"/,
  },
  {
    name: "volumes of a container that sees the machine",
    args: ["--volumes-from", "bound"],
    why: /the container bound sees \/ of the machine/,
  },
  {
    name: "the processes of a privileged container",
    args: ["--pid", "container:old"],
    why: /the container old has Privileged: true/,
  },
  {
    name: "the network of a container on the machine's",
    args: ["--network", "container:onhost"],
    why: /the container onhost has NetworkMode: "host"/,
  },
  {
    name: "the machine's network by its id",
    args: ["--network", "abcdef"],
    why: /the network abcdef has the driver "host"/,
  },
  {
    name: "a network beside the machine's",
    args: ["--network", "macvlan1"],
    why: /the network macvlan1 has the driver "macvlan"/,
  },
  {
    name: "a volume that was a path before",
    args: ["-v", "evil:/x"],
    why: /the volume evil is not the runtime's own/,
  },
];

/** Other commands, whole. */
const COMMANDS: readonly { name: string; args: string[]; why: RegExp }[] = [
  {
    name: "a program with all rights",
    args: ["exec", "--privileged", "plain", "id"],
    why: /Privileged: true/,
  },
  {
    name: "a program in a privileged container",
    args: ["exec", "old", "id"],
    why: /the container old has Privileged: true/,
  },
  {
    name: "the start of a privileged container",
    args: ["start", "old"],
    why: /the container old has Privileged: true/,
  },
  {
    name: "files of a container that sees the machine",
    args: ["cp", "bound:/host/etc/shadow", "-"],
    why: /the container bound sees \/ of the machine/,
  },
  {
    name: "a volume that is a path",
    args: ["volume", "create", "-o", "type=none", "-o", "device=/", "x"],
    why: /DriverOpts: /,
  },
  {
    name: "a volume of another driver",
    args: ["volume", "create", "-d", "mine", "x"],
    why: /Driver: "mine"/,
  },
  {
    name: "a network beside the machine's",
    args: ["network", "create", "-d", "macvlan", "-o", "parent=eth0", "x"],
    why: /Driver: "macvlan"/,
  },
  {
    name: "a network in the place of a server's",
    args: ["network", "create", "--subnet", "192.0.2.0/24", "x"],
    why: /Subnet: "192.0.2.0\/24"/,
  },
  {
    name: "a bridge of the machine's",
    args: [
      ...["network", "create", "-o", "com.docker.network.bridge.name=br0", "x"],
    ],
    why: /Options: /,
  },
  { name: "a swarm", args: ["swarm", "init"], why: /none that a container/ },
  {
    name: "a plugin",
    args: ["plugin", "install", "--grant-all-permissions", "x/y"],
    why: /none that a container/,
  },
];

Deno.test("the filter and Docker's command line", async (t) => {
  const docker = await dockerClient();
  await using ground = await FilterGround.up(({ method, target }) => {
    const path = target.replace(/^\/v1\.\d+/, "").split("?")[0]!;
    const host = BEFORE[/^\/containers\/([a-z]+)\/json$/.exec(path)?.[1] ?? ""];
    if (host !== undefined) {
      return { json: { Id: "b".repeat(64), HostConfig: host } };
    }
    const driver = DRIVERS[/^\/networks\/(\w+)$/.exec(path)?.[1] ?? ""];
    if (driver !== undefined) return { json: { Driver: driver } };
    if (method === "GET" && path === "/volumes/evil") {
      return { json: { Driver: "local", Options: { device: "/" } } };
    }
    return undefined;
  });
  const fill = (args: readonly string[]) =>
    args.map((arg) =>
      arg.replace("$WORK", `${ground.directory}/work`)
        .replace("$SOCKET", ground.socket)
    );
  const create = (args: readonly string[]) =>
    ground.run([docker, "create", ...fill(args), ...IMAGE]);
  assert.deepEqual(ground.greeting, { ready: [ground.socket], against: [] });

  for (const { name, args, act } of WORKING) {
    await t.step(`docker create works with ${name}`, async () => {
      const before = ground.runtime.acts.length;
      const { code, stderr } = await create(args);
      assert.equal(code, 0, stderr);
      const acts = ground.runtime.acts.slice(before);
      assert.ok(acts.some((each) => each.includes(act)), String(acts));
    });
  }
  for (const { name, args, why } of REFUSED) {
    await t.step(`docker create is refused ${name}`, async () => {
      const before = ground.runtime.acts.length;
      const { code, stderr } = await create(args);
      assert.notEqual(code, 0);
      assert.match(stderr, why);
      assert.match(stderr, /Sluice refuses this/);
      assertQuiet(ground.runtime.acts.slice(before));
    });
  }
  for (const { name, args, why } of COMMANDS) {
    await t.step(`docker ${args[0]} is refused ${name}`, async () => {
      const before = ground.runtime.acts.length;
      const { code, stderr } = await ground.run([docker, ...args]);
      assert.notEqual(code, 0);
      assert.match(stderr, why);
      assertQuiet(ground.runtime.acts.slice(before));
    });
  }
  await t.step("each refusal is an event that names its client", async () => {
    const count = REFUSED.length + COMMANDS.length;
    await waitUntil(() => ground.events.length >= count, { what: "events" });
    const { events } = ground;
    for (const event of events) {
      assert.equal(event.kind, "privilege");
      assert.equal(event.rule, "container-refused");
      assert.equal(event.denied, true);
      assert.equal(event.process?.exe, docker);
    }
    const [first] = events;
    assert.equal(
      first.reason,
      "POST /v1.41/containers/create was refused: Privileged: true",
    );
    assert.ok(first.process.args.includes("--privileged"));
  });
  await t.step("what the runtime hears is our own words", () => {
    const { HostConfig: host } = ground.runtime.sent("containers/create");
    // Whatever was asked for says nothing about what was not looked at.
    assert.equal("Privileged" in host, false);
    assert.equal("Devices" in host, false);
    const last = ground.runtime.heard.findLast(({ target }) =>
      target.includes("containers/create")
    )!;
    assert.equal(last.fields.get("connection"), "close");
    assert.equal(last.fields.get("content-type"), "application/json");
  });
});

/** Containers that were made before the filter came. */
const BEFORE: Readonly<Record<string, unknown>> = {
  old: { Privileged: true },
  bound: { Binds: ["/:/host"] },
  onhost: { NetworkMode: "host" },
};
const DRIVERS: Readonly<Record<string, string>> = {
  abcdef: "host",
  macvlan1: "macvlan",
};

/** Questions do not count: nothing was changed. */
function assertQuiet(acts: readonly string[]): void {
  const changing = acts.filter((act) => !act.startsWith("HEAD "));
  assert.deepEqual(changing, []);
}
