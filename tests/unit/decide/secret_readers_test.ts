import assert from "node:assert/strict";
import {
  SECRET_KINDS,
  type SecretBase,
  type SecretKind,
} from "../../../agent/decide/secret_kinds.ts";
import {
  hasBusiness,
  holdsSecret,
  matchName,
  placesOf,
  type SecretReader,
} from "../../../agent/decide/secret_readers.ts";

function kindOf(base: SecretBase, path: string): SecretKind {
  const found = SECRET_KINDS.filter((kind) =>
    placesOf(kind, base).some((place) => matchName(place, path))
  );
  assert.equal(found.length, 1, `${base} ${path}`);
  return found[0]!;
}

Deno.test("SECRET_KINDS names each file once", () => {
  const all = SECRET_KINDS.flatMap((kind) =>
    (["home", "work", "temp", "git"] as const).flatMap((base) =>
      placesOf(kind, base).map((place) => `${base} ${place}`)
    )
  );
  assert.deepEqual([...new Set(all)], all);
  for (const place of all) assert.match(place, /^[a-z]+ [^*]*\*?[^*/]*$/);
});

const TEXTS: readonly [path: string, text: string, isSecret: boolean][] = [
  [".netrc", "machine a.example login u password p", true],
  [".netrc", "machine a.example login u", false],
  [".npmrc", "//a.example/:_authToken=abc\n", true],
  [".npmrc", "//a.example/:_authToken=${NODE_AUTH_TOKEN}\n", false],
  [".npmrc", "registry=https://a.example/\nalways-auth=false\n", false],
  [".npmrc", '_auth = "dXNlcg=="', true],
  [".yarnrc.yml", 'npmAuthToken: "abc"', true],
  [".gitconfig", "[user]\n\tname = a\n", false],
  [".gitconfig", '[url "https://u:p@a.example/"]', true],
  [".docker/config.json", '{"auths":{"a.example":{"auth":"dTpw"}}}', true],
  [".docker/config.json", '{"auths":{},"credsStore":"pass"}', false],
  [".aws/config", "[default]\nregion = x\n", false],
  [".aws/credentials", "aws_secret_access_key = x", true],
  [".kube/config", "users:\n- user:\n    token: x\n", true],
  [".kube/config", "users:\n- user:\n    exec:\n", false],
  [".ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----", true],
  [".ssh/id_ed25519.pub", "ssh-ed25519 AAAA", false],
  [".m2/settings.xml", "<password>${env.TOKEN}</password>", false],
  [".m2/settings.xml", "<password>x</password>", true],
  [".pip/pip.conf", "index-url = https://u:p@a.example/simple", true],
  [".pip/pip.conf", "index-url = https://a.example/simple", false],
  [".vault-token", "x", true],
  [".vault-token", "", false],
];
for (const [path, text, isSecret] of TEXTS) {
  Deno.test(`holdsSecret() finds ${isSecret ? "one" : "none"} in ${path}: ${text.trim()}`, () => {
    assert.equal(holdsSecret(kindOf("home", path), text), isSecret);
  });
}

Deno.test("holdsSecret() sees the token that actions/checkout leaves", () => {
  const text = '[http "https://a.example/"]\n' +
    "\textraheader = AUTHORIZATION: basic eDp5\n";
  assert.equal(holdsSecret(kindOf("git", "config"), text), true);
  assert.equal(
    holdsSecret(kindOf("temp", "git-credentials-1.config"), text),
    true,
  );
  const plain = '[core]\n[remote "origin"]\n\turl = https://a.example/x\n';
  assert.equal(holdsSecret(kindOf("git", "config"), plain), false);
});

Deno.test("holdsSecret() takes time in proportion to a hostile text", () => {
  const parts = [":", "/", "@", "://a:", "token ", "password", "<", "=", " "];
  for (const kind of SECRET_KINDS) {
    for (const part of parts) {
      const text = part.repeat(65_536 / part.length);
      const beginMs = performance.now();
      holdsSecret(kind, text);
      assert.ok(performance.now() - beginMs < 500, `${kind.title} ${part}`);
    }
  }
});

Deno.test("matchName() lets a star stand for one part of a path", () => {
  assert.equal(matchName(".ssh/id_*", ".ssh/id_rsa"), true);
  assert.equal(matchName(".ssh/id_*", ".ssh/id_x/y"), false);
  assert.equal(matchName(".ssh/id_*", ".ssh/id"), false);
});

