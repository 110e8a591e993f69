/*
 * How long a TLS handshake takes: so many connections, one after the other, each
 * a whole handshake without a session that is resumed.
 *
 *   tls_probe COUNT ADDRESS PORT NAME
 *
 * Prints what `connect` prints; times are from connect() to the end of the
 * handshake, in microseconds. The server's certificate is not looked at.
 */
#include <errno.h>
#include <openssl/ssl.h>
#include <sys/time.h>
#include <unistd.h>

#include "samples.h"

/* Zero when the handshake has been made. */
static int shake_hands(SSL_CTX *context, int fd, const char *name)
{
	SSL *ssl = SSL_new(context);
	int result;

	if (ssl == NULL)
		return -1;
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, name);
	result = SSL_connect(ssl) == 1 ? 0 : -1;
	SSL_free(ssl);
	return result;
}

int main(int argc, char **argv)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	const struct timeval patience = { .tv_sec = 2 };
	struct sockaddr_storage target;
	socklen_t bytes = 0;
	long wanted = argc == 5 ? atol(argv[1]) : 0;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct findings findings;

	if (wanted > 0)
		bytes = parse_address(argv[2], atoi(argv[3]), &target);
	if (bytes == 0) {
		fprintf(stderr, "usage: %s COUNT ADDRESS PORT NAME\n", argv[0]);
		return 2;
	}
	if (context == NULL || !begin_findings(&findings, wanted)) {
		perror("tls_probe");
		return 1;
	}
	for (long i = 0; i < wanted; i++) {
		int fd = socket(target.ss_family, SOCK_STREAM, 0);
		double start = now_microseconds();

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			   sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		errno = 0;
		if (connect(fd, (struct sockaddr *)&target, bytes) == 0 &&
		    shake_hands(context, fd, argv[4]) == 0) {
			findings.good[findings.good_count++] =
				now_microseconds() - start;
		} else {
			findings.refused += errno == ECONNREFUSED ||
					    errno == ECONNRESET;
			findings.bad[findings.bad_count++] =
				now_microseconds() - start;
		}
		close(fd);
	}
	end_findings(&findings);
	SSL_CTX_free(context);
	return 0;
}
