/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_VERIFY_H
#define DDNS_MODULE_VERIFY_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/dns/msg.h"
#include "common/dns/notify.h"
#include "common/dns/tsig.h"
#include "unbound-module/stats.h"
#include "unbound-module/zones.h"

/*
 * One request: what to do with it and what to answer.  Pure; the keys' contexts
 * make it one thread's at a time.
 */
enum ddns_verdict {
	DDNS_VERDICT_IGNORE, /* no answer at all */
	DDNS_VERDICT_ANSWER, /* nothing is dropped; rcode tells why */
	DDNS_VERDICT_DROP    /* drop, then answer NOERROR */
};

struct ddns_request {
	enum ddns_verdict verdict;
	unsigned rcode;
	struct ddns_msg_header header;
	bool has_question;
	struct ddns_question question;
	struct ddns_notify notify;  /* of DDNS_VERDICT_DROP */
	struct ddns_zone *zone;     /* the same */
	bool tsig_answer;           /* answer carries TSIG ... */
	struct ddns_tsig_key *key;  /* ... with a MAC by it, or NULL */
	struct ddns_tsig_state tsig;
};

#define DDNS_REQUEST_MAX_BYTES 4096 /* ours; a NOTIFY needs some 700 */
/* question, owner and TSIG, none compressed */
#define DDNS_ANSWER_MAX_BYTES (12 + 255 + 4 + DDNS_TSIG_RR_MAX)

/*
 * msg    a whole message, not trusted, from a source that may send
 * find   looks for TSIG keys
 * ret    always set
 */
void ddns_verify(struct ddns_span msg, ddns_tsig_find_fn *find, void *find_arg,
    struct ddns_zones *zones, struct ddns_unix_s now,
    struct ddns_stats *stats, struct ddns_request *ret);

/*
 * Appends the answer.  Not for DDNS_VERDICT_IGNORE.  Any error: send nothing.
 */
enum ddns_err ddns_verify_answer(struct ddns_request *request, unsigned rcode,
    struct ddns_unix_s now, struct ddns_buf *out) DDNS_MUST_CHECK;

#endif
