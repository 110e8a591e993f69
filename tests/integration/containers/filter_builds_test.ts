/**
 * Builds by BuildKit behind the filter: gRPC's own programs on both sides, and
 * what asks for rights reaches no runtime.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FilterGround } from "./filter_ground.ts";
import {
  GrpcClient,
  GrpcServer,
  join,
  upgrade,
  Upgrader,
} from "./grpc_ends.ts";
import type { Heard, Reply } from "./fake_runtime.ts";
import { join as concat, text } from "../../unit/containers/http2_words.ts";
import { waitUntil } from "../../lab/wait.ts";

const CONTROL = "/moby.buildkit.v1.Control";
const BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge";
const CREDENTIALS = "/moby.filesync.v1.Auth/Credentials";
const OK = Uint8Array.of(0x0a, 2, 0x6f, 0x6b);
/** More than a window has room for. */
const LOG = new Uint8Array(200_000).fill(0x61);

function attribute(name: string, value: string): number[] {
  const entry = [...text(1, name), ...text(2, value)];
  return [7 << 3 | 2, entry.length, ...entry];
}

const SOLVE = Uint8Array.from([
  ...text(1, "ref"),
  ...text(5, "session"),
  ...text(6, "dockerfile.v0"),
  ...attribute("target", "release"),
]);

const REFUSED: readonly {
  name: string;
  path?: string;
  more: number[];
  why: RegExp;
}[] = [
  {
    name: "the machine's network",
    more: text(9, "network.host"),
    why: /Entitlements: "network.host"/,
  },
  {
    name: "all rights",
    more: text(9, "security.insecure"),
    why: /Entitlements: "security.insecure"/,
  },
  {
    name: "a device",
    more: text(9, "device=x.com/y"),
    why: /Entitlements: "device=x.com\/y"/,
  },
  {
    name: "the machine's network by a frontend",
    more: attribute("force-network-mode", "host"),
    why: /force-network-mode: "host"/,
  },
  {
    name: "another cgroup",
    more: attribute("cgroup-parent", "/"),
    why: /cgroup-parent: "\/"/,
  },
  {
    name: "what is not known",
    more: [0x88, 1, 1],
    why: /its field 17 is not known/,
  },
  {
    name: "a container of its own",
    path: `${BRIDGE}/NewContainer`,
    more: [],
    why: /NewContainer" is none that a build needs/,
  },
];

Deno.test("the filter and builds by BuildKit", async (t) => {
  const directory = await Deno.makeTempDir({ prefix: "sluice-builds-" });
  using stack = new DisposableStack();
  stack.defer(() => Deno.removeSync(directory, { recursive: true }));
  const buildkit = stack.use(
    await GrpcServer.at(`${directory}/buildkit.sock`, {
      [`${CONTROL}/Solve`]: () => [OK],
      [`${CONTROL}/Status`]: () => [LOG, LOG, LOG, OK],
      [`${CONTROL}/Session`]: () => [OK],
      [`${BRIDGE}/NewContainer`]: () => [OK],
    }),
  );
  const sessions: Deno.Conn[] = [];
  const answer = ({ target }: Heard): Reply | undefined => {
    if (target.endsWith("/grpc")) return buildkit.hijack;
    if (!target.endsWith("/session")) return undefined;
    return {
      hijack: async (connection) => {
        const head = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        await connection.write(new TextEncoder().encode(head));
        sessions.push(connection);
        await new Promise(() => {});
      },
    };
  };
  await using ground = await FilterGround.up(answer);
  const filtered = `${ground.directory}/filter/0.sock`;
  const upgrader = stack.use(
    new Upgrader(`${directory}/client.sock`, { to: filtered, target: "/grpc" }),
  );
  const client = stack.use(new GrpcClient(upgrader.path));

  await t.step("a build is passed on as it is, with its answer", async () => {
    const { code, answers } = await client.call(`${CONTROL}/Solve`, SOLVE);
    assert.deepEqual({ code, answers }, { code: 0, answers: [OK] });
    assert.deepEqual(buildkit.messages.at(-1), SOLVE);
  });

  await t.step(
    "what a build says arrives whole, and many at once",
    async () => {
      const calls = Array.from(
        { length: 8 },
        (_, at) =>
          at % 2 === 0
            ? client.call(`${CONTROL}/Status`, SOLVE)
            : client.call(`${CONTROL}/Solve`, SOLVE),
      );
      for (
        const [at, { code, answers }] of (await Promise.all(calls)).entries()
      ) {
        const wanted = at % 2 === 0 ? [LOG, LOG, LOG, OK] : [OK];
        assert.deepEqual({ code, answers }, { code: 0, answers: wanted });
      }
    },
  );

  for (const { name, path = `${CONTROL}/Solve`, more, why } of REFUSED) {
    await t.step(`no build gets ${name}`, async () => {
      const before = buildkit.called.length;
      const message = concat(SOLVE, Uint8Array.from(more));
      const { code, details, answers } = await client.call(path, message);
      assert.equal(code, 7);
      assert.match(details, why);
      assert.match(details, /^Sluice refuses this \(containers: filter\): /);
      assert.deepEqual(answers, []);
      await waitUntil(
        () => ground.events.some(({ reason }) => why.test(reason)),
        { what: "an event" },
      );
      // The connection goes on, and nothing of it came.
      const next = await client.call(`${CONTROL}/Solve`, SOLVE);
      assert.equal(next.code, 0);
      assert.equal(buildkit.called.length, before + 1);
      assert.deepEqual(buildkit.messages.at(-1), SOLVE);
    });
  }

  await t.step("a message that fills a window is refused", async () => {
    const build = `build-arg:${"x".repeat(60_000)}`;
    const bytes = new TextEncoder().encode(build);
    const message = concat(
      SOLVE,
      Uint8Array.of(2 << 3 | 2, 0xea, 0xd4, 0x03),
      bytes,
    );
    const { code, details } = await client.call(`${CONTROL}/Solve`, message);
    assert.equal(code, 7);
    assert.match(details, /its message is over 49152 bytes/);
  });

  await t.step(
    "in a session the runtime asks, and the client serves",
    async () => {
      using served = await GrpcServer.at(`${directory}/served.sock`, {
        [CREDENTIALS]: (message) => [message, OK],
      });
      const session = await upgrade(filtered, "/session");
      const own = await Deno.connect({ transport: "unix", path: served.path });
      join(session, own);
      await waitUntil(() => sessions.length > 0, { what: "a session" });
      using listener = Deno.listen({
        transport: "unix",
        path: `${directory}/daemon.sock`,
      });
      listener.accept().then((connection) => join(connection, sessions[0]!));
      using daemon = new GrpcClient(`${directory}/daemon.sock`);
      const { code, answers } = await daemon.call(CREDENTIALS, OK);
      assert.deepEqual({ code, answers }, { code: 0, answers: [OK, OK] });
    },
  );
});
