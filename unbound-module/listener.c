/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive, verify, drop, answer.
 *
 * A thread of its own, since Unbound offers modules no place in its event
 * loop, and since a worker should not be kept from answering queries.  All
 * signals are blocked here: they are Unbound's.
 *
 * Names are dropped at once, in the order they come.  A whole zone takes long
 * (a second for a million entries), so it is done in steps between which
 * requests are served; it is answered when it is done.
 *
 * A sender who gets no answer asks again, so wherever something fails (no
 * memory, Unbound stopping, too many zones waiting) silence is right.
 */
#include "unbound-module/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "unbound-module/verify.h"

#define UDP_BATCH 64        /* datagrams between two looks at the rest */
#define UDP_RCVBUF_BYTES (4 << 20)
#define TCP_IDLE_US 10000000
#define WALKS_MAX 16        /* zones that wait */
#define RETRY_BIND_US 1000000
#define WALK_REST_US 50     /* between two steps: cache hits come first */

struct port {
	const struct ddns_listen *listen;
	int udp, tcp; /* -1: not open */
};

struct client { /* over TCP */
	int fd; /* -1: free */
	unsigned serial; /* tells it from the next one at this place */
	struct ddns_mono_us last;
	size_t got;
	uint8_t in[2 + DDNS_REQUEST_MAX_BYTES];
	struct ddns_buf out;
	size_t sent;
};

/* Where an answer goes. */
struct origin {
	int udp; /* -1: TCP */
	struct sockaddr_storage from;
	socklen_t from_len;
	size_t client;
	unsigned serial;
	struct ddns_mono_us received;
};

struct walk_job {
	struct ddns_request request;
	struct origin origin;
	bool begun;
	struct ddns_drop_walk walk;
};

struct ddns_listener {
	struct ddns_listener_param param;
	pthread_t thread;
	bool started;
	int stop; /* eventfd */
	struct port *ports;
	size_t ports_count, clients_count;
	struct client *clients;
	unsigned serial;
	struct pollfd *polls;
	struct walk_job *walks[WALKS_MAX];
	size_t walks_count;
	bool dead; /* Unbound is stopping: nothing may be dropped any more */
	struct ddns_mono_us bind_at, stats_at;
	struct ddns_buf answer;
	uint8_t datagram[DDNS_REQUEST_MAX_BYTES + 1];
};

/* --- ports --- */

