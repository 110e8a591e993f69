/*
 * Overwrites a source file, lets a compiler read it, and puts it back.
 *
 *   restore HOW FILE OTHER MICROSECONDS READING
 *
 * OTHER holds the bytes that are there for so long. In the middle of that time
 * another process reads FILE, as a compiler would, and writes what it has read
 * to READING. Times of FILE are put back as well; READING `-` reads nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES (1 << 20)

struct content {
  char bytes[MAX_BYTES];
  size_t length;
};

static const char *file;
static const char *other;
static const char *reading;
static long micros;
static struct content original, evil;
static struct stat was;

static void need(long result, const char *call) {
  if (result >= 0) return;
  fprintf(stderr, "%s: %s\n", call, strerror(errno));
  exit(1);
}

static void load(const char *path, struct content *into) {
  const int fd = open(path, O_RDONLY);
  need(fd, path);
  const ssize_t got = read(fd, into->bytes, MAX_BYTES);
  need(got, "read");
  into->length = got;
  close(fd);
}

static void save(const char *path, const struct content *from) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, was.st_mode & 0777);
  need(fd, path);
  need(write(fd, from->bytes, from->length), "write");
  close(fd);
}

static void put_times_back(void) {
  const struct timespec times[] = {was.st_atim, was.st_mtim};
  need(utimensat(AT_FDCWD, file, times, 0), "utimensat");
}

static void sleep_micros(long time) {
  const struct timespec span = {time / 1000000, time % 1000000 * 1000};
  nanosleep(&span, NULL);
}

/* A process of its own, since nobody reads a source for himself. */
static void be_read(void) {
  static struct content read_now;
  sleep_micros(micros / 2);
  if (strcmp(reading, "-") != 0) {
    const pid_t pid = fork();
    need(pid, "fork");
    if (pid == 0) {
      load(file, &read_now);
      save(reading, &read_now);
      _exit(0);
    }
    waitpid(pid, NULL, 0);
  }
  sleep_micros(micros / 2);
}

static void sessions(void) {
  save(file, &evil);
  be_read();
  save(file, &original);
}

static void in_one_session(void) {
  const int fd = open(file, O_WRONLY);
  need(fd, file);
  need(pwrite(fd, evil.bytes, evil.length, 0), "pwrite");
  be_read();
  need(pwrite(fd, original.bytes, original.length, 0), "pwrite");
  close(fd);
}

static void rename_twice(void) {
  char *aside, *temporary;
  need(asprintf(&aside, "%s.aside", other), "asprintf");
  need(asprintf(&temporary, "%s.new", other), "asprintf");
  save(temporary, &evil);
  need(rename(file, aside), "rename");
  need(rename(temporary, file), "rename");
  be_read();
  need(rename(aside, file), "rename");
}

static void exchange_twice(void) {
  need(renameat2(AT_FDCWD, other, AT_FDCWD, file, RENAME_EXCHANGE), "exchange");
  be_read();
  need(renameat2(AT_FDCWD, other, AT_FDCWD, file, RENAME_EXCHANGE), "exchange");
}

static void link_and_back(void) {
  char *aside;
  need(asprintf(&aside, "%s.aside", other), "asprintf");
  need(rename(file, aside), "rename");
  need(symlink(other, file), "symlink");
  be_read();
  need(rename(aside, file), "rename");
}

static void mapped(void) {
  const int fd = open(file, O_RDWR);
  need(fd, file);
  const size_t length = original.length;
  char *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) need(-1, "mmap");
  close(fd);
  memcpy(at, evil.bytes, length);
  be_read();
  memcpy(at, original.bytes, length);
  munmap(at, length);
}

/* The directory above it is another one for a while. */
static void directory_exchanged(void) {
  char directory[4096], others[4096];
  snprintf(directory, sizeof directory, "%s", file);
  *strrchr(directory, '/') = 0;
  snprintf(others, sizeof others, "%s", other);
  *strrchr(others, '/') = 0;
  need(renameat2(AT_FDCWD, others, AT_FDCWD, directory, RENAME_EXCHANGE),
       "exchange");
  be_read();
  need(renameat2(AT_FDCWD, others, AT_FDCWD, directory, RENAME_EXCHANGE),
       "exchange");
}

static const struct {
  const char *name;
  void (*run)(void);
} ways[] = {
    {"sessions", sessions},
    {"one-session", in_one_session},
    {"rename", rename_twice},
    {"exchange", exchange_twice},
    {"symbolic-link", link_and_back},
    {"mapped", mapped},
    {"directory", directory_exchanged},
};

int main(int count, char **args) {
  if (count != 6) return 2;
  file = args[2];
  other = args[3];
  micros = atol(args[4]);
  reading = args[5];
  need(stat(file, &was), file);
  load(file, &original);
  load(other, &evil);
  for (size_t at = 0; at < sizeof ways / sizeof *ways; at++) {
    if (strcmp(ways[at].name, args[1]) != 0) continue;
    ways[at].run();
    put_times_back();
    return 0;
  }
  fprintf(stderr, "no way is called %s\n", args[1]);
  return 2;
}
