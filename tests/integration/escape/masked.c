/*
 * Another program's name for this one, by the system call that restores
 * processes from checkpoints: root of its own user namespace may.
 *
 *   masked PROGRAM ADDRESS PORT TEXT [helped]
 *
 * With `helped` a child that shares its memory does that, and this process
 * itself never leaves its user namespace.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;

static void die(const char *what) {
  fprintf(stderr, "masked: %s: %s\n", what, strerror(errno));
  _exit(2);
}

/* Puts a copy in the place of each page that the program's file is mapped to:
 * the kernel changes the name only when nothing of the old file is in use. */
static void leave_file(void) {
  char own[4096] = "", line[8192];
  if (readlink("/proc/self/exe", own, sizeof own - 1) < 0) die("readlink");
  struct part {
    unsigned long start, end;
    int protection;
  } parts[32];
  int count = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  if (maps == NULL) die("maps");
  while (fgets(line, sizeof line, maps) != NULL && count < 32) {
    char flags[5];
    struct part part = {0};
    if (sscanf(line, "%lx-%lx %4s", &part.start, &part.end, flags) != 3) continue;
    line[strcspn(line, "\n")] = 0;
    size_t length = strlen(line), name = strlen(own);
    if (length < name || strcmp(line + length - name, own) != 0) continue;
    part.protection = (flags[0] == 'r' ? PROT_READ : 0) |
                      (flags[1] == 'w' ? PROT_WRITE : 0) |
                      (flags[2] == 'x' ? PROT_EXEC : 0);
    parts[count++] = part;
  }
  fclose(maps);
  for (int at = 0; at < count; at++) {
    size_t size = parts[at].end - parts[at].start;
    void *place = (void *)parts[at].start;
    void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) die("mmap");
    memcpy(copy, place, size);
    if (mprotect(copy, size, parts[at].protection) < 0) die("mprotect");
    if (mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place) != place)
      die("mremap");
  }
}

/* The fields of /proc/self/stat from the 26th on, proc_pid_stat(5). */
static void take_name(void) {
  char text[4096] = "";
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) die("stat");
  close(fd);
  unsigned long long field[53] = {0};
  char *rest = strrchr(text, ')') + 4;
  for (int at = 4; at <= 52 && rest != NULL; at++) {
    field[at] = strtoull(rest, &rest, 10);
  }
  int exe = open(program, O_RDONLY | O_CLOEXEC);
  if (exe < 0) die(program);
  struct prctl_mm_map map = {
      .start_code = field[26],
      .end_code = field[27],
      .start_stack = field[28],
      .start_data = field[45],
      .end_data = field[46],
      .start_brk = field[47],
      .brk = (unsigned long)sbrk(0),
      .arg_start = field[48],
      .arg_end = field[49],
      .env_start = field[50],
      .env_end = field[51],
      .exe_fd = exe,
  };
  if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) < 0) die("prctl");
  close(exe);
}

static int help(void *nothing) {
  (void)nothing;
  take_name();
  return 0;
}

static void be_helped(void) {
  static char stack[1 << 16] __attribute__((aligned(16)));
  int child = clone(help, stack + sizeof stack,
                    CLONE_VM | CLONE_NEWUSER | SIGCHLD, NULL);
  if (child < 0) die("clone");
  int status = 0;
  if (waitpid(child, &status, 0) < 0 || status != 0) die("child");
}

int main(int argc, char **argv) {
  if (argc != 5 && argc != 6) return 2;
  program = argv[1];
  leave_file();
  if (argc == 6) {
    be_helped();
  } else {
    if (unshare(CLONE_NEWUSER) < 0) die("unshare");
    take_name();
  }
  char name[4096] = "";
  if (readlink("/proc/self/exe", name, sizeof name - 1) < 0) die("readlink");
  printf("%s\n", name);
  int is6 = strchr(argv[2], ':') != NULL;
  struct sockaddr_in v4 = {.sin_family = AF_INET};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
  v4.sin_port = v6.sin6_port = htons(atoi(argv[3]));
  void *place = is6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr;
  if (inet_pton(is6 ? AF_INET6 : AF_INET, argv[2], place) != 1) die(argv[2]);
  int out = socket(is6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
  void *to = is6 ? (void *)&v6 : (void *)&v4;
  if (connect(out, to, is6 ? sizeof v6 : sizeof v4) < 0) {
    printf("connect: %s\n", strerror(errno));
    return 0;
  }
  if (write(out, argv[4], strlen(argv[4])) < 0) die("write");
  usleep(50000);
  return 0;
}