static int
open_socket(const struct ddns_listen *listen_on, int type)
{
	int fd, on = 1, size = UDP_RCVBUF_BYTES, saved;

	fd = socket(listen_on->addr.ss_family,
	    type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (listen_on->addr.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
		    sizeof(on));
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
		    sizeof(on));
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	if (bind(fd, (const struct sockaddr *)&listen_on->addr,
	    listen_on->addr_len) == 0 &&
	    (type == SOCK_DGRAM || listen(fd, 16) == 0))
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static void
describe(const struct ddns_listen *listen_on, const char *what,
    struct ddns_buf *why)
{
	char text[DDNS_ADDR_TEXT_MAX] = "?";
	struct ddns_addr addr;
	uint16_t port = 0;
	int saved = errno;

	if (ddns_addr_from_sockaddr((const struct sockaddr *)&listen_on->addr,
	    &addr, &port) == DDNS_OK)
		ddns_addr_format(&addr, text);
	ddns_buf_putf(why, "cannot listen on %s port %u (%s): %s%s", text,
	    port, what, strerror(saved), saved == EACCES && port < 1024 ?
	    "; Unbound has given up its privileges by now, take a port above "
	    "1023" : "");
}

/* false: at least one is not open; why holds the first reason */
static bool
open_ports(struct ddns_listener *l, struct ddns_buf *why)
{
	struct port *port;
	bool all = true;
	size_t i;

	for (i = 0; i < l->ports_count; i++) {
		port = &l->ports[i];
		if (port->udp < 0)
			port->udp = open_socket(port->listen, SOCK_DGRAM);
		if (port->udp < 0 && all)
			describe(port->listen, "UDP", why);
		all = all && port->udp >= 0;
		if (l->clients_count == 0)
			continue;
		if (port->tcp < 0)
			port->tcp = open_socket(port->listen, SOCK_STREAM);
		if (port->tcp < 0 && all)
			describe(port->listen, "TCP", why);
		all = all && port->tcp >= 0;
	}
	return all;
}

/* --- clients over TCP --- */

static void
client_close(struct client *client)
{
	if (client->fd >= 0)
		(void)close(client->fd);
	client->fd = -1;
	client->got = client->sent = 0;
	ddns_buf_done(&client->out);
}

static void
client_flush(struct client *client)
{
	ssize_t n;

	while (client->sent < client->out.len_bytes) {
		n = send(client->fd, client->out.base + client->sent,
		    client->out.len_bytes - client->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			client_close(client);
			return;
		}
		client->sent += (size_t)n;
	}
	client->sent = 0;
	ddns_buf_reset(&client->out);
}

/* --- one request --- */

static void
send_answer(struct ddns_listener *l, struct ddns_request *request,
    unsigned rcode, const struct origin *to)
{
	struct client *client;

	ddns_buf_reset(&l->answer);
	if (ddns_verify_answer(request, rcode, ddns_unix_s_now(),
	    &l->answer) != DDNS_OK)
		return;
	if (to->udp >= 0) {
		(void)sendto(to->udp, l->answer.base, l->answer.len_bytes,
		    MSG_NOSIGNAL, (const struct sockaddr *)&to->from,
		    to->from_len);
		return;
	}
	client = &l->clients[to->client];
	if (client->fd < 0 || client->serial != to->serial)
		return; /* hung up meanwhile */
	ddns_buf_put_u16(&client->out, (uint16_t)l->answer.len_bytes);
	ddns_buf_put(&client->out, l->answer.base, l->answer.len_bytes);
	if (client->out.err != DDNS_OK)
		client_close(client);
	else
		client_flush(client);
}

static void
finish(struct ddns_listener *l, struct ddns_request *request,
    enum ddns_err err, const struct origin *origin)
{
	struct ddns_stats *stats = l->param.dropper.stats;

	if (err != DDNS_OK) {
		l->dead = l->dead || err == DDNS_ESTOP;
		ddns_stats_add(&stats->not_done);
		return;
	}
	send_answer(l, request, DDNS_RCODE_NOERROR, origin);
	ddns_stats_add(&stats->acked);
	ddns_stats_took(stats,
	    ddns_mono_us_now().v - origin->received.v);
}

/* The sender's second try while the first still waits or is being done. */
static bool
is_repeat(const struct ddns_listener *l, const struct ddns_request *request)
{
	const struct ddns_request *have;
	size_t i;

	for (i = 0; i < l->walks_count; i++) {
		have = &l->walks[i]->request;
		if (have->header.id == request->header.id &&
		    have->tsig.mac_len_bytes == request->tsig.mac_len_bytes &&
		    memcmp(have->tsig.mac, request->tsig.mac,
		    have->tsig.mac_len_bytes) == 0)
			return true;
	}
	return false;
}

static void
queue_walk(struct ddns_listener *l, const struct ddns_request *request,
    const struct origin *origin)
{
	struct walk_job *job;

	if (l->walks_count == WALKS_MAX || is_repeat(l, request))
		return;
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return;
	job->request = *request;
	job->origin = *origin;
	l->walks[l->walks_count++] = job;
}

static void
handle(struct ddns_listener *l, struct ddns_span msg,
    const struct origin *origin)
{
	struct ddns_dropper *d = &l->param.dropper;
	struct ddns_request request;
	enum ddns_err err;

	ddns_verify(msg, ddns_settings_find_key,
	    (void *)(uintptr_t)l->param.settings, d->zones, ddns_unix_s_now(),
	    d->stats, &request);
	switch (request.verdict) {
	case DDNS_VERDICT_IGNORE:
		break;
	case DDNS_VERDICT_ANSWER:
		send_answer(l, &request, request.rcode, origin);
		break;
	case DDNS_VERDICT_DROP:
		if (l->dead) {
			ddns_stats_add(&d->stats->not_done);
		} else if (ddns_drop_is_wide(&request.notify.name,
		    request.notify.type)) {
			queue_walk(l, &request, origin);
		} else {
			err = ddns_drop_name(d, request.zone,
			    &request.notify.name, request.notify.type);
			finish(l, &request, err, origin);
		}
		break;
	}
}

/* One step of the zone that is first in line; the answer when it is done. */
static void
step_walk(struct ddns_listener *l)
{
	struct walk_job *job = l->walks[0];
	struct ddns_dropper *d = &l->param.dropper;
	bool done = false;
	enum ddns_err err = DDNS_ESTOP;

	if (!job->begun)
		ddns_drop_walk_begin(d, job->request.zone,
		    &job->request.notify.name, &job->walk);
	job->begun = true;
	err = ddns_drop_walk_step(d, &job->walk, &done);
	if (err == DDNS_OK && !done)
		return;
	finish(l, &job->request, err, &job->origin);
	free(job);
	l->walks_count--;
	memmove(l->walks, l->walks + 1, l->walks_count * sizeof(l->walks[0]));
}

/* --- reading --- */

static void
read_udp(struct ddns_listener *l, int fd)
{
	struct ddns_stats *stats = l->param.dropper.stats;
	struct origin origin = { .udp = fd };
	ssize_t n;
	unsigned i;

	for (i = 0; i < UDP_BATCH; i++) {
		origin.from_len = sizeof(origin.from);
		n = recvfrom(fd, l->datagram, sizeof(l->datagram), 0,
		    (struct sockaddr *)&origin.from, &origin.from_len);
		if (n < 0)
			return;
		origin.received = ddns_mono_us_now();
		ddns_stats_add(&stats->notify_udp);
		if (!ddns_settings_allow(l->param.settings,
		    (struct sockaddr *)&origin.from)) {
			ddns_stats_add(&stats->not_allowed);
			continue;
		}
		handle(l, (struct ddns_span){ l->datagram, (size_t)n },
		    &origin);
	}
}

static struct client *
free_client(struct ddns_listener *l)
{
	struct client *oldest = &l->clients[0];
	size_t i;

	for (i = 0; i < l->clients_count; i++) {
		if (l->clients[i].fd < 0)
			return &l->clients[i];
		if (l->clients[i].last.v < oldest->last.v)
			oldest = &l->clients[i];
	}
	client_close(oldest); /* rather than lock a sender out */
	return oldest;
}

static void
accept_tcp(struct ddns_listener *l, int fd)
{
	struct ddns_stats *stats = l->param.dropper.stats;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct client *client;
	int on = 1, conn;

	conn = accept4(fd, (struct sockaddr *)&from, &from_len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (conn < 0)
		return;
	if (!ddns_settings_allow(l->param.settings,
	    (struct sockaddr *)&from)) {
		ddns_stats_add(&stats->not_allowed);
		(void)close(conn);
		return;
	}
	(void)setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	client = free_client(l);
	client->fd = conn;
	client->serial = ++l->serial;
	client->last = ddns_mono_us_now();
}

/* The whole messages in the buffer, RFC 1035 s.4.2.2. */
static void
handle_tcp(struct ddns_listener *l, struct client *client)
{
	struct origin origin = { .udp = -1, .serial = client->serial,
		.client = (size_t)(client - l->clients),
		.received = client->last };
	size_t len;

	while (client->fd >= 0 && client->got >= 2) {
		len = ddns_get_u16(client->in);
		if (len > DDNS_REQUEST_MAX_BYTES) {
			client_close(client);
			return;
		}
		if (client->got < 2 + len)
			return;
		ddns_stats_add(&l->param.dropper.stats->notify_tcp);
		handle(l, (struct ddns_span){ client->in + 2, len }, &origin);
		if (client->fd < 0)
			return;
		client->got -= 2 + len;
		memmove(client->in, client->in + 2 + len, client->got);
	}
}

static void
read_tcp(struct ddns_listener *l, struct client *client)
{
	ssize_t n;

	n = recv(client->fd, client->in + client->got,
	    sizeof(client->in) - client->got, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(client);
		return;
	}
	client->got += (size_t)n;
	client->last = ddns_mono_us_now();
	handle_tcp(l, client);
}

/* --- the loop --- */

static void
log_stats(struct ddns_listener *l)
{
	struct ddns_buf text = { 0 };

	ddns_stats_format(l->param.dropper.stats, &text);
	ddns_log(DDNS_LOG_INFO, "unbound-ddns: %s", ddns_buf_text(&text));
	ddns_buf_done(&text);
}

static void
on_time(struct ddns_listener *l, struct ddns_mono_us now)
{
	struct ddns_buf why = { 0 };
	size_t i;

	for (i = 0; i < l->clients_count; i++) {
		if (l->clients[i].fd >= 0 &&
		    now.v - l->clients[i].last.v > TCP_IDLE_US)
			client_close(&l->clients[i]);
	}
	if (l->bind_at.v != 0 && now.v >= l->bind_at.v) {
		l->bind_at.v = now.v + RETRY_BIND_US;
		if (open_ports(l, &why)) {
			l->bind_at.v = 0;
			ddns_log(DDNS_LOG_NOTICE,
			    "unbound-ddns: listens again");
		}
		ddns_buf_done(&why);
	}
	if (l->stats_at.v != 0 && now.v >= l->stats_at.v) {
		l->stats_at.v = now.v +
		    (int64_t)l->param.stats_interval_s * 1000000;
		log_stats(l);
	}
}

static size_t
fill_polls(struct ddns_listener *l)
{
	size_t i, n = 0;

	l->polls[n++] = (struct pollfd){ .fd = l->stop, .events = POLLIN };
	for (i = 0; i < l->ports_count; i++) {
		l->polls[n++] = (struct pollfd){ .fd = l->ports[i].udp,
			.events = POLLIN };
		l->polls[n++] = (struct pollfd){ .fd = l->ports[i].tcp,
			.events = POLLIN };
	}
	for (i = 0; i < l->clients_count; i++)
		l->polls[n++] = (struct pollfd){ .fd = l->clients[i].fd,
			.events = (short)(l->clients[i].out.len_bytes > 0 ?
			POLLOUT : POLLIN) };
	return n;
}

static void
serve(struct ddns_listener *l)
{
	const struct pollfd *at = l->polls + 1;
	size_t i;

	for (i = 0; i < l->ports_count; i++, at += 2) {
		if (at[0].revents != 0)
			read_udp(l, at[0].fd);
		if (at[1].revents != 0)
			accept_tcp(l, at[1].fd);
	}
	for (i = 0; i < l->clients_count; i++, at++) {
		/* one accepted just now may stand in a closed one's place */
		if (at->revents == 0 || l->clients[i].fd != at->fd)
			continue;
		if ((at->revents & POLLOUT) != 0)
			client_flush(&l->clients[i]);
		else
			read_tcp(l, &l->clients[i]);
	}
}

static void *
run(void *arg)
{
	struct ddns_listener *l = arg;
	size_t n;
	int timeout_ms;

	for (;;) {
		n = fill_polls(l);
		timeout_ms = l->walks_count > 0 ? 0 : 1000;
		if (poll(l->polls, n, timeout_ms) < 0 && errno != EINTR)
			(void)usleep(1000);
		if (l->polls[0].revents != 0)
			return NULL;
		serve(l);
		if (l->walks_count > 0) {
			step_walk(l);
			(void)usleep(WALK_REST_US);
		}
		on_time(l, ddns_mono_us_now());
	}
}

static enum ddns_err
start_thread(struct ddns_listener *l)
{
	sigset_t all, old;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&l->thread, NULL, run, l);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
		return DDNS_ENOMEM;
	(void)pthread_setname_np(l->thread, "unbound-ddns");
	l->started = true;
	return DDNS_OK;
}

static enum ddns_err
allocate(struct ddns_listener *l)
{
	const struct ddns_module_conf *conf = l->param.settings->conf;
	size_t i;

	l->ports_count = conf->listen_count;
	l->clients_count = conf->max_tcp;
	l->ports = calloc(l->ports_count, sizeof(*l->ports));
	l->clients = calloc(l->clients_count + 1, sizeof(*l->clients));
	l->polls = calloc(1 + 2 * l->ports_count + l->clients_count,
	    sizeof(*l->polls));
	l->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->ports == NULL || l->clients == NULL || l->polls == NULL ||
	    l->stop < 0)
		return DDNS_ENOMEM;
	for (i = 0; i < l->ports_count; i++)
		l->ports[i] = (struct port){ &conf->listen[i], -1, -1 };
	for (i = 0; i < l->clients_count; i++) {
		l->clients[i].fd = -1;
		l->clients[i].out.max_bytes = 64 * DDNS_ANSWER_MAX_BYTES;
	}
	l->answer.max_bytes = DDNS_ANSWER_MAX_BYTES;
	return DDNS_OK;
}

