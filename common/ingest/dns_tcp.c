/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TCP side, RFC 7766.
 *
 * Updates of one connection go to the writer without waiting for each other,
 * so that a pipelining client shares commits with itself; they are applied and
 * answered in the order they came.  Anything else waits until the updates
 * before it are answered, and so sees what they did.
 *
 * A transfer runs in a thread of its own, which writes to the socket by itself
 * while the loop leaves that alone.
 *
 * A request has one deadline from its first octet to its last, a connection
 * without one an idle time.  When all places are taken, the connection that
 * has been silent longest makes room.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "common/base/log.h"
#include "common/ingest/dns_request.h"
#include "common/ingest/dns_transfer.h"

#define BACKLOG 511
#define PENDING_MAX 256          /* requests of one connection */
#define INPUT_MAX (2 * (2 + DDNS_MSG_MAX_BYTES)) /* bytes not yet taken up */
#define OUTPUT_MAX (1 << 20)     /* bytes that a client leaves unread */
#define TRANSFERS_MAX 8          /* at once; each has a thread */
#define TRANSFER_STALL_MS 30000  /* a client that reads nothing */
#define TRANSFER_MAX_US (600 * (int64_t)1000000) /* its snapshot costs us */

struct request {
	struct ddns_dns_request request;
	TAILQ_ENTRY(request) link;
	struct conn *conn;
	struct ddns_buf answer;
	bool done;
};
TAILQ_HEAD(requests, request);

struct conn {
	TAILQ_ENTRY(conn) link;
	struct ddns_dns_tcp *tcp;
	struct bufferevent *bev;
	struct event *timer;
	struct ddns_addr peer;
	struct requests requests; /* in the order they came */
	unsigned pending;
	bool started; /* a part of a request is here */
	bool eof;     /* the client sends no more */
	bool broken;  /* nobody to write to */
	bool transfer;
	unsigned busy; /* on the stack, not to be freed */
};
TAILQ_HEAD(conns, conn);

struct transfer {
	struct ddns_letter letter;
	LIST_ENTRY(transfer) link;
	struct request *request;
	struct ddns_dns_transfer run;
	struct ddns_tsig_key *tsig; /* the thread's own */
	pthread_t thread;
	bool joined;
	int fd; /* the thread's own */
	struct ddns_mono_us start;
	enum ddns_err err;
};
LIST_HEAD(transfers, transfer);

struct listener {
	struct listener *next;
	struct evconnlistener *ev;
};

struct ddns_dns_tcp {
	struct ddns_dns_work *work;
	struct listener *listeners;
	struct conns conns; /* the one that did something last is last */
	unsigned count;
	struct transfers transfers;
	unsigned transfers_count;
	atomic_bool stop;
};

static void progress(struct conn *conn);

/* ---- connections ---- */

static void
set_timer(struct conn *conn)
{
	const struct ddns_conf *conf = conn->tcp->work->ingest->conf;
	struct timeval tv = { 0, 0 };

	if (conn->pending != 0 || conn->transfer) {
		evtimer_del(conn->timer);
		return;
	}
	tv.tv_sec = conn->started ? conf->request_timeout_s :
	    conf->idle_timeout_s;
	evtimer_add(conn->timer, &tv);
}

static void
request_free(struct request *r)
{
	TAILQ_REMOVE(&r->conn->requests, r, link);
	r->conn->pending--;
	ddns_dns_frame_done(&r->request.frame);
	ddns_buf_done(&r->answer);
	free(r);
}

/* Only with nothing pending: the writer or a thread may hold a request. */
static void
conn_free(struct conn *conn)
{
	TAILQ_REMOVE(&conn->tcp->conns, conn, link);
	conn->tcp->count--;
	if (conn->timer != NULL)
		event_free(conn->timer);
	if (conn->bev != NULL)
		bufferevent_free(conn->bev);
	free(conn);
}

