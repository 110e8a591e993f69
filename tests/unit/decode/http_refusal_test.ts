import assert from "node:assert/strict";
import { decodeHttpRequest } from "../../../agent/decode/http_host.ts";
import { ascii } from "./hellos.ts";

const LINES: readonly { name: string; text: string; why: string }[] = [
  {
    name: "the preface of HTTP/2",
    text: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    why: "request is the preface of HTTP/2",
  },
  { name: "HTTP/2.0", text: "GET / HTTP/2.0\r\n", why: "version is 2.0" },
  { name: "HTTP/1.2", text: "GET / HTTP/1.2\r\n", why: "version is 1.2" },
  { name: "HTTP/0.9", text: "GET /\r\n" },
  { name: "a bare line feed", text: "GET / HTTP/1.1\n" },
  { name: "another end than CR", text: "GET / HTTP/1.1x\n" },
  { name: "an empty line in front", text: "\r\nGET / HTTP/1.1\r\n" },
  { name: "a line feed in front", text: "\n" },
  { name: "two spaces", text: "GET  / HTTP/1.1\r\n" },
  { name: "a space in its target", text: "FOO /a b HTTP/1.1\r\n" },
  { name: "a space behind the version", text: "GET / HTTP/1.1 \r\n" },
  { name: "a version in lower case", text: "FOO / http/1.1\r\n" },
  { name: "a tab behind the method", text: "GET\t/ HTTP/1.1\r\n" },
  { name: "a method alone", text: "get\r\n" },
  { name: "a NUL in its target", text: "GET /\0 HTTP/1.1\r\n" },
  { name: "a CR in its target", text: "GET /\r HTTP/1.1\r\n" },
  { name: "DEL in its target", text: "GET /\x7f" },
  {
    name: "a target of no form",
    text: "GET a.example HTTP/1.1\r\n",
    why: "target has no known form",
  },
  {
    name: "an asterisk to GET",
    text: "GET * HTTP/1.1\r\n",
    why: "target has no known form",
  },
  {
    name: "an unknown scheme",
    text: "GET gopher://a.example/ HTTP/1.1\r\n",
    why: "target has an unknown scheme",
  },
  {
    name: "a scheme from Object's prototype",
    text: "GET constructor://a.example/ HTTP/1.1\r\n",
    why: "target has an unknown scheme",
  },
  {
    name: "an absolute target without a host",
    text: "GET http:///a HTTP/1.1\r\n",
    why: "host name is empty",
  },
  {
    name: "a user in its target",
    text: "GET http://a.example@b.example/ HTTP/1.1\r\n",
    why: "host name has byte 64",
  },
  {
    name: "a backslash in its target's host",
    text: "GET http://a.example\\.b.example/ HTTP/1.1\r\n",
    why: "host name has byte 92",
  },
  {
    name: "CONNECT without a port",
    text: "CONNECT a.example HTTP/1.1\r\n",
    why: "target has no port",
  },
  {
    name: "CONNECT with a path",
    text: "CONNECT a.example:443/ HTTP/1.1\r\n",
    why: "host has no known form",
  },
].map((row) => ({ why: "request line is malformed", ...row }));

for (const { name, text, why } of LINES) {
  Deno.test(`decodeHttpRequest() refuses a request line with ${name}`, () => {
    assert.deepEqual(decodeHttpRequest(ascii(text)), {
      kind: "refused",
      why: `http ${why}`,
    });
  });
}

const HOST = "Host: a.example\r\n";
const LENGTH = "Content-Length: 5\r\n";

