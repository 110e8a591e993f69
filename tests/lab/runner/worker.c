// A stand-in for Runner.Worker: `Runner.Worker spawnclient JOB`.
//
// Writes its log where and as the real one does (HostTraceListener.cs: one
// write for the header, one for the message), and does what the file JOB says,
// a line each, fields between tabs, with \n \t \e \\ in them:
//
//   log SOURCE MESSAGE        one trace message
//   start LABEL COUNT ENV… ARG…   a process with COUNT variables; says
//                             "started LABEL PID" on standard output
//   wait LABEL                until that one has ended; says "ended LABEL CODE"
//   output PATH               where processes from then on print, both ways
//   cwd PATH                  where they start
//   report RESULT             tells GitHub how the job ended, which nothing can
//                             change from then on; says "reported RESULT"
//   sleep MILLISECONDS
//   page                      another log file, as after 8 MiB
//   ask, get                  see net.h; WHO is "worker"
//   lend                      opens sockets that all processes from then on
//                             have too: 8 for datagrams, 9 for a stream
#define _GNU_SOURCE
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_FIELDS 256
#define MAX_CHILDREN 256

static char diag[4200], output[4200], cwd[4200];
static int log_fd = -1;
static struct {
  char label[64];
  pid_t pid;
} children[MAX_CHILDREN];
static int child_count;

static void put(const char *text) {
  if (write(log_fd, text, strlen(text)) < 0) exit(3);
}

static void open_log(void) {
  char path[4400], stamp[32];
  int had = log_fd;
  for (;;) {
    time_t now = time(NULL);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", gmtime(&now));
    snprintf(path, sizeof path, "%s/Worker_%s-utc.log", diag, stamp);
    // Two pages of one second would be one file.
    if (had < 0 || access(path, F_OK) != 0) break;
    usleep(50000);
  }
  if (had >= 0) {
    // The real one has none for a moment (HostTraceListener.cs): it closes the
    // full one, and looks for old ones to delete, before it makes another.
    close(had);
    usleep(3000);
  }
  log_fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0) exit(3);
}

static void trace(const char *source, const char *message) {
  char header[256], stamp[32];
  time_t now = time(NULL);
  strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%SZ", gmtime(&now));
  snprintf(header, sizeof header, "[%s INFO %s] ", stamp, source);
  put(header);
  size_t length = strlen(message);
  char *line = malloc(length + 2);
  memcpy(line, message, length);
  memcpy(line + length, "\n", 2);
  put(line);
  free(line);
}

static void unescape(char *text) {
  char *to = text;
  for (char *from = text; *from != 0; from++) {
    if (*from != '\\') {
      *to++ = *from;
      continue;
    }
    from++;
    *to++ = *from == 'n' ? '\n' : *from == 't' ? '\t'
          : *from == 'e' ? '\033' : *from;
  }
  *to = 0;
}

static void start(char **fields, int count) {
  static char *environment[MAX_FIELDS], *args[MAX_FIELDS];
  int variables = atoi(fields[2]), at = 3;
  for (int each = 0; each < variables; each++) environment[each] = fields[at++];
  environment[variables] = NULL;
  int arg_count = 0;
  while (at < count) args[arg_count++] = fields[at++];
  args[arg_count] = NULL;
  trace("ProcessInvokerWrapper", "Starting process:");
  pid_t pid = fork();
  if (pid < 0) exit(3);
  if (pid == 0) {
    close(0);
    open("/dev/null", O_RDONLY);
    if (*output != 0) {
      int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0644);
      if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) _exit(126);
      close(fd);
    }
    if (*cwd != 0 && chdir(cwd) != 0) _exit(126);
    execve(args[0], args, environment);
    _exit(127);
  }
  char message[128];
  snprintf(message, sizeof message,
           "Process started with process id %d, waiting for process exit.",
           pid);
  trace("ProcessInvokerWrapper", message);
  printf("started %s %d\n", fields[1], pid);
  if (child_count == MAX_CHILDREN) exit(3);
  snprintf(children[child_count].label, sizeof children[0].label, "%s",
           fields[1]);
  children[child_count++].pid = pid;
}

static void wait_for(const char *label) {
  for (int each = 0; each < child_count; each++) {
    if (strcmp(children[each].label, label) != 0) continue;
    int status = 0;
    pid_t pid = children[each].pid;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    children[each] = children[--child_count];
    char message[160];
    snprintf(message, sizeof message,
             "Finished process %d with exit code %d, and elapsed time "
             "00:00:00.1000000.",
             pid, WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    trace("ProcessInvokerWrapper", message);
    printf("ended %s %d\n", label,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return;
  }
}

static void keep(char *place, const char *path) {
  if (strlen(path) >= sizeof cwd) exit(3);
  strcpy(place, path);
}

static void lend(void) {
  // Neither is closed at an exec.
  if (dup2(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 8) < 0) exit(3);
  if (dup2(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 9) < 0) exit(3);
}

int main(int count, char **args) {
  if (count < 3) return 2;
  ssize_t length = readlink("/proc/self/exe", diag, 4095);
  if (length < 0) return 2;
  diag[length] = 0;
  *strrchr(diag, '/') = 0;
  *strrchr(diag, '/') = 0;
  strcat(diag, "/_diag");
  mkdir(diag, 0755);
  setvbuf(stdout, NULL, _IOLBF, 0);
  FILE *job = fopen(args[2], "re");
  if (job == NULL) return 2;
  // The real one loads .NET, downloads actions, and writes far more.
  usleep(200000);
  open_log();
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, job) > 0) {
    line[strcspn(line, "\n")] = 0;
    char *fields[MAX_FIELDS];
    int filled = 0;
    char *rest = line, *field;
    while (filled < MAX_FIELDS && (field = strsep(&rest, "\t")) != NULL) {
      unescape(field);
      fields[filled++] = field;
    }
    if (strcmp(fields[0], "log") == 0) trace(fields[1], fields[2]);
    else if (strcmp(fields[0], "start") == 0) start(fields, filled);
    else if (strcmp(fields[0], "wait") == 0) wait_for(fields[1]);
    else if (strcmp(fields[0], "sleep") == 0) usleep(atoi(fields[1]) * 1000);
    else if (strcmp(fields[0], "page") == 0) open_log();
    else if (strcmp(fields[0], "output") == 0) keep(output, fields[1]);
    else if (strcmp(fields[0], "cwd") == 0) keep(cwd, fields[1]);
    else if (strcmp(fields[0], "report") == 0) printf("reported %s\n", fields[1]);
    else if (strcmp(fields[0], "lend") == 0) lend();
    else use_network("worker", fields, filled);
  }
  trace("Worker", "Job completed.");
  // The real one uploads its logs now.
  usleep(1000000);
  return 0;
}
