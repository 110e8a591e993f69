/*
 * Executes a program again and again, each time when the last has ended.
 *
 *   execs COUNT PROGRAM
 *
 * The program is given the number of its turn, from 0. Says how many there were
 * and how long they took, in microseconds:
 *
 *   50000 5123456
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double micros(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(int count, char **args) {
  if (count != 3) return 2;
  const int turns = atoi(args[1]);
  char turn[16];
  char *const call[] = {args[2], turn, NULL};
  const double start = micros();
  for (int at = 0; at < turns; at++) {
    snprintf(turn, sizeof turn, "%d", at);
    pid_t pid;
    if (posix_spawn(&pid, args[2], NULL, NULL, call, environ) != 0) return 1;
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0) return 1;
  }
  printf("%d %.0f\n", turns, micros() - start);
  return 0;
}
