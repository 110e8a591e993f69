/*
 * Traffic at a steady rate, each piece of which must end in one way only.
 *
 *   steady connections RATE SECONDS ALLOWED REFUSED HELLO OTHER_HELLO
 *   steady look-ups RATE SECONDS RESOLVER ALLOWED_NAME REFUSED_NAME
 *
 * Connections take turns: TLS on port 443 with HELLO, which must be answered
 * with a handshake; TLS on port 8443 with OTHER_HELLO, which must be reset;
 * HTTP on port 80, which must be answered with 200; and a SYN to REFUSED, which
 * must be refused at once. HELLO and OTHER_HELLO are files. Look-ups take turns:
 * NOERROR with an answer, and NXDOMAIN or an error at once.
 *
 * Prints {"sent","right","late","worst"} as JSON: how many were begun, how many
 * ended as they must, how many of the others did so by running out of time, and
 * the longest time in microseconds; what went wrong is told on stderr.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/time.h>
#include <unistd.h>

#include "../bench/samples.h"

#define MAX_HELLO_BYTES 4096
#define MAX_COMPLAINTS 20
/*
 * A server that was not told of the end of a refused connection keeps its ports
 * for a minute; what comes from them again is another story than this one's.
 */
#define FIRST_PORT 10000
#define PORTS 50000
/* Behind a hello that is answered: what shows that the client has gone on. */
#define FINISHED "\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x01\x00"
#define REQUEST "GET / HTTP/1.1\r\nHost: allowed.test\r\n\r\n"

/* RFC 1035 section 4.1.1. */
#define HEADER_BYTES 12
#define MAX_QUERY_BYTES (HEADER_BYTES + 255 + 4)
#define NOERROR 0
#define NXDOMAIN 3

struct tally {
	long sent;
	long right;
	long late;
	double worst;
};

static const struct timeval patience = { .tv_sec = 2 };
/* Closed by a reset: no port is left in TIME_WAIT, however many. */
static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

static void complain(struct tally *tally, const char *what, ssize_t result)
{
	static int complaints;
	int error = errno;

	if (result < 0 && (error == EAGAIN || error == ETIMEDOUT ||
			   error == EINPROGRESS))
		tally->late++;
	if (complaints++ < MAX_COMPLAINTS)
		fprintf(stderr, "number %ld, %s: result %zd, %s\n",
			tally->sent, what, result,
			result < 0 ? strerror(error) : "no error");
}

/* A source port that was not used for long. */
static void take_port(int fd, struct sockaddr_storage *target)
{
	static int taken;
	struct sockaddr_storage own = { .ss_family = target->ss_family };

	do {
		/* At the same place in both families. */
		((struct sockaddr_in *)&own)->sin_port =
			htons((uint16_t)(FIRST_PORT + taken++ % PORTS));
	} while (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 &&
		 errno == EADDRINUSE);
}

