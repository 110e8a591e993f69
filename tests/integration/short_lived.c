/*
 * Many processes that make one connection each and live for a moment.
 *
 *   short_lived COUNT PARALLEL MILLISECONDS ADDRESS PORT
 *
 * Prints for each connection that was made: its local port, and the process
 * that made it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct row {
  int port, pid, error;
};

static void die(const char *what) {
  fprintf(stderr, "short_lived: %s: %s\n", what, strerror(errno));
  exit(2);
}

static void live_until(const struct timespec *born, long milliseconds) {
  struct timespec end = *born;
  end.tv_nsec += milliseconds * 1000000;
  end.tv_sec += end.tv_nsec / 1000000000;
  end.tv_nsec %= 1000000000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

static void child(struct row *row, long milliseconds, struct sockaddr_in *to) {
  struct timespec born;
  clock_gettime(CLOCK_MONOTONIC, &born);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  row->pid = getpid();
  if (fd < 0 || connect(fd, (void *)to, sizeof *to) < 0) {
    row->error = errno;
    _exit(0);
  }
  struct sockaddr_in own;
  socklen_t size = sizeof own;
  if (getsockname(fd, (void *)&own, &size) < 0) row->error = errno;
  row->port = ntohs(own.sin_port);
  live_until(&born, milliseconds);
  _exit(0);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int count = atoi(argv[1]), parallel = atoi(argv[2]);
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(atoi(argv[5]))};
  if (inet_pton(AF_INET, argv[4], &to.sin_addr) != 1) die(argv[4]);
  struct row *rows = mmap(NULL, count * sizeof *rows, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (rows == MAP_FAILED) die("mmap");
  for (int at = 0, running = 0; at < count || running > 0;) {
    if (at < count && running < parallel) {
      int pid = fork();
      if (pid < 0) die("fork");
      if (pid == 0) child(&rows[at], atol(argv[3]), &to);
      at++;
      running++;
      continue;
    }
    if (wait(NULL) < 0) die("wait");
    running--;
  }
  for (int at = 0; at < count; at++) {
    if (rows[at].error != 0) {
      errno = rows[at].error;
      die("connect");
    }
    printf("%d %d\n", rows[at].port, rows[at].pid);
  }
  return 0;
}
