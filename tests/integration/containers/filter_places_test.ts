/**
 * What a container sees of the machine, and what stays of the filter.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runOrThrow } from "../../lab/command.ts";
import { waitUntil } from "../../lab/wait.ts";
import { FilterGround } from "./filter_ground.ts";

const SOMEBODY = 65_534;

/** Asks for a container that sees something; what the runtime was told to. */
async function bind(ground: FilterGround, source: string): Promise<string> {
  const body = JSON.stringify({
    Image: "x",
    HostConfig: { Binds: [`${source}:/seen`] },
  });
  const { stdout } = await ground.run([
    ...["curl", "-s", "--unix-socket", ground.socket, "-d", body],
    "http://d/v1.41/containers/create",
  ]);
  const { message } = JSON.parse(stdout);
  if (message !== undefined) throw new Error(message);
  const [sent] = ground.runtime.sent("create").HostConfig.Binds;
  return sent.split(":")[0];
}

Deno.test("the filter and what containers see of the machine", async (t) => {
  await using ground = await FilterGround.up();
  const work = `${ground.directory}/work`;
  const cat = async (path: string) => (await ground.run(["cat", path])).stdout;
  await Deno.writeTextFile(`${work}/project/file`, "the job's");
  await Deno.chmod(`${work}/project`, 0o777);

  await t.step("the runtime gets what the path led to", async () => {
    const held = await bind(ground, `${work}/project`);
    assert.equal(await cat(`${held}/file`), "the job's");
    assert.equal(await bind(ground, `${work}/project/`), held);
    const file = await bind(ground, `${work}/project/file`);
    assert.equal(await cat(file), "the job's");
  });

  await t.step(
    "what takes its place afterwards is not what is seen",
    async () => {
      const path = `${work}/project/dir`;
      await Deno.mkdir(path);
      await Deno.writeTextFile(`${path}/file`, "the first");
      const held = await bind(ground, path);
      await Deno.rename(path, `${path}.old`);
      await Deno.symlink("/etc", path);
      assert.equal(await cat(`${held}/file`), "the first");
      await assert.rejects(bind(ground, path), /workspace only/);
    },
  );

  for (
    const { name, target } of [
      { name: "the root", target: "/" },
      { name: "a file of root's", target: "/etc/shadow" },
      { name: "another process", target: "/proc/1/root" },
      { name: "what is above", target: "../.." },
      { name: "the filter's own", target: `${"../".repeat(3)}filter` },
    ]
  ) {
    await t.step(`a link in the workspace to ${name} is refused`, async () => {
      const path = `${work}/project/link`;
      await Deno.symlink(target, path);
      await assert.rejects(bind(ground, path), /workspace only|not there/);
      await Deno.remove(path);
    });
  }

  await t.step("what is not there is made, and is its owner's", async () => {
    await Deno.chown(`${work}/project`, SOMEBODY, SOMEBODY);
    const path = `${work}/project/new/./out/`;
    const held = await bind(ground, path);
    const { uid, gid } = await Deno.stat(path);
    assert.deepEqual([uid, gid], [SOMEBODY, SOMEBODY]);
    const touch = ["touch", `${path}/file`];
    assert.equal((await ground.run(touch, { uid: SOMEBODY })).code, 0);
    assert.equal((await ground.run(["ls", held])).stdout, "file\n");
  });

  await t.step("nothing is made where its owner could not", async () => {
    const path = `${work}/project/closed`;
    await Deno.mkdir(path);
    await Deno.chown(path, SOMEBODY, SOMEBODY);
    await Deno.chmod(path, 0o555);
    await assert.rejects(bind(ground, `${path}/out`), /not there/);
    assert.deepEqual(Deno.readDirSync(path).toArray(), []);
  });

  for (const target of ["/etc/sluice-made", "..", "../..", "../../made"]) {
    await t.step(`nothing is made behind a link to ${target}`, async () => {
      const path = `${work}/project/link`;
      await Deno.symlink(target, path);
      const places = [path, `${path}/made`, `${path}/a/../../../made`];
      for (const each of target === ".." ? places.slice(2) : places) {
        await assert.rejects(bind(ground, each), /workspace only|not there/);
      }
      await Deno.remove(path);
      const { stdout } = await ground.run(["ls", "/etc", ground.directory]);
      assert.doesNotMatch(stdout, /made/);
    });
  }

  await t.step("a mount that does not ask for it makes nothing", async () => {
    const path = `${work}/project/unmade`;
    const Mounts = [{ Type: "bind", Source: path, Target: "/seen" }];
    const { stdout } = await ground.run([
      ...["curl", "-s", "--unix-socket", ground.socket],
      ...["-d", JSON.stringify({ Image: "x", HostConfig: { Mounts } })],
      "http://d/v1.41/containers/create",
    ]);
    assert.match(stdout, /not there/);
    assert.equal((await ground.run(["ls", path])).code, 2);
  });

  await t.step("a link to the workspace itself is fine", async () => {
    await Deno.symlink(`${work}/project`, `${work}/own`);
    assert.equal(
      await cat(`${await bind(ground, `${work}/own`)}/file`),
      "the job's",
    );
  });

  await t.step("what root makes in there gives nobody his rights", async () => {
    const path = `${work}/project/id`;
    // As root in a container would: it sees the same files by another mount.
    await runOrThrow(["cp", "/usr/bin/id", path]);
    await runOrThrow(["chmod", "4755", path]);
    const { stdout } = await ground.run([path], { uid: SOMEBODY });
    assert.match(stdout, new RegExp(`^uid=${SOMEBODY}\\b`));
    assert.doesNotMatch(stdout, /euid=0/);
  });

  await t.step(
    "without the limits of the mount root's would be his",
    async () => {
      const child = await new Deno.Command("setpriv", {
        args: [
          ...[`--reuid=${SOMEBODY}`, `--regid=${SOMEBODY}`, "--clear-groups"],
          `${work}/project/id`,
        ],
      }).output();
      assert.match(new TextDecoder().decode(child.stdout), /euid=0/);
    },
  );

  await t.step("a device that root makes in there is none", async () => {
    const path = `${work}/project/null`;
    await runOrThrow(["mknod", "-m", "666", path, "c", "1", "3"]);
    const { code, stderr } = await ground.run(["cat", path], { uid: SOMEBODY });
    assert.notEqual(code, 0);
    assert.match(stderr, /Permission denied/);
  });
});

