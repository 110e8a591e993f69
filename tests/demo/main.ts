/**
 * `deno task demo`: a build whose dependency steals a token, without Sluice and
 * with it, on a small internet inside this machine; then one whose dependency
 * changes a source and puts it back.
 *
 * Exits with 0 when all it showed was true, with 1 and the claim otherwise.
 *
 * @module
 */
import { findCgroup2Mount } from "../../agent/decode/mountinfo.ts";
import { runSluice } from "../bench/sluice.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, ATTACKER, SITES } from "../lab/topology.ts";
import {
  attackerPackets,
  findThefts,
  makeClaims,
  type Plays,
  tokenPackets,
} from "./claims.ts";
import { type Implant, playImplant } from "./implant.ts";
import { copyProject, type Play, playBuild } from "./play.ts";
import { Stage } from "./stage.ts";

const ALLOWED = SITES[0]!;

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const stage = new Stage();
  stage.say(
    "Sluice demo: a build with a compromised dependency, without and with it",
    "bold",
  );
  try {
    const plays = await perform(stage);
    return conclude(stage, plays);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(`demo: ${error.message}`);
    return 1;
  }
}

async function perform(stage: Stage): Promise<Plays> {
  // Inside the lab nothing can be downloaded, so what Sluice imports must be
  // in Deno's cache by then.
  await runSluice(["--help"]);
  await using lab = await Lab.up();
  const directory = await copyProject(lab);
  await introduce(stage);

  stage.say("\n1. Without Sluice\n   $ sh build.sh", "bold");
  const alone = await playBuild(lab, { directory, flags: null });
  stage.show(alone.build.stdout);
  tellThefts(stage, alone);
  await stage.pause();

  const state = `${lab.directory}/state`;
  await removeCgroupsAfter(lab, state);
  const shown = ["--egress", "block", "--allow", ALLOWED.name];
  stage.say(
    `\n2. With Sluice\n   $ sluice run ${shown.join(" ")} -- sh build.sh`,
    "bold",
  );
  const where = ["--netns", lab.netnsPath("run"), "--state", state];
  const flags = [...where, ...shown];
  const guarded = await playBuild(lab, { directory, flags });
  stage.show(guarded.build.stdout);
  stage.show(guarded.build.stderr);
  await stage.pause();
  tellCapture(stage, guarded);
  await stage.pause();
  return { alone, guarded, implant: await performImplant(stage, lab, where) };
}

async function performImplant(
  stage: Stage,
  lab: Lab,
  where: readonly string[],
): Promise<Implant> {
  stage.say(
    "\n3. A source that is changed and put back\n" +
      "   $ sluice run --egress block -- sh build.sh",
    "bold",
  );
  stage.say(`
   Another left-padder: its preinstall script changes src/price.c, waits until
   the compiler has read it, and puts back what was there, with its date.
`);
  const implant = await playImplant(lab, [...where, "--egress", "block"]);
  stage.show(implant.build.stdout);
  stage.say("   $ git status --short");
  stage.show(implant.status);
  stage.say("   $ dist/price # 100 cents by its source");
  stage.show(implant.printed);
  await stage.pause();
  stage.say("   What Sluice says:");
  stage.show(implant.build.stderr);
  await stage.pause();
  return implant;
}

async function introduce(stage: Stage): Promise<void> {
  const { run, resolver } = ADDRESSES;
  stage.say(`
   build ${run.ipv4} ── name server ${resolver.ipv4}
                       ├─ ${ALLOWED.name} ${
    ALLOWED.addresses[0]!.ipv4
  }, needed by the build
                       └─ ${ATTACKER.name} ${ADDRESSES.attacker.ipv4}, the attacker

   The build installs left-padder, whose postinstall script takes the token
   from .env and sends it away by HTTPS, by plain TCP and inside a DNS query.`);
  await stage.pause();
}

function tellThefts(stage: Stage, play: Play): void {
  const { https, tcp, dns } = findThefts(play);
  const { name } = ATTACKER;
  stage.say("   What the attacker has got:");
  if (https) stage.say(`     by HTTPS, to ${name}: token=${play.token}`, "red");
  if (tcp) {
    const { ipv4 } = ADDRESSES.attacker;
    stage.say(`     by TCP, to ${ipv4}:4444: token=${play.token}`, "red");
  }
  if (dns) stage.say(`     by DNS: a query for ${play.token}.${name}`, "red");
  if (!https && !tcp && !dns) stage.say("     nothing");
}

function tellCapture(stage: Stage, play: Play): void {
  const atAttacker = attackerPackets(play).length;
  const withToken = tokenPackets(play).length;
  stage.say(
    `\n   Captured on the attacker's side of the wire, ${play.packets.length} ` +
      `packets in all:\n     ${atAttacker} to or from the attacker, ` +
      `${withToken} with the token ${play.token}`,
  );
}

function conclude(stage: Stage, plays: Plays): number {
  const claims = makeClaims(plays);
  stage.say("\nChecked:", "bold");
  for (const { text, holds } of claims) {
    stage.say(
      `  ${holds ? "true " : "FALSE"}  ${text}`,
      holds ? undefined : "red",
    );
  }
  const failed = claims.find(({ holds }) => !holds);
  if (failed === undefined) return 0;
  console.error(`demo: Cannot confirm that ${failed.text}`);
  return 1;
}

/**
 * A guard that is killed with the demo leaves its cgroup, which is the one
 * thing of it that stands outside of the lab.
 */
async function removeCgroupsAfter(lab: Lab, state: string): Promise<void> {
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  const mount = findCgroup2Mount(mounts);
  if (mount === null) return;
  await lab.onCleanup(
    `for run in ${state}/run-*; do ` +
      `rmdir "${mount}/sluice/\${run##*/}" "${mount}/sluice"; ` +
      "done 2>/dev/null; true",
  );
}
