import assert from "node:assert/strict";
import fc from "fast-check";
import {
  findSecrets,
  redactArguments,
  redactText,
} from "../../../agent/record/redact.ts";

/** What is masked stands between `«` and `»`. */
const MASKED: readonly (readonly string[])[] = [
  ["curl", "-H", "Authorization: «Bearer abc.def»"],
  ["curl", "-H", "authorization:«Basic dXNlcjpwdw==»"],
  ["curl", "-HProxy-Authorization: «Digest username=u, response=abc»"],
  ["git", "-c", "http.extraheader=AUTHORIZATION: «basic eDp5»", "fetch"],
  ["sh", "-c", "curl -H 'Authorization: «token abc»' https://a.example"],
  ["say", "Bearer «0123456789abcdef»"],
  ["say", "Basic «dXNlcjpwYXNzd29yZA==»"],
  ["say", "basic «dXNlcjpwYXNzd29yZA==»"],
  ["login", "--password", "«hunter2»"],
  ["login", "--password=«hunter2»"],
  ["login", "--db-password", "«-x»"],
  ["keytool", "-storepass", "«changeit»"],
  ["login", "--token", "«t»", "--verbose"],
  ["login", "--auth-token=«t»"],
  ["docker", "build", "--secret", "«id=npm»"],
  ["tool", "--api-key", "«k»", "--apikey=«k»", "--API_KEY=«k»"],
  ["aws", "--secret-access-key=«k»"],
  ["env", "DB_PASSWORD=«x y;z»", "make"],
  ["sh", "-ec", "DB_PASSWORD=«x»; make"],
  ["env", "NPM_TOKEN=«x»", "PGPASSWORD=«y»", "npm", "publish"],
  ["mvn", "-Dgpg.passphrase=«x»", "deploy"],
  ["sh", "-c", "login --password «hunter2» --user me"],
  ["sh", "-c", "login --password «'hunter 2'» --user me"],
  ["sh", "-c", 'TOKEN=«"a b"»; echo done'],
  ["curl", "-d", '{"user":"me","password":«"a\\"b"»,"x":1}'],
  ["curl", "https://a.example/?token=«abc»&page=2"],
  ["curl", "https://a.example/?sv=1&sig=«abc%3D»"],
  ["mysql", "-uroot", "-p«hunter2»", "db"],
  ["/usr/bin/mysqldump", "-p«hunter2»"],
  ["sh", "-c", "mysql -uroot -p«hunter2» db"],
  ["sshpass", "-p", "«hunter2»", "ssh", "host"],
  ["sshpass", "-p«hunter2»", "ssh", "host"],
  ["docker", "login", "-u", "me", "-p", "«hunter2»"],
  ["curl", "-u", "me:«hunter2»", "https://a.example"],
  ["curl", "-sSu", "me:«hunter2»", "https://a.example"],
  ["curl", "-ume:«hunter2»", "https://a.example"],
  ["curl", "--proxy-user", "me:«hunter2»"],
  ["sh", "-c", "curl -u 'me:«hunter2»' https://a.example"],
  ["unzip", "-P", "«hunter2»", "a.zip"],
  ["openssl", "rsa", "-passin", "«pass:hunter2»"],
  ["openssl", "rsa", "pass:«hunter2»"],
  ["git", "clone", "https://«me:hunter2»@github.example/a/b"],
  ["git", "clone", "https://«x-token»@github.example/a/b"],
  ["psql", "postgres://«me:p@ss»@db.example/db"],
  ["git", "clone", "https://«me:hunt»…[+9 bytes]"],
  ["say", "x«ghp_0123456789abcdefABCDEF0123456789abcd».".replace("x", "")],
  ["say", "(«gho_0123456789abcdef»)", "«ghs_0123456789abcdef»"],
  ["say", "«ghu_0123456789abcdef»", "«ghr_0123456789abcdef»"],
  ["say", "«github_pat_11ABCDEFG_0123456789»"],
  ["say", "«glpat-0123456789-_abcdef»"],
  ["say", "«npm_0123456789abcdef0123456789abcdef0123»"],
  ["say", "«xoxb-0123456789-abcdef»", "«xoxp-0123456789-abcdef»"],
  ["say", "«AKIAIOSFODNN7EXAMPLE»", "«ASIAIOSFODNN7EXAMPLE»"],
  ["say", "«sk-proj-0123456789abcdefgh»"],
  ["say", "«pypi-AgEIcHlwaS5vcmcCJDAwMD»"],
  ["say", "«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-bmF0_dXJl»"],
];

