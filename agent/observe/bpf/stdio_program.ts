/**
 * The program that sees what is executed with its input on a connection.
 *
 * It looks at the moment of the execution, so a shell that lives for no time at
 * all is seen as well. Node gives its children sockets between processes; only
 * those of the internet count.
 *
 * @module
 */
import { Assembler, type Place } from "./assembler.ts";
import { FP } from "./instructions.ts";
import { findFile } from "./find_task.ts";
import {
  ACTOR,
  addStart,
  beginDeed,
  DEED_AT,
  deedField,
  readTask,
  type Setting,
  SPARE,
  tellDeed,
} from "./privilege_parts.ts";
import { DEED_FLAG, DEED_KIND } from "./privilege_shapes.ts";

/** <linux/stat.h> */
const S = { IFMT: 0o170000, IFSOCK: 0o140000 } as const;
/** <linux/socket.h> */
const AF = { INET: 2, INET6: 10 } as const;
/** The number of the descriptor that is looked at. */
const FD: Place = [FP, DEED_AT - 8];

/** Writes the program, for the tracepoint `sched_process_exec`. */
export function stdioProgram(setting: Setting): Uint8Array<ArrayBuffer> {
  const { layout } = setting;
  const program = new Assembler();
  program.load8(ACTOR, [1, 0]).move(9, { register: ACTOR });
  beginDeed(program, DEED_KIND.stdio);
  addInternetSocket(program, { setting, otherwise: "look at parent" });
  program.goTo("is on socket").label("look at parent");
  // A terminal of its own between the two hides the socket from the shell.
  readTask(program, { from: [9, layout.taskParent], width: 8 });
  program.move(ACTOR, { register: 0 })
    .store4(deedField("flags"), DEED_FLAG.ofParent);
  addInternetSocket(program, { setting, otherwise: "done" });
  program.label("is on socket").move(ACTOR, { register: 9 });
  readTask(program, { from: [ACTOR, layout.taskTgid], width: 4 });
  program.store4(deedField("pid"), { register: 0 });
  addStart(program, { layout, task: ACTOR, field: "start" });
  tellDeed(program, setting);
  return program.label("done").exit().assemble();
}

/** Input, and output or errors: one descriptor alone is a redirection. */
function addInternetSocket(
  program: Assembler,
  what: { readonly setting: Setting; readonly otherwise: string },
): void {
  const { setting, otherwise } = what;
  const isBoth = `has both ${program.length}`;
  const hasNoOutput = `has no output ${program.length}`;
  program.store4(FD, 0);
  findInternetSocket(program, { setting, otherwise });
  program.store4(FD, 1);
  findInternetSocket(program, { setting, otherwise: hasNoOutput });
  program.goTo(isBoth).label(hasNoOutput).store4(FD, 2);
  findInternetSocket(program, { setting, otherwise });
  program.label(isBoth);
}

/** Writes family, port and address of the socket behind FD. */
function findInternetSocket(
  program: Assembler,
  what: { readonly setting: Setting; readonly otherwise: string },
): void {
  const { setting: { layout }, otherwise } = what;
  const isInternet = `is internet ${program.length}`;
  findFile(program, { layout, fd: FD, otherwise });
  program.move(SPARE, { register: 0 });
  readTask(program, { from: [SPARE, layout.fileInode], width: 8 });
  readTask(program, { from: [0, layout.inodeMode], width: 2 });
  program.compute([0, "and", S.IFMT])
    .goToIf([0, "notEqual", S.IFSOCK], otherwise);
  readTask(program, { from: [SPARE, layout.filePrivate], width: 8 });
  readTask(program, { from: [0, layout.socketSock], width: 8 });
  program.move(SPARE, { register: 0 });
  readTask(program, { from: [SPARE, layout.sockFamily], width: 2 });
  program.store4(deedField("detail"), { register: 0 })
    .goToIf([0, "equal", AF.INET6], isInternet)
    .goToIf([0, "notEqual", AF.INET], otherwise)
    .label(isInternet);
  readTask(program, { from: [SPARE, layout.sockPort], width: 2 });
  program.store4(deedField("extra"), { register: 0 });
  addAddress(program, { setting: what.setting });
}

function addAddress(
  program: Assembler,
  what: { readonly setting: Setting },
): void {
  const { layout } = what.setting;
  const isSix = `is six ${program.length}`;
  const [base, more] = deedField("more");
  program.load4(0, deedField("detail")).goToIf([0, "equal", AF.INET6], isSix);
  readTask(program, { from: [SPARE, layout.sockAddress], width: 4 });
  program.store8([base, more], { register: 0 }).label(isSix);
  for (const half of [0, 8]) {
    const from: Place = [SPARE, layout.sockAddress6 + half];
    readTask(program, { from, width: 8 });
    const four = `stays four ${program.length}`;
    program.load4(1, deedField("detail"))
      .goToIf([1, "notEqual", AF.INET6], four)
      .store8([base, more + half], { register: 0 })
      .label(four);
  }
}