static bool
has_output(const struct conn *conn)
{
	return evbuffer_get_length(bufferevent_get_output(conn->bev)) != 0;
}

/* Frees a connection that has come to its end. */
static bool
end_if_over(struct conn *conn)
{
	if (conn->busy != 0 || conn->pending != 0)
		return false;
	if (!conn->broken && (!conn->eof || has_output(conn)))
		return false;
	conn_free(conn);
	return true;
}

static void
conn_break(struct conn *conn)
{
	conn->broken = true;
	bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
}

/* ---- answers ---- */

static void
write_answer(struct conn *conn, const struct ddns_buf *answer)
{
	struct evbuffer *out = bufferevent_get_output(conn->bev);
	uint8_t len[2];

	if (answer->len_bytes == 0 || conn->broken)
		return;
	ddns_set_u16(len, (uint16_t)answer->len_bytes);
	if (evbuffer_add(out, len, sizeof(len)) != 0 ||
	    evbuffer_add(out, answer->base, answer->len_bytes) != 0)
		conn_break(conn);
}

static void
write_done(struct conn *conn)
{
	struct request *r;

	while ((r = TAILQ_FIRST(&conn->requests)) != NULL && r->done) {
		write_answer(conn, &r->answer);
		request_free(r);
	}
}

static void
on_answer(struct ddns_dns_request *request, struct ddns_span answer)
{
	struct request *r = (struct request *)request;
	struct conn *conn = r->conn;

	ddns_buf_put(&r->answer, answer.base, answer.len_bytes);
	if (r->answer.err != DDNS_OK)
		conn_break(conn);
	r->done = true;
	write_done(conn);
	if (conn->busy == 0)
		progress(conn);
}

/* ---- transfers ---- */

static bool
send_all(int fd, const uint8_t *base, size_t len)
{
	while (len > 0) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t n = send(fd, base, len, MSG_NOSIGNAL);

		if (n > 0) {
			base += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			if (poll(&p, 1, TRANSFER_STALL_MS) <= 0)
				return false;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

static enum ddns_err
send_message(struct ddns_span message, void *arg)
{
	struct transfer *t = arg;
	uint8_t len[2];

	if (ddns_mono_us_now().v - t->start.v > TRANSFER_MAX_US)
		return DDNS_EBUSY;
	ddns_set_u16(len, (uint16_t)message.len_bytes);
	return send_all(t->fd, len, sizeof(len)) &&
	    send_all(t->fd, message.base, message.len_bytes) ? DDNS_OK :
	    DDNS_EIO;
}

static void *
transfer_thread(void *arg)
{
	struct transfer *t = arg;
	struct ddns_ingest *ingest = t->request->conn->tcp->work->ingest;

	t->err = ddns_store_open(ingest->conf->store, DDNS_STORE_READ,
	    &t->run.store);
	if (t->err == DDNS_OK)
		t->err = ddns_dns_transfer_run(&t->run);
	ddns_store_free(t->run.store);
	ddns_mailbox_post(ingest->mailbox, &t->letter);
	return NULL;
}

static void
transfer_free(struct transfer *t)
{
	if (t->fd >= 0)
		close(t->fd);
	ddns_tsig_key_free(t->tsig);
	free(t);
}

static void
on_transferred(struct ddns_letter *letter)
{
	struct transfer *t = (struct transfer *)letter;
	struct request *r = t->request;
	struct conn *conn = r->conn;
	char name[DDNS_NAME_TEXT_MAX], peer[DDNS_ADDR_TEXT_MAX];

	if (!t->joined)
		pthread_join(t->thread, NULL);
	ddns_name_format(&r->request.frame.question.name, name);
	ddns_addr_format(&conn->peer, peer);
	ddns_log(t->err == DDNS_OK ? DDNS_LOG_INFO : DDNS_LOG_NOTICE,
	    "transfer of zone=%s to=%s: %s", DDNS_Q(name), peer,
	    ddns_err_text(t->err));
	r->request.frame.tsig = NULL; /* the thread's */
	conn->transfer = false;
	if (t->err != DDNS_OK)
		conn_break(conn);
	request_free(r);
	LIST_REMOVE(t, link);
	conn->tcp->transfers_count--;
	transfer_free(t);
	progress(conn);
}

/* A thread that no signal meant for the program goes to. */
static bool
start_thread(struct transfer *t)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&t->thread, NULL, transfer_thread, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed == 0;
}

static struct transfer *
transfer_new(struct request *r, const struct ddns_zone *zone,
    bool incremental, uint32_t serial)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->letter.open = on_transferred;
	t->request = r;
	t->run = (struct ddns_dns_transfer){ .frame = &r->request.frame,
		.zone_id = zone->id, .incremental = incremental,
		.serial = serial, .stop = &r->conn->tcp->stop,
		.send = send_message, .arg = t };
	t->start = ddns_mono_us_now();
	t->fd = dup(bufferevent_getfd(r->conn->bev));
	if (t->fd < 0 || ddns_tsig_key_dup(r->request.frame.tsig, &t->tsig) !=
	    DDNS_OK) {
		transfer_free(t);
		return NULL;
	}
	return t;
}

