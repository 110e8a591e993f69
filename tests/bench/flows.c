/*
 * New TCP connections at a steady rate, whether or not they are answered.
 *
 *   flows RATE SECONDS ADDRESS PORT
 *
 * Prints {"sent","connected","late"}: how many were begun in time, how many of
 * them were there within a quarter of a second without a packet of theirs being
 * sent twice, and how many later. Those that are in neither were lost.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "samples.h"

#define LATE_MICROSECONDS 250e3
#define EVENTS 64
#define MAX_DESCRIPTORS 65536

static double begun_at[MAX_DESCRIPTORS];
static long connected, late, open_count;

/* Closed by a reset: no port is left in TIME_WAIT, however many. */
static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

static int begin(int poll, struct sockaddr_storage *target, socklen_t bytes)
{
	struct epoll_event event = { .events = EPOLLOUT };
	int fd = socket(target->ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || fd >= MAX_DESCRIPTORS)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	begun_at[fd] = now_microseconds();
	if (connect(fd, (struct sockaddr *)target, bytes) < 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		return 0;
	}
	event.data.fd = fd;
	open_count++;
	return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void finish(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t bytes = sizeof(info);
	int error = 0;
	socklen_t error_bytes = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes);
	if (error == 0 && info.tcpi_total_retrans == 0 &&
	    now_microseconds() - begun_at[fd] < LATE_MICROSECONDS)
		connected++;
	else if (error == 0)
		late++;
	open_count--;
	close(fd);
}

static void wait_until(int poll, double end)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		double left = end - now_microseconds();
		int count = epoll_wait(poll, events, EVENTS,
				       left > 2000 ? (int)(left / 1000) : 0);

		for (int at = 0; at < count; at++)
			finish(events[at].data.fd);
		if (left <= 0 || (count == 0 && left < 2000))
			return;
	}
}

int main(int argc, char **argv)
{
	double rate = argc == 5 ? atof(argv[1]) : 0;
	double seconds = argc == 5 ? atof(argv[2]) : 0;
	struct sockaddr_storage target;
	socklen_t bytes = argc == 5 ?
		parse_address(argv[3], atoi(argv[4]), &target) : 0;
	int poll = epoll_create1(0);
	double start, end;
	long sent = 0;

	if (rate <= 0 || seconds <= 0 || bytes == 0) {
		fprintf(stderr, "usage: %s RATE SECONDS ADDRESS PORT\n", argv[0]);
		return 2;
	}
	start = now_microseconds();
	end = start + seconds * 1e6;
	while (sent < (long)(rate * seconds)) {
		double due = start + (double)sent / rate * 1e6;

		wait_until(poll, due);
		if (now_microseconds() > end + LATE_MICROSECONDS ||
		    !begin(poll, &target, bytes))
			break;
		sent++;
	}
	end = now_microseconds() + 2 * LATE_MICROSECONDS;
	while (open_count > 0 && now_microseconds() < end)
		wait_until(poll, now_microseconds() + 5000);
	printf("{\"sent\":%ld,\"connected\":%ld,\"late\":%ld}\n", sent, connected,
	       late);
	return 0;
}
