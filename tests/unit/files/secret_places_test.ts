import assert from "node:assert/strict";
import { SecretPlaces } from "../../../agent/files/secret_places.ts";
import { type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";

function placesOf(workspaces: readonly string[] = []): SecretPlaces {
  const source = { watch: true, ignore: [], allow: [] };
  return new SecretPlaces({ homes: ["/home/u"], workspaces, source });
}

const KINDS: readonly [path: string, title: string | null][] = [
  ["/home/u/.netrc", "passwords of hosts"],
  ["/home/u/.ssh/id_rsa", "keys of SSH"],
  ["/home/u/.ssh/known_hosts", null],
  ["/home/u/.ssh/deeper/id_rsa", null],
  ["/home/u/.aws/sso/cache/1.json", "AWS"],
  ["/home/other/.netrc", null],
  ["/home/u/git/config", null],
  ["/r/_work/a/a/.npmrc", "npm's tokens"],
  ["/r/_work/a/a/.git/config", "git's tokens"],
  ["/r/_work/a/a/.git/hooks/config", null],
  ["/r/_work/_temp/git-credentials-1.config", "git's tokens"],
  ["/r/_work/_temp/.npmrc", "npm's tokens"],
  ["/r/_work/a/a/gha-creds-0.json", "Google Cloud"],
];
for (const [path, title] of KINDS) {
  Deno.test(`SecretPlaces takes ${path} for ${title ?? "no secret"}`, () => {
    const kind = placesOf(["/r/_work/a/a"]).kindOf(bytePathOf(path));
    assert.equal(kind?.title ?? null, title);
  });
}

Deno.test("SecretPlaces names all directories on the way, those above first", () => {
  const { directories } = placesOf();
  for (const path of ["/home/u", "/home/u/.aws", "/home/u/.aws/sso"]) {
    assert.ok(directories.includes(path as BytePath), path);
  }
  assert.ok(!directories.includes("/home" as BytePath));
  const cache = directories.indexOf("/home/u/.aws/sso/cache" as BytePath);
  assert.ok(cache > directories.indexOf("/home/u/.aws/sso" as BytePath));
});

Deno.test("SecretPlaces.meet() expects a repository in a directory of a work space alone", () => {
  const places = placesOf(["/w"]);
  assert.deepEqual(places.meet("/w/a" as BytePath), ["/w/a", "/w/a/.git"]);
  assert.deepEqual(places.meet("/w/a" as BytePath), []);
  assert.deepEqual(places.meet("/w/a/b" as BytePath), []);
  assert.deepEqual(places.meet("/w/.git" as BytePath), []);
  assert.deepEqual(places.meet("/x/a" as BytePath), []);
  const config = "/w/a/.git/config" as BytePath;
  assert.equal(places.kindOf(config)?.title, "git's tokens");
});

Deno.test("SecretPlaces.meet() follows no more directories than anybody has", () => {
  const places = placesOf(["/w"]);
  for (let at = 0; at < 1_000; at++) places.meet(`/w/${at}` as BytePath);
  assert.ok(places.directories.length < 1_000);
});
