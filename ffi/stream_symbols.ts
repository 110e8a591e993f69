/**
 * The C library's calls for standing in for somebody, as C declares them: a part of `libc_symbols.ts`.
 *
 * @module
 */

/** Spread into the table of libc. */
export const STREAM_SYMBOLS = {
  // <sys/socket.h>
  // int shutdown(int sockfd, int how);
  shutdown: { parameters: ["i32", "i32"], result: "i32" },

  // <sys/stat.h>
  // int mkdirat(int dirfd, const char *pathname, mode_t mode);
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },

  // <sys/fsuid.h>
  // int setfsuid(uid_t fsuid);
  setfsuid: { parameters: ["u32"], result: "i32" },
  // int setfsgid(gid_t fsgid);
  setfsgid: { parameters: ["u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;
