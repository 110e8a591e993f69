/**
 * A lockdown by itself, for tests: one act a call, its answer as a line of JSON.
 *
 *     lockdown_main.ts apply|verify|restore RECORD [ORDER]
 *
 * `DIE_AFTER=N` ends it, as by a kill, before the act of the Nth change.
 *
 * @module
 */
import {
  applyLockdown,
  restoreLockdown,
  verifyLockdown,
} from "../../agent/enforce/lockdown/lockdown.ts";
import type { LockdownRecord } from "../../agent/enforce/lockdown/lockdown_record.ts";
import { Libc } from "../../ffi/libc.ts";

const [act, path, order] = Deno.args;
const dieAfter = Number(Deno.env.get("DIE_AFTER") ?? Infinity);
using libc = new Libc();

console.log(JSON.stringify(answer()));

function answer(): unknown {
  switch (act) {
    case "apply":
      return applyLockdown(libc, JSON.parse(order!), keep);
    case "verify":
      return verifyLockdown(libc, JSON.parse(order!));
    case "restore":
      return restoreLockdown(libc, JSON.parse(Deno.readTextFileSync(path!)));
  }
  throw new TypeError(`Cannot ${act}: no such act`);
}

function keep(record: LockdownRecord): void {
  Deno.writeTextFileSync(path!, JSON.stringify(record));
  if (record.changes.length >= dieAfter) Deno.kill(Deno.pid, "SIGKILL");
}
