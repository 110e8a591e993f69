// A stand-in for externals/node20/bin/node: runs its first argument as a shell
// script, in a child, and exits with its code.
//
// A script whose first line is `#ask SOCKET FILE CODE` is no shell's: this
// process itself sends FILE's content to SOCKET, prints what is answered, and
// exits with CODE, or, where that is `-`, with the answer's exitCode.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int ask(const char *path, const char *file, const char *code) {
  static char bytes[1 << 25];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int in = open(file, O_RDONLY), out = socket(AF_UNIX, SOCK_STREAM, 0);
  ssize_t count = read(in, bytes, sizeof bytes), total = 0;
  if (connect(out, (struct sockaddr *)&address, sizeof address) != 0) return 9;
  if (count <= 0 || write(out, bytes, count) != count) return 8;
  while ((count = read(out, bytes + total, sizeof bytes - 1 - total)) > 0) {
    total += count;
  }
  bytes[total] = 0;
  fputs(bytes, stdout);
  fflush(stdout);
  if (strcmp(code, "-") != 0) return atoi(code);
  const char *told = strstr(bytes, "\"exitCode\":");
  return told == NULL ? 7 : atoi(told + 11);
}

int main(int count, char **args) {
  if (count < 2) return 2;
  char path[108], file[4096], code[16];
  FILE *script = fopen(args[1], "r");
  if (script == NULL) return 2;
  int fields = fscanf(script, "#ask %107s %4095s %15s", path, file, code);
  fclose(script);
  if (fields == 3) return ask(path, file, code);
  pid_t pid = fork();
  if (pid < 0) return 2;
  if (pid == 0) {
    execl("/bin/sh", "sh", args[1], (char *)NULL);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
