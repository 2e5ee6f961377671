/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_UPDATE_MESSAGE_H
#define DDNS_UPDATE_MESSAGE_H

#include "common/dns/msg.h"
#include "common/update/authorize.h"
#include "common/update/change.h"

/*
 * DNS UPDATE, RFC 2136 s.3: what a message asks for, whether its
 * prerequisites hold, who may do that, and doing it.  No sockets, no TSIG:
 * the DNS port verifies and signs.
 *
 * The order of the steps, and so which mistake is answered when there are
 * several: zone section; with a mistake of form in prerequisites or update
 * section, the prerequisites up to it, then that mistake; permission;
 * prerequisites; changes.
 */

/* One RR of the prerequisite or update section, checked and canonical. */
struct ddns_update_rr {
	struct ddns_name owner; /* lower-cased */
	uint64_t hash;          /* of the owner: a message has thousands */
	uint16_t type, class;
	uint32_t ttl_s;
	size_t rdata, rdata_len_bytes; /* in the message's `data` */
	unsigned rcode; /* not NOERROR: what is wrong with its form */
};

struct ddns_update_message {
	struct ddns_name zone;
	uint16_t zone_class;
	struct ddns_update_rr *prereqs, *updates;
	size_t prereqs_count, updates_count;
	unsigned prescan_rcode; /* of the first malformed update, else 0 */
	struct ddns_buf data;
};

static inline struct ddns_span
ddns_update_rr_rdata(const struct ddns_update_message *message,
    const struct ddns_update_rr *rr)
{
	if (rr->rdata_len_bytes == 0) /* there may be no data at all */
		return (struct ddns_span){ 0 };
	return (struct ddns_span){ message->data.base + rr->rdata,
		rr->rdata_len_bytes };
}

/*
 * Reads the message behind a scan that found it well-formed as DNS.  A
 * mistake in the zone section is DDNS_EFORMAT with *ret_rcode (FORMERR,
 * NOTAUTH for a class other than IN); mistakes in the other sections are kept
 * in the result.  You own *ret.  Source: RFC 2136 s.3.1, s.3.2.5, s.3.4.1.
 */
enum ddns_err ddns_update_message_read(struct ddns_span msg,
    const struct ddns_msg_header *header, const struct ddns_msg_extra *extra,
    struct ddns_update_message **ret, unsigned *ret_rcode) DDNS_MUST_CHECK;
void ddns_update_message_free(struct ddns_update_message *message);

/* Something is malformed: only the prerequisites are left to look at. */
bool ddns_update_message_is_bad(const struct ddns_update_message *message);

/*
 * Do the prerequisites hold (RFC 2136 s.3.2)?  *ret_rcode is NOERROR or the
 * answer.  Reads only; on any handle, in or out of a transaction.
 */
enum ddns_err ddns_update_message_test(struct ddns_store *store,
    const struct ddns_zone *zone, const struct ddns_update_message *message,
    unsigned *ret_rcode) DDNS_MUST_CHECK;

/*
 * May the key do all of it (RFC 3007 s.3)?  One RR that it may not change
 * refuses the whole message.  RRSIG and NSEC* are never allowed: the server
 * that signs makes them.  Deleting "all types" of a name asks for each type
 * that is there.  A registered host takes nothing while it is disabled, and
 * only addresses that its policy allows.  Not allowed: *ret_rcode is REFUSED, `why` (initialised)
 * holds the reason for the journal, and *ret_bad (may be NULL) the first RR
 * that was refused.
 */
enum ddns_err ddns_update_message_authorize(struct ddns_store *store,
    const struct ddns_zone *zone, const struct ddns_subject *who,
    const struct ddns_update_message *message, unsigned *ret_rcode,
    const struct ddns_update_rr **ret_bad, struct ddns_buf *why)
    DDNS_MUST_CHECK;

/*
 * Makes the changes in the caller's WRITE transaction (RFC 2136 s.3.4.2), in
 * message order, and writes only what is different in the end: a message that
 * leaves all as it was steps no serial and writes no row.  *ret_changes is
 * the number of RRsets that changed.  On an error the caller undoes its mark.
 */
enum ddns_err ddns_update_message_apply(struct ddns_store *store,
    const struct ddns_actor *actor, const struct ddns_zone *zone,
    const struct ddns_update_message *message, unsigned *ret_changes)
    DDNS_MUST_CHECK;

#endif
