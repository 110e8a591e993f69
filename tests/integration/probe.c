/*
 * What a program that wants out does, one step at a time, with its outcome.
 *
 *   probe [OPTION VALUE]... tcp ADDRESS PORT [TEXT]
 *   probe [OPTION VALUE]... udp (ADDRESS PORT HEX)...    all from one socket
 *   probe [OPTION VALUE]... icmp ADDRESS
 *   probe resolve COUNT WORKERS PORT NAME...    look up, connect; in turn
 *   probe [OPTION VALUE]... load MILLISECONDS (ADDRESS PORT)...
 *   probe forge FROM PORT TO PORT HEX           UDP over IPv4, from anybody
 *   probe serve PORT          TCP and UDP: prints what comes, answers "pong"
 *
 *   bind PORT    the local port        mark N     SO_MARK
 *   count N      how often, default 1  wait MS    for an answer, default 3000
 *
 * Each attempt is one line of JSON: {"at":SECONDS,"to":"ADDRESS:PORT",
 * "result":"ok|answered|silence|E...","ms":MILLISECONDS,"answer":"HEX"}.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int bind_port = 0, count = 1, wait_ms = 3000;
static unsigned long mark = 0;

typedef struct {
  struct sockaddr_storage address;
  socklen_t length;
  char text[80];
} target;

static void die(const char *what) {
  fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
  exit(2);
}

static double now_ms(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static target parse(const char *address, const char *port) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                           .ai_socktype = SOCK_DGRAM};
  struct addrinfo *found;
  errno = EINVAL;
  if (getaddrinfo(address, port, &hints, &found) != 0) die(address);
  target to = {.length = found->ai_addrlen};
  memcpy(&to.address, found->ai_addr, found->ai_addrlen);
  snprintf(to.text, sizeof to.text, "%s:%s", address, port);
  freeaddrinfo(found);
  return to;
}

static size_t unhex(const char *text, unsigned char *bytes, size_t room) {
  size_t size = 0;
  while (text[0] && text[1] && size < room) {
    sscanf(text, "%2hhx", &bytes[size++]);
    text += 2;
  }
  return size;
}

static int open_socket(int family, int type, int protocol) {
  int fd = socket(family, type, protocol), one = 1;
  if (fd < 0) die("socket");
  if (mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, 4)) die("SO_MARK");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (family == AF_INET) setsockopt(fd, SOL_IP, IP_RECVERR, &one, sizeof one);
  else setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &one, sizeof one);
  if (bind_port && type != SOCK_RAW) {
    struct sockaddr_in6 local = {.sin6_family = family,
                                 .sin6_port = htons(bind_port)};
    socklen_t size = family == AF_INET ? sizeof(struct sockaddr_in)
                                       : sizeof local;
    if (bind(fd, (struct sockaddr *)&local, size)) die("bind");
  }
  return fd;
}

static const char *name_of(int error) {
  return error == 0 ? "ok" : error == ETIMEDOUT ? "silence"
                                                : strerrorname_np(error);
}

static void say(double began_ms, const target *to, const char *result,
                const unsigned char *answer, ssize_t size) {
  static double realtime_minus_monotonic_ms;
  if (realtime_minus_monotonic_ms == 0)
    realtime_minus_monotonic_ms =
        now_ms(CLOCK_REALTIME) - now_ms(CLOCK_MONOTONIC);
  printf("{\"at\":%.6f,\"to\":\"%s\",\"result\":\"%s\",\"ms\":%.3f,"
         "\"answer\":\"",
         (began_ms + realtime_minus_monotonic_ms) / 1e3, to->text, result,
         now_ms(CLOCK_MONOTONIC) - began_ms);
  for (ssize_t at = 0; at < size; at++) printf("%02x", answer[at]);
  printf("\"}\n");
  fflush(stdout);
}

static int try_connect(const target *to, const char *text) {
  int fd = open_socket(to->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int error = 0;
  socklen_t size = sizeof error;
  if (connect(fd, (struct sockaddr *)&to->address, to->length)) error = errno;
  if (error == EINPROGRESS) {
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    error = ETIMEDOUT;
    if (poll(&ready, 1, wait_ms) > 0)
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0 && text && write(fd, text, strlen(text)) < 0) error = errno;
  if (error == 0 && text) {
    char answer;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, wait_ms) > 0 && read(fd, &answer, 1) < 0) error = errno;
  }
  /* A reset, so that the same port can be used again at once. */
  struct linger none = {.l_onoff = 1};
  if (bind_port) setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close(fd);
  return error;
}

