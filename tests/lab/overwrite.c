/*
 * Every way to put other bytes where a source file was.
 *
 *   overwrite WAY FILE OTHER
 *
 * OTHER is a file with the bytes that are to be read at FILE, on the same file
 * system; some ways use it up. Ways that make FILE shorter, give it a mode or
 * remove it do not look at OTHER. Says `ready`, and then waits to be killed,
 * where the way is to keep something open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;
static const char *other;
static char bytes[1 << 20];
static size_t length;

static void need(long result, const char *call) {
  if (result >= 0) return;
  fprintf(stderr, "%s: %s\n", call, strerror(errno));
  exit(errno == EOPNOTSUPP || errno == ENOSYS || errno == EXDEV ? 3 : 1);
}

static int opened(const char *path, int flags) {
  const int fd = open(path, flags | O_CLOEXEC, 0644);
  need(fd, path);
  return fd;
}

static void load(void) {
  const int fd = open(other, O_RDONLY);
  if (fd < 0) return;
  const ssize_t got = read(fd, bytes, sizeof bytes);
  length = got > 0 ? got : 0;
  close(fd);
}

static void put(int fd) { need(write(fd, bytes, length), "write"); }

static void wait_to_be_killed(void) {
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}

static char *beside(const char *suffix) {
  char *path;
  need(asprintf(&path, "%s%s", file, suffix), "asprintf");
  return path;
}

static void truncate_and_write(void) {
  const int fd = opened(file, O_WRONLY | O_TRUNC);
  put(fd);
  close(fd);
}

static void append(void) {
  const int fd = opened(file, O_WRONLY | O_APPEND);
  put(fd);
  close(fd);
}

static void in_place(void) {
  const int fd = opened(file, O_WRONLY);
  need(pwrite(fd, bytes, length, 0), "pwrite");
  close(fd);
}

static void vectors(void) {
  const int fd = opened(file, O_WRONLY);
  const struct iovec parts[] = {{bytes, 10}, {bytes + 10, length - 10}};
  need(pwritev2(fd, parts, 2, 0, RWF_DSYNC), "pwritev2");
  close(fd);
}

static void kept_open(void) {
  const int fd = opened(file, O_WRONLY);
  need(pwrite(fd, bytes, length, 0), "pwrite");
  wait_to_be_killed();
}

static void by_descriptor_path(void) {
  char path[64];
  const int fd = opened(file, O_PATH);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int again = opened(path, O_WRONLY | O_TRUNC);
  put(again);
  close(again);
}

static void time_put_back(void) {
  struct stat was;
  need(stat(file, &was), "stat");
  in_place();
  const struct timespec times[] = {was.st_atim, was.st_mtim};
  need(utimensat(AT_FDCWD, file, times, 0), "utimensat");
}

static void rename_over(void) { need(rename(other, file), "rename"); }

static void rename_beside(void) {
  const char *temporary = beside(".tmp");
  const int fd = opened(temporary, O_WRONLY | O_CREAT | O_EXCL);
  put(fd);
  close(fd);
  need(rename(temporary, file), "rename");
}

static void exchange(void) {
  need(renameat2(AT_FDCWD, other, AT_FDCWD, file, RENAME_EXCHANGE),
       "renameat2");
}

static void link_over(void) {
  need(unlink(file), "unlink");
  need(link(other, file), "link");
}

static void nameless(void) {
  char directory[4096], path[64];
  snprintf(directory, sizeof directory, "%s", file);
  *strrchr(directory, '/') = 0;
  const int fd = open(directory, O_TMPFILE | O_WRONLY, 0644);
  need(fd, "O_TMPFILE");
  put(fd);
  need(unlink(file), "unlink");
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  need(linkat(AT_FDCWD, path, AT_FDCWD, file, AT_SYMLINK_FOLLOW), "linkat");
  close(fd);
}

static void write_by(const char *path) {
  const int fd = opened(path, O_WRONLY | O_TRUNC);
  put(fd);
  close(fd);
}

/* By a name that was made for it, which nobody watches. */
static void by_another_name(void) {
  char *name;
  need(asprintf(&name, "%s.link", other), "asprintf");
  need(link(file, name), "link");
  write_by(name);
  need(unlink(name), "unlink");
}

/* By a name that FILE has had for long. */
static void by_an_old_name(void) {
  char *name;
  need(asprintf(&name, "%s.old", other), "asprintf");
  write_by(name);
}

static void symbolic_link(void) {
  need(unlink(file), "unlink");
  need(symlink(other, file), "symlink");
}

static void symbolic_link_by_rename(void) {
  const char *temporary = beside(".tmp");
  need(symlink(other, temporary), "symlink");
  need(rename(temporary, file), "rename");
}

