import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeHttpRequest,
  type HttpRequest,
} from "../../../agent/decode/http_host.ts";
import { ascii, concat } from "./hellos.ts";

const MAX_HEADER_BYTES = 16384;

/** What curl 7.88.1 sent to a server in a namespace of its own. */
const CURL = "GET /a?b HTTP/1.1\r\nHost: www.example.org:8080\r\n" +
  "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
/** The same with `--proxytunnel`. */
const CURL_CONNECT = "CONNECT www.example.org:443 HTTP/1.1\r\n" +
  "Host: www.example.org:443\r\nUser-Agent: curl/7.88.1\r\n" +
  "Proxy-Connection: Keep-Alive\r\n\r\n";
/** With `--proxy`, as apt sends it too. */
const CURL_PROXY = "GET http://www.example.org/a HTTP/1.1\r\n" +
  "Host: www.example.org\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n" +
  "Proxy-Connection: Keep-Alive\r\n\r\n";

const PLAIN: Omit<HttpRequest, "headerBytes"> = {
  method: "GET",
  form: "origin",
  host: "a.example",
  port: null,
  bodyBytes: null,
  upgrade: null,
};

const REQUESTS: readonly {
  name: string;
  text: string;
  request: Partial<HttpRequest>;
}[] = [
  {
    name: "curl's GET",
    text: CURL,
    request: { host: "www.example.org", port: 8080 },
  },
  {
    name: "curl's CONNECT",
    text: CURL_CONNECT,
    request: {
      method: "CONNECT",
      form: "authority",
      host: "www.example.org",
      port: 443,
    },
  },
  {
    name: "curl's GET through a proxy",
    text: CURL_PROXY,
    request: { form: "absolute", host: "www.example.org", port: 80 },
  },
  {
    name: "a Host in upper case with a last dot",
    text: "GET / HTTP/1.1\r\nhOST:\t A.Example. \t\r\n\r\n",
    request: {},
  },
  {
    name: "an IPv4 address",
    text: "GET / HTTP/1.1\r\nHost: 192.0.2.1:81\r\n\r\n",
    request: { host: "192.0.2.1", port: 81 },
  },
  {
    name: "an IPv6 address in its canonical form",
    text: "GET / HTTP/1.1\r\nHost: [2001:DB8:0::1]:81\r\n\r\n",
    request: { host: "2001:db8::1", port: 81 },
  },
  {
    name: "HTTP/1.0 without a Host",
    text: "GET / HTTP/1.0\r\n\r\n",
    request: { host: null },
  },
  {
    name: "HTTP/1.0 that stays open",
    text: "GET / HTTP/1.0\r\nHost: a.example\r\nConnection: Keep-Alive\r\n\r\n",
    request: {},
  },
  {
    name: "a request to close",
    text:
      "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: te\r\nConnection: x, Close\r\n\r\n",
    request: {},
  },
  {
    name: "a length",
    text:
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 12\r\n\r\nhello world!",
    request: { method: "POST", bodyBytes: 12 },
  },
  {
    name: "chunks",
    text:
      "PUT / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
    request: { method: "PUT", bodyBytes: "chunked" },
  },
  {
    name: "an upgrade",
    text:
      "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: H2C\r\n\r\n",
    request: { upgrade: "h2c" },
  },
  {
    name: "a question to the server itself",
    text: "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n",
    request: { method: "OPTIONS", form: "asterisk" },
  },
  {
    name: "a method of its own",
    text: "M-SEARCH / HTTP/1.1\r\nHost: a.example\r\n\r\n",
    request: { method: "M-SEARCH" },
  },
  {
    name: "a target in UTF-8",
    text: "GET /\xc3\xa4 HTTP/1.1\r\nHost: a.example\r\n\r\n",
    request: {},
  },
  {
    name: "https through a proxy",
    text: "GET HTTPS://A.example?x HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
    request: { form: "absolute", port: 443 },
  },
  {
    name: "a proxy request of HTTP/1.0 without a Host",
    text: "GET ftp://a.example:2121/x HTTP/1.0\r\n\r\n",
    request: { form: "absolute", port: 2121 },
  },
  {
    name: "CONNECT with a Host that leaves the port out",
    text: "CONNECT a.example:8443 HTTP/1.1\r\nHost: a.example\r\n\r\n",
    request: { method: "CONNECT", form: "authority", port: 8443 },
  },
  {
    name: "CONNECT to an IPv6 address",
    text: "CONNECT [::1]:443 HTTP/1.0\r\n\r\n",
    request: {
      method: "CONNECT",
      form: "authority",
      host: "::1",
      port: 443,
    },
  },
];

