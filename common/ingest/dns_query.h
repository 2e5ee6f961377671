/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_DNS_QUERY_H
#define DDNS_INGEST_DNS_QUERY_H

#include "common/ingest/dns_frame.h"

/*
 * Answers a query from what is stored, as the primary of its zones would: for
 * senders of updates that look for the zone, look at what is there, or check
 * what they did.  Not for resolvers: no DNSSEC, and an alias is not followed.
 * AXFR and IXFR are not for here.
 *
 * The whole answer is in out.  Any error: send nothing.
 */
enum ddns_err ddns_dns_query_answer(struct ddns_store *store,
    struct ddns_dns_frame *frame, struct ddns_unix_s now,
    struct ddns_buf *out) DDNS_MUST_CHECK;

#endif
