// Takes another process's memory or environment, by one way each time:
// `take_memory WAY PID MARK [DIRECTORY]` prints every word in it that begins
// with MARK. Whatever was read lies in memory that is shared with a process of
// its own, so that it is printed also when the reader is killed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_BYTES (64 << 20)

static char *taken;
static size_t *taken_bytes;
static pid_t pid;

/* Says what failed: a way that does not work must not look denied. */
static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(4);
}

static void check(long result, const char *what) {
  if (result < 0) fail(what);
}

typedef ssize_t (*reader)(uintptr_t at, char *into, size_t bytes);

static int memory_fd = -1;

static ssize_t by_file(uintptr_t at, char *into, size_t bytes) {
  return pread(memory_fd, into, bytes, at);
}

static ssize_t by_call(uintptr_t at, char *into, size_t bytes) {
  struct iovec here = {into, bytes}, there = {(void *)at, bytes};
  return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

static ssize_t by_peek(uintptr_t at, char *into, size_t bytes) {
  for (size_t done = 0; done + 8 <= bytes; done += 8) {
    errno = 0;
    long word = ptrace(PTRACE_PEEKDATA, pid, (void *)(at + done), NULL);
    if (errno != 0) return done;
    memcpy(into + done, &word, 8);
  }
  return bytes;
}

/* Reads the stack, where the environment is, and the heap. */
static void take_maps(reader read_at, const char *maps) {
  char line[4200];
  FILE *file = fopen(maps, "r");
  if (file == NULL) fail(maps);
  while (fgets(line, sizeof line, file) != NULL) {
    uintptr_t start, end;
    if (strstr(line, "[stack]") == NULL && strstr(line, "[heap]") == NULL)
      continue;
    if (sscanf(line, "%lx-%lx r", &start, &end) != 2) continue;
    for (; start < end && *taken_bytes + 4096 <= MAX_BYTES; start += 4096) {
      ssize_t count = read_at(start, taken + *taken_bytes, 4096);
      if (count > 0) *taken_bytes += count;
    }
  }
  fclose(file);
}

static void take_file(int fd) {
  ssize_t count;
  while ((count = read(fd, taken + *taken_bytes, 65536)) > 0)
    *taken_bytes += count;
}

static int open_or_fail(const char *path) {
  int fd = open(path, O_RDONLY);
  check(fd, path);
  return fd;
}

static void wait_stopped(void) {
  int status;
  check(waitpid(pid, &status, __WALL), "waitpid");
}

static long call_32(long number, long first, long second, long third) {
#ifdef __x86_64__
  long result;
  __asm__ volatile("push %%rbx; mov %2, %%rbx; xor %%esi, %%esi; int $0x80; pop %%rbx"
                   : "=a"(result)
                   : "a"(number), "r"(first), "c"(second), "d"(third)
                   : "memory", "rsi", "r8", "r9", "r10", "r11");
  errno = result < 0 ? -result : 0;
  return result < 0 ? -1 : result;
#else
  (void)number, (void)first, (void)second, (void)third;
  errno = ENOSYS;
  return -1;
#endif
}

/* One request of an io_uring, and its result. */
static int ring_do(struct io_uring_sqe request) {
  struct io_uring_params set = {0};
  int ring = syscall(SYS_io_uring_setup, 4, &set);
  check(ring, "io_uring_setup");
  int protection = PROT_READ | PROT_WRITE;
  char *queue = mmap(NULL, set.sq_off.array + 64, protection, MAP_SHARED, ring,
                     IORING_OFF_SQ_RING);
  char *done = mmap(NULL, set.cq_off.cqes + 256, protection, MAP_SHARED, ring,
                    IORING_OFF_CQ_RING);
  struct io_uring_sqe *requests = mmap(NULL, 4096, protection, MAP_SHARED, ring,
                                       IORING_OFF_SQES);
  if (queue == MAP_FAILED || done == MAP_FAILED || requests == MAP_FAILED)
    fail("mmap");
  requests[0] = request;
  ((unsigned *)(queue + set.sq_off.array))[0] = 0;
  __atomic_store_n((unsigned *)(queue + set.sq_off.tail), 1, __ATOMIC_RELEASE);
  check(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0),
        "io_uring_enter");
  struct io_uring_cqe *first = (void *)(done + set.cq_off.cqes);
  return first->res;
}

static void take_by_ring(const char *path) {
  struct io_uring_sqe open_it = {.opcode = IORING_OP_OPENAT,
                                 .fd = AT_FDCWD,
                                 .addr = (uintptr_t)path};
  int fd = ring_do(open_it);
  errno = -fd;
  check(fd, "openat by io_uring");
  struct io_uring_sqe read_it = {.opcode = IORING_OP_READ,
                                 .flags = IOSQE_ASYNC,
                                 .fd = fd,
                                 .addr = (uintptr_t)taken,
                                 .len = 65536};
  int count = ring_do(read_it);
  errno = -count;
  check(count, "read by io_uring");
  *taken_bytes = count;
}

