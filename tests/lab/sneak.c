/*
 * Writers that nobody hears of, as they write to memory.
 *
 *   sneak WAY FILE OTHER READING
 *
 * OTHER has as many bytes as FILE, which are read at FILE for a while and then
 * put in READING, as a compiler would. FILE has its own bytes again at the end.
 * With WAY `left` OTHER's stay, and so does the writer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char was[1 << 16], bytes[1 << 16], seen[1 << 16];
static size_t length;

static void need(long result, const char *call) {
  if (result >= 0) return;
  fprintf(stderr, "%s: %s\n", call, strerror(errno));
  exit(1);
}

static void load(const char *path, char *into) {
  const int fd = open(path, O_RDONLY);
  need(fd, path);
  const ssize_t got = read(fd, into, sizeof was);
  need(got, path);
  length = got;
  close(fd);
}

static char *map(int fd) {
  char *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) need(-1, "mmap");
  return at;
}

int main(int count, char **words) {
  if (count != 5) return 2;
  const char *way = words[1], *file = words[2];
  load(words[3], bytes);
  load(file, was);
  const int fd = open(file, O_RDWR);
  need(fd, file);
  char *at = NULL;
  if (strcmp(way, "written") != 0) {
    at = map(fd);
    /* The time of change is set once: by the first write to a page. */
    *(volatile char *)at = was[0];
  }
  if (strcmp(way, "mode") == 0 || strcmp(way, "left") == 0) {
    usleep(50000);
    need(chmod(file, 0644), "chmod");
  } else {
    need(pwrite(fd, was, 1, 0), "pwrite");
  }
  usleep(300000);
  if (at == NULL) at = map(fd);
  memcpy(at, bytes, length);
  usleep(200000);
  load(file, seen);
  const int to = open(words[4], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  need(to, words[4]);
  need(write(to, seen, length), "write");
  close(to);
  if (strcmp(way, "left") == 0) {
    puts("ready");
    fflush(stdout);
    for (;;) pause();
  }
  memcpy(at, was, length);
  return 0;
}
