/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_FORWARDED_H
#define DDNS_INGEST_FORWARDED_H

#include "common/base/addr.h"
#include "common/ingest/http_parse.h"

/*
 * Who really sent a request that came through proxies.  X-Forwarded-For is a
 * list to which each proxy appends whom it got the request from; only what our
 * own proxies appended can be believed.  So: walk from the right, as long as
 * the hop is a trusted one.  The first that is not is the client.  Pure.
 */
struct ddns_forwarded {
	struct ddns_addr source;
	bool tls; /* the nearest trusted proxy says it was https */
};

/* peer and tls: of the connection itself. */
struct ddns_forwarded ddns_forwarded_find(
    const struct ddns_http_request *request, const struct ddns_addr *peer,
    bool tls, const struct ddns_prefix *trusted, size_t trusted_count);

#endif