const READERS: readonly {
  readonly path: string;
  readonly args: string;
  readonly exe: string;
  readonly script?: string;
  readonly isInstalled?: boolean;
  readonly isStep?: boolean;
  readonly has: boolean;
}[] = [
  { path: ".netrc", args: "curl -n u", exe: "/usr/bin/curl", has: true },
  {
    ...{ path: ".netrc", args: "curl -n u", exe: "/tmp/curl" },
    ...{ isInstalled: false, has: false },
  },
  { path: ".netrc", args: "cat .netrc", exe: "/usr/bin/cat", has: false },
  {
    ...{ path: ".netrc", args: "git-remote-https o u", has: true },
    exe: "/usr/lib/git-core/git-remote-http",
  },
  {
    ...{ path: ".npmrc", args: "node /usr/bin/npm ci", exe: "/usr/bin/node" },
    ...{ script: "/usr/lib/node_modules/npm/bin/npm-cli.js", has: true },
  },
  {
    ...{ path: ".npmrc", args: "node x.js", exe: "/usr/bin/node" },
    ...{ script: "/w/x.js", has: false },
  },
  {
    ...{ path: ".npmrc", args: "node -e 1", exe: "/usr/bin/node" },
    has: false,
  },
  {
    ...{ path: ".npmrc", args: "node npm-cli.js", exe: "/usr/bin/node" },
    ...{ script: "/w/node_modules/npm/bin/npm-cli.js", isInstalled: false },
    has: false,
  },
  {
    ...{ path: ".pypirc", args: "python3 -m twine upload", has: true },
    exe: "/usr/bin/python3.11",
  },
  {
    ...{ path: ".pypirc", args: "python3 -X x -m twine upload", has: false },
    exe: "/usr/bin/python3.11",
  },
  {
    ...{ path: ".pypirc", args: "python3 -c pass", has: false },
    exe: "/usr/bin/python3.11",
  },
  {
    ...{ path: ".azure/msal_token_cache.json", args: "python3 -Im azure.cli" },
    ...{ exe: "/opt/az/bin/python3", has: true },
  },
  {
    ...{
      path: ".docker/config.json",
      args: "docker-buildx build .",
      has: true,
    },
    exe: "/usr/libexec/docker/cli-plugins/docker-buildx",
  },
  {
    ...{ path: ".m2/settings.xml", exe: "/usr/lib/jvm/21/bin/java" },
    args: "java -cp x org.codehaus.plexus.classworlds.launcher.Launcher test",
    has: true,
  },
  {
    ...{ path: ".m2/settings.xml", exe: "/usr/lib/jvm/21/bin/java" },
    ...{ args: "java -jar x.jar", has: false },
  },
  {
    ...{
      path: ".npmrc",
      args: "node i.js",
      exe: "/r/externals/node20/bin/node",
    },
    script: "/r/_work/_actions/actions/setup-node/v4/dist/setup/index.js",
    ...{ isInstalled: false, isStep: true, has: true },
  },
  {
    ...{
      path: ".npmrc",
      args: "node i.js",
      exe: "/r/externals/node20/bin/node",
    },
    script: "/r/_work/_actions/actions/setup-node/v4/dist/setup/index.js",
    ...{ isInstalled: false, isStep: false, has: false },
  },
  {
    ...{
      path: ".npmrc",
      args: "node i.js",
      exe: "/r/externals/node20/bin/node",
    },
    script: "/r/_work/_actions/evil/setup-node/v4/index.js",
    ...{ isStep: true, has: false },
  },
  {
    path: ".docker/config.json",
    ...{ args: "node i.js", exe: "/r/externals/node20/bin/node" },
    script: "/r/_work/_actions/docker/build-push-action/v6/dist/index.js",
    ...{ isInstalled: false, isStep: true, has: true },
  },
];
for (const row of READERS) {
  const { path, args, exe, script = null, has } = row;
  Deno.test(`hasBusiness() gives ${exe} (${args}) ${has ? "some" : "none"} with ${path}`, () => {
    const { isInstalled = true, isStep = false } = row;
    const reader: SecretReader = {
      ...{ exe, args: args.split(" "), script, isInstalled, isStep },
    };
    assert.equal(hasBusiness(kindOf("home", path), reader), has);
  });
}

Deno.test("hasBusiness() gives none to a process that nobody knows", () => {
  for (const kind of SECRET_KINDS) {
    const reader = { exe: null, args: [], script: null };
    const has = hasBusiness(kind, {
      ...reader,
      ...{ isInstalled: true, isStep: true },
    });
    assert.equal(has, false);
  }
});
