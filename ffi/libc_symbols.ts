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

/** The symbol table of libc. */
export const LIBC_SYMBOLS = {
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
  // int fchown(int fd, uid_t owner, gid_t group);
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  // uid_t geteuid(void);
  geteuid: { parameters: [], result: "u32" },
  // pid_t getpid(void);
  getpid: { parameters: [], result: "i32" },
  // ssize_t getdents64(int fd, void *dirp, size_t count); glibc 2.30
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "i32" },

  // <sys/stat.h>
  // int mkdir(const char *pathname, mode_t mode);
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },

  // int statx(int dirfd, const char *path, int flags, unsigned int mask,
  //           struct statx *statxbuf);
  statx: {
    parameters: ["i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  },

  // <stdio.h>
  // int rename(const char *oldpath, const char *newpath);
  rename: { parameters: ["buffer", "buffer"], result: "i32" },

  // <sys/file.h>
  // int flock(int fd, int operation);
  flock: { parameters: ["i32", "i32"], result: "i32" },

  // <sched.h>
  // int setns(int fd, int nstype);
  setns: { parameters: ["i32", "i32"], result: "i32" },

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
  // int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // ssize_t recv(int sockfd, void *buf, size_t len, int flags);
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
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

  // <spawn.h>
  // int posix_spawn(pid_t *pid, const char *path,
  //     const posix_spawn_file_actions_t *actions,
  //     const posix_spawnattr_t *attr, char *const argv[], char *const envp[]);
  posix_spawn: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "usize", "usize"],
    result: "i32",
  },
  // int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions);
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions);
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  // int posix_spawn_file_actions_adddup2(actions, int fd, int newfd);
  posix_spawn_file_actions_adddup2: {
    parameters: ["buffer", "i32", "i32"],
    result: "i32",
  },
  // int posix_spawn_file_actions_addchdir_np(actions, const char *path);
  posix_spawn_file_actions_addchdir_np: {
    parameters: ["buffer", "buffer"],
    result: "i32",
  },
  // int posix_spawnattr_init(posix_spawnattr_t *attr);
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_destroy(posix_spawnattr_t *attr);
  posix_spawnattr_destroy: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags);
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  // int posix_spawnattr_setsigdefault(attr, const sigset_t *sigdefault);
  posix_spawnattr_setsigdefault: {
    parameters: ["buffer", "buffer"],
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
