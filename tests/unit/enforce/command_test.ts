import assert from "node:assert/strict";
import { Cgroup } from "../../../agent/enforce/cgroup.ts";
import {
  type Command,
  findProgram,
  startCommand,
} from "../../../agent/enforce/command.ts";
import { AgentError, type AgentErrorCode } from "../../../agent/errors.ts";
import { O } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { waitForExitBlocking } from "../../../ffi/spawn.ts";
import { cString } from "../../../ffi/text.ts";
import { Scratch } from "../../scratch.ts";

const NOBODY = { uid: 65_534, gid: 65_534 };

/**
 * `tool` in the directories `first` and `second`; in `odd` one that is not
 * executable and a directory `tool2`; `here` beside them.
 */
function makeTools(): Scratch {
  const scratch = new Scratch();
  scratch.chmod(".", 0o755);
  for (const directory of ["first", "second", "odd", "odd/tool2", "work"]) {
    scratch.makeDirectory(directory, 0o755);
  }
  for (
    const path of ["first/tool", "second/tool", "second/tool2", "work/here"]
  ) {
    scratch.write(path, "#!/bin/sh\nexit 0\n");
    scratch.chmod(path, 0o755);
  }
  scratch.write("odd/tool", "#!/bin/sh\n");
  scratch.write("odd/plain", "#!/bin/sh\n");
  return scratch;
}

function commandOf(
  scratch: Scratch,
  args: readonly string[],
  path: readonly string[] | null,
): Command {
  const directories = path?.map((each) =>
    each === "" || each.startsWith("/") ? each : scratch.at(each)
  );
  return {
    args,
    environment: directories ? ["A=1", `PATH=${directories.join(":")}`] : [],
    directory: scratch.at("work"),
    user: null,
  };
}

const FOUND: readonly {
  name: string;
  program: string;
  path: readonly string[] | null;
  wanted: string;
}[] = [
  {
    name: "the first of several in PATH",
    program: "tool",
    path: ["none", "first", "second"],
    wanted: "first/tool",
  },
  {
    name: "one behind a file that is not executable",
    program: "tool",
    path: ["odd", "second"],
    wanted: "second/tool",
  },
  {
    name: "one behind a directory of that name",
    program: "tool2",
    path: ["odd", "second"],
    wanted: "second/tool2",
  },
  {
    name: "one in the user's directory where PATH has an empty part",
    program: "here",
    path: ["first", "", "second"],
    wanted: "work/here",
  },
  {
    name: "one by a path from the user's directory, whatever PATH says",
    program: "../first/tool",
    path: ["second"],
    wanted: "work/../first/tool",
  },
  {
    name: "one in the directories that a shell has without a PATH",
    program: "sh",
    path: null,
    wanted: "/usr/bin/sh",
  },
];

for (const { name, program, path, wanted } of FOUND) {
  Deno.test(`findProgram() finds ${name}`, () => {
    using libc = new Libc();
    using scratch = makeTools();
    const command = commandOf(scratch, [program], path);
    const expected = wanted.startsWith("/") ? wanted : scratch.at(wanted);
    assert.equal(findProgram(libc, command), expected);
  });
}

Deno.test("findProgram() finds a program by its absolute path", () => {
  using libc = new Libc();
  using scratch = makeTools();
  const path = scratch.at("first/tool");
  assert.equal(findProgram(libc, commandOf(scratch, [path], [])), path);
});

const UNUSABLE: readonly {
  name: string;
  program: string;
  code: AgentErrorCode;
}[] = [
  { name: "that is nowhere", program: "none", code: "command_missing" },
  { name: "without a name", program: "", code: "command_missing" },
  {
    name: "that is not executable",
    program: "plain",
    code: "command_unusable",
  },
  { name: "that is a directory", program: "/usr", code: "command_unusable" },
  {
    name: "at a path that is not there",
    program: "./none",
    code: "command_missing",
  },
  {
    name: "below a file",
    program: "/etc/passwd/x",
    code: "command_missing",
  },
];