for (const { name, text, request } of REQUESTS) {
  const stream = ascii(text);
  const headerBytes = text.indexOf("\r\n\r\n") + 4;

  Deno.test(`decodeHttpRequest() reads ${name}`, () => {
    assert.deepEqual(decodeHttpRequest(stream), {
      kind: "request",
      request: { ...PLAIN, ...request, headerBytes },
    });
  });

  Deno.test(`decodeHttpRequest() wants more of every truncation of ${name}`, () => {
    for (let length = 0; length < headerBytes; length++) {
      assert.deepEqual(decodeHttpRequest(stream.subarray(0, length)), {
        kind: "incomplete",
        neededBytes: MAX_HEADER_BYTES - length,
      });
    }
  });
}

for (
  const [name, text] of [
    ["a TLS handshake", "\x16"],
    ["a blank", "\x0b\x00"],
    ["a space before bytes", " abc\x01"],
    ["a field", "Host: a.example"],
    ["SMTP", "EHLO a.example\r\n"],
    ["SSH", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"],
    ["IRC with a bare line feed", "NICK somebody\n"],
    ["RTSP", "DESCRIBE rtsp://a.example/ RTSP/1.0\r\n"],
    ["bytes behind a word", "abc \x00"],
    ["bytes right behind a word", "abc\x01"],
  ] as const
) {
  Deno.test(`decodeHttpRequest() takes ${name} for something else`, () => {
    assert.deepEqual(decodeHttpRequest(ascii(text)), { kind: "not_http" });
  });
}

Deno.test("decodeHttpRequest() reads a header of 16 KiB, and none past it", () => {
  const start = "GET / HTTP/1.1\r\nHost: a.example\r\nx: ";
  const fill = MAX_HEADER_BYTES - start.length - 4;
  const fits = ascii(`${start}${"y".repeat(fill)}\r\n\r\n`);
  const over = ascii(`${start}${"y".repeat(fill + 1)}\r\n\r\n`);

  assert.equal(decodeHttpRequest(fits).kind, "request");
  assert.deepEqual(decodeHttpRequest(over), {
    kind: "refused",
    why: "http header is not complete after 16384 bytes",
  });
  assert.equal(decodeHttpRequest(over.subarray(0, 16383)).kind, "incomplete");
});

const character = fc.constantFrom(
  ..." \t\r\n\x00:;,/*@[].%?#HOSThost019-_\x7f\xff",
);
const text = fc.string({ unit: character, maxLength: 60 });

Deno.test("decodeHttpRequest() gives only names that no two programs read differently", () => {
  fc.assert(
    fc.property(text, text, text, (target, host, line) => {
      const bytes = ascii(
        `GET /${target} HTTP/1.1\r\nHost: ${host}\r\n${line}\r\n\r\n`,
      );
      const result = decodeHttpRequest(bytes);
      if (result.kind !== "request") return;
      assert.match(result.request.host!, /^[a-z0-9._:-]+$/);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decodeHttpRequest() never takes back an answer when more bytes come", () => {
  const stream = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.array(fc.constantFrom("GET", " ", "/", "HTTP/1.1", "\r\n", "Host:", "a"))
      .map((words) => ascii(words.join(""))),
    fc.constantFrom(...REQUESTS).map(({ text }) =>
      concat([ascii(text), ascii(text)])
    ),
  );
  fc.assert(
    fc.property(stream, (bytes) => {
      let last = decodeHttpRequest(new Uint8Array(0));
      for (let length = 1; length <= bytes.length; length++) {
        const next = decodeHttpRequest(bytes.subarray(0, length));
        if (last.kind !== "incomplete") assert.deepEqual(next, last);
        last = next;
      }
    }),
    { numRuns: 500 },
  );
});

for (
  const [name, filler] of [
    ["spaces", " "],
    ["tabs and letters", "\ta"],
    ["commas", ","],
    ["tokens", "a"],
  ] as const
) {
  Deno.test(`decodeHttpRequest() takes no time to speak of for a field of ${name}`, () => {
    const long = filler.repeat(Math.floor(16000 / filler.length));
    for (const field of ["x", "Connection", "Host", "Content-Length"]) {
      for (const end of ["", "\x01"]) {
        const bytes = ascii(
          `GET / HTTP/1.1\r\nHost: a.example\r\n${field}: ${long}${end}\r\n\r\n`,
        );
        const startedMs = performance.now();
        decodeHttpRequest(bytes);
        // Quadratic time would be some seconds.
        assert.ok(performance.now() - startedMs < 100);
      }
    }
  });
}

// Python's http.server splits the line by str.split(), which leaves them out.
for (
  const blank of ["\x09", "\x0b", "\x0c", "\x1c", "\x1f", " ", "\x85", "\xa0"]
) {
  const name = blank.charCodeAt(0).toString(16);
  Deno.test(`decodeHttpRequest() refuses a request behind a blank ${name}`, () => {
    const line = `${blank}${blank}GET / HTTP/1.1\r\nHost: a.example\r\n\r\n`;
    const bytes = Uint8Array.from(line, (each) => each.charCodeAt(0));
    const { kind } = decodeHttpRequest(bytes);
    assert.equal(kind, "refused");
    assert.equal(decodeHttpRequest(bytes.subarray(0, 9)).kind, "incomplete");
  });
}
