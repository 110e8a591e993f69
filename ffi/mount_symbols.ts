/**
 * The C library's calls that change mounts, as C declares them.
 *
 * In the form of {@link LIBC_SYMBOLS}, of which they are a part.
 *
 * @module
 */

/** Of <sys/mount.h>. */
export const MOUNT_SYMBOLS = {
  // <sys/mount.h>
  // int mount(const char *source, const char *target, const char *fstype,
  //           unsigned long flags, const void *data);
  mount: {
    parameters: ["buffer", "buffer", "buffer", "u64", "buffer"],
    result: "i32",
  },
  // int umount2(const char *target, int flags);
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  // long syscall(long number, ...); glibc has a wrapper since 2.36:
  // int mount_setattr(int dirfd, const char *path, unsigned int flags,
  //                   struct mount_attr *attr, size_t size);
  mount_setattr: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "u32", "buffer", "usize"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
