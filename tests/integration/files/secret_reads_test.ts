/** Who reads credentials and has no business with them is told. */
import assert from "node:assert/strict";
import { Cell } from "../cell.ts";
import { type FileLine, runKept } from "./kept_files.ts";

const TOKEN = "AUTHORIZATION: basic eDp5";

const BEFORE = `
cd $HOME; mkdir -p .docker .aws .ssh .m2 .config/gh
echo 'machine 127.0.0.1 login u password p' > .netrc
echo '//127.0.0.1/:_authToken=secret' > .npmrc
echo '{"auths":{"127.0.0.1":{"auth":"dTpw"}}}' > .docker/config.json
echo 'aws_secret_access_key = x' > .aws/credentials
echo 'https://u:p@127.0.0.1' > .git-credentials
echo '<settings/>' > .m2/settings.xml
printf 'h:\\n  oauth_token: x\\n' > .config/gh/hosts.yml
ln -s $C/netrc-elsewhere .config/netrc
ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519
cd $C/work; git init -q; git config http.http://127.0.0.1/.extraheader '${TOKEN}'
cp /bin/cat $C/aws; cp /bin/cat $C/curl
`;

/** What has no business, by the name that it is told by. */
const READ: Readonly<
  Record<string, { script: string; path: string; by: RegExp }>
> = {
  cat: { script: "cat ~/.netrc", path: "home/.netrc", by: /\/cat$/ },
  python: {
    script: `/usr/bin/python3 -c "open('$HOME/.docker/config.json').read()"`,
    path: "home/.docker/config.json",
    by: /\/python3[0-9.]*$/,
  },
  node: {
    script: `node -e "fs.readFileSync('$HOME/.npmrc')"`,
    path: "home/.npmrc",
    by: /\/node$/,
  },
  copy: {
    script: "cp ~/.ssh/id_ed25519 $C/stolen",
    path: "home/.ssh/id_ed25519",
    by: /\/cp$/,
  },
  search: {
    script: "grep -r basic .git",
    path: "work/.git/config",
    by: /\/grep$/,
  },
  archive: {
    script: "tar -cf $C/aws.tar -C $HOME .aws",
    path: "home/.aws/credentials",
    by: /\/tar$/,
  },
  "of another kind": {
    script: "curl -s -d @$HOME/.aws/credentials http://127.0.0.1:9/ || :",
    path: "home/.aws/credentials",
    by: /\/usr\/bin\/curl$/,
  },
  "under a good name": {
    script: "$C/aws ~/.aws/credentials",
    path: "home/.aws/credentials",
    by: /\/aws$/,
  },
  "by a link": {
    script: "ln -s $HOME/.netrc $C/link; head $C/link",
    path: "home/.netrc",
    by: /\/head$/,
  },
  "by another name": {
    script: "ln $HOME/.git-credentials $C/hard; head $C/hard",
    path: "home/.git-credentials",
    by: /\/head$/,
  },
  "by another mount": {
    script:
      "unshare --mount sh -c 'mkdir $C/m; mount --bind $HOME/.ssh $C/m; " +
      "tail $C/m/id_ed25519'",
    path: "home/.ssh/id_ed25519",
    by: /\/tail$/,
  },
  "and writes nothing into it": {
    script: `/usr/bin/perl -e "open(F, '+<', '$HOME/.config/gh/hosts.yml')"`,
    path: "home/.config/gh/hosts.yml",
    by: /\/perl$/,
  },
  "made since": {
    script: "mkdir ~/.kube; sleep 0.2; echo 'token: x' > ~/.kube/config; " +
      "sleep 0.2; head ~/.kube/config",
    path: "home/.kube/config",
    by: /\/head$/,
  },
  "a directory of them put in place": {
    script: "mkdir $C/azure; echo x > $C/azure/accessTokens.json; " +
      "mv $C/azure ~/.azure; sleep 0.2; head ~/.azure/accessTokens.json",
    path: "home/.azure/accessTokens.json",
    by: /\/head$/,
  },
  "replaced since": {
    script: 'echo \'{"auths":{"x":{"auth":"eA=="}}}\' > $C/new.json; ' +
      "mv $C/new.json ~/.docker/config.json; sleep 0.2; " +
      "head ~/.docker/config.json",
    path: "home/.docker/config.json",
    by: /\/head$/,
  },
  "of a repository that came since": {
    script: "mkdir other; sleep 0.2; git init -q other; sleep 0.2; " +
      `git -C other config http.http://x/.extraheader '${TOKEN}'; ` +
      "sleep 0.2; head other/.git/config",
    path: "work/other/.git/config",
    by: /\/head$/,
  },
};