static void take(const char *way, const char *directory) {
  char path[4200], maps[64];
  snprintf(maps, sizeof maps, "/proc/%d/maps", pid);
  if (strcmp(way, "mem") == 0) {
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    memory_fd = open_or_fail(path);
    take_maps(by_file, maps);
  } else if (strcmp(way, "task-mem") == 0) {
    snprintf(path, sizeof path, "/proc/%d/task/%d/mem", pid, pid);
    memory_fd = open_or_fail(path);
    take_maps(by_file, maps);
  } else if (strcmp(way, "environ") == 0) {
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    take_file(open_or_fail(path));
  } else if (strcmp(way, "task-environ") == 0) {
    snprintf(path, sizeof path, "/proc/%d/task/%d/environ", pid, pid);
    take_file(open_or_fail(path));
  } else if (strcmp(way, "uring") == 0) {
    snprintf(path, sizeof path, "/proc/%d/task/%d/environ", pid, pid);
    take_by_ring(path);
  } else if (strcmp(way, "mount") == 0) {
    check(mount("proc", directory, "proc", 0, NULL), "mount");
    snprintf(path, sizeof path, "%s/%d/mem", directory, pid);
    memory_fd = open(path, O_RDONLY);
    umount2(directory, MNT_DETACH);
    check(memory_fd, path);
    take_maps(by_file, maps);
  } else if (strcmp(way, "call") == 0) {
    take_maps(by_call, maps);
  } else if (strcmp(way, "attach") == 0) {
    check(ptrace(PTRACE_ATTACH, pid, NULL, NULL), "ptrace");
    wait_stopped();
    take_maps(by_peek, maps);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
  } else if (strcmp(way, "attach-32") == 0) {
    check(call_32(26, PTRACE_ATTACH, pid, 0), "ptrace by int 0x80");
    wait_stopped();
    take_maps(by_peek, maps);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
  } else if (strcmp(way, "seize") == 0) {
    check(ptrace(PTRACE_SEIZE, pid, NULL, NULL), "ptrace");
    check(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL), "ptrace");
    wait_stopped();
    take_maps(by_peek, maps);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
  } else if (strcmp(way, "core") == 0) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    snprintf(path, sizeof path, "/proc/%d/coredump_filter", pid);
    int filter = open(path, O_WRONLY);
    check(filter, path);
    check(write(filter, "0x7f", 4), path);
    check(prlimit(pid, RLIMIT_CORE, &all, NULL), "prlimit");
    snprintf(path, sizeof path, "/proc/%d/cwd/core", pid);
    int cwd = open(".", O_RDONLY);
    snprintf(path, sizeof path, "/proc/%d/cwd", pid);
    check(chdir(path), path);
    check(kill(pid, SIGABRT), "kill");
    for (int tries = 0; tries < 200 && kill(pid, 0) == 0; tries++) usleep(10000);
    usleep(200000);
    int core = open("core", O_RDONLY);
    if (core < 0) {
      snprintf(path, sizeof path, "core.%d", pid);
      core = open(path, O_RDONLY);
    }
    check(core, "core");
    take_file(core);
    unlink("core");
    check(fchdir(cwd), "fchdir");
  } else {
    errno = EINVAL;
    fail(way);
  }
}

int main(int count, char **args) {
  if (count < 4) return 2;
  pid = atoi(args[2]);
  // To some calls these are everybody.
  if (pid <= 1) return 2;
  const char *mark = args[3];
  int protection = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_ANONYMOUS;
  taken = mmap(NULL, MAX_BYTES + 65536, protection, flags | MAP_NORESERVE, -1, 0);
  taken_bytes = mmap(NULL, 4096, protection, flags, -1, 0);
  if (taken == MAP_FAILED || taken_bytes == MAP_FAILED) fail("mmap");
  pid_t child = fork();
  check(child, "fork");
  if (child == 0) {
    take(args[1], count > 4 ? args[4] : ".");
    exit(0);
  }
  int status;
  check(waitpid(child, &status, 0), "waitpid");
  /* The bytes, not the count: a killed reader did not come to count. */
  size_t length = strlen(mark), found = 0;
  for (char *at = taken; at < taken + MAX_BYTES; at++) {
    at = memmem(at, taken + MAX_BYTES - at, mark, length);
    if (at == NULL) break;
    size_t word = strspn(at, "abcdefghijklmnopqrstuvwxyz-0123456789");
    printf("%.*s\n", (int)word, at);
    if (++found == 3) break;
  }
  if (WIFSIGNALED(status)) fprintf(stderr, "killed by %d\n", WTERMSIG(status));
  return WIFSIGNALED(status) ? 3 : WEXITSTATUS(status);
}