static void
on_transfer(struct ddns_dns_request *request, const struct ddns_zone *zone,
    bool incremental, uint32_t serial)
{
	struct request *r = (struct request *)request;
	struct ddns_tsig_key *loop_key = request->frame.tsig;
	struct ddns_dns_tcp *tcp = r->conn->tcp;
	struct transfer *t = NULL;
	struct ddns_buf out = { 0 };

	if (tcp->transfers_count < TRANSFERS_MAX)
		t = transfer_new(r, zone, incremental, serial);
	if (t != NULL) {
		request->frame.tsig = t->tsig;
		r->conn->transfer = true;
		if (start_thread(t)) {
			LIST_INSERT_HEAD(&tcp->transfers, t, link);
			tcp->transfers_count++;
			return;
		}
		r->conn->transfer = false;
		request->frame.tsig = loop_key;
		transfer_free(t);
	}
	if (ddns_dns_frame_answer(&request->frame, DDNS_RCODE_SERVFAIL,
	    ddns_unix_s_now(), &out) != DDNS_OK)
		conn_break(r->conn);
	on_answer(request, ddns_buf_span(&out));
	ddns_buf_done(&out);
}

/* ---- requests ---- */

/* The next whole message in the input; false: not yet, or not now. */
static bool
next_message(struct conn *conn, struct ddns_span *ret)
{
	struct evbuffer *in = bufferevent_get_input(conn->bev);
	size_t have = evbuffer_get_length(in), len;
	const uint8_t *p;

	conn->started = have > 0;
	if (have < 2)
		return false;
	p = evbuffer_pullup(in, 2);
	if (p == NULL) {
		conn_break(conn);
		return false;
	}
	len = ddns_get_u16(p);
	if (len < DDNS_MSG_HEADER_BYTES) {
		conn_break(conn); /* no DNS */
		return false;
	}
	if (have < 2 + len)
		return false;
	p = evbuffer_pullup(in, (ev_ssize_t)(2 + len));
	if (p == NULL) {
		conn_break(conn);
		return false;
	}
	*ret = (struct ddns_span){ p + 2, len };
	return true;
}

/* May it be taken up now?  See the story above. */
static bool
is_its_turn(const struct conn *conn, struct ddns_span msg)
{
	bool update = ((msg.base[2] >> 3) & 15) == DDNS_OPCODE_UPDATE;

	if (update)
		return conn->pending < PENDING_MAX &&
		    evbuffer_get_length(bufferevent_get_output(conn->bev)) <
		    OUTPUT_MAX;
	return conn->pending == 0 && !has_output(conn);
}

