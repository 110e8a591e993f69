/**
 * Policies that both the parser and the published schema must agree about.
 *
 * @module
 */

/** One file, and whether it is a policy. */
export interface PolicyFixture {
  readonly name: string;
  readonly text: string;
}

/** Globs that nobody can mean. */
export const BAD_GLOBS: readonly { glob: string; name: string }[] = [
  { glob: "", name: "an empty glob" },
  { glob: "!dist/a", name: "a glob that takes out" },
  { glob: "~/.npmrc", name: "a home" },
  { glob: "a?.ts", name: "a question mark" },
  { glob: "*.{ts,js}", name: "alternatives" },
  { glob: "dist/", name: "a glob that ends with a slash" },
  { glob: "/", name: "the root" },
  { glob: "a//b", name: "an empty name" },
  { glob: "./a", name: "a dot in front" },
  { glob: "a/../b", name: "a way up" },
  { glob: "..", name: "a way up alone" },
  { glob: "**.ts", name: "two stars in front of something" },
  { glob: "a/b**", name: "two stars behind something" },
  { glob: "***", name: "three stars" },
  { glob: "a\0b", name: "a NUL in a glob" },
];

/** Files that are policies. */
export const ACCEPTED: readonly PolicyFixture[] = [
  { name: "the version alone", text: "version: 1" },
  { name: "empty lists", text: "version: 1\nallow:\ndeny: []" },
  {
    name: "everything there is",
    text: `
version: 1
egress: audit
allow:
  - api.github.com
  - "*.example.com:8443"
  - 192.0.2.0/24:5432
  - 2001:db8::/32
  - "[2001:db8::1]:22"
  - 192.0.2.1/icmp
  - ntp.example:123/udp
  - { host: upload.example.com, step: Publish, process: /usr/bin/twine }
  - { address: 192.0.2.0/24, port: "*", protocol: udp }
  - host: pinned.example
    process: /usr/bin/curl
    sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    ancestor: /usr/bin/make
deny: [ "*.bad.example", { host: worse.example, port: 80 } ]
names: said
inbound: deny
dns: { unseen: 4096 }
runner: deny
protect: { runner-memory: true }
source:
  watch: false
  ignore: [ "dist/**", "**/*.snap", /opt/tool/cache/**, "app/[id]/a{b}.ts" ]
  allow:
    - path: package.json
    - { path: "src/**/*.ts", process: /usr/bin/deno, step: Format }
on: { denied: fail, overwritten: ignore }
`,
  },
  {
    name: "a part of a nested setting",
    text: "version: 1\non: {denied: fail}",
  },
];

