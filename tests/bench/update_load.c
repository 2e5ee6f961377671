/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Load of signed DNS UPDATEs: `-c` outstanding, each message deletes the A
 * RRset of one name and adds another address.  Messages are signed before the
 * clock starts, so that what is measured is the server.  Prints one line:
 *
 *	updates/s 12345 p50_us 800 p99_us 2500 noerror 50000 other 0 resent 0
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/addr.h"
#include "common/base/clock.h"
#include "common/dns/msg.h"
#include "common/dns/tsig.h"

#define MAX_CONNECTIONS 16
#define RESEND_US 2000000

struct options {
	struct sockaddr_storage to;
	socklen_t to_len;
	struct ddns_name zone;
	struct ddns_tsig_key *key;
	unsigned count, outstanding, names, first;
	unsigned seed;
	bool tcp;
};

struct message {
	size_t start;
	uint16_t len;
	bool done;
	int64_t sent_us;
};

struct connection {
	int fd;
	unsigned first, last; /* messages of this connection: [first, last) */
	unsigned next, outstanding, answered;
	uint8_t in[65536 * 2];
	size_t in_len;
};

static struct options opt;
static struct message *messages;
static struct ddns_buf wire;
static int64_t *latency;
static unsigned answered, noerror, resent;
static struct connection connections[MAX_CONNECTIONS];
static unsigned connections_count;

static void
die(const char *what)
{
	fprintf(stderr, "update_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
must(enum ddns_err err, const char *what)
{
	if (err == DDNS_OK)
		return;
	fprintf(stderr, "update_load: %s: %s\n", what, ddns_err_text(err));
	exit(1);
}

static void
owner_of(unsigned i, struct ddns_name *ret)
{
	char label[32], zone[DDNS_NAME_TEXT_MAX], text[DDNS_NAME_TEXT_MAX + 40];

	ddns_name_format(&opt.zone, zone);
	snprintf(label, sizeof(label), "h%u", opt.first + i % opt.names);
	snprintf(text, sizeof(text), "%s.%s", label, zone);
	must(ddns_name_parse(text, ret), text);
}

static void
write_message(unsigned i, struct ddns_buf *out)
{
	uint8_t addr[4] = { 10, (uint8_t)((i + opt.seed) >> 16),
		(uint8_t)((i + opt.seed) >> 8), (uint8_t)(i + opt.seed) };
	struct ddns_msg_writer w;
	struct ddns_name owner;

	owner_of(i, &owner);
	ddns_msg_start(&w, out, (uint16_t)i, DDNS_OPCODE_UPDATE << 11);
	must(ddns_msg_put_question(&w, &opt.zone, DDNS_TYPE_SOA,
	    DDNS_CLASS_IN), "zone");
	must(ddns_msg_put_rr(&w, DDNS_SECTION_AUTHORITY, &owner, DDNS_TYPE_A,
	    DDNS_CLASS_ANY, 0, (struct ddns_span){ addr, 0 }), "delete");
	must(ddns_msg_put_rr(&w, DDNS_SECTION_AUTHORITY, &owner, DDNS_TYPE_A,
	    DDNS_CLASS_IN, 60, (struct ddns_span){ addr, 4 }), "add");
}

static void
sign_all(void)
{
	struct ddns_unix_s now = ddns_unix_s_now();

	messages = calloc(opt.count, sizeof(*messages));
	latency = calloc(opt.count, sizeof(*latency));
	if (messages == NULL || latency == NULL)
		die("calloc");
	for (unsigned i = 0; i < opt.count; i++) {
		size_t start = wire.len_bytes;

		ddns_buf_put_u16(&wire, 0); /* length, for TCP */
		write_message(i, &wire);
		if (opt.key != NULL)
			must(ddns_tsig_sign(&wire, start + 2, opt.key, NULL,
			    now, NULL), "sign");
		must(wire.err, "memory");
		messages[i].start = start;
		messages[i].len = (uint16_t)(wire.len_bytes - start - 2);
		ddns_set_u16(wire.base + start, messages[i].len);
	}
}

static void
open_connection(struct connection *c, unsigned first, unsigned last)
{
	int one = 1, room = 4 << 20;

	c->fd = socket(opt.to.ss_family, opt.tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&opt.to, opt.to_len) != 0)
		die("connect");
	if (opt.tcp)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	c->first = c->next = first;
	c->last = last;
}

static void
send_message(struct connection *c, unsigned i)
{
	const uint8_t *base = wire.base + messages[i].start;
	size_t len = messages[i].len + 2u, skip = opt.tcp ? 0 : 2;

	messages[i].sent_us = ddns_mono_us_now().v;
	while (skip < len) {
		ssize_t n = send(c->fd, base + skip, len - skip, 0);

		if (n < 0 && errno != EINTR)
			die("send");
		if (n > 0)
			skip += (size_t)n;
	}
}

/* IDs are the low 16 bits of the number; the window is far below 65536. */
static void
take_answer(struct connection *c, const uint8_t *msg, size_t len)
{
	unsigned low, i;

	if (len < DDNS_MSG_HEADER_BYTES)
		return;
	low = ddns_get_u16(msg);
	i = (c->next & ~0xffffu) | low;
	if (i >= c->next)
		i -= 0x10000;
	if (i < c->first || i >= c->next || messages[i].done)
		return;
	messages[i].done = true;
	latency[answered++] = ddns_mono_us_now().v - messages[i].sent_us;
	if ((ddns_get_u16(msg + 2) & 15) == DDNS_RCODE_NOERROR)
		noerror++;
	c->answered++;
	c->outstanding--;
}

static void
read_stream(struct connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len,
	    0);
	size_t at = 0;

	if (n <= 0)
		die("connection ended");
	c->in_len += (size_t)n;
	while (c->in_len - at >= 2 &&
	    c->in_len - at >= ddns_get_u16(c->in + at) + 2u) {
		size_t len = ddns_get_u16(c->in + at);

		take_answer(c, c->in + at + 2, len);
		at += len + 2;
	}
	memmove(c->in, c->in + at, c->in_len - at);
	c->in_len -= at;
}

