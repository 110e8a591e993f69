/**
 * The C library's calls that the agent needs, as C declares them.
 *
 * Each entry stands under its header and its C prototype (man sections 2, 3).
 * Addresses inside the process are `usize`: a scoped `--allow-ffi` refuses
 * `Deno.UnsafePointer`. A ssize_t that counts bytes of a buffer is `i32`, which
 * comes back as a number where `isize` would be a bigint: no buffer of ours
 * reaches 2 GiB, and -1 is the same in both.
 *
 * @module
 */

import { HANDLE_SYMBOLS } from "./handle_symbols.ts";
import { MOUNT_SYMBOLS } from "./mount_symbols.ts";
import { SPAWN_SYMBOLS } from "./spawn_symbols.ts";
import { STREAM_SYMBOLS } from "./stream_symbols.ts";
import { WATCH_SYMBOLS } from "./watch_symbols.ts";

/** The symbol table of libc. */
export const LIBC_SYMBOLS = {
  ...HANDLE_SYMBOLS,
  ...MOUNT_SYMBOLS,
  ...SPAWN_SYMBOLS,
  ...STREAM_SYMBOLS,
  ...WATCH_SYMBOLS,

  // <fcntl.h>
  // int open(const char *pathname, int flags, mode_t mode);
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int openat(int dirfd, const char *pathname, int flags, mode_t mode);
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  // int fcntl(int fd, int op, int arg);
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },

  // <unistd.h>
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count);
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // ssize_t pread(int fd, void *buf, size_t count, off_t offset);
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "i32" },
  // ssize_t write(int fd, const void *buf, size_t count);
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // off_t lseek(int fd, off_t offset, int whence);
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // int ftruncate(int fd, off_t length);
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  // ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t size);
  readlinkat: {
    parameters: ["i32", "buffer", "buffer", "usize"],
    result: "i32",
  },
  // int access(const char *pathname, int mode);
  access: { parameters: ["buffer", "i32"], result: "i32" },
  // int unlink(const char *pathname);
  unlink: { parameters: ["buffer"], result: "i32" },
  // int rmdir(const char *pathname);
  rmdir: { parameters: ["buffer"], result: "i32" },
  // int chdir(const char *path);
  chdir: { parameters: ["buffer"], result: "i32" },
  // int dup2(int oldfd, int newfd);
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  // int pipe2(int pipefd[2], int flags);
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  // int chown(const char *pathname, uid_t owner, gid_t group);
  chown: { parameters: ["buffer", "u32", "u32"], result: "i32" },
  // int fchown(int fd, uid_t owner, gid_t group);
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  // uid_t geteuid(void);
  geteuid: { parameters: [], result: "u32" },
  // void _exit(int status);
  _exit: { parameters: ["i32"], result: "void" },
  // pid_t getpid(void);
  getpid: { parameters: [], result: "i32" },
  // int getpagesize(void);
  getpagesize: { parameters: [], result: "i32" },
  // long syscall(long number, ...); for bpf(2), which has no wrapper:
  // int bpf(int cmd, union bpf_attr *attr, unsigned int size);
  bpf: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "u32"],
    result: "i32",
  },
  // ssize_t getdents64(int fd, void *dirp, size_t count); glibc 2.30
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "i32" },

  // <sys/stat.h>
  // int mkdir(const char *pathname, mode_t mode);
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  // int chmod(const char *pathname, mode_t mode);
  chmod: { parameters: ["buffer", "u32"], result: "i32" },
  // int utimensat(int dirfd, const char *pathname,
  //               const struct timespec times[2], int flags);
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },

  // int statx(int dirfd, const char *path, int flags, unsigned int mask,
  //           struct statx *statxbuf);
  statx: {
    parameters: ["i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  },

  // <sys/mman.h>
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t o);
  mmap: {
    parameters: ["usize", "usize", "i32", "i32", "i32", "i64"],
    result: "usize",
  },
  // int munmap(void *addr, size_t length);
  munmap: { parameters: ["usize", "usize"], result: "i32" },

  // <stdio.h>
  // int rename(const char *oldpath, const char *newpath);
  rename: { parameters: ["buffer", "buffer"], result: "i32" },

  // <sys/file.h>
  // int flock(int fd, int operation);
  flock: { parameters: ["i32", "i32"], result: "i32" },

  // <sched.h>
  // int setns(int fd, int nstype);
  setns: { parameters: ["i32", "i32"], result: "i32" },
  // int unshare(int flags);
  unshare: { parameters: ["i32"], result: "i32" },

  // <signal.h>
  // int kill(pid_t pid, int sig);
  kill: { parameters: ["i32", "i32"], result: "i32" },
  // int sigaction(int sig, const struct sigaction *act, struct sigaction *old);
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },

  // <poll.h>
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },

  // the same on another thread, so that this one goes on
  pollElsewhere: {
    name: "poll",
    parameters: ["buffer", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },

  // <sys/eventfd.h>
  // int eventfd(unsigned int initval, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },

  // <sys/socket.h>
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int listen(int sockfd, int backlog);
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int accept4(int sockfd, struct sockaddr *addr, socklen_t *len, int flags);
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  // int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // ssize_t recv(int sockfd, void *buf, size_t len, int flags);
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  // ssize_t recvfrom(int sockfd, void *buf, size_t len, int flags,
  //                  struct sockaddr *src_addr, socklen_t *addrlen);
  recvfrom: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "buffer"],
    result: "i32",
  },
  // ssize_t sendto(int sockfd, const void *buf, size_t len, int flags,
  //                const struct sockaddr *dest_addr, socklen_t addrlen);
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "i32",
  },
  // int setsockopt(int fd, int level, int name, const void *val, socklen_t n);
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  // int getsockopt(int fd, int level, int name, void *val, socklen_t *n);
  getsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  // int getsockname(int fd, struct sockaddr *addr, socklen_t *addrlen);
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },

  // <time.h>
  // int clock_gettime(clockid_t clockid, struct timespec *tp);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },

  // <sys/wait.h>, on another thread: it waits for as long as the child lives.
  // pid_t waitpid(pid_t pid, int *wstatus, int options);
  waitpid: {
    parameters: ["i32", "buffer", "i32"],
    result: "i32",
    nonblocking: true,
  },

  // the same, on this thread
  waitpidBlocking: {
    name: "waitpid",
    parameters: ["i32", "buffer", "i32"],
    result: "i32",
  },

  // <stdlib.h>
  // void *malloc(size_t size);
  malloc: { parameters: ["usize"], result: "usize" },
  // void free(void *ptr);
  free: { parameters: ["usize"], result: "void" },

  // <string.h>
  // void *memcpy(void *dest, const void *src, size_t n); out of C memory
  memcpy: { parameters: ["buffer", "pointer", "usize"], result: "void" },
  // the same, by address
  copyFrom: {
    name: "memcpy",
    parameters: ["buffer", "usize", "usize"],
    result: "usize",
  },
  // the same, into C memory
  copyInto: {
    name: "memcpy",
    parameters: ["usize", "buffer", "usize"],
    result: "usize",
  },

  // <errno.h>
  // int *__errno_location(void);
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;