const FIELDS: readonly { name: string; fields: string; why: string }[] = [
  { name: "no Host", fields: "", why: "host is missing" },
  {
    name: "two Hosts",
    fields: `${HOST}Host: b.example\r\n`,
    why: "host is there twice",
  },
  {
    name: "the same Host twice",
    fields: `${HOST}x: y\r\nhost: a.example\r\n`,
    why: "host is there twice",
  },
  { name: "an empty Host", fields: "Host:\r\n", why: "host name is empty" },
  {
    name: "two names in one Host",
    fields: "Host: a.example, b.example\r\n",
    why: "host name has byte 44",
  },
  {
    name: "a user in Host",
    fields: "Host: a.example@b.example\r\n",
    why: "host name has byte 64",
  },
  {
    name: "a path in Host",
    fields: "Host: a.example/b\r\n",
    why: "host name has byte 47",
  },
  {
    name: "a short address",
    fields: "Host: 127.1\r\n",
    why: "host name ends in a number",
  },
  {
    name: "an octal address",
    fields: "Host: 0177.0.0.1\r\n",
    why: "host name ends in a number",
  },
  {
    name: "an IPv6 address without brackets",
    fields: "Host: 2001:db8::1\r\n",
    why: "host has no known form",
  },
  {
    name: "an IPv4 address in brackets",
    fields: "Host: [192.0.2.1]\r\n",
    why: "host in brackets is no address",
  },
  {
    name: "a zone",
    fields: "Host: [fe80::1%eth0]\r\n",
    why: "host in brackets is no address",
  },
  {
    name: "text behind brackets",
    fields: "Host: [::1]a\r\n",
    why: "host has no known form",
  },
  {
    name: "an empty port",
    fields: "Host: a.example:\r\n",
    why: "port is no port",
  },
  { name: "port 0", fields: "Host: a.example:0\r\n", why: "port is no port" },
  {
    name: "port 080",
    fields: "Host: a.example:080\r\n",
    why: "port is no port",
  },
  {
    name: "port 65536",
    fields: "Host: a.example:65536\r\n",
    why: "port is no port",
  },
  {
    name: "a folded field",
    fields: `${HOST} .b.example\r\n`,
    why: "field is folded",
  },
  {
    name: "a field folded under the request line",
    fields: `\tx: y\r\n${HOST}`,
    why: "field is folded",
  },
  {
    name: "a space before a colon",
    fields: `Host : a.example\r\n`,
    why: "field is malformed",
  },
  {
    name: "no colon",
    fields: `${HOST}Transfer-Encoding\r\n`,
    why: "field is malformed",
  },
  {
    name: "no field name",
    fields: `${HOST}: chunked\r\n`,
    why: "field is malformed",
  },
  {
    name: "a bare CR",
    fields: `${HOST}x: y\rHost: b.example\r\n`,
    why: "field is malformed",
  },
  {
    name: "a bare LF",
    fields: `${HOST}x: y\nHost: b.example\r\n`,
    why: "line ends without CR",
  },
  {
    name: "an empty line of LF",
    fields: `${HOST}\n`,
    why: "line ends without CR",
  },
  {
    name: "two CRs",
    fields: "Host: a.example\r\r\n",
    why: "field is malformed",
  },
  { name: "a NUL", fields: "Host: a.example\0\r\n", why: "field is malformed" },
  {
    name: "both lengths",
    fields: `${HOST}${LENGTH}Transfer-Encoding: chunked\r\n`,
    why: "body has two lengths",
  },
  {
    name: "two Content-Lengths",
    fields: `${HOST}${LENGTH}${LENGTH}`,
    why: "content-length is there twice",
  },
  {
    name: "a list of lengths",
    fields: `${HOST}Content-Length: 5, 5\r\n`,
    why: "content-length is no number",
  },
  {
    name: "a signed length",
    fields: `${HOST}Content-Length: +5\r\n`,
    why: "content-length is no number",
  },
  {
    name: "an empty length",
    fields: `${HOST}Content-Length:\r\n`,
    why: "content-length is no number",
  },
  {
    name: "a length of 16 digits",
    fields: `${HOST}Content-Length: 9999999999999999\r\n`,
    why: "content-length is no number",
  },
  {
    name: "another coding",
    fields: `${HOST}Transfer-Encoding: gzip, chunked\r\n`,
    why: "transfer-encoding is not chunked",
  },
  {
    name: "chunked twice",
    fields:
      `${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n`,
    why: "transfer-encoding is there twice",
  },
  {
    name: "a vertical tab before its coding",
    fields: `${HOST}Transfer-Encoding: \x0bchunked\r\n`,
    why: "field is malformed",
  },
  {
    name: "two upgrades",
    fields: `${HOST}Upgrade: h2c\r\nUpgrade: websocket\r\n`,
    why: "upgrade is there twice",
  },
  {
    name: "a Connection that removes Host",
    fields: `${HOST}Connection: close, host\r\n`,
    why: "connection would remove host",
  },
];

for (const { name, fields, why } of FIELDS) {
  Deno.test(`decodeHttpRequest() refuses ${name}`, () => {
    const text = `POST / HTTP/1.1\r\n${fields}\r\n`;
    assert.deepEqual(decodeHttpRequest(ascii(text)), {
      kind: "refused",
      why: `http ${why}`,
    });
  });
}

for (
  const { name, text, why } of [
    {
      name: "chunks in HTTP/1.0",
      text: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
      why: "body is chunked in HTTP/1.0",
    },
    {
      name: "a body behind CONNECT",
      text: `CONNECT a.example:1 HTTP/1.1\r\n${HOST}${LENGTH}\r\n`,
      why: "body comes with CONNECT",
    },
    {
      name: "another Host than the target's",
      text: `GET http://b.example/ HTTP/1.1\r\n${HOST}\r\n`,
      why: "host is not the target's",
    },
    {
      name: "another port than the target's",
      text: "GET http://a.example/ HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
      why: "host is not the target's",
    },
    {
      name: "a Host without the target's port",
      text: `GET http://a.example:8080/ HTTP/1.1\r\n${HOST}\r\n`,
      why: "host is not the target's",
    },
    {
      name: "CONNECT to another port than Host",
      text: "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:22\r\n\r\n",
      why: "host is not the target's",
    },
    {
      name: "CONNECT to another host than Host",
      text: "CONNECT b.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
      why: "host is not the target's",
    },
    {
      name: "a malformed Host in HTTP/1.0",
      text: "GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
      why: "host name has byte 32",
    },
  ]
) {
  Deno.test(`decodeHttpRequest() refuses ${name}`, () => {
    assert.deepEqual(decodeHttpRequest(ascii(text)), {
      kind: "refused",
      why: `http ${why}`,
    });
  });
}