static void
take(struct conn *conn, struct ddns_span msg)
{
	struct evbuffer *in = bufferevent_get_input(conn->bev);
	size_t len = 2 + msg.len_bytes;
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		conn_break(conn);
		return;
	}
	r->request.send = on_answer;
	r->request.transfer = on_transfer;
	r->request.peer = conn->peer;
	r->conn = conn;
	TAILQ_INSERT_TAIL(&conn->requests, r, link);
	conn->pending++;
	ddns_dns_work_handle(conn->tcp->work, &r->request, msg, true);
	evbuffer_drain(in, len);
}

/*
 * With its input full, libevent runs on_read() in every turn of the loop, which
 * then never sleeps: so no reading until there is room.
 */
static void
set_reading(struct conn *conn)
{
	bool enabled = (bufferevent_get_enabled(conn->bev) & EV_READ) != 0;
	bool room = evbuffer_get_length(bufferevent_get_input(conn->bev)) <
	    INPUT_MAX;

	if (conn->broken || conn->eof || room == enabled)
		return;
	if (!room)
		bufferevent_disable(conn->bev, EV_READ);
	else if (bufferevent_enable(conn->bev, EV_READ) != 0)
		conn_break(conn);
}

/* Takes up what can be; frees the connection when it is over. */
static void
progress(struct conn *conn)
{
	struct ddns_dns_tcp *tcp = conn->tcp;
	struct ddns_span msg;
	bool batch = false;

	if (conn->busy != 0)
		return;
	conn->busy++;
	while (!conn->broken && !conn->transfer &&
	    !atomic_load(&tcp->stop) && next_message(conn, &msg) &&
	    is_its_turn(conn, msg)) {
		if (!batch)
			ddns_dns_work_begin(tcp->work);
		batch = true;
		take(conn, msg);
	}
	if (batch)
		ddns_dns_work_end(tcp->work);
	conn->busy--;
	set_reading(conn);
	if (end_if_over(conn))
		return;
	if (batch) {
		TAILQ_REMOVE(&tcp->conns, conn, link);
		TAILQ_INSERT_TAIL(&tcp->conns, conn, link);
	}
	set_timer(conn);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct conn *conn = arg;
	bool was_started = conn->started;

	(void)bev;
	if (was_started && !conn->broken && conn->pending == 0 &&
	    !conn->transfer) {
		/* the deadline of a request is not moved by its octets */
		struct ddns_span msg;

		if (!next_message(conn, &msg) && !conn->broken)
			return;
	}
	progress(conn);
}

/* The output is empty. */
static void
on_written(struct bufferevent *bev, void *arg)
{
	(void)bev;
	progress(arg);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *conn = arg;

	(void)bev;
	if ((what & BEV_EVENT_EOF) != 0 && (what & BEV_EVENT_READING) != 0)
		conn->eof = true;
	else
		conn_break(conn);
	progress(conn);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	conn_break(conn);
	progress(conn);
}

/* ---- listening ---- */

/* The one that has been silent longest and waits for nothing goes. */
static bool
make_room(struct ddns_dns_tcp *tcp)
{
	struct conn *conn;

	if (tcp->count < tcp->work->ingest->conf->max_connections)
		return true;
	TAILQ_FOREACH(conn, &tcp->conns, link) {
		if (conn->pending == 0 && conn->busy == 0) {
			conn_free(conn);
			return true;
		}
	}
	return false;
}

