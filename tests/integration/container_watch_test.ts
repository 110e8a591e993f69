/** Containers as they are told of: by their cgroups, and by their runtime. */
import assert from "node:assert/strict";
import { ContainerWatch } from "../../agent/processes/container_watch.ts";
import { ProcessTree } from "../../agent/processes/process_tree.ts";
import type { ProcessAct } from "../../agent/processes/process_tree.ts";
import type { EventBody } from "../../agent/record/event.ts";
import { Libc } from "../../ffi/libc.ts";
import { waitUntil } from "../lab/wait.ts";
import { exec, exit, fork, keyOf } from "../unit/processes/acts.ts";
import { runOrThrow } from "../lab/command.ts";

const ID = crypto.randomUUID().replaceAll("-", "").repeat(2);
const NOBODY = 1 << 22;

/** What a runtime answers, whatever it is asked. */
type Answer = (request: string) => Uint8Array<ArrayBuffer> | null;

/** A watch, a process in a container, and a runtime that is not Docker. */
class Stage implements AsyncDisposable {
  readonly libc = new Libc();
  readonly told: EventBody[] = [];
  readonly requests: string[] = [];
  readonly tree = new ProcessTree({ isInside: true });
  readonly watch: ContainerWatch;
  readonly #child: Deno.ChildProcess;
  readonly #listener: Deno.UnixListener;
  readonly #cgroup: string;

  private constructor(
    of: { child: Deno.ChildProcess; cgroup: string; answer: Answer },
  ) {
    this.#child = of.child;
    this.#cgroup = of.cgroup;
    const path = Deno.makeTempFileSync({ prefix: "runtime" });
    Deno.removeSync(path);
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#serve(of.answer);
    this.watch = new ContainerWatch({
      libc: this.libc,
      tell: (event) => this.told.push(event),
      steps: {
        isPending: () => false,
        find: () => ({ step: "Build", substep: null }),
      },
      sockets: { docker: path },
    });
  }