static void
read_datagrams(struct connection *c)
{
	ssize_t n;

	while ((n = recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT)) > 0)
		take_answer(c, c->in, (size_t)n);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		die("recv");
}

static void
resend_late(struct connection *c)
{
	int64_t now = ddns_mono_us_now().v;
	unsigned from = c->next > 60000 + c->first ? c->next - 60000 : c->first;

	for (unsigned i = from; i < c->next && !opt.tcp; i++) {
		if (messages[i].done || now - messages[i].sent_us < RESEND_US)
			continue;
		resent++;
		send_message(c, i);
	}
}

static void
run(void)
{
	unsigned window = opt.outstanding / connections_count;
	struct pollfd fds[MAX_CONNECTIONS];

	if (window == 0)
		window = 1;
	while (answered < opt.count) {
		for (unsigned k = 0; k < connections_count; k++) {
			struct connection *c = &connections[k];

			for (; c->outstanding < window && c->next < c->last;
			    c->outstanding++)
				send_message(c, c->next++);
			fds[k] = (struct pollfd){ c->fd, POLLIN, 0 };
		}
		if (poll(fds, connections_count, 500) == 0)
			for (unsigned k = 0; k < connections_count; k++)
				resend_late(&connections[k]);
		for (unsigned k = 0; k < connections_count; k++) {
			if (fds[k].revents == 0)
				continue;
			if (opt.tcp)
				read_stream(&connections[k]);
			else
				read_datagrams(&connections[k]);
		}
	}
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* NAME:ALGORITHM:BASE64 */
static void
parse_key(char *text)
{
	char *name = strtok(text, ":"), *alg_text = strtok(NULL, ":");
	char *secret = strtok(NULL, ":");
	uint8_t bytes[DDNS_TSIG_SECRET_MAX];
	enum ddns_tsig_alg alg;
	struct ddns_name n;
	size_t len;

	if (secret == NULL)
		must(DDNS_EFORMAT, "-k NAME:ALGORITHM:BASE64");
	must(ddns_name_parse(name, &n), name);
	must(ddns_tsig_alg_parse(alg_text, &alg), alg_text);
	must(ddns_base64_decode(secret, strlen(secret), bytes, sizeof(bytes),
	    &len), "secret");
	must(ddns_tsig_key_new(&n, alg, (struct ddns_span){ bytes, len },
	    &opt.key), "key");
}

static void
parse_options(int argc, char **argv)
{
	int c;

	opt.count = 10000;
	opt.outstanding = opt.names = 100;
	must(ddns_name_parse("dyn.test", &opt.zone), "zone");
	while ((c = getopt(argc, argv, "s:z:k:n:c:N:f:a:t")) != -1) {
		if (c == 's')
			must(ddns_addr_parse_port(optarg, 53, &opt.to,
			    &opt.to_len), "-s ADDRESS:PORT");
		else if (c == 'z')
			must(ddns_name_parse(optarg, &opt.zone), "-z ZONE");
		else if (c == 'k')
			parse_key(optarg);
		else if (c == 'n')
			opt.count = (unsigned)atoi(optarg);
		else if (c == 'c')
			opt.outstanding = (unsigned)atoi(optarg);
		else if (c == 'N')
			opt.names = (unsigned)atoi(optarg);
		else if (c == 'f')
			opt.first = (unsigned)atoi(optarg);
		else if (c == 'a')
			opt.seed = (unsigned)atoi(optarg);
		else if (c == 't')
			opt.tcp = true;
		else
			exit(2);
	}
	if (opt.to_len == 0 || opt.count == 0 || opt.names == 0 ||
	    opt.outstanding == 0 || opt.outstanding > 30000) {
		fprintf(stderr, "usage: update_load -s ADDRESS:PORT [-z ZONE] "
		    "[-k NAME:ALG:BASE64] [-n COUNT]\n\t[-c OUTSTANDING] "
		    "[-N NAMES] [-f FIRST] [-a SEED] [-t]\n");
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	int64_t start;
	double seconds;

	parse_options(argc, argv);
	sign_all();
	connections_count = !opt.tcp ? 1 :
	    opt.outstanding < MAX_CONNECTIONS ? opt.outstanding :
	    MAX_CONNECTIONS;
	for (unsigned k = 0; k < connections_count; k++)
		open_connection(&connections[k],
		    (unsigned)((uint64_t)opt.count * k / connections_count),
		    (unsigned)((uint64_t)opt.count * (k + 1) /
		    connections_count));
	start = ddns_mono_us_now().v;
	run();
	seconds = (double)(ddns_mono_us_now().v - start) / 1e6;
	qsort(latency, opt.count, sizeof(*latency), by_value);
	printf("updates/s %.0f p50_us %lld p99_us %lld noerror %u other %u "
	    "resent %u\n", opt.count / seconds,
	    (long long)latency[opt.count / 2],
	    (long long)latency[(size_t)opt.count * 99 / 100], noerror,
	    answered - noerror, resent);
	return noerror == opt.count ? 0 : 1;
}