const KEPT: readonly (readonly string[])[] = [
  [],
  ["gcc", "-O2", "-DPASS", "-p", "-c", "token.c", "-o", "token.o"],
  ["docker", "login", "--password-stdin", "registry.example"],
  ["tool", "--token-file", "/run/token", "--max-tokens=100", "tokenizer=a"],
  ["bypass=1", "compass=2", "design=3", "monkey=4", "--key=a", "sort", "-k2"],
  ["git", "clone", "ssh://git@github.example/a/b"],
  ["git", "clone", "git@github.example:a/b", "https://github.example/@scope"],
  ["docker", "run", "--user", "1000:1000", "-p", "80:80", "image"],
  ["mkdir", "-p", "a"],
  ["tool", "--password", "--verbose"],
  ["say", "the basic instructions", "a bearer of news", "mask-password"],
  ["say", "ghp_", "sk-learn", "npm_config_x", "task-0123456789abcdef01234"],
];

for (const args of MASKED) {
  Deno.test(`redactArguments() masks in ${JSON.stringify(args)}`, () => {
    const whole = args.map((arg) => arg.replace(/[«»]/g, ""));
    const safe = args.map((arg) => arg.replace(/«[^»]*»/g, "***"));

    assert.deepEqual(redactArguments(whole), safe);
    assert.deepEqual(redactArguments(safe), safe, "masked twice");
  });
}

for (const args of KEPT) {
  Deno.test(`redactArguments() keeps ${JSON.stringify(args)}`, () => {
    assert.equal(redactArguments(args), args);
  });
}

Deno.test("redactArguments() masks given values wherever they stand", () => {
  const secrets = findSecrets([
    "DEPLOY_TOKEN=first\nsecond-line\r\nx",
    "AWS_SECRET_ACCESS_KEY=a/b+c=d/e",
    "SHORT_TOKEN=1234567",
    "HOME=/home/runner",
    "KEYBOARD=qwertyuiop",
    "npm_config_token=lowercase-1",
  ]);

  assert.deepEqual(
    redactArguments(
      [
        "say",
        "xa/b+c=d/ey",
        "second-line",
        "1234567",
        "lowercase-1.",
        "qwertyuiop",
      ],
      secrets,
    ),
    ["say", "x***y", "***", "1234567", "***.", "qwertyuiop"],
  );
});

Deno.test("redactText() masks the longer of two values", () => {
  const secrets = findSecrets(["A_KEY=abcdefgh", "B_KEY=abcdefghijkl"]);

  assert.equal(redactText("abcdefghijklm", secrets), "***m");
});

Deno.test("redactText() masks a value that was cut with its argument", () => {
  const secrets = findSecrets(["A_KEY=abcdefghijkl"]);

  assert.equal(
    redactText("x=abcdefg…[+9 bytes]", secrets),
    "x=***…[+9 bytes]",
  );
  assert.equal(redactText("x=abcdefg", secrets), "x=abcdefg");
});

Deno.test("findSecrets() takes no more than 64 values", () => {
  const environment = Array.from(
    { length: 1000 },
    (_, index) => `A${index}_TOKEN=value-${index}`,
  );

  assert.equal(findSecrets(environment).length, 64);
});

// What the patterns repeat, and what could make them look back.
const PIECES = [
  "a",
  "password",
  "--password ",
  "token=",
  'token\\"',
  "sk-",
  "eyJ",
  "://",
  "authorization:",
  "basic ",
  "Bearer ",
  "'",
  '"',
  "\\",
  " ",
  "ghp_",
  "xoxb-",
  "--",
  "-p ",
  "curl -u ",
  "mysql -p",
  ".",
  "=",
  "…[+",
  "AKIA",
];

Deno.test("redactText() takes linear time on hostile text", () => {
  const LENGTH = 200_000;
  for (const piece of PIECES) {
    for (const end of ["", "!", "=", " ", "@"]) {
      const text = `curl mysql ${piece.repeat(LENGTH / piece.length)}${end}`;
      const startMs = performance.now();

      redactText(text);

      // Quadratic would be minutes.
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs < 5_000, `${JSON.stringify(piece)}: ${tookMs} ms`);
    }
  }
});

Deno.test("redactText() lets no named value through in any mixture", () => {
  const SECRET = "5up3r5ecret";
  const text = fc.array(fc.constantFrom(...PIECES, "x", "\n", "\u001b"));
  fc.assert(fc.property(text, text, (front, back) => {
    const whole = `${front.join("")} --password=${SECRET} ${back.join("")}`;

    assert.ok(!redactText(whole).includes(SECRET), whole);
  }));
});