static char *map(void) {
  const int fd = opened(file, O_RDWR);
  char *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) need(-1, "mmap");
  close(fd);
  return at;
}

static void mapped(void) {
  char *at = map();
  memcpy(at, bytes, length);
  munmap(at, length);
}

static void mapped_until_exit(void) { memcpy(map(), bytes, length); }

static void mapped_and_kept(void) {
  memcpy(map(), bytes, length);
  wait_to_be_killed();
}

static void copy_range(void) {
  const int from = opened(other, O_RDONLY), to = opened(file, O_WRONLY);
  need(copy_file_range(from, NULL, to, NULL, length, 0), "copy_file_range");
}

static void send_file(void) {
  const int from = opened(other, O_RDONLY), to = opened(file, O_WRONLY);
  need(sendfile(to, from, NULL, length), "sendfile");
}

static void splice_in(void) {
  int ends[2];
  const int from = opened(other, O_RDONLY), to = opened(file, O_WRONLY);
  need(pipe(ends), "pipe");
  need(splice(from, NULL, ends[1], NULL, length, 0), "splice");
  need(splice(ends[0], NULL, to, NULL, length, 0), "splice");
}

static void clone_in(void) {
  const int from = opened(other, O_RDONLY), to = opened(file, O_WRONLY);
  need(ioctl(to, FICLONE, from), "FICLONE");
}

static void truncate_only(void) { need(truncate(file, 20), "truncate"); }

static void truncate_descriptor(void) {
  const int fd = opened(file, O_WRONLY);
  need(ftruncate(fd, 20), "ftruncate");
  wait_to_be_killed();
}

static void allocate(int mode) {
  const int fd = opened(file, O_WRONLY);
  need(fallocate(fd, mode, 5, 20), "fallocate");
  close(fd);
}

static void zero_range(void) { allocate(FALLOC_FL_ZERO_RANGE); }

