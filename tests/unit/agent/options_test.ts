import assert from "node:assert/strict";
import { AgentError } from "../../../agent/errors.ts";
import { HELP } from "../../../agent/help.ts";
import {
  choice,
  commandNames,
  type Options,
  parseOptions,
  usage,
} from "../../../agent/options.ts";

function isUsage(error: unknown): boolean {
  return error instanceof AgentError && error.code === "usage";
}

/** The flags of the policy and of where it holds, each given once or twice. */
const GUARD_ARGS = [
  ...["--policy", "p.yml", "--egress", "block"],
  ...["--allow", "a.example", "--allow", "b.example:8443", "--deny", "*.c"],
  ...["--netns", "/run/netns/x", "--resolver", "192.0.2.53"],
  ...[
    "--resolver",
    "2001:db8::53",
    "--workspace",
    "/w",
    "--workspace",
    "/v",
    "--state",
    "/s",
  ],
  ...["--journal", "/j", "--watch", "network", "--self-test"],
  ...["--no-self-test", "--on-failure", "continue"],
];
const GUARD_FLAGS = {
  policy: "p.yml",
  egress: "block",
  allow: ["a.example", "b.example:8443"],
  deny: ["*.c"],
  netns: "/run/netns/x",
  resolver: ["192.0.2.53", "2001:db8::53"],
  workspace: ["/w", "/v"],
  state: "/s",
  journal: "/j",
  watch: "network",
  "self-test": true,
  "no-self-test": true,
  "on-failure": "continue",
};

const ROWS: readonly {
  args: readonly string[];
  wanted: Partial<Options> & Pick<Options, "command">;
}[] = [
  { args: [], wanted: { command: null } },
  { args: ["--help"], wanted: { command: null, flags: { help: true } } },
  { args: ["-h"], wanted: { command: null, flags: { help: true } } },
  {
    args: ["run", "--help"],
    wanted: { command: null, flags: { help: true } },
  },
  {
    args: ["--state", "/s"],
    wanted: { command: null, flags: { state: "/s" } },
  },
  { args: ["run", "--"], wanted: { command: "run", rest: [] } },
  {
    args: ["run", ...GUARD_ARGS, "--", "npm", "--egress", "--", "ci"],
    wanted: {
      command: "run",
      flags: GUARD_FLAGS,
      rest: ["npm", "--egress", "--", "ci"],
    },
  },
  {
    args: ["run", "--", "prog", "--help", "-h", "", "é"],
    wanted: { command: "run", rest: ["prog", "--help", "-h", "", "é"] },
  },
  {
    args: ["start", ...GUARD_ARGS],
    wanted: { command: "start", flags: GUARD_FLAGS },
  },
  {
    args: ["daemon", ...GUARD_ARGS],
    wanted: { command: "daemon", flags: GUARD_FLAGS },
  },
  {
    args: ["stop", "--state=/s"],
    wanted: { command: "stop", flags: { state: "/s" } },
  },
  {
    args: ["status", "--state", "/s"],
    wanted: { command: "status", flags: { state: "/s" } },
  },
  {
    args: ["report", "j", "--format", "json", "--output", "o"],
    wanted: {
      command: "report",
      flags: { format: "json", output: "o" },
      operands: ["j"],
    },
  },
  {
    args: [
      ...["explain", "--policy", "p", "--egress", "audit", "--allow", "a"],
      ...["--deny", "d", "host:443"],
    ],
    wanted: {
      command: "explain",
      flags: { policy: "p", egress: "audit", allow: ["a"], deny: ["d"] },
      operands: ["host:443"],
    },
  },
  {
    args: ["check", "a", "b"],
    wanted: { command: "check", operands: ["a", "b"] },
  },
  {
    args: ["doctor", "--install"],
    wanted: { command: "doctor", flags: { install: true } },
  },
  // The flags may stand in front of the command.
  {
    args: ["--state", "/s", "stop"],
    wanted: { command: "stop", flags: { state: "/s" } },
  },
  // What begins with a dash can be a value behind `=`.
  {
    args: ["start", "--allow=-x"],
    wanted: { command: "start", flags: { allow: ["-x"] } },
  },
  {
    args: ["start", "--policy="],
    wanted: { command: "start", flags: { policy: "" } },
  },
];

