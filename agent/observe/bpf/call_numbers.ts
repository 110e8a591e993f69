/**
 * The calls that the program for system calls looks at, by their numbers.
 *
 * @see <asm/unistd_64.h>, <asm/unistd_32.h>, <asm-generic/unistd.h>
 * @module
 */

/** What is to be looked at in a call. */
export type CallKind =
  | "ptrace"
  | "pidfdGetfd"
  | "moduleLoad"
  | "moduleUnload"
  | "kexec"
  | "mode"
  | "modeOfFd"
  | "modeAt"
  | "openWithMode"
  | "openAtWithMode"
  | "attribute"
  | "attributeOfFd";

/** Numbers of one kind of code. */
export type CallNumbers = ReadonlyMap<number, CallKind>;

/** Those that have been the same everywhere since Linux 5.1. */
const COMMON: readonly (readonly [number, CallKind])[] = [
  [438, "pidfdGetfd"],
  [452, "modeAt"], // fchmodat2
];

/** 64-bit code on x86; with the x32 bit taken off. */
export const X86_64_CALLS: CallNumbers = new Map<number, CallKind>([
  ...COMMON,
  [2, "openWithMode"],
  [85, "mode"], // creat
  [90, "mode"], // chmod
  [91, "modeOfFd"], // fchmod
  [101, "ptrace"],
  [133, "mode"], // mknod
  [175, "moduleLoad"], // init_module
  [176, "moduleUnload"], // delete_module
  [188, "attribute"], // setxattr
  [189, "attribute"], // lsetxattr
  [190, "attributeOfFd"], // fsetxattr
  [246, "kexec"], // kexec_load
  [257, "openAtWithMode"],
  [259, "modeAt"], // mknodat
  [268, "modeAt"], // fchmodat
  [313, "moduleLoad"], // finit_module
  [320, "kexec"], // kexec_file_load
  [521, "ptrace"], // that of x32
]);

/** 32-bit code on x86. */
export const I386_CALLS: CallNumbers = new Map<number, CallKind>([
  ...COMMON,
  [5, "openWithMode"],
  [8, "mode"], // creat
  [14, "mode"], // mknod
  [15, "mode"], // chmod
  [26, "ptrace"],
  [94, "modeOfFd"], // fchmod
  [128, "moduleLoad"], // init_module
  [129, "moduleUnload"], // delete_module
  [226, "attribute"], // setxattr
  [227, "attribute"], // lsetxattr
  [228, "attributeOfFd"], // fsetxattr
  [283, "kexec"], // kexec_load
  [295, "openAtWithMode"],
  [297, "modeAt"], // mknodat
  [306, "modeAt"], // fchmodat
  [350, "moduleLoad"], // finit_module
]);

/** 64-bit code on arm64. */
export const ARM64_CALLS: CallNumbers = new Map<number, CallKind>([
  ...COMMON,
  [5, "attribute"], // setxattr
  [6, "attribute"], // lsetxattr
  [7, "attributeOfFd"], // fsetxattr
  [33, "modeAt"], // mknodat
  [52, "modeOfFd"], // fchmod
  [53, "modeAt"], // fchmodat
  [56, "openAtWithMode"],
  [104, "kexec"], // kexec_load
  [105, "moduleLoad"], // init_module
  [106, "moduleUnload"], // delete_module
  [117, "ptrace"],
  [273, "moduleLoad"], // finit_module
  [294, "kexec"], // kexec_file_load
]);

/** Byte offsets of the first four arguments in struct pt_regs. */
export const ARGUMENTS = {
  /** rdi, rsi, rdx, r10 */
  x86_64: [112, 104, 96, 56],
  /** ebx, ecx, edx, esi */
  i386: [40, 88, 96, 104],
  /** x0 to x3 */
  arm64: [0, 8, 16, 24],
} as const;
