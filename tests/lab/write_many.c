/*
 * Writes to many files, one after the other, again and again.
 *
 *   write_many DIRECTORY FILES WRITES MICROSECONDS
 *
 * The files are `f0`, `f1` and so on, 500 in each of the directories `d0`,
 * `d1`. The n-th write puts `n` and a newline into file n modulo FILES, and
 * all of them are spread over so many microseconds; 0 is as fast as it can.
 * Says how many microseconds it took.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IN_DIRECTORY 500

static double now_micros(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(int count, char **args) {
  if (count != 5) return 2;
  const int files = atoi(args[2]), writes = atoi(args[3]);
  const double span = atof(args[4]), start = now_micros();
  for (int at = 0; at < writes; at++) {
    char path[4096], text[32];
    const int file = at % files;
    snprintf(path, sizeof path, "%s/d%d/f%d", args[1], file / IN_DIRECTORY,
             file);
    const int fd = open(path, O_WRONLY | O_TRUNC);
    const int length = snprintf(text, sizeof text, "%d\n", at);
    if (fd < 0 || write(fd, text, length) != length) {
      perror(path);
      return 1;
    }
    close(fd);
    while (now_micros() - start < span * (at + 1) / writes) {
    }
  }
  printf("%.0f\n", now_micros() - start);
  return 0;
}
