/**
 * Collects the names on the way from a file up to the root.
 *
 * Up through the mounts to where nothing is mounted on anything: the root of
 * the mount namespace, not that of a process, which could choose it so that a
 * file of its own has another's name.
 *
 * @module
 */
import type { Assembler, Place } from "./assembler.ts";
import { FP } from "./instructions.ts";
import type { Layout } from "./layout.ts";
import { LIMIT, SCRATCH } from "./shapes.ts";
import { readKernel } from "./telling.ts";

/** Where the walk starts and then is; lower on the stack than all else. */
export const WALK = {
  dentry: [FP, -144],
  mount: [FP, -152],
  root: [FP, -160],
  next: [FP, -168],
  end: [FP, -176],
} as const satisfies Record<string, Place>;

/**
 * Appends the names, each with a NUL, the last one first.
 *
 * Uses r8 and r9; r7 is the scratch value, in which `written` moves on.
 * {@linkcode WALK}'s dentry and mount (a struct vfsmount) are where it starts.
 *
 * @param walk `name` tells its labels from others'; `limit` is where in the
 * scratch value the last name may begin. It goes on at `<name> whole` or at
 * `<name> cut`, which the caller places.
 */
export function walkPath(
  program: Assembler,
  walk: {
    readonly layout: Layout;
    readonly name: string;
    readonly limit: number;
  },
): void {
  const { layout, name, limit } = walk;
  const at = (label: string) => `${name} ${label}`;
  const read = (from: Place, field: number) => {
    program.load8(3, from);
    readKernel(program, { target: 1, from: [3, field], width: 8 });
  };
  program.load8(1, WALK.mount).compute([1, "subtract", layout.mountVfs])
    .store8(WALK.mount, { register: 1 });
  read(WALK.mount, layout.mountRoot);
  program.store8(WALK.root, { register: 1 }).move(8, 0);

  program.label(at("step"))
    .goToIf([8, "greaterOrEqual", LIMIT.pathSteps], at("cut"))
    .compute([8, "add", 1])
    .load8(9, [7, SCRATCH.written])
    .goToIf([9, "greater", limit], at("cut"))
    .load8(1, WALK.dentry).load8(2, WALK.root)
    .goToIf([1, "notEqual", { register: 2 }], at("name"));
  read(WALK.mount, layout.mountParent);
  program.load8(2, WALK.mount)
    .goToIf([1, "equal", { register: 2 }], at("whole"))
    .store8(WALK.next, { register: 1 });
  read(WALK.mount, layout.mountPoint);
  program.store8(WALK.dentry, { register: 1 }).load8(1, WALK.next)
    .store8(WALK.mount, { register: 1 });
  read(WALK.mount, layout.mountRoot);
  program.store8(WALK.root, { register: 1 }).goTo(at("step"));

  program.label(at("name"));
  read(WALK.dentry, layout.dentryName);
  program.move(3, { register: 1 }).address(1, [7, 0])
    .compute([1, "add", { register: 9 }]).move(2, LIMIT.componentBytes)
    .call("probe_read_kernel_str")
    .goToIf([0, "signedLess", 1], at("cut"))
    .goToIf([0, "signedGreater", LIMIT.componentBytes], at("cut"))
    .compute([9, "add", { register: 0 }])
    .store8([7, SCRATCH.written], { register: 9 });
  read(WALK.dentry, layout.dentryParent);
  // A file in no directory, as memfd_create(2) makes them, is its own parent.
  program.load8(2, WALK.dentry)
    .goToIf([1, "equal", { register: 2 }], at("whole"))
    .store8(WALK.dentry, { register: 1 })
    .goTo(at("step"));
}