enum ddns_err
ddns_listener_new(const struct ddns_listener_param *param, bool must_bind,
    struct ddns_listener **ret, struct ddns_buf *why)
{
	struct ddns_listener *l = NULL;
	enum ddns_err err = DDNS_ENOMEM;

	l = calloc(1, sizeof(*l));
	if (l == NULL)
		goto out;
	l->stop = -1;
	l->param = *param;
	err = allocate(l);
	if (err != DDNS_OK)
		goto out;
	if (!open_ports(l, why)) {
		err = DDNS_EIO;
		if (must_bind)
			goto out;
		ddns_log(DDNS_LOG_ERROR, "unbound-ddns: %s; trying again",
		    ddns_buf_text(why));
		l->bind_at.v = ddns_mono_us_now().v + RETRY_BIND_US;
	}
	if (param->stats_interval_s > 0)
		l->stats_at.v = ddns_mono_us_now().v +
		    (int64_t)param->stats_interval_s * 1000000;
	err = start_thread(l);
	if (err != DDNS_OK)
		goto out;
	*ret = l;
	l = NULL;
out:
	if (err != DDNS_OK && why->len_bytes == 0)
		ddns_buf_put_text(why, ddns_err_text(err));
	ddns_listener_free(l);
	return err;
}

void
ddns_listener_free(struct ddns_listener *l)
{
	uint64_t one = 1;
	size_t i;

	if (l == NULL)
		return;
	if (l->started) {
		while (write(l->stop, &one, sizeof(one)) < 0 && errno == EINTR)
			;
		(void)pthread_join(l->thread, NULL);
	}
	for (i = 0; l->ports != NULL && i < l->ports_count; i++) {
		if (l->ports[i].udp >= 0)
			(void)close(l->ports[i].udp);
		if (l->ports[i].tcp >= 0)
			(void)close(l->ports[i].tcp);
	}
	for (i = 0; l->clients != NULL && i < l->clients_count; i++)
		client_close(&l->clients[i]);
	for (i = 0; i < l->walks_count; i++)
		free(l->walks[i]);
	if (l->stop >= 0)
		(void)close(l->stop);
	ddns_buf_done(&l->answer);
	free(l->ports);
	free(l->clients);
	free(l->polls);
	free(l);
}
