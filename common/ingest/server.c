/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of a connection:
 *
 *	READ_HEAD -> READ_BODY -> BUSY -> READ_HEAD (kept alive) or
 *	FLUSH (write the rest) -> gone, or LINGER (after a refused request,
 *	whose unread bytes would make the kernel destroy our reply)
 *
 * Why not libevent's evhttp: its timeouts start anew with every byte, so one
 * byte every few seconds holds a connection for ever; it has no bound on the
 * number of connections and does not tell when one ends before a request was
 * whole.  Here a request has one deadline from its first byte (or the accept,
 * TLS handshake included) to its last, and when all places are taken the
 * connection that has kept us waiting longest makes room.  A real client sends
 * its request at once, so it is never the one to go.
 *
 * Replies to plain connections are sent straight away; only what the socket
 * does not take goes through the bufferevent.
 */
#include "common/ingest/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/base/log.h"
#include "common/ingest/tls.h"

#define LINGER_S 2
#define BACKLOG 511
#define INPUT_MAX (DDNS_HTTP_HEAD_MAX + DDNS_HTTP_BODY_MAX)
#define OUTPUT_MAX (64 * 1024) /* bytes that a client leaves unread */

enum state { READ_HEAD, READ_BODY, BUSY, FLUSH, LINGER };

struct conn {
	TAILQ_ENTRY(conn) link; /* of `waiting` or `others` */
	struct ddns_http_server *server;
	struct bufferevent *bev;
	SSL *ssl; /* the bufferevent's, or NULL */
	struct event *timer;
	enum state state;
	bool in_progress; /* progress() is on the stack */
	bool started;     /* a byte of this request has come */
	bool peer_eof;
	bool broken;      /* nobody to write to */
	bool linger;      /* when flushed: the request was not read whole */
	size_t scanned;
	char *head;
	struct ddns_http_exchange x;
};
TAILQ_HEAD(conns, conn);

struct listener {
	struct listener *next;
	struct ddns_http_server *server;
	struct evconnlistener *ev;
	bool tls;
};

struct ddns_http_server {
	struct event_base *base;
	struct ddns_http_limits limits;
	ddns_http_handler *handler;
	void *arg;
	struct listener *listeners;
	struct conns waiting; /* oldest first */
	struct conns others;
	unsigned count;
	SSL_CTX *ctx;
	time_t date_s;
	char date[40];
};

static void progress(struct conn *conn);

static bool
is_reading(enum state state)
{
	return state == READ_HEAD || state == READ_BODY;
}

/*
 * Nobody is harmed when such a connection has to make room: one that reads is
 * through with FLUSH at once, and the one that is there longest goes first.
 */
static bool
is_waiting(enum state state)
{
	return state != BUSY;
}

static void
set_timer(struct conn *conn, unsigned seconds)
{
	struct timeval tv = { (time_t)seconds, 0 };

	if (seconds == 0)
		evtimer_del(conn->timer);
	else
		evtimer_add(conn->timer, &tv);
}

/* Always moves to the end of its list: `waiting` stays in order of time. */
static void
set_state(struct conn *conn, enum state state)
{
	struct ddns_http_server *server = conn->server;

	TAILQ_REMOVE(is_waiting(conn->state) ? &server->waiting :
	    &server->others, conn, link);
	conn->state = state;
	TAILQ_INSERT_TAIL(is_waiting(state) ? &server->waiting :
	    &server->others, conn, link);
}

static void
drop_request(struct conn *conn)
{
	/* Both may hold a token. */
	if (conn->head != NULL)
		explicit_bzero(conn->head, conn->scanned);
	if (conn->x.body != NULL)
		explicit_bzero(conn->x.body, conn->x.request.content_length);
	free(conn->head);
	free(conn->x.body);
	conn->head = NULL;
	conn->x.body = NULL;
	conn->x.gone = NULL;
	conn->scanned = 0;
}