static void run_tcp(const target *to, const char *text) {
  double began_ms = now_ms(CLOCK_MONOTONIC);
  say(began_ms, to, name_of(try_connect(to, text)), NULL, 0);
}

static void exchange(int fd, const target *to, const unsigned char *bytes,
                     size_t size) {
  double began_ms = now_ms(CLOCK_MONOTONIC);
  unsigned char answer[65536];
  if (sendto(fd, bytes, size, 0, (struct sockaddr *)&to->address,
             to->length) < 0) {
    int error = errno;
    /* What the network said is on the error queue as well. */
    struct msghdr rest = {0};
    recvmsg(fd, &rest, MSG_ERRQUEUE | MSG_DONTWAIT);
    say(began_ms, to, name_of(error), NULL, 0);
    return;
  }
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  if (poll(&ready, 1, wait_ms) == 0) {
    say(began_ms, to, "silence", NULL, 0);
  } else if (ready.revents & POLLERR) {
    char control[512];
    struct msghdr message = {.msg_control = control,
                             .msg_controllen = sizeof control};
    const char *result = "EIO";
    if (recvmsg(fd, &message, MSG_ERRQUEUE) >= 0) {
      struct cmsghdr *c = CMSG_FIRSTHDR(&message);
      if (c)
        result = name_of(((struct sock_extended_err *)CMSG_DATA(c))->ee_errno);
    }
    say(began_ms, to, result, NULL, 0);
  } else {
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    say(began_ms, to, got < 0 ? name_of(errno) : "answered", answer, got);
  }
}

static void run_icmp(const target *to) {
  bool v4 = to->address.ss_family == AF_INET;
  int fd = open_socket(to->address.ss_family, SOCK_DGRAM,
                       v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
  unsigned char echo[16] = {v4 ? 8 : 128};
  memcpy(echo + 8, "stolen!!", 8);
  exchange(fd, to, echo, sizeof echo);
  close(fd);
}

static void run_resolve(int attempts, int workers, char **arguments) {
  int names = 0;
  const char *port = arguments[0];
  while (arguments[1 + names]) names++;
  for (int worker = 0; worker < workers; worker++) {
    if (fork() != 0) continue;
    for (int at = worker; at < attempts; at += workers) {
      const char *name = arguments[1 + at % names];
      struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                               .ai_family = at % 3 == 0   ? AF_UNSPEC
                                            : at % 3 == 1 ? AF_INET
                                                          : AF_INET6};
      struct addrinfo *found;
      double began_ms = now_ms(CLOCK_MONOTONIC);
      target to = {0};
      snprintf(to.text, sizeof to.text, "%s:%s", name, port);
      if (getaddrinfo(name, port, &hints, &found) != 0) {
        say(began_ms, &to, "unresolved", NULL, 0);
        continue;
      }
      to.length = found->ai_addrlen;
      memcpy(&to.address, found->ai_addr, found->ai_addrlen);
      freeaddrinfo(found);
      int error = try_connect(&to, NULL);
      say(began_ms, &to, name_of(error), NULL, 0);
    }
    exit(0);
  }
  while (wait(NULL) > 0) continue;
}

static void run_load(int duration_ms, char **arguments) {
  double end_ms = now_ms(CLOCK_MONOTONIC) + duration_ms;
  while (now_ms(CLOCK_MONOTONIC) < end_ms) {
    for (char **at = arguments; at[0] && at[1]; at += 2) {
      target to = parse(at[0], at[1]);
      run_tcp(&to, NULL);
    }
    usleep(2000);
  }
}

static void run_forge(char **arguments) {
  struct {
    struct iphdr ip;
    struct udphdr udp;
    unsigned char bytes[1400];
  } packet = {.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP}};
  size_t size = unhex(arguments[4], packet.bytes, sizeof packet.bytes);
  inet_pton(AF_INET, arguments[0], &packet.ip.saddr);
  inet_pton(AF_INET, arguments[2], &packet.ip.daddr);
  packet.udp.source = htons(atoi(arguments[1]));
  packet.udp.dest = htons(atoi(arguments[3]));
  packet.udp.len = htons(sizeof packet.udp + size);
  target to = parse(arguments[2], "0");
  int fd = open_socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  size += sizeof packet.ip + sizeof packet.udp;
  if (sendto(fd, &packet, size, 0, (struct sockaddr *)&to.address,
             to.length) < 0)
    die("sendto");
}

