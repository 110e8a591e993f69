/**
 * What the agent asks Deno for in a run from end to end, and what it is
 * granted: the same, both ways.
 */
import assert from "node:assert/strict";
import { packedProgram } from "../release/packed.ts";
import { agentOptions } from "../release/project.ts";
import { ROOT } from "../style/tree.ts";
import { Cell, RUN_TIMEOUT_MS, sluiceArgs } from "./cell.ts";

/** One access, as Deno writes it down; of a grant, null is all of its kind. */
interface Access {
  readonly permission: string;
  readonly value: string | null;
}

/** Where a packed program is unpacked, for this cell alone. */
const SETUP = 'mkdir "$0/lib" && mount --bind "$0/lib" /var/lib';

/** Those without a guard, and one that guards a command: each ends with that. */
function commandsOf(journal: string): readonly [number, ...string[]][] {
  const allow = ["--allow", "a.example"];
  const workflow = `${ROOT}.github/workflows/ci.yml`;
  return [
    [0, "run", "--egress", "block", ...allow, "--", "/bin/true"],
    [0, "explain", ...allow, "a.example"],
    [2, "check", `${ROOT}LICENSE`],
    [0, "doctor"],
    [0, "report", journal],
    [0, "recommend", journal],
    [0, "replay", journal, ...allow],
    [0, "migrate", workflow, "--check", "--to", TARGET],
    [1, "service", "status"],
  ];
}

const TARGET = `o/sluice@${"0".repeat(40)}`;

for (const form of ["from source", "in one file"] as const) {
  Deno.test(`a run ${form} asks for what is granted, and for all of it`, async () => {
    const isSource = form === "from source";
    const program = isSource ? sluiceArgs() : [await packedProgram()];
    await using cell = await Cell.open({ setup: SETUP });
    const asked = await auditRun(cell, program);
    const granted = grantsOf(isSource ? ROOT : await unpackedPlace(cell));
    const unasked = granted.filter((grant) =>
      // Its source is in agent/ alone once it is bundled.
      (isSource || !grant.value?.endsWith("/ffi")) &&
      !asked.some((access) => covers(grant, access))
    );
    assert.deepEqual(unasked, [], "granted and not asked for");
    // What packages ask the environment is answered with nothing.
    assert.ok(agentOptions().includes("--ignore-env"));
    const ungranted = asked.filter((access) =>
      access.permission !== "env" &&
      !granted.some((grant) => covers(grant, access))
    );
    assert.deepEqual(ungranted, [], "asked for and not granted");
  });
}

/** Guards a host and a command, asks about both, and ends. */
async function auditRun(
  cell: Cell,
  program: readonly string[],
): Promise<readonly Access[]> {
  let audits = 0;
  const spawn = (args: readonly string[]) =>
    cell.spawn([...program, ...args], {
      env: {
        DENO_AUDIT_PERMISSIONS: `${cell.directory}/audit.${audits++}`,
        SLUICE_CWD: cell.directory,
      },
    });
  await Deno.mkdir(cell.state, { mode: 0o700 });
  // As `start` would start it, but for the environment that is kept from it.
  const daemon = spawn(
    cell.withState(["daemon", "--egress", "block", "--resolver", "127.0.0.1"]),
  );
  await daemon.waitFor("}\n", RUN_TIMEOUT_MS);
  assert.match(daemon.stdout, /"armed":true/, daemon.stderr);
  await spawn(cell.withState(["status"])).finished(RUN_TIMEOUT_MS);
  daemon.kill("SIGTERM");
  await daemon.finished(RUN_TIMEOUT_MS);
  const journal = `${cell.state}/journal.ndjson`;
  await Promise.all(
    commandsOf(journal).map(async ([wanted, ...args]) => {
      const { code, stderr } = await spawn(args).finished(RUN_TIMEOUT_MS);
      assert.equal(code, wanted, `${args}: ${stderr}`);
    }),
  );
  const files = Array.from({ length: audits }, (_, at) => `audit.${at}`);
  return files.flatMap((name) => {
    const lines = Deno.readTextFileSync(`${cell.directory}/${name}`);
    return lines.trim().split("\n").map((line) => JSON.parse(line));
  });
}

async function unpackedPlace(cell: Cell): Promise<string> {
  const { stdout } = await cell.in(["sh", "-c", "echo /var/lib/sluice/*/"]);
  return stdout.trim();
}

/** What the task grants on this machine: one row for each path. */
function grantsOf(root: string): Access[] {
  const here = `/usr/lib/${Deno.build.arch}-linux-gnu/`;
  return agentOptions().flatMap((option): Access[] => {
    const [, permission, paths] = /^--allow-(\w+)(?:=(.+))?$/.exec(option) ??
      [];
    if (permission === undefined) return [];
    if (paths === undefined) return [{ permission, value: null }];
    return paths.split(",")
      .map((path) => path.startsWith("/") ? path : root + path)
      .filter((path) => permission !== "ffi" || path.startsWith(here))
      .map((value) => ({ permission, value }));
  });
}

function covers(grant: Access, { permission, value }: Access): boolean {
  if (grant.permission !== permission) return false;
  if (grant.value === null) return true;
  return value === grant.value || !!value?.startsWith(`${grant.value}/`);
}
