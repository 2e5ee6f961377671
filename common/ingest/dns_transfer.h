/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_DNS_TRANSFER_H
#define DDNS_INGEST_DNS_TRANSFER_H

#include <stdatomic.h>

#include "common/ingest/dns_frame.h"

/*
 * AXFR (RFC 5936) and IXFR (RFC 1995), in any thread: it needs a store handle
 * of its own, and a frame whose key no other thread uses.
 */
struct ddns_dns_transfer {
	struct ddns_store *store; /* READ, no transaction open */
	struct ddns_dns_frame *frame;
	int64_t zone_id;
	bool incremental;
	uint32_t serial;  /* what the client has */
	atomic_bool *stop;
	/* Takes one message; an error ends the transfer. */
	enum ddns_err (*send)(struct ddns_span message, void *arg);
	void *arg;
};

/*
 * One snapshot, as many messages as it takes.  An IXFR whose history is not
 * kept becomes an AXFR.  DDNS_OK: all went out.  Any other error: the client
 * has but a part, close the connection.
 */
enum ddns_err ddns_dns_transfer_run(struct ddns_dns_transfer *transfer)
    DDNS_MUST_CHECK;

#endif
