/**
 * The C library's calls that watch whole file systems and name files without
 * paths, as C declares them.
 *
 * In the form of {@link LIBC_SYMBOLS}, of which they are a part.
 *
 * @module
 */

/** Of <sys/fanotify.h> and <fcntl.h>. */
export const HANDLE_SYMBOLS = {
  // <sys/fanotify.h>
  // int fanotify_init(unsigned int flags, unsigned int event_f_flags);
  fanotify_init: { parameters: ["u32", "u32"], result: "i32" },
  // int fanotify_mark(int fanotify_fd, unsigned int flags, uint64_t mask,
  //                   int dirfd, const char *pathname);
  fanotify_mark: {
    parameters: ["i32", "u32", "u64", "i32", "buffer"],
    result: "i32",
  },

  // <fcntl.h>
  // int name_to_handle_at(int dirfd, const char *pathname,
  //                       struct file_handle *handle, int *mount_id,
  //                       int flags);
  name_to_handle_at: {
    parameters: ["i32", "buffer", "buffer", "buffer", "i32"],
    result: "i32",
  },
  // int open_by_handle_at(int mount_fd, struct file_handle *handle, int flags);
  open_by_handle_at: { parameters: ["i32", "buffer", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;