for (const { args, wanted } of ROWS) {
  Deno.test(`parseOptions() reads "${args.join(" ")}"`, () => {
    const { command, flags, operands, rest } = parseOptions(args);
    assert.deepEqual({ command, flags: { ...flags }, operands, rest }, {
      flags: {},
      operands: [],
      rest: null,
      ...wanted,
    });
  });
}

const BAD: readonly (readonly string[])[] = [
  ["fly"],
  [""],
  ["RUN"],
  ["constructor"],
  ["__proto__"],
  ["toString", "--state", "/s"],
  ["run", "--nowhere"],
  ["run", "--nowhere=1"],
  ["run", "-x"],
  ["run", "--__proto__", "x"],
  ["run", "--egress"],
  ["run", "--egress", "--allow", "a"],
  ["start", "--allow"],
  ["start", "--self-test=yes"],
  ["start", "--no-egress"],
  ["start", "--install"],
  ["start", "--format", "json"],
  ["stop", "--allow", "a"],
  ["status", "--journal", "j"],
  ["report", "j", "--state", "s"],
  ["report", "j", "--egress", "block"],
  ["explain", "h", "--state", "s"],
  ["check", "p", "--policy", "p"],
  ["doctor", "--state", "s"],
  ["doctor", "--install=now"],
];

for (const args of BAD) {
  Deno.test(`parseOptions() refuses "${args.join(" ")}"`, () => {
    assert.throws(() => parseOptions(args), isUsage);
  });
}

Deno.test("parseOptions() says in its hint which flags the command has", () => {
  assert.throws(() => parseOptions(["report", "--state", "s"]), (error) => {
    assert.ok(error instanceof AgentError);
    assert.equal(error.hint, "Use --format, --output");
    return true;
  });
});

Deno.test("choice() gives one of what is allowed, or null", () => {
  const allowed = ["audit", "block"] as const;
  const pick = (value?: string) => choice({ name: "egress", value }, allowed);
  assert.equal(pick(), null);
  assert.equal(pick("block"), "block");
  for (const value of ["", "Block", "block ", "constructor"]) {
    assert.throws(() => pick(value), isUsage);
  }
});

Deno.test("usage() quotes what was given, so that nothing in it is taken for ours", () => {
  assert.throws(
    () => choice({ name: "egress", value: 'x"\n' }, ["audit"]),
    (error) => error instanceof AgentError && !error.message.includes("\n"),
  );
  assert.equal(usage("why", "hint").code, "usage");
});

Deno.test("commandNames() leaves out what only we call", () => {
  assert.ok(!commandNames().includes("daemon"));
  for (const name of commandNames()) {
    assert.equal(parseOptions([name]).command, name);
  }
});

/** Every flag of every command, as the parser itself tells them. */
function allFlags(): string[] {
  const candidates = ["--install", "--format=x", "--state=x"];
  const hints = commandNames().flatMap((name) =>
    candidates.flatMap((flag) => {
      try {
        parseOptions([name, flag]);
        return [flag];
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        return [error.hint];
      }
    })
  );
  const names = hints.join(" ").match(/--[a-z-]+/g) ?? [];
  return [...new Set([...names, "--help"])];
}

Deno.test("HELP names every command", () => {
  for (const name of commandNames()) {
    assert.match(HELP, new RegExp(`^ {2}sluice ${name}( |$)`, "m"), name);
  }
  const named = [...HELP.matchAll(/^ {2}sluice (\S+)/gm)].map(([, name]) =>
    name
  );
  assert.deepEqual(named.sort(), commandNames().sort());
});

Deno.test("HELP names every flag of the parser and no other", () => {
  const flags = allFlags();
  assert.ok(flags.length >= 17, flags.join(" "));
  const named = new Set(HELP.match(/--[a-z][a-z-]*/g));
  assert.deepEqual([...named].sort(), flags.sort());
});

Deno.test("HELP fits a terminal of 80 columns", () => {
  for (const line of HELP.split("\n")) assert.ok(line.length <= 80, line);
});
