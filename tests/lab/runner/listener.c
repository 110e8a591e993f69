// A stand-in for Runner.Listener.
//
// Reads paths of jobs from standard input, one a line, and starts a
// Runner.Worker from its own directory for each, as the real one does: a
// direct child, of its own user. Jobs run beside each other. Ends with them
// when there are no more lines.
//
// "nop" in place of a path does nothing: who is answered has read all that was
// said before.
// "ask" and "get", with spaces, do what net.h says; WHO is "listener".
#define _GNU_SOURCE
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  char own[4096], worker[4200], line[4096];
  ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
  if (length < 0) return 2;
  own[length] = 0;
  *strrchr(own, '/') = 0;
  snprintf(worker, sizeof worker, "%s/Runner.Worker", own);
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("listening %d\n", getpid());
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line, "nop") == 0) {
      printf("listener nop - ok\n");
      continue;
    }
    if (line[0] != '/') {
      char *fields[8], *rest = line;
      int filled = 0;
      while (filled < 8 && (fields[filled] = strsep(&rest, " ")) != NULL) {
        filled++;
      }
      use_network("listener", fields, filled);
      continue;
    }
    pid_t pid = fork();
    if (pid < 0) return 2;
    if (pid == 0) {
      execl(worker, "Runner.Worker", "spawnclient", line, (char *)NULL);
      _exit(127);
    }
    printf("worker %d %s\n", pid, line);
  }
  while (wait(NULL) > 0) {
  }
  return 0;
}