static bool
conn_open(struct conn *conn, evutil_socket_t fd)
{
	const struct ddns_conf *conf = conn->tcp->work->ingest->conf;
	struct event_base *base = conn->tcp->work->ingest->base;
	struct timeval stall = { conf->request_timeout_s, 0 };
	int on = 1;

	conn->timer = evtimer_new(base, on_timer, conn);
	conn->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (conn->bev == NULL)
		evutil_closesocket(fd);
	if (conn->timer == NULL || conn->bev == NULL)
		return false;
	/* answers are small and nobody waits for more of them */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		return false;
	bufferevent_setcb(conn->bev, on_read, on_written, on_event, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_set_timeouts(conn->bev, NULL, &stall);
	set_timer(conn);
	return bufferevent_enable(conn->bev, EV_READ | EV_WRITE) == 0;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *sa, int sa_len, void *arg)
{
	struct ddns_dns_tcp *tcp = arg;
	struct conn *conn = NULL;

	(void)listener;
	(void)sa_len;
	if (make_room(tcp))
		conn = calloc(1, sizeof(*conn));
	if (conn == NULL || ddns_addr_from_sockaddr(sa, &conn->peer, NULL) !=
	    DDNS_OK) {
		free(conn);
		evutil_closesocket(fd);
		return;
	}
	conn->tcp = tcp;
	TAILQ_INIT(&conn->requests);
	TAILQ_INSERT_TAIL(&tcp->conns, conn, link);
	tcp->count++;
	if (!conn_open(conn, fd))
		conn_free(conn);
}

/* Out of file descriptors, most likely. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct ddns_dns_tcp *tcp = arg;
	struct conn *conn;

	(void)listener;
	TAILQ_FOREACH(conn, &tcp->conns, link) {
		if (conn->pending == 0 && conn->busy == 0) {
			conn_free(conn);
			return;
		}
	}
}

enum ddns_err
ddns_dns_tcp_listen(struct ddns_dns_tcp *tcp, const struct ddns_listen *at)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return DDNS_ENOMEM;
	l->ev = evconnlistener_new_bind(tcp->work->ingest->base, on_accept,
	    tcp, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
	    LEV_OPT_REUSEABLE | (at->addr.ss_family == AF_INET6 ?
	    LEV_OPT_BIND_IPV6ONLY : 0), BACKLOG,
	    (const struct sockaddr *)&at->addr, (int)at->addr_len);
	if (l->ev == NULL) {
		free(l);
		return DDNS_EIO;
	}
	evconnlistener_set_error_cb(l->ev, on_accept_error);
	l->next = tcp->listeners;
	tcp->listeners = l;
	return DDNS_OK;
}

enum ddns_err
ddns_dns_tcp_new(struct ddns_dns_work *work, struct ddns_dns_tcp **ret)
{
	struct ddns_dns_tcp *tcp = calloc(1, sizeof(*tcp));

	if (tcp == NULL)
		return DDNS_ENOMEM;
	tcp->work = work;
	TAILQ_INIT(&tcp->conns);
	LIST_INIT(&tcp->transfers);
	atomic_init(&tcp->stop, false);
	*ret = tcp;
	return DDNS_OK;
}

/* Transfers end with the message they are at. */
void
ddns_dns_tcp_stop(struct ddns_dns_tcp *tcp)
{
	struct listener *next;

	atomic_store(&tcp->stop, true);
	for (struct listener *l = tcp->listeners; l != NULL; l = next) {
		next = l->next;
		evconnlistener_free(l->ev);
		free(l);
	}
	tcp->listeners = NULL;
}

void
ddns_dns_tcp_free(struct ddns_dns_tcp *tcp)
{
	struct transfer *t;
	struct conn *conn;
	struct request *r;

	if (tcp == NULL)
		return;
	ddns_dns_tcp_stop(tcp);
	LIST_FOREACH(t, &tcp->transfers, link) {
		shutdown(t->fd, SHUT_RDWR); /* wakes a thread that writes */
		pthread_join(t->thread, NULL);
		t->joined = true;
	}
	ddns_mailbox_drain(tcp->work->ingest->mailbox); /* their letters */
	while ((conn = TAILQ_FIRST(&tcp->conns)) != NULL) {
		while ((r = TAILQ_FIRST(&conn->requests)) != NULL)
			request_free(r);
		conn_free(conn);
	}
	free(tcp);
}