Deno.test("the filter leaves nothing of itself", async (t) => {
  await using ground = await FilterGround.up();
  const mounts = async () => {
    const { stdout } = await ground.run(["cat", "/proc/self/mountinfo"]);
    return stdout.split("\n").filter((line) => line.includes("sluice-filter"));
  };
  const ask = () =>
    ground.run([
      ...["curl", "-s", "-S", "--unix-socket", ground.socket],
      ...["-d", '{"HostConfig":{"Privileged":true}}'],
      "http://d/containers/create",
    ]);
  const before = await Deno.stat(ground.socket);
  assert.equal((await mounts()).length, 2);

  await t.step("its socket is the runtime's to look at", async () => {
    const look = ["stat", "-c", "%u %g %a", ground.socket];
    const { uid, gid, mode } = before;
    const text = `${uid} ${gid} ${(mode! & 0o7777).toString(8)}`;
    assert.equal((await ground.run(look)).stdout.trim(), text);
  });

  await t.step("killed, it refuses everything at once", async () => {
    await bind(ground, `${ground.directory}/work/project`);
    await ground.kill();
    const { code, stderr } = await ask();
    assert.notEqual(code, 0);
    assert.match(stderr, /[Cc]ouldn't connect|Connection refused/);
    assert.equal(ground.runtime.acts.length, 1);
    assert.equal((await mounts()).length, 3);
  });

  await t.step(
    "the next one takes away what is left, and filters",
    async () => {
      await ground.start();
      assert.deepEqual(ground.greeting.against, []);
      assert.match((await ask()).stdout, /Privileged: true/);
      assert.equal((await mounts()).length, 2);
    },
  );

  await t.step("closed, the runtime's own socket is back", async () => {
    await ground.close();
    assert.deepEqual(await mounts(), []);
    assert.match((await ask()).stdout, /cccc/);
    const after = await Deno.stat(ground.socket);
    assert.equal(after.ino, before.ino);
    assert.equal(after.ctime?.getTime(), before.ctime?.getTime());
    const left = await Deno.stat(`${ground.directory}/filter`)
      .then(() => true, () => false);
    assert.equal(left, false);
  });
});

Deno.test("a client that was told is in the journal, once for many", async () => {
  await using ground = await FilterGround.up();
  const body = '{"HostConfig":{"Privileged":true}}';
  const ask = ["curl", "-s", "--unix-socket", ground.socket, "-d", body];
  const url = "http://d/containers/create";
  await ground.run([...ask, ...Array.from({ length: 100 }, () => url)]);
  await waitUntil(() => ground.events.length >= 33, { what: "events" });
  const { events } = ground;
  assert.ok(events.length < 40, String(events.length));
  assert.match(events.at(-1).reason, /\(64 times\)$/);
});
