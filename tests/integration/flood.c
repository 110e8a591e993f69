/*
 * A hostile user who opens as many flows as a rate says, and waits for nothing.
 *
 *   flood KIND RATE SECONDS ADDRESS...
 *
 * KIND is tcp (a SYN to a random port), udp (a datagram to a random port) or
 * dns (a query for a random name, with the address as its server). RATE is per
 * second; 0 is as fast as it goes. Each flow has a socket of its own, which
 * lives on while the next SOCKETS are opened: whoever wants to know whose it is
 * finds it. The addresses are IPv4 and take turns.
 *
 * Prints "flooding" when it begins and {"opened","failed"} when it ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS 900
#define BATCH_NANOSECONDS 1000000

static unsigned long long seed = 88172645463325252ULL;

static unsigned next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 16);
}

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* A query for <12 random letters>.test, type A. */
static size_t write_query(unsigned char *query)
{
	static const unsigned char head[12] = { 0, 0, 1, 0, 0, 1 };
	static const unsigned char tail[] = "\4test\0\0\1\0\1";

	memcpy(query, head, sizeof(head));
	query[0] = next_random();
	query[1] = next_random();
	query[12] = 12;
	for (int at = 13; at < 25; at++)
		query[at] = 'a' + next_random() % 26;
	memcpy(query + 25, tail, sizeof(tail) - 1);
	return 25 + sizeof(tail) - 1;
}

static int open_flow(char kind, struct sockaddr_in *target)
{
	int type = kind == 't' ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unsigned char payload[64] = "flood";
	size_t bytes = 5;

	if (fd < 0)
		return -1;
	target->sin_port = htons(kind == 'd' ? 53 : 1024 + next_random() % 60000);
	if (kind == 't') {
		connect(fd, (struct sockaddr *)target, sizeof(*target));
		return fd;
	}
	if (kind == 'd')
		bytes = write_query(payload);
	sendto(fd, payload, bytes, 0, (struct sockaddr *)target,
	       sizeof(*target));
	return fd;
}

int main(int argc, char **argv)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	const struct timespec batch = { .tv_nsec = BATCH_NANOSECONDS };
	int sockets[SOCKETS];
	long opened = 0, failed = 0;
	long rate;
	double start, end;

	if (argc < 5) {
		fprintf(stderr, "usage: %s KIND RATE SECONDS ADDRESS...\n",
			argv[0]);
		return 2;
	}
	rate = atol(argv[2]);
	memset(sockets, -1, sizeof(sockets));
	seed ^= (unsigned long long)getpid() << 20;
	puts("flooding");
	fflush(stdout);
	start = now_seconds();
	end = start + atof(argv[3]);
	for (;;) {
		double now = now_seconds();
		long due = rate == 0 ? opened + 64
				     : (long)((now - start) * rate);

		if (now >= end)
			break;
		for (; opened < due; opened++) {
			struct sockaddr_in target = { .sin_family = AF_INET };
			int *fd = &sockets[opened % SOCKETS];

			if (*fd >= 0) {
				setsockopt(*fd, SOL_SOCKET, SO_LINGER, &reset,
					   sizeof(reset));
				close(*fd);
			}
			inet_pton(AF_INET, argv[4 + opened % (argc - 4)],
				  &target.sin_addr);
			*fd = open_flow(argv[1][0], &target);
			failed += *fd < 0;
		}
		if (rate != 0)
			nanosleep(&batch, NULL);
	}
	printf("{\"opened\":%ld,\"failed\":%ld}\n", opened, failed);
	return 0;
}
