/**
 * What an honest build does, by the programs that it does it with.
 *
 * @module
 */
import { OPEN_PORTS } from "./stage.ts";

/** One thing that must work, guarded or not. */
export interface OpenWay {
  readonly name: string;
  /** For bash, in an empty directory; `$O` is the stage's. */
  readonly line: string;
}

/** How many ways are gone at the same time. */
const AT_ONCE = 6;

const TLS = `https://allowed.test:${OPEN_PORTS.tls}`;
const WEB = `http://allowed.test:${OPEN_PORTS.web}`;
const FETCH = "curl -sSf --max-time 8 -o /dev/null";
const CLIENT = "/usr/bin/python3 -I $O/clients.py";

const CURLS: readonly OpenWay[] = ["-4", "-6"].flatMap((family) =>
  [
    "--tls-max 1.2 https://allowed.test/",
    `--tlsv1.3 ${TLS}/large`,
    `--http1.1 ${TLS}/large`,
    `--http2 ${TLS}/large`,
    `${WEB}/large`,
    "http://allowed.test/",
    "https://allowed.test:8443/",
    "https://x.wild.test/",
    "https://www.allowed.test/",
    "--tcp-fastopen https://allowed.test/",
    "https://allowed.test/ https://allowed.test/ https://allowed.test/",
  ].map((args) => ({
    name: `curl ${family} ${args}`,
    line: `${FETCH} ${family} ${args}`,
  }))
);

const CLIENTS: readonly OpenWay[] = [
  "fetch",
  "mail",
  "slow",
  "pieces",
  "large",
  "kept",
  "resumed",
  "eager",
  "again",
  "loopback",
  "own",
].map((way) => ({ name: `python: ${way}`, line: `${CLIENT} ${way}` }));

/**
 * What every build may do. Node, npm and Deno are tried by those who may
 * execute them: they may be in root's own directory.
 */
export const OPEN_WAYS: readonly OpenWay[] = [
  ...CURLS,
  ...CLIENTS,
  {
    name: "curl, twenty at once",
    line: `${FETCH} -Z --parallel-immediate --parallel-max 20 ` +
      `"https://allowed.test/?[1-20]"`,
  },
  {
    name: "openssl s_client",
    line: "openssl s_client -connect allowed.test:443 -servername " +
      "allowed.test -verify_return_error </dev/null",
  },
  {
    name: "openssl s_client, a session kept",
    line: "for act in out in; do (sleep 0.3) | openssl s_client -connect " +
      "allowed.test:443 -servername allowed.test -sess_$act session; done",
  },
  {
    name: "wget",
    line: `wget -q --ca-certificate=$SSL_CERT_FILE -O page ${TLS}/large`,
  },
  {
    name: "git over HTTPS",
    line: `GIT_SSL_CAINFO=$SSL_CERT_FILE git clone -q ${TLS}/repo.git one && ` +
      "grep honest one/file",
  },
  {
    name: "git's own protocol",
    line:
      "git clone -q git://allowed.test/repo.git two && grep honest two/file",
  },
  {
    name: "npm",
    line: `! command -v npm || { npm install --registry ${TLS}/npm/ ` +
      "--cafile $SSL_CERT_FILE --no-audit --no-fund --no-update-notifier " +
      `honest && node -e 'require("honest")'; }`,
  },
  {
    name: "pip",
    line: `/usr/bin/python3 -m pip download -q --no-deps ` +
      `--disable-pip-version-check --trusted-host allowed.test -i ${WEB}/simple honest`,
  },
  {
    name: "apt",
    line: "mkdir -p lists/partial cache/archives/partial && " +
      `echo 'deb [trusted=yes] ${WEB}/deb ./' > sources && ` +
      "OPTIONS='-o Dir::Etc::SourceList=sources -o Dir::Etc::SourceParts=- " +
      "-o Dir::State::Lists=lists -o Dir::Cache=cache -o Debug::NoLocking=1 " +
      "-o APT::Sandbox::User= -o Acquire::Languages=none' && " +
      "cd $PWD && apt-get -q $OPTIONS -o Dir::Etc::SourceList=$PWD/sources " +
      "-o Dir::State::Lists=$PWD/lists -o Dir::Cache=$PWD/cache update && " +
      "apt-get -q $OPTIONS -o Dir::Etc::SourceList=$PWD/sources " +
      "-o Dir::State::Lists=$PWD/lists -o Dir::Cache=$PWD/cache " +
      "download honest && test -s honest_1.0_all.deb",
  },
  { name: "node", line: "! command -v node || node $O/fetch.mjs" },
  {
    name: "deno",
    line:
      `! [ -x "$DENO" ] || "$DENO" run --no-config --allow-net $O/fetch.mjs`,
  },
  {
    name: "dig",
    line:
      "for type in A AAAA TXT MX; do dig +time=3 +tries=1 allowed.test $type; " +
      "done | grep -c NOERROR | grep 4",
  },
  {
    name: "getent, the search domains among it",
    line: "getent ahosts allowed.test && getent hosts www.allowed.test",
  },
];

/** What the policy must name for that. */
export const OPEN_ENTRIES: readonly string[] = [
  "allowed.test",
  "www.allowed.test",
  "allowed.test:80",
  "allowed.test:8443",
  "*.wild.test",
  ...Object.values(OPEN_PORTS).map((port) => `allowed.test:${port}`),
];

/**
 * A script for bash that goes all ways, and says `ok` or `FAILED` of each.
 *
 * @param open The stage's directory.
 * @param directory One of its own, made here.
 */
export function openScript(open: string, directory: string): string {
  const ways = OPEN_WAYS.map(({ name, line }, at) => `
    ( # ${name.replaceAll("\n", " ")}
      mkdir -p ${directory}/${at} && cd ${directory}/${at}
      if (set -e -o pipefail; ${line}) > log 2>&1 < /dev/null
      then echo "ok ${at}" > done
      else (echo "FAILED ${at}"; tail -20 log | cut -c1-300) > done
      fi
    ) &
    while [ $(jobs -rp | wc -l) -ge ${AT_ONCE} ]; do wait -n; done`);
  const told = OPEN_WAYS.map((_, at) => `${directory}/${at}/done`);
  return `export O=${open} HOME=${directory}\n${ways.join("\n")}\n` +
    `wait; cat ${told.join(" ")}\n`;
}
