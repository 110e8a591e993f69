/**
 * Bytes that a client sends as he likes: what the runtime hears is one request,
 * and a stream behind it only where there is one.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Heard, type Reply, writeAll } from "./fake_runtime.ts";
import { FilterGround } from "./filter_ground.ts";

const ENCODER = new TextEncoder();
const PRIVILEGED = '{"Image":"x","HostConfig":{"Privileged":true}}';
const PLAIN = '{"Image":"x","HostConfig":{}}';

/** Says back what comes, until it ends. */
function answer({ target, fields }: Heard): Reply | undefined {
  const path = target.split("?")[0]!;
  if (path.endsWith("/attach")) {
    const isUpgrade = fields.has("upgrade");
    return {
      hijack: (connection) =>
        echo(
          connection,
          isUpgrade
            ? "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n" +
              "Content-Type: application/vnd.docker.raw-stream\r\n" +
              "Upgrade: tcp\r\n\r\n"
            : "HTTP/1.1 200 OK\r\n" +
              "Content-Type: application/vnd.docker.raw-stream\r\n\r\n",
        ),
    };
  }
  if (path.endsWith("/session")) {
    return {
      hijack: (connection) =>
        echo(connection, "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    };
  }
  return undefined;
}

async function echo(connection: Deno.Conn, head: string): Promise<void> {
  await writeAll(connection, ENCODER.encode(head));
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) break;
    await writeAll(connection, buffer.subarray(0, count));
  }
  await writeAll(connection, ENCODER.encode("the end"));
}

