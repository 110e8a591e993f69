import assert from "node:assert/strict";
import fc from "fast-check";
import { containerRights } from "../../../agent/decide/container_rights.ts";

const STARTED: readonly [command: string, rights: readonly string[]][] = [
  ["docker run --privileged alpine", ["--privileged"]],
  ["docker run --privileged=true alpine", ["--privileged"]],
  ["docker run --privileged=false alpine", []],
  ["docker container run -it --rm --privileged alpine", ["--privileged"]],
  ["docker create --privileged alpine", ["--privileged"]],
  ["docker exec --privileged web sh", ["--privileged"]],
  ["docker -H unix:///x.sock --debug run --pid=host a", ["--pid=host"]],
  ["docker --context far run --pid host a", ["--pid=host"]],
  ["docker run --net=host a", ["--net=host"]],
  ["docker run --network name=host,alias=x a", ["--network=host"]],
  ["docker run --network hosting a", []],
  ["docker run --net container:host a", []],
  ["docker run --ipc host --uts host a", ["--ipc=host", "--uts=host"]],
  ["docker run --userns=host a", ["--userns=host"]],
  ["docker run --cap-add SYS_ADMIN a", ["--cap-add=SYS_ADMIN"]],
  ["docker run --device=/dev/kvm a", ["--device=/dev/kvm"]],
  ["docker run --security-opt seccomp=unconfined a", [
    "--security-opt=seccomp=unconfined",
  ]],
  ["docker run --security-opt no-new-privileges a", []],
  ["docker run -v /:/host a", ["-v /:/host"]],
  ["docker run -v/:/host a", ["-v /:/host"]],
  ["docker run -v=/:/host a", ["-v /:/host"]],
  ["docker run -itv /proc:/p a", ["-v /proc:/p"]],
  ["docker run -v //home/..//etc/:/p a", ["-v //home/..//etc/:/p"]],
  ["docker run -v /var/run/docker.sock:/s a", ["-v /var/run/docker.sock:/s"]],
  ["docker run -v /home/ci/work:/w -v data:/d a", []],
  ["docker run --mount type=bind,src=/,dst=/h a", [
    "--mount type=bind,src=/,dst=/h",
  ]],
  ["docker run --mount type=volume,source=data,dst=/h a", []],
  ["podman run --privileged a", ["--privileged"]],
  ["nerdctl run --privileged a", ["--privileged"]],
  ["ctr -n k8s.io run --privileged --net-host img id", [
    "--privileged",
    "--net-host",
  ]],
  // Values and the container's own command are no options.
  ["docker run --name --privileged a", []],
  ["docker run -e --privileged a", []],
  ["docker run --label --privileged a", []],
  ["docker run alpine --privileged", []],
  ["docker run -- alpine --privileged", []],
  ["docker run --rm alpine sh -c --privileged -v /:/x", []],
  ["docker build --privileged .", []],
  ["docker ps", []],
  ["docker", []],
  ["docker run", []],
  // A switch that the table does not know must not hide what follows.
  ["docker run --brand-new --privileged a", ["--privileged"]],
  ["echo run --privileged", []],
];
for (const [command, rights] of STARTED) {
  Deno.test(`containerRights() of "${command}"`, () => {
    const args = command.split(" ");
    const found = containerRights(args[0]!, { args, isRunner: false });
    assert.deepEqual(found, rights);
  });
}

Deno.test("containerRights() leaves out what the runner lends every container", () => {
  const args = "docker run --privileged -v /var/run/docker.sock:/s a".split(
    " ",
  );
  const found = containerRights("docker", { args, isRunner: true });
  assert.deepEqual(found, ["--privileged"]);
});

Deno.test("containerRights() reads any command", () => {
  const word = fc.oneof(
    fc.constantFrom("run", "-v", "--mount", "--", "-", "--pid", "-=", "--="),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(word), (args) => {
    containerRights("docker", { args: ["docker", ...args], isRunner: false });
  }));
});