static void
conn_free(struct conn *conn)
{
	struct ddns_http_server *server = conn->server;

	if (conn->x.gone != NULL)
		conn->x.gone(conn->x.gone_arg);
	drop_request(conn);
	if (conn->timer != NULL)
		event_free(conn->timer);
	if (conn->bev != NULL)
		bufferevent_free(conn->bev);
	TAILQ_REMOVE(is_waiting(conn->state) ? &server->waiting :
	    &server->others, conn, link);
	server->count--;
	free(conn);
}

/*
 * All is written.  GnuTLS takes a missing close_notify for an attack, and old
 * clients wait for the end of the stream.
 */
static void
finish(struct conn *conn)
{
	if (conn->ssl != NULL && SSL_is_init_finished(conn->ssl)) {
		SSL_set_shutdown(conn->ssl, SSL_RECEIVED_SHUTDOWN);
		SSL_shutdown(conn->ssl);
		ERR_clear_error();
	}
	if (!conn->linger || conn->peer_eof || conn->broken) {
		conn_free(conn);
		return;
	}
	shutdown(bufferevent_getfd(conn->bev), SHUT_WR);
	set_state(conn, LINGER);
	set_timer(conn, LINGER_S);
}

static const char *
reason_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < DDNS_COUNT(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Unknown";
}

/* RFC 9110 s.6.6.1 wants it; made once a second. */
static const char *
date_text(struct ddns_http_server *server)
{
	time_t now = time(NULL);
	struct tm tm;

	if (now != server->date_s && gmtime_r(&now, &tm) != NULL) {
		static const char days[] = "SunMonTueWedThuFriSat";
		static const char months[] =
		    "JanFebMarAprMayJunJulAugSepOctNovDec";

		snprintf(server->date, sizeof(server->date),
		    "%.3s, %02d %.3s %d %02d:%02d:%02d GMT",
		    days + 3 * tm.tm_wday, tm.tm_mday,
		    months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
		    tm.tm_min, tm.tm_sec);
		server->date_s = now;
	}
	return server->date;
}

/* Sends, or leaves what does not fit to the bufferevent. */
static bool
put_out(struct conn *conn, const char *data, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(conn->bev);
	ssize_t n = 0;

	if (conn->ssl == NULL && evbuffer_get_length(out) == 0) {
		n = send(bufferevent_getfd(conn->bev), data, len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n < 0)
			n = 0;
	}
	return (size_t)n == len ||
	    bufferevent_write(conn->bev, data + n, len - (size_t)n) == 0;
}

static void
put_reply(struct conn *conn, const struct ddns_http_reply *reply, bool keep)
{
	bool head_only = conn->head != NULL &&
	    conn->x.request.method != NULL &&
	    strcmp(conn->x.request.method, "HEAD") == 0;
	struct ddns_buf out = { 0 };

	ddns_buf_putf(&out, "HTTP/1.1 %d %s\r\nDate: %s\r\n"
	    "Content-Type: %s\r\nContent-Length: %zu\r\n"
	    "Cache-Control: no-store\r\n%s%s\r\n", reply->status,
	    reason_phrase(reply->status), date_text(conn->server),
	    reply->type != NULL ? reply->type : "text/plain; charset=utf-8",
	    reply->body.len_bytes,
	    reply->headers != NULL ? reply->headers : "",
	    keep ? "" : "Connection: close\r\n");
	if (!head_only)
		ddns_buf_put(&out, reply->body.base, reply->body.len_bytes);
	if (out.err != DDNS_OK ||
	    !put_out(conn, (char *)out.base, out.len_bytes))
		conn->broken = true;
	ddns_buf_done(&out);
}

static void
next_request(struct conn *conn)
{
	drop_request(conn);
	conn->started = false;
	set_state(conn, READ_HEAD);
	set_timer(conn, conn->server->limits.idle_timeout_s);
}

static void
close_after_reply(struct conn *conn)
{
	drop_request(conn);
	set_state(conn, FLUSH);
	set_timer(conn, conn->server->limits.request_timeout_s);
}

