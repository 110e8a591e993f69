/*
 * The other side of the benchmark: a packet queue's plainest C program.
 *
 *   accept_all QUEUE MARK      prints "ready", then accepts until it is killed
 *
 * Written as such programs are: the library parses each message and calls back,
 * the callback answers. It looks at nothing, so what Sluice takes beyond this
 * is what deciding costs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <libnetfilter_queue/libnetfilter_queue.h>

/* As the kernel's longest packet, with room for the netlink headers. */
#define BUFFER_BYTES (0xffff + 4096)

static uint32_t verdict_mark;

static int accept_packet(struct nfq_q_handle *queue, struct nfgenmsg *message,
                         struct nfq_data *data, void *context)
{
	struct nfqnl_msg_packet_hdr *header = nfq_get_msg_packet_hdr(data);

	(void)message;
	(void)context;
	if (header == NULL)
		return 0;
	return nfq_set_verdict2(queue, ntohl(header->packet_id), NF_ACCEPT,
				verdict_mark, 0, NULL);
}

static void fail(const char *call)
{
	perror(call);
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	static char buffer[BUFFER_BYTES] __attribute__((aligned));
	struct nfq_handle *library;
	struct nfq_q_handle *queue;
	ssize_t length;

	if (argc != 3) {
		fprintf(stderr, "usage: %s QUEUE MARK\n", argv[0]);
		return 2;
	}
	verdict_mark = (uint32_t)strtoul(argv[2], NULL, 0);

	library = nfq_open();
	if (library == NULL)
		fail("nfq_open");
	queue = nfq_create_queue(library, (uint16_t)atoi(argv[1]),
				 accept_packet, NULL);
	if (queue == NULL)
		fail("nfq_create_queue");
	if (nfq_set_mode(queue, NFQNL_COPY_PACKET, 0xffff) < 0)
		fail("nfq_set_mode");

	puts("ready");
	fflush(stdout);

	for (;;) {
		length = recv(nfq_fd(library), buffer, sizeof(buffer), 0);
		if (length >= 0)
			nfq_handle_packet(library, buffer, (int)length);
		else if (errno != ENOBUFS && errno != EINTR)
			fail("recv");
	}
}
