/*
 * What the two probes share: a clock, an address, and one line of JSON.
 */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static inline double now_microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Returns the length of the address, or 0 when it is neither IPv4 nor IPv6. */
static inline socklen_t parse_address(const char *text, int port,
                                      struct sockaddr_storage *result)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)result;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)result;

	memset(result, 0, sizeof(*result));
	if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons((uint16_t)port);
		return sizeof(*ipv4);
	}
	if (inet_pton(AF_INET6, text, &ipv6->sin6_addr) == 1) {
		ipv6->sin6_family = AF_INET6;
		ipv6->sin6_port = htons((uint16_t)port);
		return sizeof(*ipv6);
	}
	return 0;
}

static inline int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The smallest sample that is not below `share` of all (nearest rank). */
static inline double percentile(const double *sorted, long count, double share)
{
	long rank = (long)(share * (double)count);

	if ((double)rank < share * (double)count)
		rank++;
	return count == 0 ? 0 : sorted[rank > 0 ? rank - 1 : 0];
}

/* What a probe found: times in microseconds. */
struct findings {
	double *good;
	long good_count;
	double *bad;
	long bad_count;
	/* Of the bad: those whose refusal arrived; the others ran out of time. */
	long refused;
};

/* Returns 0 when there is no memory for so many samples. */
static inline int begin_findings(struct findings *findings, long wanted)
{
	memset(findings, 0, sizeof(*findings));
	findings->good = calloc((size_t)wanted, sizeof(*findings->good));
	findings->bad = calloc((size_t)wanted, sizeof(*findings->bad));
	return findings->good != NULL && findings->bad != NULL;
}

/* Sorts the samples, prints them as one line of JSON, and frees them. */
static inline void end_findings(struct findings *findings)
{
	double *good = findings->good;
	double *bad = findings->bad;
	long count = findings->good_count;
	long failures = findings->bad_count;

	qsort(good, (size_t)count, sizeof(*good), compare_doubles);
	qsort(bad, (size_t)failures, sizeof(*bad), compare_doubles);
	printf("{\"count\":%ld,\"failures\":%ld,\"refused\":%ld,"
	       "\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,"
	       "\"failed_p50\":%.2f,\"failed_p99\":%.2f}\n",
	       count, failures, findings->refused,
	       percentile(good, count, 0.50), percentile(good, count, 0.90),
	       percentile(good, count, 0.99), percentile(bad, failures, 0.50),
	       percentile(bad, failures, 0.99));
	free(good);
	free(bad);
}

#endif
