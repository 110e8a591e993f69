/*
 * What processes do that few programs do.
 *
 *   acts spin COUNT PROGRAM TAG     executes `PROGRAM TAG 0`, `PROGRAM TAG 1`, …
 *   acts headless MS CODE           its first thread ends at once, another one
 *                                   ends the process after so long
 *   acts thread PROGRAM ARGUMENT... executed by a thread that is not the first
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char **arguments;

static int spin(int count, char *program, char *tag) {
  for (int i = 0; i < count; i++) {
    char number[16];
    snprintf(number, sizeof number, "%d", i);
    char *args[] = {program, tag, number, NULL};
    char *environment[] = {NULL};
    pid_t pid;
    int status;
    if (posix_spawn(&pid, program, NULL, NULL, args, environment) != 0) return 1;
    if (waitpid(pid, &status, 0) != pid || status != 0) return 1;
  }
  return 0;
}

static void *linger(void *unused) {
  (void)unused;
  usleep(atoi(arguments[0]) * 1000);
  exit(atoi(arguments[1]));
}

static void *execute(void *unused) {
  (void)unused;
  execv(arguments[0], arguments);
  _exit(127);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  arguments = argv + 2;
  if (argc == 5 && strcmp(argv[1], "spin") == 0)
    return spin(atoi(argv[2]), argv[3], argv[4]);
  pthread_t thread;
  int is_headless = strcmp(argv[1], "headless") == 0;
  pthread_create(&thread, NULL, is_headless ? linger : execute, NULL);
  if (is_headless) pthread_exit(NULL);
  pause();
  return 0;
}