void
ddns_http_exchange_reply(struct ddns_http_exchange *exchange,
    const struct ddns_http_reply *reply)
{
	struct conn *conn = (struct conn *)((char *)exchange -
	    offsetof(struct conn, x));
	bool keep = exchange->request.keep_alive && !conn->peer_eof &&
	    conn->server->listeners != NULL;

	/* Asks and asks and reads nothing: this is the last reply. */
	if (keep && evbuffer_get_length(bufferevent_get_output(conn->bev)) >=
	    OUTPUT_MAX) {
		keep = false;
		conn->linger = true;
	}
	put_reply(conn, reply, keep);
	if (keep && !conn->broken)
		next_request(conn);
	else
		close_after_reply(conn);
	if (!conn->in_progress)
		progress(conn);
}

/* The connection's framing is lost: say why, read no more of it. */
static void
refuse(struct conn *conn, int status)
{
	struct ddns_http_reply reply = { .status = status };
	const char *phrase = reason_phrase(status);
	struct ddns_buf body = { 0 };

	ddns_buf_putf(&body, "%s\n", phrase);
	reply.body = ddns_buf_span(&body);
	put_reply(conn, &reply, false);
	ddns_buf_done(&body);
	conn->linger = true;
	close_after_reply(conn);
}

static void
dispatch(struct conn *conn)
{
	set_state(conn, BUSY);
	set_timer(conn, 0);
	conn->server->handler(&conn->x, conn->server->arg);
}

/* Both readers return false when there is nothing more to do now. */
static bool
read_body(struct conn *conn, struct evbuffer *in)
{
	size_t len = conn->x.request.content_length;

	if (evbuffer_get_length(in) < len)
		return false;
	conn->x.body = calloc(1, len + 1);
	if (conn->x.body == NULL) {
		refuse(conn, 503);
		return true;
	}
	evbuffer_remove(in, conn->x.body, len);
	dispatch(conn);
	return true;
}

static void
after_head(struct conn *conn, struct evbuffer *in)
{
	const struct ddns_http_request *request = &conn->x.request;

	if (request->content_length > DDNS_HTTP_BODY_MAX) {
		refuse(conn, 413);
		return;
	}
	set_state(conn, READ_BODY);
	if (request->expects_continue &&
	    evbuffer_get_length(in) < request->content_length &&
	    !put_out(conn, "HTTP/1.1 100 Continue\r\n\r\n", 25))
		conn->broken = true;
}

static bool
read_head(struct conn *conn, struct evbuffer *in)
{
	size_t have = evbuffer_get_length(in), len;
	int status;
	char *data;

	if (have > DDNS_HTTP_HEAD_MAX)
		have = DDNS_HTTP_HEAD_MAX;
	if (have == 0)
		return false;
	data = (char *)evbuffer_pullup(in, (ev_ssize_t)have);
	if (data == NULL) {
		refuse(conn, 503);
		return true;
	}
	if (!conn->started) {
		/* RFC 9112 s.2.2: an empty line before the request is let
		 * pass. */
		size_t skip = 0;

		while (skip < have &&
		    (data[skip] == '\r' || data[skip] == '\n'))
			skip++;
		if (skip > 0) {
			evbuffer_drain(in, skip);
			return true;
		}
		conn->started = true;
		set_timer(conn, conn->server->limits.request_timeout_s);
	}
	len = ddns_http_head_len(data, have, &conn->scanned);
	if (len == 0) {
		if (have < DDNS_HTTP_HEAD_MAX)
			return false;
		refuse(conn, 431);
		return true;
	}
	conn->head = malloc(len + 1);
	if (conn->head == NULL) {
		refuse(conn, 503);
		return true;
	}
	evbuffer_remove(in, conn->head, len);
	conn->scanned = len; /* from here on: the length of head */
	status = ddns_http_parse(conn->head, len, &conn->x.request);
	if (status != 0)
		refuse(conn, status);
	else
		after_head(conn, in);
	return true;
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

	if (conn->peer_eof || room == enabled)
		return;
	if (!room)
		bufferevent_disable(conn->bev, EV_READ);
	else if (bufferevent_enable(conn->bev, EV_READ) != 0)
		conn->broken = true;
}

