/*
 * How long connect() takes on a machine full of processes: so many TCP
 * connections, each by a process of its own.
 *
 *   crowd COUNT ADDRESS PORT PROCESSES DESCRIPTORS
 *
 * Prints what `connect` prints. The processes around it are idle, and hold so
 * many sockets each.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "samples.h"

/* Microseconds; negative when it was refused. */
static double *taken;

static void idle(int descriptors, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < descriptors; i++)
		if (socket(AF_INET, SOCK_DGRAM, 0) < 0)
			_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void make_one(long at, const struct sockaddr_storage *target,
                     socklen_t target_bytes)
{
	/* Closed by a reset: no port is left in TIME_WAIT, however many. */
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int fd = socket(target->ss_family, SOCK_STREAM, 0);
	double start = now_microseconds();

	if (connect(fd, (const struct sockaddr *)target, target_bytes) == 0)
		taken[at] = now_microseconds() - start;
	else
		taken[at] = start - now_microseconds();
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	_exit(0);
}

int main(int argc, char **argv)
{
	struct sockaddr_storage target;
	socklen_t target_bytes = 0;
	long wanted = argc == 6 ? atol(argv[1]) : 0;
	int processes = argc == 6 ? atoi(argv[4]) : 0;
	struct findings findings;
	int ready[2];
	char byte;

	if (wanted > 0)
		target_bytes = parse_address(argv[2], atoi(argv[3]), &target);
	if (target_bytes == 0) {
		fprintf(stderr,
			"usage: %s COUNT ADDRESS PORT PROCESSES DESCRIPTORS\n",
			argv[0]);
		return 2;
	}
	taken = mmap(NULL, (size_t)wanted * sizeof(*taken),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (taken == MAP_FAILED || pipe(ready) < 0 ||
	    !begin_findings(&findings, wanted)) {
		perror("begin");
		return 1;
	}
	for (int i = 0; i < processes; i++) {
		int pid = fork();

		if (pid == 0)
			idle(atoi(argv[5]), ready[1]);
		if (pid < 0 || read(ready[0], &byte, 1) != 1) {
			perror("fork");
			return 1;
		}
	}
	for (long i = 0; i < wanted; i++) {
		int pid = fork();

		if (pid == 0)
			make_one(i, &target, target_bytes);
		if (pid < 0 || waitpid(pid, NULL, 0) < 0) {
			perror("fork");
			return 1;
		}
		if (taken[i] > 0) {
			findings.good[findings.good_count++] = taken[i];
		} else {
			findings.refused++;
			findings.bad[findings.bad_count++] = -taken[i];
		}
	}
	end_findings(&findings);
	return 0;
}