static void punch_hole(void) {
  allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

/* io_uring without a library: one entry at a time, and its result. */
static struct io_uring_params ring;
static int ring_fd;
static char *ring_memory;
static struct io_uring_sqe *entries;

static void open_ring(unsigned flags) {
  ring.flags = flags;
  ring.sq_thread_idle = 1000;
  ring_fd = syscall(SYS_io_uring_setup, 4, &ring);
  need(ring_fd, "io_uring_setup");
  const size_t sq = ring.sq_off.array + ring.sq_entries * sizeof(unsigned);
  const size_t cq =
      ring.cq_off.cqes + ring.cq_entries * sizeof(struct io_uring_cqe);
  ring_memory = mmap(NULL, sq > cq ? sq : cq, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_POPULATE, ring_fd, IORING_OFF_SQ_RING);
  entries = mmap(NULL, ring.sq_entries * sizeof *entries,
                 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring_fd,
                 IORING_OFF_SQES);
  if (ring_memory == MAP_FAILED || (void *)entries == MAP_FAILED)
    need(-1, "mmap of the ring");
}

static int submit(struct io_uring_sqe entry) {
  unsigned *tail = (unsigned *)(ring_memory + ring.sq_off.tail);
  unsigned *array = (unsigned *)(ring_memory + ring.sq_off.array);
  unsigned *head = (unsigned *)(ring_memory + ring.cq_off.head);
  unsigned *last = (unsigned *)(ring_memory + ring.cq_off.tail);
  const unsigned slot = *tail & (ring.sq_entries - 1);
  entries[slot] = entry;
  array[slot] = slot;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  const int isPolled = (ring.flags & IORING_SETUP_SQPOLL) != 0;
  const unsigned flags =
      IORING_ENTER_GETEVENTS | (isPolled ? IORING_ENTER_SQ_WAKEUP : 0);
  while (__atomic_load_n(last, __ATOMIC_ACQUIRE) == *head)
    need(syscall(SYS_io_uring_enter, ring_fd, isPolled ? 0 : 1, 1, flags, 0, 0),
         "io_uring_enter");
  const struct io_uring_cqe *done =
      (struct io_uring_cqe *)(ring_memory + ring.cq_off.cqes) +
      (*head & (ring.cq_entries - 1));
  const int result = done->res;
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  errno = -result;
  need(result, "io_uring");
  return result;
}

/* Opened, written and closed by the ring: no such system call is made. */
static void ring_all(unsigned char how) {
  const int fd = submit((struct io_uring_sqe){
      .opcode = IORING_OP_OPENAT,
      .flags = how,
      .fd = AT_FDCWD,
      .addr = (unsigned long)file,
      .open_flags = O_WRONLY | O_TRUNC,
  });
  submit((struct io_uring_sqe){
      .opcode = IORING_OP_WRITE,
      .flags = how,
      .fd = fd,
      .addr = (unsigned long)bytes,
      .len = length,
  });
  submit((struct io_uring_sqe){
      .opcode = IORING_OP_CLOSE, .flags = how, .fd = fd});
}

static void ring_write(void) {
  open_ring(0);
  ring_all(0);
}

static void ring_worker(void) {
  open_ring(0);
  ring_all(IOSQE_ASYNC);
}

static void ring_thread(void) {
  open_ring(IORING_SETUP_SQPOLL);
  ring_all(0);
}

/* In a mount namespace of its own, as a container has the work space. */
static void bound_elsewhere(void) {
  char directory[4096], path[8192];
  snprintf(directory, sizeof directory, "%s", file);
  char *name = strrchr(directory, '/');
  *name++ = 0;
  need(unshare(CLONE_NEWNS), "unshare");
  need(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
  need(mount(directory, "/mnt", NULL, MS_BIND, NULL), "mount");
  snprintf(path, sizeof path, "/mnt/%s", name);
  write_by(path);
}

static void bound_over(void) {
  need(mount(other, file, NULL, MS_BIND, NULL), "mount");
}

static void other_root(void) {
  char path[8192];
  need(unshare(CLONE_NEWNS), "unshare");
  need(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
  need(mount("/", "/mnt", NULL, MS_BIND | MS_REC, NULL), "mount");
  need(chroot("/mnt"), "chroot");
  snprintf(path, sizeof path, "%s", file);
  write_by(path);
}

/* The writer is a grandchild that nobody waits for. */
static void orphan(void) {
  if (fork() != 0) return;
  if (fork() != 0) _exit(0);
  setsid();
  truncate_and_write();
  _exit(0);
}

/* The program that has written is another one a moment later. */
static void then_git(void) {
  in_place();
  execl("/usr/bin/git", "git", "--version", NULL);
  need(-1, "execl");
}

static void removed(void) { need(unlink(file), "unlink"); }

static void moved_away(void) {
  char *name;
  need(asprintf(&name, "%s.gone", other), "asprintf");
  need(rename(file, name), "rename");
}

static void executable(void) { need(chmod(file, 0755), "chmod"); }

static void new_program(void) {
  const int fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0755);
  need(fd, file);
  put(fd);
  close(fd);
}

/* FILE and OTHER are directories. */
static void directory_linked(void) {
  char *name;
  need(asprintf(&name, "%s.gone", other), "asprintf");
  need(rename(file, name), "rename");
  need(symlink(other, file), "symlink");
}

static void directory_replaced(void) {
  char *name;
  need(asprintf(&name, "%s.gone", other), "asprintf");
  need(rename(file, name), "rename");
  need(rename(other, file), "rename");
}

static const struct {
  const char *name;
  void (*run)(void);
} ways[] = {
    {"truncate-and-write", truncate_and_write},
    {"append", append},
    {"in-place", in_place},
    {"vectors", vectors},
    {"kept-open", kept_open},
    {"by-descriptor-path", by_descriptor_path},
    {"time-put-back", time_put_back},
    {"rename-over", rename_over},
    {"rename-beside", rename_beside},
    {"exchange", exchange},
    {"link-over", link_over},
    {"nameless", nameless},
    {"by-another-name", by_another_name},
    {"by-an-old-name", by_an_old_name},
    {"symbolic-link", symbolic_link},
    {"symbolic-link-by-rename", symbolic_link_by_rename},
    {"mapped", mapped},
    {"mapped-until-exit", mapped_until_exit},
    {"mapped-and-kept", mapped_and_kept},
    {"copy-file-range", copy_range},
    {"sendfile", send_file},
    {"splice", splice_in},
    {"clone", clone_in},
    {"truncate", truncate_only},
    {"ftruncate-kept-open", truncate_descriptor},
    {"zero-range", zero_range},
    {"punch-hole", punch_hole},
    {"io-uring", ring_write},
    {"io-uring-worker", ring_worker},
    {"io-uring-thread", ring_thread},
    {"bound-elsewhere", bound_elsewhere},
    {"bound-over", bound_over},
    {"other-root", other_root},
    {"orphan", orphan},
    {"then-git", then_git},
    {"removed", removed},
    {"moved-away", moved_away},
    {"executable", executable},
    {"new-program", new_program},
    {"directory-linked", directory_linked},
    {"directory-replaced", directory_replaced},
    {"directory-exchanged", exchange},
};

int main(int count, char **args) {
  if (count != 4) return 2;
  file = args[2];
  other = args[3];
  load();
  for (size_t at = 0; at < sizeof ways / sizeof *ways; at++) {
    if (strcmp(ways[at].name, args[1]) != 0) continue;
    ways[at].run();
    return 0;
  }
  fprintf(stderr, "no way is called %s\n", args[1]);
  return 2;
}