/* As far as the bytes that are there go.  May free the connection. */
static void
progress(struct conn *conn)
{
	struct evbuffer *in = bufferevent_get_input(conn->bev);
	struct evbuffer *out = bufferevent_get_output(conn->bev);
	bool more = true;

	conn->in_progress = true;
	while (more) {
		switch (conn->state) {
		case READ_HEAD:
			more = read_head(conn, in);
			break;
		case READ_BODY:
			more = read_body(conn, in);
			break;
		case BUSY:
			more = false;
			break;
		case FLUSH:
		case LINGER:
			evbuffer_drain(in, evbuffer_get_length(in));
			more = false;
			break;
		}
	}
	conn->in_progress = false;
	set_reading(conn);
	if (conn->state == FLUSH &&
	    (conn->broken || evbuffer_get_length(out) == 0))
		finish(conn);
	else if (conn->peer_eof && conn->state != BUSY &&
	    conn->state != FLUSH)
		conn_free(conn);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	progress(arg);
}

static void
on_write(struct bufferevent *bev, void *arg)
{
	struct conn *conn = arg;

	(void)bev;
	if (conn->state == FLUSH)
		progress(conn);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *conn = arg;

	(void)bev;
	ERR_clear_error();
	if ((what & BEV_EVENT_CONNECTED) != 0)
		return;
	if ((what & BEV_EVENT_EOF) != 0) {
		/* A client may close its half and still wait. */
		conn->peer_eof = true;
		if (conn->state != BUSY)
			progress(conn);
		return;
	}
	conn_free(conn);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	if (is_reading(conn->state) && conn->started &&
	    (conn->ssl == NULL || SSL_is_init_finished(conn->ssl))) {
		refuse(conn, 408);
		progress(conn);
		return;
	}
	conn_free(conn);
}

