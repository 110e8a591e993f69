/*
 * Makes a process whose parent is this one's own, by CLONE_PARENT, and executes
 * a program in it: sibling PROGRAM ARGUMENT...
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **args) {
  if (count < 2) return 2;
  long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) return 1;
  if (pid > 0) {
    // It is nobody's here: it gets its time to ask.
    sleep(4);
    return 0;
  }
  execv(args[1], args + 1);
  return 1;
}
