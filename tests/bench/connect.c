/*
 * How long connect() takes: so many TCP connections, one after the other.
 *
 *   connect COUNT ADDRESS PORT
 *
 * Prints {"count","failures","refused","p50","p90","p99","failed_p50",
 * "failed_p99"}: those that were connected, those that were not, those of the
 * latter that were refused, and percentiles of each in microseconds.
 */
#include <errno.h>
#include <unistd.h>

#include "samples.h"

int main(int argc, char **argv)
{
	/* Closed by a reset: no port is left in TIME_WAIT, however many. */
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_storage target;
	socklen_t target_bytes = 0;
	long wanted = argc == 4 ? atol(argv[1]) : 0;
	struct findings findings;

	if (wanted > 0)
		target_bytes = parse_address(argv[2], atoi(argv[3]), &target);
	if (target_bytes == 0) {
		fprintf(stderr, "usage: %s COUNT ADDRESS PORT\n", argv[0]);
		return 2;
	}
	if (!begin_findings(&findings, wanted)) {
		perror("calloc");
		return 1;
	}

	for (long i = 0; i < wanted; i++) {
		int fd = socket(target.ss_family, SOCK_STREAM, 0);
		double start = now_microseconds();

		if (fd < 0) {
			perror("socket");
			return 1;
		}
		if (connect(fd, (struct sockaddr *)&target, target_bytes) == 0) {
			findings.good[findings.good_count++] =
				now_microseconds() - start;
		} else {
			findings.refused += errno == ECONNREFUSED;
			findings.bad[findings.bad_count++] =
				now_microseconds() - start;
		}
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
	}
	end_findings(&findings);
	return 0;
}
