/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_REPLY_H
#define DDNS_INGEST_REPLY_H

#include "common/ingest/http_parse.h"
#include "common/update/apply.h"

/*
 * What a dyndns2 client is told, so that it does the right thing.  No one
 * answer is right for all of them, so there is one table: who asks, what
 * happened, which status and word.  docs/http.md has the measurements behind
 * each cell.  Pure.
 */
enum ddns_client {
	DDNS_CLIENT_OTHER,
	DDNS_CLIENT_DDCLIENT3, /* silent about any status but 200 and 401 */
	DDNS_CLIENT_INADYN,    /* ends for good on anything but 200 and 5xx */
	DDNS_CLIENT_OPNSENSE,  /* takes any 2xx for success */
	DDNS_CLIENTS
};
enum ddns_client ddns_client_of(const struct ddns_http_request *request);

enum ddns_situation {
	DDNS_SITUATION_OK,       /* good or nochg */
	DDNS_SITUATION_BADAUTH,  /* no, wrong, expired credential */
	DDNS_SITUATION_PLACE,    /* a valid one, where it may not come from */
	DDNS_SITUATION_NOHOST,
	DDNS_SITUATION_VALUE,    /* notfqdn, numhost, dnserr, !donator */
	DDNS_SITUATION_LIMITED,
	DDNS_SITUATION_BLOCKED,
	DDNS_SITUATION_BUSY,
	DDNS_SITUATIONS
};

struct ddns_reply_rule {
	unsigned short status;
	const char *word; /* NULL: the code's own */
	unsigned short retry_after_s; /* 0: no such header */
};
const struct ddns_reply_rule *ddns_reply_rule(enum ddns_client client,
    enum ddns_situation situation);
enum ddns_situation ddns_situation_of(enum ddns_update_code code);

/*
 * The status, the body (appended) and Retry-After for an update that ran: a
 * line a host in the order asked, companions have none.
 */
const struct ddns_reply_rule *ddns_reply_format(enum ddns_client client,
    const struct ddns_update *update, struct ddns_buf *body);

#endif