/** One character, one byte. */
function create(body: string, more = ""): string {
  return `POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\n${more}` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** What must not reach the runtime, in whatever clothes. */
const ATTACKS: readonly { name: string; text: string }[] = [
  {
    name: "a second request behind the first one's body",
    text: create(PLAIN) + create(PRIVILEGED),
  },
  {
    name: "a body that is longer than its chunk says",
    text: "POST /containers/create HTTP/1.1\r\nHost: d\r\n" +
      `Transfer-Encoding: chunked\r\n\r\n2\r\n{}${create(PRIVILEGED)}`,
  },
  {
    name: "two lengths",
    text: create(PRIVILEGED, "Content-Length: 2\r\n"),
  },
  {
    name: "a length and chunks",
    text: create(
      `0\r\n\r\n${create(PRIVILEGED)}`,
      "Transfer-Encoding: chunked\r\n",
    ),
  },
  {
    name: "an encoding that hides its name",
    text: create(PRIVILEGED, "Transfer-Encoding: xchunked\r\n"),
  },
  {
    name: "a folded field",
    text: create(PRIVILEGED, "X: y\r\n Content-Length: 2\r\n"),
  },
  {
    name: "a bare line feed",
    text: create(PRIVILEGED, "X: y\nContent-Length: 2\r\n"),
  },
  {
    name: "a field with a blank before its colon",
    text: create(PRIVILEGED, "Content-Length : 2\r\n"),
  },
  {
    name: "a setting twice",
    text: create('{"HostConfig":{},"HostConfig":{"Privileged":true}}'),
  },
  {
    name: "a setting in another case",
    text: create('{"hostconfig":{"privileged":true}}'),
  },
  {
    name: "a setting with a letter that folds to another",
    text: create('{"Ho\xc5\xbftConfig":{"Privileged":true}}'),
  },
  {
    name: "a setting with an escape in its name",
    text: create('{"HostConfig":{"\\u0050rivileged":true}}'),
  },
  {
    name: "a truth that is a number",
    text: create('{"HostConfig":{"Privileged":1}}'),
  },
  {
    name: "a second value behind the first",
    text: create(`${PLAIN}${PRIVILEGED}`),
  },
  {
    name: "bytes that are not UTF-8",
    text: create('{"HostConfig":{"Privileged\xff":true}}'),
  },
  {
    name: "a form, whose parameters would count for more",
    text: "POST /v1.41/containers/plain/start HTTP/1.1\r\nHost: d\r\n" +
      "Content-Type: application/x-www-form-urlencoded\r\n" +
      "Content-Length: 16\r\n\r\ncheckpoint-dir=/",
  },
  {
    name: "a path with dots",
    text: create(PRIVILEGED).replace(
      "/containers/create",
      "/images/../containers/create",
    ),
  },
  {
    name: "a path with an escaped slash",
    text: create(PRIVILEGED).replace(
      "/containers/create",
      "/containers%2fcreate",
    ),
  },
  {
    name: "a path with two slashes",
    text: create(PRIVILEGED).replace("/containers", "//containers"),
  },
  {
    name: "a version that reads settings with the start",
    text: "POST /v1.20/containers/plain/start HTTP/1.1\r\nHost: d\r\n" +
      `Content-Length: ${PRIVILEGED.length}\r\n\r\n${PRIVILEGED}`,
  },
  {
    name: "settings with the start",
    text: "POST /v1.41/containers/plain/start HTTP/1.1\r\nHost: d\r\n" +
      `Content-Length: ${PRIVILEGED.length}\r\n\r\n${PRIVILEGED}`,
  },
  {
    name: "a whole address for a target",
    text: create(PRIVILEGED).replace(" /v1.41", " http://d/v1.41"),
  },
  { name: "a tunnel", text: "CONNECT d:80 HTTP/1.1\r\nHost: d:80\r\n\r\n" },
  {
    name: "a web socket",
    text: "GET /v1.41/containers/plain/attach/ws HTTP/1.1\r\nHost: d\r\n" +
      "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  },
  {
    name: "HTTP/2 from the start",
    text: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  },
  {
    name: "a change to HTTP/2 where there is none",
    text: create(PRIVILEGED, "Connection: Upgrade\r\nUpgrade: h2c\r\n"),
  },
  {
    name: "BuildKit's own interface without HTTP/2",
    text: "POST /grpc HTTP/1.1\r\nHost: d\r\n\r\n",
  },
  {
    name: "a build on the machine's network",
    text: "POST /v1.41/build?networkmode=host HTTP/1.1\r\nHost: d\r\n" +
      "Content-Length: 0\r\n\r\n",
  },
  {
    name: "a build in another cgroup",
    text: "POST /v1.41/build?CgroupParent=&cgroupparent=/x HTTP/1.1\r\n" +
      "Host: d\r\nContent-Length: 0\r\n\r\n",
  },
  {
    name: "a checkpoint anywhere",
    text:
      "POST /v1.41/containers/plain/start?checkpoint-dir=/etc HTTP/1.1\r\n" +
      "Host: d\r\nContent-Length: 0\r\n\r\n",
  },
  {
    name: "a stream that nobody offers",
    text: "GET /v1.41/containers/plain/json HTTP/1.1\r\nHost: d\r\n\r\n" +
      create(PRIVILEGED),
  },
  {
    name: "a request behind a refused one",
    text: create(PRIVILEGED) + create(PRIVILEGED),
  },
  {
    name: "a body of 4 MB",
    text: create(`{"Image":"${"x".repeat(4_000_000)}"}`),
  },
  {
    name: "a body that is deep",
    text: create(`{"HostConfig":${"[".repeat(500_000)}`),
  },
];

Deno.test("the filter and hostile bytes", async (t) => {
  await using ground = await FilterGround.up(answer);
  const connect = () =>
    Deno.connect({
      transport: "unix",
      path: `${ground.directory}/filter/0.sock`,
    });
  const say = async (bytes: Uint8Array) => {
    const connection = await connect();
    try {
      await writeAll(connection, bytes).catch(() => {});
      return await readAll(connection);
    } finally {
      connection.close();
    }
  };

  for (const { name, text } of ATTACKS) {
    await t.step(`no container gets rights by ${name}`, async () => {
      const bytes = Uint8Array.from(text, (one) => one.charCodeAt(0));
      const answer = await say(bytes);
      assert.match(answer, /^HTTP\/1.1 [1-5]/);
      const odd = ground.runtime.heard.filter(({ method, target, body }) => {
        const said = new TextDecoder().decode(body);
        return /rivileged/.test(said) ||
          /checkpoint|cgroup|host/.test(target) ||
          method === "CONNECT" || method === "PRI";
      });
      assert.deepEqual(odd, []);
      assert.ok(ground.runtime.acts.every((act) => !act.includes("grpc")));
    });
  }

  await t.step("one byte after the other is a request as well", async () => {
    const connection = await connect();
    for (const byte of ENCODER.encode(create(PLAIN))) {
      await connection.write(Uint8Array.of(byte));
    }
    assert.match(await readAll(connection), /^HTTP\/1.1 201/);
    connection.close();
  });

  await t.step("a client that waits for a word gets it", async () => {
    const connection = await connect();
    const text = create(PLAIN, "Expect: 100-continue\r\n");
    const end = text.indexOf("{");
    await writeAll(connection, ENCODER.encode(text.slice(0, end)));
    const buffer = new Uint8Array(100);
    const count = await connection.read(buffer);
    assert.match(
      new TextDecoder().decode(buffer.subarray(0, count ?? 0)),
      /^HTTP\/1.1 100 Continue\r\n\r\n$/,
    );
    await writeAll(connection, ENCODER.encode(text.slice(end)));
    assert.match(await readAll(connection), /^HTTP\/1.1 201/);
    connection.close();
  });

  await t.step("an archive in chunks arrives whole", async () => {
    const piece = "x".repeat(100_000);
    const chunk = `${piece.length.toString(16)}\r\n${piece}\r\n`;
    const answer = await say(ENCODER.encode(
      "POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\n" +
        `Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(50)}0\r\n\r\n`,
    ));
    assert.match(answer, /^HTTP\/1.1 200/);
    const { body, fields } = ground.runtime.heard.at(-1)!;
    assert.equal(body.length, 50 * piece.length);
    assert.equal(fields.get("transfer-encoding"), "chunked");
  });

  await t.step("half of an archive does not pass for all of it", async () => {
    const before = ground.runtime.heard.length;
    const connection = await connect();
    await writeAll(
      connection,
      ENCODER.encode(
        "POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\n" +
          "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
      ),
    );
    connection.close();
    const answer = await say(ENCODER.encode(create(PLAIN)));
    assert.match(answer, /^HTTP\/1.1 201/);
    const later = ground.runtime.heard.slice(before);
    assert.ok(later.every(({ body }) => !/^abc$/.test(String(body))));
  });

  for (const upgrade of ["Connection: Upgrade\r\nUpgrade: tcp\r\n", ""]) {
    const name = upgrade === "" ? "without" : "with";
    await t.step(
      `a terminal's bytes go both ways, ${name} a change`,
      async () => {
        const connection = await connect();
        await writeAll(
          connection,
          ENCODER.encode(
            "POST /v1.41/containers/plain/attach?stream=1 HTTP/1.1\r\nHost: d\r\n" +
              `${upgrade}Content-Length: 0\r\n\r\nhello`,
          ),
        );
        await writeAll(connection, ENCODER.encode(create(PRIVILEGED)));
        await (connection as Deno.UnixConn).closeWrite();
        const said = await readAll(connection);
        assert.match(said, /hello/);
        // In a stream it is a program's input, and no request.
        assert.ok(said.includes(create(PRIVILEGED)));
        assert.match(said, /the end$/);
        connection.close();
      },
    );
  }

  await t.step("much goes both ways at once", async () => {
    const connection = await connect();
    await writeAll(
      connection,
      ENCODER.encode(
        "POST /v1.41/containers/plain/attach HTTP/1.1\r\nHost: d\r\n" +
          "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n",
      ),
    );
    const bytes = new Uint8Array(8_000_000).fill(120);
    const sent = writeAll(connection, bytes)
      .then(() => (connection as Deno.UnixConn).closeWrite());
    const said = await readAll(connection);
    await sent;
    assert.ok(said.length > bytes.length);
    connection.close();
  });

  await t.step("a session is passed on", async () => {
    const connection = await connect();
    await writeAll(
      connection,
      ENCODER.encode(
        "POST /session HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\n" +
          "Upgrade: h2c\r\nX-Docker-Expose-Session-Uuid: one\r\n\r\nframes",
      ),
    );
    await (connection as Deno.UnixConn).closeWrite();
    assert.match(await readAll(connection), /frames/);
    const { fields } = ground.runtime.heard.at(-1)!;
    assert.equal(fields.get("x-docker-expose-session-uuid"), "one");
    connection.close();
  });

  await t.step(
    "200 clients that say nothing hold up nobody for long",
    async () => {
      const idle = await Promise.all(Array.from({ length: 200 }, connect));
      const answer = await say(ENCODER.encode(create(PLAIN)));
      assert.match(answer, /^HTTP\/1.1 201/);
      for (const connection of idle) connection.close();
    },
  );

  await t.step("a runtime that is gone is said to be", async () => {
    await ground.runtime[Symbol.asyncDispose]();
    const answer = await say(ENCODER.encode(create(PLAIN)));
    assert.match(answer, /^HTTP\/1.1 502/);
  });
});

async function readAll(connection: Deno.Conn): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) break;
    parts.push(buffer.slice(0, count));
  }
  return await new Blob(parts).text();
}
