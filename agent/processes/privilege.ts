/**
 * The part of the process thread that sees who takes, keeps or lends rights.
 *
 * @module
 */
import { judgeDeed } from "../decide/deeds.ts";
import { judgeExecution } from "../decide/privilege.ts";
import type { PrivilegeRecord } from "../decode/privilege_record.ts";
import { lookAtFile } from "../observe/lent_file.ts";
import { ROLE } from "../observe/process_source.ts";
import type { FoundProcess } from "../observe/process_list.ts";
import { WallClock } from "../record/line.ts";
import type { PrivilegeEvent } from "../record/process_event.ts";
import { type DeedSource, openDeedSource } from "./deed_source.ts";
import { FileActs } from "./file_acts.ts";
import { LossTally } from "./loss_tally.ts";
import { PrivilegeEvents } from "./privilege_events.ts";
import type { ProcessPart, StepNames } from "./process_part.ts";
import type { ProcessAct, TreeProcess } from "./process_tree.ts";
import type { ProcessWorld } from "./process_world.ts";
import { CLOCK, readClockUs } from "../../ffi/clock.ts";

/** By then the process programs have told whose deed it is. */
const SETTLE_MS = 30;
/** Whoever does more than this in that time is not heard of, but counted. */
const MAX_UNSETTLED = 8_192;

interface Unsettled {
  readonly deed: PrivilegeRecord;
  readonly heardAtMs: number;
}

/** Hears executions from the thread, and deeds from a source of its own. */
export class Privilege implements ProcessPart, Disposable {
  readonly #world: ProcessWorld;
  /** Null once it has come to its end. */
  #opening: Generator<void, DeedSource | null> | null;
  #source: DeedSource | null = null;
  readonly #events: PrivilegeEvents;
  readonly #losses: LossTally;
  readonly #files: FileActs;
  /** The runner's processes. */
  readonly #runners = new Set<number>();
  #unsettled: Unsettled[] = [];