static int open_to(const char *address, int port, int type)
{
	struct sockaddr_storage target;
	socklen_t bytes = parse_address(address, port, &target);
	int fd = socket(target.ss_family, type, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (type == SOCK_STREAM) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		take_port(fd, &target);
	}
	if (connect(fd, (struct sockaddr *)&target, bytes) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Says something and hears the first of the answer; what recv() gave. */
static ssize_t talk(int fd, const void *said, size_t bytes, char *heard)
{
	if (send(fd, said, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
		return -1;
	return recv(fd, heard, 16, 0);
}

/*
 * Shows that the client has had the answer, and after what the server says to
 * that (it ends the connection) that the server has had all of the client's: by
 * then the flow is let go.
 */
static void go_on(int fd)
{
	char heard[4096];

	send(fd, FINISHED, sizeof(FINISHED) - 1, MSG_NOSIGNAL);
	while (recv(fd, heard, sizeof(heard), 0) > 0)
		;
	send(fd, FINISHED, 1, MSG_NOSIGNAL);
}

struct hello {
	char bytes[MAX_HELLO_BYTES];
	size_t length;
};

static void read_hello(const char *path, struct hello *hello)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL) {
		perror(path);
		exit(2);
	}
	hello->length = fread(hello->bytes, 1, MAX_HELLO_BYTES, file);
	fclose(file);
}

static void connect_once(char **args, struct tally *tally)
{
	static struct hello hello, other_hello;
	char heard[16] = { 0 };
	ssize_t result;
	int fd;

	if (hello.length == 0) {
		read_hello(args[2], &hello);
		read_hello(args[3], &other_hello);
	}
	switch (tally->sent++ % 4) {
	case 0:
		fd = open_to(args[0], 443, SOCK_STREAM);
		result = fd < 0 ? -1 :
			 talk(fd, hello.bytes, hello.length, heard);
		if (result > 0 && heard[0] == 0x16) {
			go_on(fd);
			tally->right++;
		} else {
			complain(tally, "TLS with the allowed name", result);
		}
		break;
	case 1:
		fd = open_to(args[0], 8443, SOCK_STREAM);
		result = fd < 0 ? 0 :
			 talk(fd, other_hello.bytes, other_hello.length, heard);
		if (result < 0 && (errno == ECONNRESET || errno == EPIPE))
			tally->right++;
		else
			complain(tally, "TLS with another name", result);
		break;
	case 2:
		fd = open_to(args[0], 80, SOCK_STREAM);
		result = fd < 0 ? -1 :
			 talk(fd, REQUEST, sizeof(REQUEST) - 1, heard);
		if (result > 0 && memcmp(heard, "HTTP/1.1 200", 12) == 0)
			tally->right++;
		else
			complain(tally, "HTTP to the allowed host", result);
		break;
	default:
		fd = open_to(args[1], 443, SOCK_STREAM);
		if (fd < 0 && errno == ECONNREFUSED)
			tally->right++;
		else
			complain(tally, "a SYN that is not allowed", fd);
	}
	if (fd >= 0)
		close(fd);
}

/* Writes a question for A, RFC 1035 section 4. */
static size_t write_query(const char *name, uint16_t id, uint8_t *query)
{
	size_t at = HEADER_BYTES;

	memset(query, 0, HEADER_BYTES);
	query[0] = (uint8_t)(id >> 8);
	query[1] = (uint8_t)id;
	query[2] = 0x01; /* RD */
	query[5] = 1;    /* QDCOUNT */
	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		query[at++] = (uint8_t)label;
		memcpy(query + at, name, label);
		at += label;
		name += label + (name[label] == '.');
	}
	memcpy(query + at, "\0\0\1\0\1", 5); /* root, A, IN */
	return at + 5;
}

static void look_up_once(char **args, struct tally *tally)
{
	uint8_t query[MAX_QUERY_BYTES];
	uint8_t answer[4096];
	int is_allowed = tally->sent++ % 2 == 0;
	/* From a port of its own, as resolvers ask. */
	int fd = open_to(args[0], 53, SOCK_DGRAM);
	size_t bytes = write_query(args[is_allowed ? 1 : 2],
				   (uint16_t)tally->sent, query);
	ssize_t result = -1;

	if (fd >= 0 && send(fd, query, bytes, 0) == (ssize_t)bytes)
		result = recv(fd, answer, sizeof(answer), 0);
	/* Of many refusals some are spared the answer, and are errors at once. */
	if (!is_allowed && result < 0 && errno == EHOSTUNREACH)
		tally->right++;
	else if (result >= HEADER_BYTES && memcmp(answer, query, 2) == 0 &&
	    (answer[3] & 15) == (is_allowed ? NOERROR : NXDOMAIN) &&
	    (answer[7] > 0) == is_allowed)
		tally->right++;
	else
		complain(tally, is_allowed ? "the allowed name" :
				"another name", result);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	int is_connecting = argc == 8 && strcmp(argv[1], "connections") == 0;
	int is_asking = argc == 7 && strcmp(argv[1], "look-ups") == 0;
	double rate = is_connecting || is_asking ? atof(argv[2]) : 0;
	struct tally tally = { 0 };
	double begin = now_microseconds();
	double end, next;

	if (rate <= 0) {
		fprintf(stderr, "usage: see the start of steady.c\n");
		return 2;
	}
	end = begin + atof(argv[3]) * 1e6;
	for (;;) {
		double start;

		next = begin + (double)tally.sent / rate * 1e6;
		if (next >= end)
			break;
		start = now_microseconds();
		if (next > start)
			usleep((useconds_t)(next - start));
		start = now_microseconds();
		/* Behind by more than the time is long: the rate is not held. */
		if (start > end + 5e6)
			break;
		if (is_connecting)
			connect_once(argv + 4, &tally);
		else
			look_up_once(argv + 4, &tally);
		if (now_microseconds() - start > tally.worst)
			tally.worst = now_microseconds() - start;
	}
	printf("{\"sent\":%ld,\"right\":%ld,\"late\":%ld,\"worst\":%.0f,"
	       "\"seconds\":%.1f}\n", tally.sent, tally.right, tally.late,
	       tally.worst, (now_microseconds() - begin) / 1e6);
	return 0;
}