/** What does what it is there for, or reads no secret. */
const QUIET = `
curl -s -n http://127.0.0.1:9/
git status; git config --list; git ls-remote http://127.0.0.1:9/
npm config get registry; npm config set fund=false
echo 'audit=false' >> ~/.npmrc
ssh-keygen -y -f ~/.ssh/id_ed25519
ls -la ~ ~/.ssh; stat ~/.netrc; test -r ~/.netrc; chmod 600 ~/.netrc
cat ~/.m2/settings.xml ~/.ssh/id_ed25519.pub
sh -c 'exec curl -s -n http://127.0.0.1:9/'
env -u X curl -s -n http://127.0.0.1:9/
`;

Deno.test("who reads credentials without business is told, and nobody else", async () => {
  await using cell = await Cell.open();
  const scripts = Object.values(READ).map(({ script }) => script);
  const { files } = await runKept(cell, {
    before: BEFORE,
    guarded: `exec >/dev/null 2>&1
      ${QUIET}
      sleep 0.5; touch $C/quiet; sleep 0.2
      ${scripts.map((script) => `(${script}); sleep 0.1`).join("\n")}
      sleep 0.5; exit 0`,
  });
  const told = files.map(({ path, process }) =>
    `${process?.exe} ${path.slice(cell.directory.length + 1)}`
  );
  const wanted = Object.entries(READ);
  for (const [name, { path, by }] of wanted) {
    const found = files.filter((line) =>
      line.path === `${cell.directory}/${path}` &&
      by.test(line.process?.exe ?? "")
    );
    assert.equal(found.length, 1, `${name}: ${told.join("\n")}`);
    checkLine(found[0]!, name);
  }
  assert.equal(files.length, wanted.length, told.join("\n"));
});

function checkLine(line: FileLine, name: string) {
  assert.equal(line.change, "read", name);
  assert.equal(line.subject, "secret", name);
  assert.equal(line.overwritten, false, name);
  assert.equal(line.step, "run", name);
  assert.equal(line.before, null, name);
  assert.ok((line.after?.bytes ?? 0) > 0, name);
  assert.equal(line.after?.sha256, null, name);
  assert.doesNotMatch(JSON.stringify(line), /eDp5|_authToken=/, name);
}

const POLICY = `version: 1
egress: audit
source:
  ignore: ["$HOME/.netrc"]
  allow:
    - { path: "$HOME/.npmrc", process: /usr/bin/cat }
`;

Deno.test("a policy says which secrets are nobody's, and who may read which", async () => {
  await using cell = await Cell.open();
  const { files } = await runKept(cell, {
    before: `echo 'machine a login u password p' > $HOME/.netrc
      echo '//a/:_authToken=secret' > $HOME/.npmrc
      cat > $C/policy.yml <<END\n${POLICY}END`.replaceAll("\\n", "\n"),
    guarded: "cat ~/.netrc ~/.npmrc; head ~/.npmrc; sleep 0.3",
    more: ["--policy", `${cell.directory}/policy.yml`],
  });
  const told = files.map(({ path, process, rule }) =>
    [path.split("/").at(-1), process?.exe, rule] as const
  );
  assert.deepEqual(told.map(([path, exe]) => [path, exe]), [
    [".npmrc", "/usr/bin/cat"],
    [".npmrc", "/usr/bin/head"],
  ]);
  assert.match(told[0]![2] ?? "", /\.npmrc/);
  assert.equal(told[1]![2], null);
});
