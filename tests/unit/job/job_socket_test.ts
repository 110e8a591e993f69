import assert from "node:assert/strict";
import { JobSocket } from "../../../agent/job/job_socket.ts";
import {
  lookBy,
  processAt,
  type ProcessId,
} from "../../../agent/job/process_id.ts";
import { O, openFile, writeAll } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { spawn, waitForExitBlocking } from "../../../ffi/spawn.ts";
import { UnixClient } from "../../../ffi/unix_client.ts";
import { waitUntil } from "../../lab/wait.ts";
import { Scratch } from "../../scratch.ts";

/** Asks as this process, and gives the line that comes back. */
async function ask(libc: Libc, path: string): Promise<string> {
  using client = UnixClient.connect(libc, path)!;
  client.send(new TextEncoder().encode("question\n"));
  const buffer = new Uint8Array(4096);
  let text = "";
  await waitUntil(() => {
    const count = client.receive(buffer);
    text += new TextDecoder().decode(buffer.subarray(0, Math.max(count, 0)));
    return text.endsWith("\n");
  }, { what: "an answer" });
  return text.trim();
}

Deno.test("JobSocket tells who asks by pid and start", async () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.at("job/socket");
  const askers: (ProcessId | null)[] = [];
  const socket = new JobSocket(libc, {
    path,
    answer: (line, asker) => {
      askers.push(asker);
      return Promise.resolve(`${line}!`);
    },
    onFailure: assert.fail,
  });
  assert.equal(await ask(libc, path), "question!");
  await socket.close();
  assert.deepEqual(askers, [processAt(lookBy(libc), Deno.pid)]);
});

/** Asks as another process, which has ended when this is over. */
function askAndEnd(libc: Libc, path: string): number {
  const script = "socket(S, AF_UNIX, SOCK_STREAM, 0);" +
    "connect(S, pack_sockaddr_un(shift)) and syswrite(S, qq(question\\n))";
  const pid = spawn(libc, {
    path: "/usr/bin/perl",
    args: ["perl", "-MSocket", "-e", script, path],
    environment: [],
  });
  waitForExitBlocking(libc, pid);
  return pid;
}

/** Starts a process under a pid that is free; null when another was quicker. */
function startUnder(libc: Libc, pid: number): number | null {
  // proc_sys_kernel(5): the kernel looks for a free one from there.
  const fd = openFile(libc, "/proc/sys/kernel/ns_last_pid", {
    flags: O.WRONLY,
  });
  writeAll(libc, fd, new TextEncoder().encode(`${pid - 1}`));
  libc.symbols.close(fd);
  const args = ["sleep", "100"];
  const got = spawn(libc, { path: "/bin/sleep", args, environment: [] });
  if (got === pid) return pid;
  libc.symbols.kill(got, 9);
  waitForExitBlocking(libc, got);
  return null;
}

Deno.test("JobSocket takes nobody for the asker who has got its pid since", async () => {
  using libc = new Libc();
  using scratch = new Scratch();
  const path = scratch.at("job/socket");
  const askers: (ProcessId | null)[] = [];
  const socket = new JobSocket(libc, {
    path,
    answer: (line, asker) => {
      askers.push(asker);
      return Promise.resolve(line);
    },
    onFailure: assert.fail,
  });
  // All of it on this thread: nothing is accepted before the pid is another's.
  let other: number | null = null;
  let asked = 0;
  while (other === null && asked < 20) {
    const pid = askAndEnd(libc, path);
    asked++;
    other = startUnder(libc, pid);
  }
  assert.notEqual(other, null);
  await waitUntil(() => askers.length === asked, { what: "all questions" });
  await socket.close();
  libc.symbols.kill(other!, 9);
  waitForExitBlocking(libc, other!);
  assert.deepEqual(new Set(askers), new Set([null]));
});

const FAILURES: readonly {
  readonly name: string;
  readonly answer: () => Promise<string>;
}[] = [
  { name: "rejects", answer: () => Promise.reject(new TypeError("no judge")) },
  {
    name: "throws at once",
    answer: () => {
      throw new TypeError("no judge");
    },
  },
];

for (const { name, answer } of FAILURES) {
  Deno.test(`JobSocket tells the asker and its owner when an answer ${name}, and goes on`, async () => {
    using libc = new Libc();
    using scratch = new Scratch();
    const path = scratch.at("job/socket");
    const told: string[] = [];
    const socket = new JobSocket(libc, {
      ...{ path, answer },
      onFailure: (why) => told.push(why),
    });
    for (let round = 0; round < 2; round++) {
      const reply = JSON.parse(await ask(libc, path));
      assert.equal(reply.version, 1);
      assert.equal(reply.exitCode, 1);
      assert.match(reply.lines.join("\n"), /^::error .*no judge/);
    }
    await socket.close();
    const why = "What was asked could not be answered: no judge";
    assert.deepEqual(told, [why, why]);
  });
}
