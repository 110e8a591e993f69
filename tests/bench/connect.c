/*
 * How long connect() takes: so many TCP connections, one after the other.
 *
 *   connect COUNT ADDRESS PORT
 *
 * Prints {"count","failures","p50","p90","p99"}: those that were connected,
 * those that were not, and the percentiles of the former in microseconds.
 */
#include <unistd.h>

#include "samples.h"

int main(int argc, char **argv)
{
	/* Closed by a reset: no port is left in TIME_WAIT, however many. */
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_storage target;
	socklen_t target_bytes = 0;
	long wanted = argc == 4 ? atol(argv[1]) : 0;
	long count = 0;
	long failures = 0;
	double *samples;

	if (wanted > 0)
		target_bytes = parse_address(argv[2], atoi(argv[3]), &target);
	if (target_bytes == 0) {
		fprintf(stderr, "usage: %s COUNT ADDRESS PORT\n", argv[0]);
		return 2;
	}
	samples = calloc((size_t)wanted, sizeof(*samples));
	if (samples == NULL) {
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
		if (connect(fd, (struct sockaddr *)&target, target_bytes) == 0)
			samples[count++] = now_microseconds() - start;
		else
			failures++;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
	}
	print_samples(samples, count, failures);
	free(samples);
	return 0;
}
