/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_SERVER_H
#define DDNS_INGEST_SERVER_H

#include <event2/event.h>

#include "common/conf/conf.h"
#include "common/ingest/http_parse.h"

/*
 * A small HTTP/1 server on libevent's bufferevents.  It knows connections,
 * deadlines and framing, and nothing of what is asked.  All of it runs in the
 * loop's thread.
 */
struct ddns_http_server;

/* One request and the way to its reply; the server's. */
struct ddns_http_exchange {
	struct ddns_http_request request;
	char *body; /* NUL behind it */
	struct ddns_addr peer;
	bool tls;
	/* Runs when the client goes away before the reply; then the exchange
	 * must not be used any more. */
	void (*gone)(void *arg);
	void *gone_arg;
};

struct ddns_http_reply {
	int status;
	const char *type; /* NULL: "text/plain; charset=utf-8" */
	struct ddns_span body;
	const char *headers; /* more of them, each with CRLF; NULL: none */
};

/* Must reply, now or later, exactly once unless gone. */
typedef void ddns_http_handler(struct ddns_http_exchange *exchange, void *arg);

struct ddns_http_limits {
	unsigned connections;
	unsigned request_timeout_s; /* accept or first byte to last byte */
	unsigned idle_timeout_s;
};

enum ddns_err ddns_http_server_new(struct event_base *base,
    const struct ddns_http_limits *limits, ddns_http_handler *handler,
    void *arg, struct ddns_http_server **ret) DDNS_MUST_CHECK;
/* tls: connections there speak TLS; set a certificate first. */
enum ddns_err ddns_http_server_listen(struct ddns_http_server *server,
    const struct ddns_listen *at, bool tls, struct ddns_buf *why)
    DDNS_MUST_CHECK;
/* For new connections from now on.  On an error the old one stays. */
enum ddns_err ddns_http_server_set_certificate(
    struct ddns_http_server *server, const char *certificate, const char *key,
    struct ddns_buf *why) DDNS_MUST_CHECK;
/* No new connections; those that wait for no reply are closed. */
void ddns_http_server_stop(struct ddns_http_server *server);
unsigned ddns_http_server_get_connections(
    const struct ddns_http_server *server);
void ddns_http_server_free(struct ddns_http_server *server);

void ddns_http_exchange_reply(struct ddns_http_exchange *exchange,
    const struct ddns_http_reply *reply);

#endif
