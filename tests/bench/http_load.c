/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Load of dyndns2 updates over HTTP keep-alive:
 *	http_load ADDRESS:PORT TOKEN ZONE HOSTS CLIENTS SECONDS [same]
 * Each client sends an update, waits for the answer, and sends the next, for
 * hosts h0.ZONE to h<HOSTS-1>.ZONE in turn, each with an address that the host
 * never had, so each is a change that has to be durable (with `same` it is
 * always one address: nochg after the first round).  Prints one line:
 *
 *	updates/s 12345 p50_us 800 p99_us 2500 good 50000 nochg 0 other 0
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/addr.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"

#define LATENCIES_MAX 4000000

struct client {
	int fd;
	int64_t sent_us;
	char in[2048];
	size_t in_len;
};

static struct {
	struct sockaddr_storage to;
	socklen_t to_len;
	const char *zone;
	unsigned hosts, clients;
	bool same;
	char auth[512];
} opt;
static unsigned sequence;
static unsigned good, nochg, other;
static int32_t *latencies;
static size_t latencies_count;

static void
die(const char *what)
{
	fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
make_auth(const char *token)
{
	struct ddns_buf out = { 0 };
	char pair[256];

	snprintf(pair, sizeof(pair), "bench:%s", token);
	ddns_base64_encode(&out,
	    (struct ddns_span){ (uint8_t *)pair, strlen(pair) });
	snprintf(opt.auth, sizeof(opt.auth), "%s", ddns_buf_text(&out));
	ddns_buf_done(&out);
}

static void
send_next(struct client *client)
{
	unsigned n = sequence++;
	/* 11.0.0.0 on: global unicast addresses */
	unsigned a = opt.same ? 1 : n / opt.hosts + 1;
	char text[1024];
	int len = snprintf(text, sizeof(text),
	    "GET /nic/update?hostname=h%u.%s&myip=11.%u.%u.%u HTTP/1.1\r\n"
	    "Host: bench\r\nAuthorization: Basic %s\r\n"
	    "User-Agent: http_load/1\r\n\r\n", n % opt.hosts, opt.zone,
	    (a >> 16) & 255, (a >> 8) & 255, a & 255, opt.auth);

	client->sent_us = ddns_mono_us_now().v;
	if (write(client->fd, text, (size_t)len) != len)
		die("write");
}

static void
count_answer(const char *body)
{
	if (strncmp(body, "good ", 5) == 0)
		good++;
	else if (strncmp(body, "nochg ", 6) == 0)
		nochg++;
	else
		other++;
}

/* true: an answer has come whole. */
static bool
receive(struct client *client)
{
	ssize_t n = read(client->fd, client->in + client->in_len,
	    sizeof(client->in) - 1 - client->in_len);
	char *body, *length;

	if (n <= 0)
		die("read");
	client->in_len += (size_t)n;
	client->in[client->in_len] = '\0';
	body = strstr(client->in, "\r\n\r\n");
	length = strstr(client->in, "Content-Length: ");
	if (body == NULL || length == NULL)
		return false;
	body += 4;
	if (client->in + client->in_len <
	    body + strtoul(length + 16, NULL, 10))
		return false;
	count_answer(body);
	client->in_len = 0;
	if (latencies_count < LATENCIES_MAX)
		latencies[latencies_count++] =
		    (int32_t)(ddns_mono_us_now().v - client->sent_us);
	return true;
}

static void
open_client(struct client *client, int epoll)
{
	struct epoll_event event = { .events = EPOLLIN,
		.data = { .ptr = client } };
	int one = 1;

	client->fd = socket(opt.to.ss_family, SOCK_STREAM, 0);
	if (client->fd < 0 || connect(client->fd,
	    (struct sockaddr *)&opt.to, opt.to_len) != 0)
		die("connect");
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
		die("epoll_ctl");
}

static int64_t
run(struct client *clients, int64_t duration_us)
{
	int epoll = epoll_create1(0);
	int64_t start, end;

	for (unsigned i = 0; i < opt.clients; i++)
		open_client(&clients[i], epoll);
	start = ddns_mono_us_now().v;
	end = start + duration_us;
	for (unsigned i = 0; i < opt.clients; i++)
		send_next(&clients[i]);
	while (ddns_mono_us_now().v < end) {
		struct epoll_event events[128];
		int n = epoll_wait(epoll, events, 128, 100);

		for (int i = 0; i < n; i++)
			if (receive(events[i].data.ptr))
				send_next(events[i].data.ptr);
	}
	return ddns_mono_us_now().v - start;
}

static int
compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	struct client *clients;
	int64_t took_us;

	if (argc < 7 || ddns_addr_parse_port(argv[1], 80, &opt.to,
	    &opt.to_len) != DDNS_OK) {
		fprintf(stderr, "usage: http_load ADDRESS:PORT TOKEN ZONE "
		    "HOSTS CLIENTS SECONDS [same]\n");
		return 2;
	}
	make_auth(argv[2]);
	opt.zone = argv[3];
	opt.hosts = (unsigned)strtoul(argv[4], NULL, 10);
	opt.clients = (unsigned)strtoul(argv[5], NULL, 10);
	opt.same = argc > 7 && strcmp(argv[7], "same") == 0;
	if (!opt.same)
		/* addresses of earlier runs are not met again */
		sequence = (unsigned)(ddns_mono_us_now().v % 1000000) *
		    opt.hosts;
	clients = calloc(opt.clients, sizeof(*clients));
	latencies = calloc(LATENCIES_MAX, sizeof(*latencies));
	if (clients == NULL || latencies == NULL || opt.hosts == 0)
		die("options");
	took_us = run(clients, (int64_t)(strtod(argv[6], NULL) * 1e6));
	qsort(latencies, latencies_count, sizeof(*latencies), compare);
	printf("updates/s %.0f p50_us %d p99_us %d good %u nochg %u other "
	    "%u\n", (double)latencies_count * 1e6 / (double)took_us,
	    latencies_count > 0 ? latencies[latencies_count / 2] : 0,
	    latencies_count > 0 ? latencies[latencies_count * 99 / 100] : 0,
	    good, nochg, other);
	return 0;
}
