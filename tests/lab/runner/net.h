// What the runner's stand-ins and the programs of a step say to the network,
// each by a socket of its own or by one that it has been given:
//
//   ask SERVER NAME [SOCKET]          one question for an address
//   get ADDRESS PORT NAME [SOCKET]    a connection, and a TLS hello that says
//                                     NAME; done with the server's first bytes
//
// Each says one line on standard output: "WHO ask NAME RESULT".
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int open_socket(int type, const char *given) {
  int fd = given != NULL ? atoi(given) : socket(AF_INET, type | SOCK_CLOEXEC, 0);
  struct timeval patience = {.tv_sec = 4};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return fd;
}

static struct sockaddr_in place(const char *address, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, address, &to.sin_addr) != 1) exit(2);
  return to;
}

// RFC 1035 section 4.1.
static const char *ask(const char *server, const char *name,
                       const char *given) {
  uint8_t query[512] = {0x12, 0x34, 1, 0, 0, 1}, answer[512];
  size_t end = 12;
  for (const char *from = name; *from != 0;) {
    size_t length = strcspn(from, ".");
    query[end++] = length;
    memcpy(query + end, from, length);
    end += length;
    from += length + (from[length] == '.');
  }
  memcpy(query + end, "\0\0\1\0\1", 5);
  end += 5;
  int fd = open_socket(SOCK_DGRAM, given);
  struct sockaddr_in to = place(server, 53);
  ssize_t got = -1;
  if (sendto(fd, query, end, 0, (void *)&to, sizeof to) >= 0) {
    got = recv(fd, answer, sizeof answer, 0);
  }
  int error = errno;
  if (given == NULL) close(fd);
  if (got < 12) return got < 0 ? strerrorname_np(error) : "short";
  return (answer[3] & 15) != 0 ? "NXDOMAIN" : answer[7] > 0 ? "ok" : "empty";
}

// RFC 5246 section 7.4.1.2, RFC 6066 section 3.
static size_t write_hello(uint8_t *hello, const char *name) {
  static const uint8_t start[] = {0x16, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3};
  static const uint8_t choice[] = {0, 0, 2, 0xc0, 0x2b, 1, 0};
  static const uint8_t rest[] = {
      0, 10, 0, 4, 0, 2, 0, 0x17,    // secp256r1
      0, 11, 0, 2, 1, 0,             // uncompressed
      0, 13, 0, 4, 0, 2, 4, 3,       // ecdsa_secp256r1_sha256
  };
  size_t length = strlen(name), end = 0;
  memcpy(hello, start, sizeof start);
  end = sizeof start;
  memset(hello + end, 'r', 32);
  end += 32;
  memcpy(hello + end, choice, sizeof choice);
  end += sizeof choice;
  size_t all = length + 9 + sizeof rest;
  uint8_t named[] = {all >> 8, all, 0, 0, 0, length + 5, 0, length + 3,
                     0, 0, length};
  memcpy(hello + end, named, sizeof named);
  end += sizeof named;
  memcpy(hello + end, name, length);
  end += length;
  memcpy(hello + end, rest, sizeof rest);
  end += sizeof rest;
  hello[3] = (end - 5) >> 8;
  hello[4] = end - 5;
  hello[7] = (end - 9) >> 8;
  hello[8] = end - 9;
  return end;
}

static const char *get(const char *address, int port, const char *name,
                       const char *given) {
  uint8_t hello[512], answer[16];
  int fd = open_socket(SOCK_STREAM, given);
  struct sockaddr_in to = place(address, port);
  ssize_t got = connect(fd, (void *)&to, sizeof to);
  if (got == 0) {
    got = send(fd, hello, write_hello(hello, name), MSG_NOSIGNAL);
    if (got > 0) got = recv(fd, answer, sizeof answer, 0);
  }
  int error = errno;
  close(fd);
  if (got < 0) return strerrorname_np(error);
  return got > 0 && answer[0] == 0x16 ? "ok" : "closed";
}

// Whether it was one of the two.
static int use_network(const char *who, char **fields, int count) {
  const char *act = fields[0];
  if (strcmp(act, "ask") == 0 && count >= 3) {
    const char *given = count > 3 ? fields[3] : NULL;
    printf("%s ask %s %s\n", who, fields[2], ask(fields[1], fields[2], given));
  } else if (strcmp(act, "get") == 0 && count >= 4) {
    const char *given = count > 4 ? fields[4] : NULL;
    const char *result = get(fields[1], atoi(fields[2]), fields[3], given);
    printf("%s get %s %s\n", who, fields[3], result);
  } else {
    return 0;
  }
  fflush(stdout);
  return 1;
}
