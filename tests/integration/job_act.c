/*
 * A program of a job, which says what it did: the oracle of the tests.
 *
 *   act execs LOG TAG COUNT          executes itself so many times, as `told`
 *   act told LOG TAG INDEX           nothing but that
 *   act sends LOG TAG COUNT TO…      so many children that end as soon as they
 *                                    have connected, to each HOST:PORT in turn
 *
 * Appends to LOG a line for each act, fields between blanks:
 *
 *   exec TAG PID PARENT INDEX ok EXE -
 *   ask TAG PID PARENT NAME RESULT EXE TO
 *   connect TAG PID PARENT LOCAL-PORT RESULT EXE TO
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char own[4096];
static const char *log_path, *tag, *end = "-";

static void die(const char *what) {
  fprintf(stderr, "act: %s: %s\n", what, strerror(errno));
  exit(2);
}

static void say(const char *kind, const char *what, const char *result) {
  char line[8192];
  int size = snprintf(line, sizeof line, "%s %s %d %d %s %s %s %s\n", kind,
                      tag, getpid(), getppid(), what, result, own, end);
  int fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  /* In one piece: many write at once. */
  if (fd < 0 || write(fd, line, (size_t)size) != size) die("log");
  close(fd);
}

static void execute(int index) {
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child > 0) return;
  char number[16];
  snprintf(number, sizeof number, "%d", index);
  execl(own, own, "told", log_path, tag, number, (char *)NULL);
  _exit(127);
}

/* A refusal is as good: the packet was looked at before it came. */
static void send_to(const char *to) {
  char host[256];
  end = to;
  snprintf(host, sizeof host, "%s", to);
  char *port = strrchr(host, ':');
  if (port == NULL) die("port");
  *port++ = 0;
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found;
  int failed = getaddrinfo(host, port, &hints, &found);
  int is_name = host[strlen(host) - 1] > '9';
  if (is_name) say("ask", host, failed == 0 ? "ok" : "refused");
  if (failed != 0) _exit(0);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  int result = connect(fd, found->ai_addr, found->ai_addrlen);
  struct sockaddr_in name;
  socklen_t length = sizeof name;
  if (getsockname(fd, (struct sockaddr *)&name, &length) < 0) die("name");
  char number[16];
  snprintf(number, sizeof number, "%d", ntohs(name.sin_port));
  say("connect", number, result == 0 ? "ok" : "refused");
  _exit(0);
}

int main(int count, char **args) {
  if (count < 5) return 2;
  ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
  if (length < 0) die("exe");
  own[length] = 0;
  log_path = args[2];
  tag = args[3];
  int times = atoi(args[4]);
  if (strcmp(args[1], "told") == 0) {
    say("exec", args[4], "ok");
    return 0;
  }
  for (int at = 0; at < times; at++) {
    if (strcmp(args[1], "execs") == 0) {
      execute(at);
    } else {
      pid_t child = fork();
      if (child < 0) die("fork");
      if (child == 0) send_to(args[5 + at % (count - 5)]);
    }
    /* Two at a time, as builds do. */
    if (at % 2 == 1) {
      while (wait(NULL) > 0) continue;
    }
  }
  while (wait(NULL) > 0) continue;
  return 0;
}
