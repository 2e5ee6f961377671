/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_DNS_REQUEST_H
#define DDNS_INGEST_DNS_REQUEST_H

#include "common/ingest/dns_frame.h"
#include "common/ingest/ingest.h"

/*
 * Inside the DNS port: what its sockets (dns_udp.c, dns_tcp.c) and its work
 * (dnsport.c) have to do with each other.
 */
struct ddns_dns_request {
	struct ddns_dns_frame frame;
	struct ddns_addr peer;
	/*
	 * The answer, borrowed for the call; empty: there is none.  Called
	 * exactly once, then the request is the socket's again, to be freed.
	 */
	void (*send)(struct ddns_dns_request *request,
	    struct ddns_span answer);
	/*
	 * A transfer, which goes on in another thread; NULL where that cannot
	 * be (UDP).  As send: the request is the socket's again.
	 */
	void (*transfer)(struct ddns_dns_request *request,
	    const struct ddns_zone *zone, bool incremental, uint32_t serial);
};

struct ddns_dns_work {
	struct ddns_ingest *ingest;
	struct ddns_dns_keys *keys;
	int64_t policy_gen;
	struct ddns_buf answer;   /* of whatever is being answered */
	size_t in_flight_bytes;   /* messages that the writer has */
	int64_t failures_s;       /* the second of ... */
	unsigned failures;        /* so many noted failures */
};

/* Around a batch of requests: one snapshot of the store for all. */
void ddns_dns_work_begin(struct ddns_dns_work *work);
void ddns_dns_work_end(struct ddns_dns_work *work);
/* msg is looked at only during the call. */
void ddns_dns_work_handle(struct ddns_dns_work *work,
    struct ddns_dns_request *request, struct ddns_span msg, bool tcp);

/* ---- UDP ---- */

struct ddns_dns_udp;

enum ddns_err ddns_dns_udp_new(struct ddns_dns_work *work,
    struct ddns_dns_udp **ret) DDNS_MUST_CHECK;
enum ddns_err ddns_dns_udp_listen(struct ddns_dns_udp *udp,
    const struct ddns_listen *at) DDNS_MUST_CHECK; /* DDNS_EIO: errno */
void ddns_dns_udp_stop(struct ddns_dns_udp *udp);
void ddns_dns_udp_free(struct ddns_dns_udp *udp);

/* ---- TCP ---- */

struct ddns_dns_tcp;

enum ddns_err ddns_dns_tcp_new(struct ddns_dns_work *work,
    struct ddns_dns_tcp **ret) DDNS_MUST_CHECK;
enum ddns_err ddns_dns_tcp_listen(struct ddns_dns_tcp *tcp,
    const struct ddns_listen *at) DDNS_MUST_CHECK; /* DDNS_EIO: errno */
void ddns_dns_tcp_stop(struct ddns_dns_tcp *tcp);
void ddns_dns_tcp_free(struct ddns_dns_tcp *tcp);

#endif