for (const { name, program, code } of UNUSABLE) {
  Deno.test(`findProgram() throws ${code} for a program ${name}`, () => {
    using libc = new Libc();
    using scratch = makeTools();
    const command = commandOf(scratch, [program], ["first", "odd"]);
    assert.throws(
      () => findProgram(libc, command),
      (error) => error instanceof AgentError && error.code === code,
    );
  });
}

/** Runs a shell script to its end; what it writes goes into `work/out`. */
function runScript(
  script: string,
  options: { user: Command["user"]; cgroup?: boolean },
): { code: number; output: string } {
  using libc = new Libc();
  using scratch = makeTools();
  // Whoever runs it must be able to write there, and has no other way there.
  scratch.write("out", "");
  scratch.chmod("out", 0o666);
  const out = libc.symbols.open(cString(scratch.at("out")), O.WRONLY, 0);
  const cgroup = options.cgroup
    ? Cgroup.create(libc, `unit-command-${Deno.pid}`)
    : null;
  try {
    const command: Command = {
      args: ["sh", "-c", `{ ${script}; } > "$1"`, "sh", `/proc/self/fd/${out}`],
      environment: ["PATH=/usr/bin:/bin", "A=b c"],
      directory: "/usr/lib",
      user: options.user,
    };
    const pid = startCommand(libc, command, cgroup);
    const code = waitForExitBlocking(libc, pid);
    return { code, output: scratch.read("out") };
  } finally {
    libc.symbols.close(out);
    cgroup?.remove();
  }
}

Deno.test("startCommand() runs as ourselves, in the user's directory and environment", () => {
  const script = 'id -u; echo "$A"; pwd; exit 9';
  assert.deepEqual(runScript(script, { user: null }), {
    code: 9,
    output: "0\nb c\n/usr/lib\n",
  });
});

Deno.test("startCommand() drops root and its groups for the user", () => {
  const script = "id -u; id -g; id -G; id -ru; id -rg; " +
    "grep -E '^Cap(Prm|Eff)' /proc/self/status";
  const { code, output } = runScript(script, { user: NOBODY });
  assert.equal(code, 0);
  assert.deepEqual(output.trim().split(/\n/), [
    ...["65534", "65534", "65534", "65534", "65534"],
    "CapPrm:\t0000000000000000",
    "CapEff:\t0000000000000000",
  ]);
});

Deno.test("startCommand() lets the command live in the cgroup from its first moment", () => {
  const script = "grep ^0:: /proc/self/cgroup";
  const { output } = runScript(script, { user: NOBODY, cgroup: true });
  assert.equal(output, `0::/sluice/unit-command-${Deno.pid}\n`);
});

Deno.test("startCommand() hands the command's exit code and signal on", () => {
  assert.equal(runScript("exit 255", { user: NOBODY }).code, 255);
  assert.equal(runScript("kill -TERM $$", { user: null }).code, 143);
});

Deno.test("startCommand() throws command_unusable where it cannot start", () => {
  using libc = new Libc();
  using scratch = makeTools();
  const command: Command = {
    ...commandOf(scratch, ["/bin/true"], null),
    directory: scratch.at("gone"),
  };
  assert.throws(
    () => startCommand(libc, command, null),
    (error) => error instanceof AgentError && error.code === "command_unusable",
  );
});

Deno.test("startCommand() does not stay in the cgroup when it cannot start", () => {
  using libc = new Libc();
  using scratch = makeTools();
  const cgroup = Cgroup.create(libc, `unit-command-${Deno.pid}`);
  try {
    const command: Command = {
      ...commandOf(scratch, ["/bin/true"], null),
      directory: scratch.at("gone"),
    };
    assert.throws(() => startCommand(libc, command, cgroup), AgentError);
    assert.deepEqual(cgroup.processes(), []);
  } finally {
    assert.equal(cgroup.remove(), true);
  }
});
