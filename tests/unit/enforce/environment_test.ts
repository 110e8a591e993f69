import assert from "node:assert/strict";
import { commandEnvironment } from "../../../agent/enforce/environment.ts";

const USER = { name: "ann", home: "/home/ann", shell: "/bin/zsh" };
const OF_USER = [
  "HOME=/home/ann",
  "USER=ann",
  "LOGNAME=ann",
  "SHELL=/bin/zsh",
];

/** What npx 10 adds, taken from `sudo npx -y deno eval` on Debian 12. */
const BY_NPX = [
  "npm_command=exec",
  "npm_execpath=/usr/share/nodejs/npm/bin/npm-cli.js",
  "npm_node_execpath=/usr/bin/node",
  "npm_lifecycle_event=npx",
  "npm_lifecycle_script=deno",
  "npm_package_json=/root/package.json",
  "npm_config_cache=/root/.npm",
  "npm_config_globalconfig=/etc/npmrc",
  "npm_config_global_prefix=/usr/local",
  "npm_config_init_module=/root/.npm-init.js",
  "npm_config_local_prefix=/root",
  "npm_config_node_gyp=/usr/share/nodejs/node-gyp/bin/node-gyp.js",
  "npm_config_noproxy=",
  "npm_config_npm_version=9.2.0",
  "npm_config_prefix=/usr/local",
  "npm_config_user_agent=npm/9.2.0 node/v18",
  "npm_config_userconfig=/root/.npmrc",
  "npm_config_yes=true",
  "NODE=/usr/bin/node",
  "COLOR=1",
  "EDITOR=vi",
];

const NPX_PATH =
  "/root/.npm/_npx/ab/node_modules/.bin:/work/node_modules/.bin:" +
  "/usr/share/nodejs/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin:";

const ROWS: readonly {
  name: string;
  initial: readonly string[];
  user: typeof USER | null;
  wanted: readonly string[];
}[] = [
  {
    name: "leaves an environment of no one else alone",
    initial: ["A=1", "PATH=/bin", "HOME=/root", "SHELL=/bin/sh", "MAIL=/x"],
    user: null,
    wanted: ["A=1", "PATH=/bin", "HOME=/root", "SHELL=/bin/sh", "MAIL=/x"],
  },
  {
    name: "gives the user their own name, home and shell, and no mailbox",
    initial: [
      ...["HOME=/root", "A=1", "USER=root", "LOGNAME=root", "SHELL=/bin/sh"],
      "MAIL=/var/mail/root",
    ],
    user: USER,
    wanted: ["A=1", ...OF_USER],
  },
  {
    name: "takes away what sudo, deno task and we ourselves set",
    initial: [
      ...["SUDO_UID=1000", "SUDO_GID=1000", "SUDO_USER=ann"],
      ...["SUDO_COMMAND=/usr/bin/npx", "SUDO_HOME=/home/ann"],
      ...["INIT_CWD=/work", "SLUICE_CWD=/work", "DENO_NO_UPDATE_CHECK=1"],
      ...["npm_config_user_agent=deno/2.9.6 npm/? deno/2.9.6 linux x86_64"],
      "A=1",
    ],
    user: null,
    wanted: ["A=1"],
  },
  {
    name: "gives the DENO_DIR back that the program in one file took",
    initial: ["SLUICE_DENO_DIR=/x", "DENO_DIR=/var/lib/sluice/a/cache", "A=1"],
    user: null,
    wanted: ["A=1", "DENO_DIR=/x"],
  },
  {
    name: "leaves no DENO_DIR where there was none",
    initial: ["SLUICE_DENO_DIR=", "DENO_DIR=/var/lib/sluice/a/cache", "A=1"],
    user: null,
    wanted: ["A=1"],
  },
  {
    name: "keeps what only looks like sudo's",
    initial: ["SUDO=1", "SUDOKU_X=1", "MY_SUDO_UID=1", "SLUICE_CWD_X=1"],
    user: null,
    wanted: ["SUDO=1", "SUDOKU_X=1", "MY_SUDO_UID=1", "SLUICE_CWD_X=1"],
  },
  {
    name: "keeps LD_* and what else a build may need",
    initial: [
      ...["LD_LIBRARY_PATH=/opt/lib", "LD_PRELOAD=/x.so", "NODE_OPTIONS=--x"],
      ...["GITHUB_TOKEN=t", "EMPTY=", "EQUALS=a=b=c", "LINE=a\nb"],
    ],
    user: USER,
    wanted: [
      ...["LD_LIBRARY_PATH=/opt/lib", "LD_PRELOAD=/x.so", "NODE_OPTIONS=--x"],
      ...["GITHUB_TOKEN=t", "EMPTY=", "EQUALS=a=b=c", "LINE=a\nb"],
      ...OF_USER,
    ],
  },
  {
    name: "takes away all that npx set",
    initial: [...BY_NPX, "A=1", "npm_config_registry=http://mirror.example"],
    user: null,
    wanted: ["A=1", "npm_config_registry=http://mirror.example"],
  },
  {
    name: "takes root's npm settings away from a user, which npx exported",
    initial: [
      ...[...BY_NPX, "A=1", "npm_config_registry=http://root.example"],
      "npm_config__auth=secret",
    ],
    user: USER,
    wanted: ["A=1", ...OF_USER],
  },
  {
    name: "keeps the same variables when npx did not set them",
    initial: BY_NPX.filter((pair) => !pair.startsWith("npm_lifecycle")),
    user: null,
    wanted: BY_NPX.filter((pair) => !pair.startsWith("npm_lifecycle")),
  },
  {
    name: "keeps a user's npm settings when npx does not stand in between",
    initial: ["npm_config_registry=http://mirror.example", "npm_config_yes=1"],
    user: USER,
    wanted: [
      ...["npm_config_registry=http://mirror.example", "npm_config_yes=1"],
      ...OF_USER,
    ],
  },
  {
    name: "keeps a choice of colours and of an editor that npx did not make",
    initial: ["npm_lifecycle_event=npx", "COLOR=always", "EDITOR=nano"],
    user: null,
    wanted: ["COLOR=always", "EDITOR=nano"],
  },
  {
    name: "takes npx's directories out of PATH",
    initial: ["npm_lifecycle_event=npx", `PATH=${NPX_PATH}/usr/bin:/bin`],
    user: null,
    wanted: ["PATH=/usr/bin:/bin"],
  },
  {
    name: "keeps a PATH that npx has not changed",
    initial: ["npm_lifecycle_event=npx", "PATH=/usr/bin::/bin:"],
    user: null,
    wanted: ["PATH=/usr/bin::/bin:"],
  },
  {
    name: "keeps such a PATH when npx does not stand in between",
    initial: [`PATH=${NPX_PATH}/usr/bin`],
    user: null,
    wanted: [`PATH=${NPX_PATH}/usr/bin`],
  },
  {
    name: "takes another npm script for the user's own",
    initial: ["npm_lifecycle_event=build", "npm_config_cache=/c", "NODE=/n"],
    user: null,
    wanted: ["npm_lifecycle_event=build", "npm_config_cache=/c", "NODE=/n"],
  },
  {
    name: "makes an environment from none",
    initial: [],
    user: USER,
    wanted: OF_USER,
  },
];

for (const { name, initial, user, wanted } of ROWS) {
  Deno.test(`commandEnvironment() ${name}`, () => {
    assert.deepEqual(commandEnvironment(initial, user), wanted);
  });
}