/* Four sockets, and whoever has connected. */
static void run_serve(int port) {
  struct pollfd all[64];
  int listeners = 0;
  static const char pong[] = "pong";
  for (int family = 0; family < 2; family++) {
    for (int stream = 0; stream < 2; stream++) {
      int one = 1, fd = socket(family ? AF_INET6 : AF_INET,
                               stream ? SOCK_STREAM : SOCK_DGRAM, 0);
      struct sockaddr_in6 local = {.sin6_family = family ? AF_INET6 : AF_INET,
                                   .sin6_port = htons(port)};
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
      if (family) setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &one, sizeof one);
      if (bind(fd, (struct sockaddr *)&local,
               family ? sizeof local : sizeof(struct sockaddr_in)) ||
          (stream && listen(fd, 16)))
        die("listen");
      all[listeners++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
  }
  printf("serving\n");
  for (int open = listeners; open < 64;) {
    fflush(stdout);
    poll(all, open, -1);
    for (int at = open - 1; at >= 0; at--) {
      if (!all[at].revents) continue;
      int fd = all[at].fd;
      char bytes[1500];
      struct sockaddr_storage from;
      socklen_t size = sizeof from;
      if (at < listeners && at % 2 == 1) {
        int accepted = accept(fd, NULL, NULL);
        all[open++] = (struct pollfd){.fd = accepted, .events = POLLIN};
        continue;
      }
      ssize_t got = recvfrom(fd, bytes, sizeof bytes, 0,
                             (struct sockaddr *)&from, &size);
      if (got <= 0 && at >= listeners) {
        close(fd);
        all[at] = all[--open];
      } else if (got > 0) {
        printf("%.*s\n", (int)got, bytes);
        bool stream = at >= listeners;
        sendto(fd, pong, 4, MSG_NOSIGNAL,
               stream ? NULL : (struct sockaddr *)&from, stream ? 0 : size);
      }
    }
  }
}

int main(int argc, char **argv) {
  char **rest = argv + 1;
  for (; argc > 2 && rest[0] && rest[1]; rest += 2) {
    if (!strcmp(*rest, "bind")) bind_port = atoi(rest[1]);
    else if (!strcmp(*rest, "mark")) mark = strtoul(rest[1], NULL, 0);
    else if (!strcmp(*rest, "count")) count = atoi(rest[1]);
    else if (!strcmp(*rest, "wait")) wait_ms = atoi(rest[1]);
    else break;
  }
  int left = argc - (rest - argv);
  const char *act = left > 0 ? rest[0] : "";
  if (!strcmp(act, "resolve") && left >= 5) {
    run_resolve(atoi(rest[1]), atoi(rest[2]), rest + 3);
  } else if (!strcmp(act, "load") && left >= 4) {
    run_load(atoi(rest[1]), rest + 2);
  } else if (!strcmp(act, "forge") && left == 6) {
    run_forge(rest + 1);
  } else if (!strcmp(act, "serve") && left == 2) {
    run_serve(atoi(rest[1]));
  } else if (!strcmp(act, "udp") && left >= 4) {
    target first = parse(rest[1], rest[2]);
    int fd = open_socket(first.address.ss_family, SOCK_DGRAM, 0);
    for (int turn = 0; turn < count; turn++) {
      for (char **at = rest + 1; at[0] && at[1] && at[2]; at += 3) {
        unsigned char bytes[65536];
        target to = parse(at[0], at[1]);
        exchange(fd, &to, bytes, unhex(at[2], bytes, sizeof bytes));
      }
    }
  } else if ((!strcmp(act, "tcp") && left >= 3) ||
             (!strcmp(act, "icmp") && left == 2)) {
    bool tcp = act[0] == 't';
    target to = parse(rest[1], tcp ? rest[2] : "0");
    for (int turn = 0; turn < count; turn++) {
      if (tcp) run_tcp(&to, rest[3]);
      else run_icmp(&to);
    }
  } else {
    fprintf(stderr, "usage: see the comment at the start of probe.c\n");
    return 2;
  }
  return 0;
}
