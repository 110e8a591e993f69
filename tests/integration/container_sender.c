// Sends from a container and says who it was: "PID PORT" for each packet that
// is to be attributed, in the pid namespace of the tests.
//
//   tcp ADDRESS PORT COUNT      so many children, each connects and lives 5 ms
//   udp ADDRESS PORT COUNT      the same with a socket that is connected
//   loose ADDRESS PORT PORT     one datagram from the second port, unconnected
//   hold PORT                   holds TCP and UDP sockets on the port for ever
//   forge SOURCE PORT ADDRESS PORT   a raw SYN and a raw datagram
//   daemon NETNS ADDRESS PORT   a socket of that namespace, used from this one
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static struct sockaddr_in to(const char *address, const char *port) {
  struct sockaddr_in end = {.sin_family = AF_INET};
  end.sin_port = htons((unsigned short)atoi(port));
  if (inet_pton(AF_INET, address, &end.sin_addr) != 1) fail(address);
  return end;
}

static int opened(int type) {
  int fd = socket(AF_INET, type, 0);
  if (fd < 0) fail("socket");
  return fd;
}

static void say(int fd) {
  struct sockaddr_in own;
  socklen_t length = sizeof own;
  if (getsockname(fd, (struct sockaddr *)&own, &length) < 0) fail("name");
  char line[64];
  int size = snprintf(line, sizeof line, "%d %d\n", getpid(), ntohs(own.sin_port));
  // In one piece: children share the pipe.
  if (write(1, line, (size_t)size) != size) fail("write");
}

// A refusal is as good: the packet was looked at before it came.
static void connectAs(int type, struct sockaddr_in end) {
  int fd = opened(type);
  // On a busy machine the agent takes its time, and looks for us until then.
  struct timeval patience = {.tv_sec = 5};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  connect(fd, (struct sockaddr *)&end, sizeof end);
  if (type == SOCK_DGRAM) {
    char answer[8];
    if (send(fd, "x", 1, 0) == 1) recv(fd, answer, sizeof answer, 0);
  }
  say(fd);
  usleep(5000);
}

static void many(int type, char **args) {
  struct sockaddr_in end = to(args[0], args[1]);
  for (int left = atoi(args[2]); left > 0; left--) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
      connectAs(type, end);
      _exit(0);
    }
    usleep(2000);
  }
  while (wait(NULL) > 0) continue;
}

static void loose(char **args) {
  struct sockaddr_in end = to(args[0], args[1]);
  struct sockaddr_in own = to("0.0.0.0", args[2]);
  int fd = opened(SOCK_DGRAM);
  if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0) fail("bind");
  if (sendto(fd, "x", 1, 0, (struct sockaddr *)&end, sizeof end) != 1) {
    fail("sendto");
  }
  say(fd);
  usleep(300000);
}

static void hold(char **args) {
  struct sockaddr_in own = to("0.0.0.0", args[0]);
  int stream = opened(SOCK_STREAM), datagrams = opened(SOCK_DGRAM);
  if (bind(stream, (struct sockaddr *)&own, sizeof own) < 0) fail("bind");
  if (bind(datagrams, (struct sockaddr *)&own, sizeof own) < 0) fail("bind");
  if (listen(stream, 8) < 0) fail("listen");
  say(stream);
  pause();
}

// Without a TCP checksum: nobody but the agent is to look at it.
static void forge(char **args) {
  struct sockaddr_in source = to(args[0], args[1]), end = to(args[2], args[3]);
  int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (fd < 0) fail("raw socket");
  for (int isTcp = 0; isTcp < 2; isTcp++) {
    char packet[64] = {0};
    struct iphdr *ip = (struct iphdr *)packet;
    int bytes = isTcp ? 20 : 8;
    ip->version = 4;
    ip->ihl = 5;
    ip->ttl = 64;
    ip->protocol = isTcp ? IPPROTO_TCP : IPPROTO_UDP;
    ip->saddr = source.sin_addr.s_addr;
    ip->daddr = end.sin_addr.s_addr;
    if (isTcp) {
      struct tcphdr *tcp = (struct tcphdr *)(packet + 20);
      tcp->source = source.sin_port;
      tcp->dest = end.sin_port;
      tcp->doff = 5;
      tcp->syn = 1;
    } else {
      struct udphdr *udp = (struct udphdr *)(packet + 20);
      udp->source = source.sin_port;
      udp->dest = end.sin_port;
      udp->len = htons(8);
    }
    if (sendto(fd, packet, (size_t)(20 + bytes), 0, (struct sockaddr *)&end,
               sizeof end) < 0) {
      fail("forge");
    }
  }
  printf("%d %s\n", getpid(), args[1]);
}

static void daemonFor(char **args) {
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  int there = open(args[0], O_RDONLY | O_CLOEXEC);
  if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0) fail("setns");
  int fd = opened(SOCK_DGRAM);
  if (setns(home, CLONE_NEWNET) < 0) fail("setns home");
  struct sockaddr_in end = to(args[1], args[2]);
  if (connect(fd, (struct sockaddr *)&end, sizeof end) < 0) fail("connect");
  if (send(fd, "x", 1, 0) != 1) fail("send");
  say(fd);
  usleep(300000);
}

int main(int count, char **args) {
  if (count < 3) return 2;
  const char *mode = args[1];
  if (strcmp(mode, "tcp") == 0 && count == 5) many(SOCK_STREAM, args + 2);
  else if (strcmp(mode, "udp") == 0 && count == 5) many(SOCK_DGRAM, args + 2);
  else if (strcmp(mode, "loose") == 0 && count == 5) loose(args + 2);
  else if (strcmp(mode, "hold") == 0 && count == 3) hold(args + 2);
  else if (strcmp(mode, "forge") == 0 && count == 6) forge(args + 2);
  else if (strcmp(mode, "daemon") == 0 && count == 5) daemonFor(args + 2);
  else return 2;
  return 0;
}