/** Files that are none. */
export const REFUSED: readonly PolicyFixture[] = [
  { name: "an empty file", text: "" },
  { name: "a file of comments", text: "# version: 1" },
  { name: "a scalar", text: "audit" },
  { name: "a list", text: "[]" },
  { name: "no version", text: "egress: block" },
  { name: "another version", text: "version: 2" },
  { name: "a version in quotes", text: 'version: "1"' },
  { name: "an unknown key", text: "version: 1\negres: audit" },
  { name: "an unknown nested key", text: "version: 1\non: { deny: fail }" },
  { name: "the key __proto__", text: "version: 1\n__proto__: {}" },
  { name: "an unknown egress", text: "version: 1\negress: audti" },
  { name: "an egress in upper case", text: "version: 1\negress: BLOCK" },
  { name: "an empty egress", text: "version: 1\negress:" },
  { name: "an unknown names", text: "version: 1\nnames: shouted" },
  { name: "a limit below zero", text: "version: 1\ndns: { unseen: -1 }" },
  { name: "a limit in words", text: "version: 1\ndns: { unseen: all }" },
  { name: "half a byte", text: "version: 1\ndns: { unseen: 0.5 }" },
  { name: "an unknown inbound", text: "version: 1\ninbound: all" },
  { name: "a consequence of YAML 1.1", text: "version: 1\non: { denied: no }" },
  { name: "settings that are a list", text: "version: 1\nsource: []" },
  { name: "empty settings", text: "version: 1\non:" },
  { name: "watch as text", text: "version: 1\nsource: { watch: yes }" },
  { name: "ignore as text", text: "version: 1\nsource: { ignore: dist }" },
  {
    name: "an allowance without a path",
    text: "version: 1\nsource: { allow: [ { step: Format } ] }",
  },
  {
    name: "an allowance as text",
    text: "version: 1\nsource: { allow: [ package.json ] }",
  },
  {
    name: "an allowance as a list",
    text: "version: 1\nsource: { allow: [ [ package.json ] ] }",
  },
  {
    name: "an allowance with an unknown key",
    text: "version: 1\nsource: { allow: [ { path: a, exe: /bin/b } ] }",
  },
  {
    name: "an allowance for a relative process",
    text: "version: 1\nsource: { allow: [ { path: a, process: sed } ] }",
  },
  ...BAD_GLOBS.flatMap(({ glob, name }) => [
    {
      name: `${name} that is ignored`,
      text: `version: 1\nsource: { ignore: [ ${JSON.stringify(glob)} ] }`,
    },
    {
      name: `${name} in an allowance`,
      text: `version: 1\nsource: { allow: [ { path: ${
        JSON.stringify(glob)
      } } ] }`,
    },
  ]),
  { name: "allow as text", text: "version: 1\nallow: a.example" },
  {
    name: "allow as a mapping",
    text: "version: 1\nallow: { host: a.example }",
  },
  { name: "a number as an entry", text: "version: 1\nallow: [ 443 ]" },
  { name: "a list as an entry", text: "version: 1\nallow: [ [ a.example ] ]" },
  { name: "an empty entry", text: 'version: 1\nallow: [ "" ]' },
  { name: "a bare wildcard", text: 'version: 1\nallow: [ "*" ]' },
  { name: "a URL", text: 'version: 1\nallow: [ "https://a.example/" ]' },
  { name: "a space in an entry", text: "version: 1\nallow: [ a.example b ]" },
  { name: "port 0", text: 'version: 1\nallow: [ "a.example:0" ]' },
  { name: "port 65536", text: 'version: 1\nallow: [ "a.example:65536" ]' },
  {
    name: "a port with letters",
    text: 'version: 1\nallow: [ "a.example:443q" ]',
  },
  { name: "an unknown protocol", text: "version: 1\nallow: [ a.example/gre ]" },
  {
    name: "an entry without a target",
    text: "version: 1\nallow: [ { port: 1 } ]",
  },
  {
    name: "an entry with two targets",
    text: "version: 1\nallow: [ { host: a.example, address: 192.0.2.1 } ]",
  },
  {
    name: "an entry with an unknown key",
    text: "version: 1\nallow: [ { hosts: a.example } ]",
  },
  {
    name: "a mapping with a port in its host",
    text: 'version: 1\nallow: [ { host: "a.example:1" } ]',
  },
  {
    name: "a mapping with a host for an address",
    text: "version: 1\nallow: [ { address: a.example } ]",
  },
  {
    name: "a mapping with a port past the last",
    text: "version: 1\nallow: [ { host: a.example, port: 65536 } ]",
  },
  {
    name: "a mapping with half a port",
    text: "version: 1\nallow: [ { host: a.example, port: 0.5 } ]",
  },
  {
    name: "a mapping with a port as text",
    text: 'version: 1\nallow: [ { host: a.example, port: "443" } ]',
  },
  {
    name: "a mapping with an unknown protocol",
    text: "version: 1\nallow: [ { host: a.example, protocol: TCP } ]",
  },
  {
    name: "a mapping with an empty step",
    text: 'version: 1\nallow: [ { host: a.example, step: "" } ]',
  },
  {
    name: "a mapping with a relative process",
    text: "version: 1\nallow: [ { host: a.example, process: curl } ]",
  },
  {
    name: "a mapping with a relative ancestor",
    text: "version: 1\nallow: [ { host: a.example, ancestor: make } ]",
  },
  {
    name: "a mapping with a hash of another length",
    text:
      'version: 1\nallow: [ { host: a.example, process: /a, sha256: "00" } ]',
  },
  {
    name: "a mapping with a hash and no process",
    text: `version: 1\nallow: [ { host: a.example, sha256: ${
      "a".repeat(64)
    } } ]`,
  },
  { name: "an unknown runner", text: "version: 1\nrunner: block" },
  { name: "protect as a word", text: "version: 1\nprotect: runner-memory" },
  {
    name: "an unknown protect",
    text: "version: 1\nprotect: { runnerMemory: true }",
  },
  {
    name: "protect in a word",
    text: "version: 1\nprotect: { runner-memory: yes }",
  },
];
