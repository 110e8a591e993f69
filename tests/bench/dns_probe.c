/*
 * How long a DNS look-up takes: so many questions, one after the other, from
 * one connected UDP socket; or each over a TCP connection of its own, whose
 * beginning is a part of the time.
 *
 *   dns_probe COUNT ADDRESS PORT NAME [tcp]
 *
 * Prints {"count","failures","refused","p50","p90","p99","failed_p50",
 * "failed_p99"}: questions that were answered with NOERROR, others, those of
 * the latter that were answered with NXDOMAIN, and percentiles of the first two
 * in microseconds.
 */
#include <stdint.h>
#include <sys/time.h>
#include <unistd.h>

#include "samples.h"

/* RFC 1035 section 4.1.1: header; section 2.3.4: a name is 255 bytes at most. */
#define HEADER_BYTES 12
#define MAX_QUERY_BYTES (HEADER_BYTES + 255 + 4)

/* RFC 1035 section 4.1.1. */
#define NOERROR 0
#define NXDOMAIN 3

static const struct timeval patience = { .tv_sec = 1 };

/* Writes a question for A, RFC 1035 section 4; 0 when the name is malformed. */
static size_t write_query(const char *name, uint8_t *query)
{
	size_t at = HEADER_BYTES;

	if (strlen(name) > 253)
		return 0;
	memset(query, 0, HEADER_BYTES);
	query[2] = 0x01; /* RD */
	query[5] = 1;    /* QDCOUNT */
	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > 63)
			return 0;
		query[at++] = (uint8_t)label;
		memcpy(query + at, name, label);
		at += label;
		name += label;
		if (*name == '.')
			name++;
	}
	query[at++] = 0;
	query[at++] = 0;
	query[at++] = 1; /* QTYPE A */
	query[at++] = 0;
	query[at++] = 1; /* QCLASS IN */
	return at;
}

/* The answer's code, or -1; reads past answers that came late. */
static int receive_code(int fd, const uint8_t *query)
{
	uint8_t answer[4096];
	ssize_t length;

	while ((length = recv(fd, answer, sizeof(answer), 0)) >= 0) {
		if (length >= HEADER_BYTES && answer[0] == query[0] &&
		    answer[1] == query[1])
			return answer[3] & 0x0f;
	}
	return -1;
}

/* Asks over a new connection; the answer's code, or -1. */
static int ask_by_tcp(const struct sockaddr_storage *target,
		      socklen_t target_bytes, uint8_t *query,
		      size_t query_bytes)
{
	/* Closed by a reset: no port is left in TIME_WAIT, however many. */
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	uint8_t message[MAX_QUERY_BYTES + 2];
	uint8_t answer[4096];
	size_t length = 0;
	int code = -1;
	int fd = socket(target->ss_family, SOCK_STREAM, 0);

	/* RFC 1035 section 4.2.2: a length in front. */
	message[0] = (uint8_t)(query_bytes >> 8);
	message[1] = (uint8_t)query_bytes;
	memcpy(message + 2, query, query_bytes);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(fd, (const struct sockaddr *)target, target_bytes) == 0 &&
	    send(fd, message, query_bytes + 2, MSG_NOSIGNAL) > 0) {
		while (length < 2 + HEADER_BYTES) {
			ssize_t more = recv(fd, answer + length,
					    sizeof(answer) - length, 0);

			if (more <= 0)
				break;
			length += (size_t)more;
		}
		if (length >= 2 + HEADER_BYTES &&
		    memcmp(answer + 2, query, 2) == 0)
			code = answer[5] & 0x0f;
	}
	close(fd);
	return code;
}

int main(int argc, char **argv)
{
	uint8_t query[MAX_QUERY_BYTES];
	struct sockaddr_storage target;
	socklen_t target_bytes = 0;
	size_t query_bytes = 0;
	int by_tcp = argc == 6 && strcmp(argv[5], "tcp") == 0;
	long wanted = argc == 5 || by_tcp ? atol(argv[1]) : 0;
	struct findings findings;
	int fd;

	if (wanted > 0) {
		target_bytes = parse_address(argv[2], atoi(argv[3]), &target);
		query_bytes = write_query(argv[4], query);
	}
	if (target_bytes == 0 || query_bytes == 0) {
		fprintf(stderr, "usage: %s COUNT ADDRESS PORT NAME [tcp]\n",
			argv[0]);
		return 2;
	}
	fd = socket(target.ss_family, SOCK_DGRAM, 0);
	if (!begin_findings(&findings, wanted) || fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0 ||
	    connect(fd, (struct sockaddr *)&target, target_bytes) < 0) {
		perror("dns_probe");
		return 1;
	}

	for (long i = 0; i < wanted; i++) {
		int code = -1;
		double start;

		query[0] = (uint8_t)(i >> 8);
		query[1] = (uint8_t)i;
		start = now_microseconds();
		if (by_tcp)
			code = ask_by_tcp(&target, target_bytes, query,
					  query_bytes);
		else if (send(fd, query, query_bytes, 0) == (ssize_t)query_bytes)
			code = receive_code(fd, query);
		if (code == NOERROR) {
			findings.good[findings.good_count++] =
				now_microseconds() - start;
		} else {
			findings.bad[findings.bad_count++] =
				now_microseconds() - start;
			findings.refused += code == NXDOMAIN;
		}
	}
	end_findings(&findings);
	close(fd);
	return 0;
}