  /** @param steps Their names; lent. */
  constructor(world: ProcessWorld, steps: StepNames) {
    const { tell, secrets } = world;
    this.#world = world;
    this.#events = new PrivilegeEvents({ tell, steps, secrets });
    const clock = new WallClock();
    this.#losses = new LossTally(tell, {
      format: (atMs) => clock.format(atMs),
      what: "processes",
      consequence: "some of those who took rights are not told",
    });
    this.#files = new FileActs(world);
    this.#opening = openDeedSource(world);
    // Who is armed is protected. All else can wait until the guard stands.
    while (world.order.protectsRunner && this.isBusy) this.#open();
  }

  /** {@inheritDoc Watched.isBusy} */
  get isBusy(): boolean {
    return this.#opening !== null;
  }

  get fds(): readonly number[] {
    return [...this.#source?.fds ?? [], ...this.#files.fds];
  }

  meet(found: readonly FoundProcess[]): void {
    for (const { pid } of found) this.#meetRunner(pid);
  }

  hear(act: ProcessAct, process: TreeProcess): void {
    if (act.kind !== "fork") this.#meetRunner(act.pid);
    this.#files.hear(act, process);
    if (act.kind !== "exec" || process.scope.isInside === false) return;
    const { exe, args, uid } = act;
    const parent = this.#world.tree.find(act.parentPid);
    const isRunner = (parent?.role ?? ROLE.PLAIN) !== ROLE.PLAIN;
    const findings = judgeExecution({ exe, args, uid, isRunner }, {
      hearsCalls: this.#source !== null,
    });
    if (findings.length === 0) return;
    const { pid, atUs } = act;
    const program = this.#world.programs.find(pid, { atUs, now: process });
    for (const finding of findings) {
      const found = { finding, program, isDenied: false };
      this.#events.add(found, performance.now());
    }
  }

  attend(nowMs: number): void {
    this.#open();
    this.#drain(nowMs);
    this.#settle(nowMs - SETTLE_MS);
    this.#takeFiles(nowMs);
    this.#events.attend(nowMs);
    if (this.#losses.isDue(nowMs)) this.#losses.tell(nowMs);
  }

  end(nowMs: number): void {
    this.#drain(nowMs);
    this.#settle(Infinity);
    this.#takeFiles(Infinity);
    this.#events.end();
    this.#losses.tell(nowMs);
  }

  /** After each execution: what was the runner's may be so no more. */
  #meetRunner(pid: number): void {
    const { tree, order } = this.#world;
    const role = tree.find(pid)?.role ?? ROLE.PLAIN;
    const isRunner = role !== ROLE.PLAIN && pid !== order.agentPid;
    if (isRunner === this.#runners.has(pid)) return;
    if (isRunner) {
      this.#runners.add(pid);
      this.#files.meetRunner(tree.find(pid)!);
    } else this.#runners.delete(pid);
    this.#source?.setRunner(pid, isRunner);
  }

  /** Takes everything away; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#opening?.return(null);
    this.#opening = null;
    this.#source?.[Symbol.dispose]();
    this.#files[Symbol.dispose]();
  }

  /** One piece of it. */
  #open(): void {
    const turn = this.#opening?.next();
    if (turn?.done !== true) return;
    this.#opening = null;
    this.#source = turn.value;
  }

  #drain(nowMs: number): void {
    if (this.#source === null) return;
    let lost = 0;
    for (const deed of this.#source.drain(nowMs)) {
      if (this.#unsettled.length < MAX_UNSETTLED) {
        this.#unsettled.push({ deed, heardAtMs: nowMs });
      } else lost++;
    }
    lost += this.#source.takeLost();
    if (lost > 0) this.#losses.add(lost, nowMs);
  }

  #settle(untilMs: number): void {
    let settled = 0;
    for (const { heardAtMs } of this.#unsettled) {
      if (heardAtMs > untilMs) break;
      settled++;
    }
    for (const { deed } of this.#unsettled.splice(0, settled)) {
      this.#judge(deed);
    }
  }

  #takeFiles(nowMs: number): void {
    const onLost = (count: number) =>
      this.#losses.add(count, performance.now());
    const acts = this.#files.take(nowMs, onLost);
    if (acts.length === 0) return;
    const { tree, libc } = this.#world;
    const atUs = readClockUs(libc, CLOCK.BOOTTIME);
    for (const { pid, path, finding } of acts) {
      const now = tree.find(pid);
      const program = this.#world.programs.find(pid, { atUs, now });
      const found = { finding, program, path, isDenied: false };
      this.#events.add(found, performance.now());
    }
  }

  #judge(deed: PrivilegeRecord): void {
    const { pid } = deed.doer;
    const { tree, libc } = this.#world;
    const now = tree.find(pid);
    // The runner's own processes see to each other.
    if (now !== null && now.role !== ROLE.PLAIN) return;
    const program = this.#world.programs.find(pid, { atUs: deed.atUs, now });
    const isMode = deed.kind === "call" &&
      (deed.call === "mode" || deed.call === "capability");
    const cwd = now?.cwd ?? null;
    const file = isMode ? lookAtFile(libc, { pid, cwd, ...deed }) : null;
    // Of a directory this bit means who its files belong to. The other one has
    // no use there, and by then the path may lead elsewhere.
    if (file?.isPlain === false && lendsGroupOnly(deed)) return;
    const path = file?.path ?? null;
    const target = this.#targetOf(deed);
    const finding = judgeDeed(deed, {
      ...{ exe: program?.exe ?? null, path },
      targetExe: target?.exe ?? null,
    });
    if (finding === null) return;
    const isDenied = deed.kind !== "stdio" && deed.isDenied;
    this.#events.add({
      ...{ finding, program, isDenied },
      ...(target === undefined ? {} : { target }),
      ...(path === null ? {} : { path }),
    }, performance.now());
  }

  #targetOf(deed: PrivilegeRecord): PrivilegeEvent["target"] {
    if (deed.kind === "stdio" || deed.target.pid === 0) return undefined;
    const { atUs, target: { pid } } = deed;
    // It may have ended by what was done to it.
    const now = this.#world.tree.find(pid);
    const program = this.#world.programs.find(pid, { atUs, now });
    return { pid, exe: program?.exe ?? null };
  }
}

/** Whether a mode has setgid and not setuid, <linux/stat.h>. */
function lendsGroupOnly(deed: PrivilegeRecord): boolean {
  return deed.kind === "call" && deed.call === "mode" &&
    (deed.extra & 0o4000) === 0;
}
