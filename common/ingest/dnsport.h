/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_DNSPORT_H
#define DDNS_INGEST_DNSPORT_H

#include "common/ingest/ingest.h"

/*
 * The DNS front end, UDP and TCP: UPDATE (RFC 2136) with TSIG, queries of what
 * is stored, AXFR and IXFR.  In the thread of the event loop, with a thread of
 * its own for each transfer.
 */
struct ddns_dnsport;

/* ingest is borrowed; its mailbox must outlive the port. */
enum ddns_err ddns_dnsport_new(struct ddns_ingest *ingest,
    struct ddns_dnsport **ret) DDNS_MUST_CHECK;
/* Opens both sockets.  On an error `why` says what. */
enum ddns_err ddns_dnsport_listen(struct ddns_dnsport *port,
    const struct ddns_listen *at, struct ddns_buf *why) DDNS_MUST_CHECK;
/*
 * No new requests; those that the writer has are still answered
 * (ingest->pending counts them).  NULL is fine.
 */
void ddns_dnsport_stop(struct ddns_dnsport *port);
/* When no answer is awaited any more.  NULL is fine. */
void ddns_dnsport_free(struct ddns_dnsport *port);

#endif