static struct bufferevent *
make_bufferevent(struct conn *conn, evutil_socket_t fd, bool tls)
{
	struct bufferevent *bev;

	if (!tls)
		return bufferevent_socket_new(conn->server->base, fd,
		    BEV_OPT_CLOSE_ON_FREE);
	conn->ssl = SSL_new(conn->server->ctx);
	if (conn->ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(conn->server->base, fd,
	    conn->ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		SSL_free(conn->ssl);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

static void
on_accept(struct evconnlistener *ev, evutil_socket_t fd,
    struct sockaddr *sa, int sa_len, void *arg)
{
	struct listener *listener = arg;
	struct ddns_http_server *server = listener->server;
	struct conn *conn;

	(void)ev;
	(void)sa_len;
	if (server->count >= server->limits.connections) {
		conn = TAILQ_FIRST(&server->waiting);
		if (conn == NULL) { /* all are being answered */
			evutil_closesocket(fd);
			return;
		}
		conn_free(conn);
	}
	conn = calloc(1, sizeof(*conn));
	if (conn == NULL) {
		evutil_closesocket(fd);
		return;
	}
	conn->server = server;
	conn->x.tls = listener->tls;
	TAILQ_INSERT_TAIL(&server->waiting, conn, link);
	server->count++;
	conn->timer = evtimer_new(server->base, on_timer, conn);
	conn->bev = make_bufferevent(conn, fd, listener->tls);
	if (conn->bev == NULL)
		evutil_closesocket(fd);
	if (conn->bev == NULL || conn->timer == NULL ||
	    ddns_addr_from_sockaddr(sa, &conn->x.peer, NULL) != DDNS_OK) {
		conn_free(conn);
		return;
	}
	bufferevent_setcb(conn->bev, on_read, on_write, on_event, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, INPUT_MAX);
	set_timer(conn, server->limits.request_timeout_s);
	if (bufferevent_enable(conn->bev, EV_READ | EV_WRITE) != 0)
		conn_free(conn);
}

static void
on_accept_error(struct evconnlistener *ev, void *arg)
{
	struct listener *listener = arg;
	struct conn *oldest = TAILQ_FIRST(&listener->server->waiting);
	int error = EVUTIL_SOCKET_ERROR();

	(void)ev;
	ddns_log(DDNS_LOG_ERROR, "cannot accept a connection: %s",
	    strerror(error));
	/* Out of descriptors: make one free, or this repeats for ever. */
	if ((error == EMFILE || error == ENFILE) && oldest != NULL)
		conn_free(oldest);
}

enum ddns_err
ddns_http_server_new(struct event_base *base,
    const struct ddns_http_limits *limits, ddns_http_handler *handler,
    void *arg, struct ddns_http_server **ret)
{
	struct ddns_http_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return DDNS_ENOMEM;
	server->base = base;
	server->limits = *limits;
	server->handler = handler;
	server->arg = arg;
	TAILQ_INIT(&server->waiting);
	TAILQ_INIT(&server->others);
	*ret = server;
	return DDNS_OK;
}

enum ddns_err
ddns_http_server_set_certificate(struct ddns_http_server *server,
    const char *certificate, const char *key, struct ddns_buf *why)
{
	SSL_CTX *ctx;
	enum ddns_err err = ddns_tls_ctx_new(certificate, key, &ctx, why);

	if (err != DDNS_OK)
		return err;
	SSL_CTX_free(server->ctx); /* connections hold references */
	server->ctx = ctx;
	return DDNS_OK;
}

static int
open_socket(const struct ddns_listen *at)
{
	int family = at->addr.ss_family, one = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	/* Accepted sockets inherit NODELAY: without it Nagle's algorithm and
	 * the peer's delayed ACK make 40 ms of a TLS exchange. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
	    (family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
	    &one, sizeof(one)) == 0) &&
	    bind(fd, (const struct sockaddr *)&at->addr, at->addr_len) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	one = errno;
	close(fd);
	errno = one;
	return -1;
}

enum ddns_err
ddns_http_server_listen(struct ddns_http_server *server,
    const struct ddns_listen *at, bool tls, struct ddns_buf *why)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	char text[DDNS_ADDR_TEXT_MAX] = "";
	struct ddns_addr addr;
	uint16_t port = 0;
	int fd;

	if (listener == NULL)
		return DDNS_ENOMEM;
	listener->server = server;
	listener->tls = tls;
	fd = open_socket(at);
	if (fd < 0) {
		int error = errno;

		if (ddns_addr_from_sockaddr((const struct sockaddr *)&at->addr,
		    &addr, &port) == DDNS_OK)
			ddns_addr_format(&addr, text);
		ddns_buf_putf(why, "cannot listen on %s port %u: %s", text,
		    port, strerror(error));
		free(listener);
		return DDNS_EIO;
	}
	listener->ev = evconnlistener_new(server->base, on_accept, listener,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (listener->ev == NULL) {
		close(fd);
		free(listener);
		return DDNS_ENOMEM;
	}
	evconnlistener_set_error_cb(listener->ev, on_accept_error);
	listener->next = server->listeners;
	server->listeners = listener;
	return DDNS_OK;
}

void
ddns_http_server_stop(struct ddns_http_server *server)
{
	struct listener *listener;
	struct conn *conn, *next;

	while ((listener = server->listeners) != NULL) {
		server->listeners = listener->next;
		evconnlistener_free(listener->ev);
		free(listener);
	}
	for (conn = TAILQ_FIRST(&server->waiting); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, link);
		if (conn->state != FLUSH) /* has its reply still to get */
			conn_free(conn);
	}
}

unsigned
ddns_http_server_get_connections(const struct ddns_http_server *server)
{
	return server->count;
}

void
ddns_http_server_free(struct ddns_http_server *server)
{
	struct conn *conn;

	if (server == NULL)
		return;
	ddns_http_server_stop(server);
	while ((conn = TAILQ_FIRST(&server->waiting)) != NULL ||
	    (conn = TAILQ_FIRST(&server->others)) != NULL)
		conn_free(conn);
	SSL_CTX_free(server->ctx);
	free(server);
}