  static async up(answer: Answer): Promise<Stage> {
    const mounts = await Deno.readTextFile("/proc/self/mounts");
    const mount = /^\S+ (\S+) cgroup2 /m.exec(mounts)![1];
    const cgroup = `${mount}/docker/${ID}`;
    // It ends with its input, and so does the cgroup, also after a kill.
    const script = 'mkdir -p "$0"; (echo $BASHPID > "$0/cgroup.procs"; ' +
      "exec sleep infinity) & echo $!; cat; kill $!; wait $! 2>/dev/null; " +
      'rmdir "$0"; rmdir "${0%/*}" 2>/dev/null; :';
    const child = new Deno.Command("bash", {
      args: ["-c", script, cgroup],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    return new Stage({ child, cgroup, answer });
  }

  /** The process in the container. */
  async pid(): Promise<number> {
    let pid = 0;
    await waitUntil(async () => {
      const text = await Deno.readTextFile(`${this.#cgroup}/cgroup.procs`)
        .catch(() => "");
      pid = Number(text.split("\n")[0]);
      return pid > 0;
    }, { what: "a process in the cgroup" });
    return pid;
  }

  /** Lets the watch hear what processes do. */
  hear(...acts: readonly ProcessAct[]): void {
    for (const act of acts) this.watch.hear(act, this.tree.take(act));
  }

  /** Gives the watch its turns until it has said so much. */
  async turn(count: number): Promise<void> {
    await waitUntil(() => {
      this.watch.attend(performance.now());
      return this.told.length >= count;
    }, { what: `${count} events` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.watch[Symbol.dispose]();
    await this.#child.stdin.close();
    await this.#child.output();
    this.libc[Symbol.dispose]();
    await runOrThrow(["sh", "-c", '! [ -e "$0" ]', this.#cgroup]);
  }

  async #serve(answer: Answer): Promise<void> {
    for await (const connection of this.#listener) {
      const buffer = new Uint8Array(4_096);
      const count = await connection.read(buffer) ?? 0;
      const request = new TextDecoder().decode(buffer.subarray(0, count));
      this.requests.push(request);
      const bytes = answer(request);
      if (bytes === null) continue; // left open, and never answered
      await connection.write(bytes).catch(() => 0);
      connection.close();
    }
  }
}

function answerOf(container: unknown, id = ID): Uint8Array<ArrayBuffer> {
  const facts = { Id: id, ...container as Record<string, unknown> };
  const body = JSON.stringify(facts);
  return new TextEncoder().encode(
    `HTTP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** A runtime makes a process, which executes a program of the container. */
function started(pid: number): ProcessAct[] {
  const runc = NOBODY + 1;
  return [
    ...[fork(1, runc), exec(runc, ["/usr/bin/runc"])],
    ...[fork(runc, pid), exec(pid, ["/bin/sh"])],
  ];
}

Deno.test("ContainerWatch tells a container once, with its name and image", async () => {
  await using stage = await Stage.up(() =>
    answerOf({
      Name: "/web",
      Config: { Image: "alpine:3.22" },
      HostConfig: { Privileged: true },
    })
  );
  const pid = await stage.pid();
  stage.hear(...started(pid));
  await stage.turn(2);
  stage.hear(fork(pid, NOBODY + 2), exec(pid, ["/bin/ls"]));
  stage.watch.attend(performance.now());

  const [container, privilege] = stage.told;
  assert.deepEqual(container, {
    kind: "container",
    id: ID,
    name: "web",
    image: "alpine:3.22",
    step: null,
  });
  assert.equal(privilege?.kind, "privilege");
  assert.equal(stage.told.length, 2);
  assert.match(stage.requests[0]!, new RegExp(`^GET /containers/${ID}/json `));
  assert.equal(stage.requests.length, 1);
  assert.equal(stage.watch.containerOf(pid), ID);
  assert.equal(stage.watch.containerOf(NOBODY + 2), ID);
  stage.hear(exit(pid));
  assert.equal(stage.watch.containerOf(pid), null);
});

Deno.test("ContainerWatch knows the step of a container by descent", async () => {
  await using stage = await Stage.up(() => answerOf({ Name: "/web" }));
  const pid = await stage.pid();
  const podman = NOBODY + 3;
  stage.hear(fork(1, podman));
  stage.tree.beginTree(keyOf(podman));
  const conmon = NOBODY + 4;
  stage.hear(fork(podman, conmon), exec(conmon, ["/usr/bin/conmon"]));
  stage.hear(fork(conmon, pid), exec(pid, ["/bin/sh"]));
  await stage.turn(1);
  const [event] = stage.told;
  assert.ok(event?.kind === "container");
  assert.equal(event.step, "Build");
});

const BAD: readonly { name: string; answer: Answer }[] = [
  { name: "hangs up", answer: () => new Uint8Array(0) },
  { name: "never ends", answer: () => new Uint8Array(3 << 20).fill(65) },
  {
    name: "speaks of another container",
    answer: () => answerOf({ Name: "/web" }, "0".repeat(64)),
  },
  {
    name: "does not know it",
    answer: () => new TextEncoder().encode("HTTP/1.0 404 Not Found\r\n\r\n{}"),
  },
  {
    name: "says no JSON",
    answer: () => new TextEncoder().encode("HTTP/1.0 200 OK\r\n\r\n<html>"),
  },
];

for (const { name, answer } of BAD) {
  Deno.test(`ContainerWatch tells a container whose runtime ${name}`, async () => {
    await using stage = await Stage.up(answer);
    stage.hear(...started(await stage.pid()));
    await stage.turn(1);
    assert.deepEqual(stage.told, [
      { kind: "container", id: ID, name: null, image: null, step: null },
    ]);
  });
}

Deno.test("ContainerWatch does not wait for a runtime for ever", async () => {
  await using stage = await Stage.up(() => null);
  stage.hear(...started(await stage.pid()));
  stage.watch.attend(performance.now());
  assert.equal(stage.told.length, 0);
  assert.equal(stage.watch.fds.length, 1);
  stage.watch.attend(performance.now() + 60_000);
  assert.equal(stage.told.length, 1);
  assert.equal(stage.watch.fds.length, 0);
});

Deno.test("ContainerWatch says at the end what it has not said", async () => {
  await using stage = await Stage.up(() => null);
  stage.hear(...started(await stage.pid()));
  stage.watch.end(performance.now());
  assert.equal(stage.told.length, 1);
});
