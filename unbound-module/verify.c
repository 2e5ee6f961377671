/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May this message drop something, and what?
 *
 * Order: is it a request at all (else silence, so that two servers can never
 * talk to each other for ever); is it well formed; is it signed and does the
 * signature hold (RFC 8945 s.5.2); is it a NOTIFY; is the name ours.  Only who
 * holds a key learns which zones are configured: an unsigned request is
 * refused before the name is looked at.
 */
#include "unbound-module/verify.h"

#include <string.h>

static void
answer(struct ddns_request *ret, unsigned rcode)
{
	ret->verdict = DDNS_VERDICT_ANSWER;
	ret->rcode = rcode;
}

static void
count_denied(struct ddns_stats *stats, unsigned error)
{
	if (error == DDNS_RCODE_BADKEY)
		ddns_stats_add(&stats->badkey);
	else if (error == DDNS_RCODE_BADTIME)
		ddns_stats_add(&stats->badtime);
	else
		ddns_stats_add(&stats->badsig);
}

/* true: signed by one of our keys, and in time */
static bool
authentic(struct ddns_span msg, const struct ddns_msg_extra *extra,
    ddns_tsig_find_fn *find, void *find_arg, struct ddns_unix_s now,
    struct ddns_stats *stats, struct ddns_request *ret)
{
	enum ddns_err err;

	if (!extra->has_tsig) {
		ddns_stats_add(&stats->unsigned_);
		answer(ret, DDNS_RCODE_REFUSED);
		return false;
	}
	err = ddns_tsig_verify_request(msg, extra, find, find_arg, now, 0,
	    &ret->tsig, &ret->key);
	if (err == DDNS_OK) {
		ret->tsig_answer = true;
		return true;
	}
	if (err == DDNS_EDENIED) {
		/* BADKEY and BADSIG unsigned, BADTIME signed (s.5.3.2) */
		count_denied(stats, ret->tsig.error);
		if (!ret->tsig.sign)
			ret->key = NULL;
		ret->tsig_answer = true;
		answer(ret, DDNS_RCODE_NOTAUTH);
	} else if (err == DDNS_EFORMAT) {
		ddns_stats_add(&stats->malformed);
		answer(ret, DDNS_RCODE_FORMERR);
	} else {
		answer(ret, DDNS_RCODE_SERVFAIL);
	}
	return false;
}

static void
read_notify(struct ddns_span msg, const struct ddns_msg_extra *extra,
    struct ddns_zones *zones, struct ddns_stats *stats,
    struct ddns_request *ret)
{
	uint64_t hash;
	enum ddns_err err;

	err = ddns_notify_read(msg, &ret->header, extra, &ret->notify);
	if (err != DDNS_OK) {
		ddns_stats_add(&stats->malformed);
		answer(ret, err == DDNS_EFORMAT ? DDNS_RCODE_FORMERR :
		    DDNS_RCODE_REFUSED);
		return;
	}
	ddns_name_lower(&ret->notify.name);
	ret->zone = ddns_zones_find(zones, ret->notify.name.wire,
	    ret->notify.name.len_bytes, &hash);
	if (ret->zone == NULL) {
		ddns_stats_add(&stats->unknown_zone);
		answer(ret, DDNS_RCODE_REFUSED);
		return;
	}
	ret->verdict = DDNS_VERDICT_DROP;
	ret->rcode = DDNS_RCODE_NOERROR;
}

void
ddns_verify(struct ddns_span msg, ddns_tsig_find_fn *find, void *find_arg,
    struct ddns_zones *zones, struct ddns_unix_s now,
    struct ddns_stats *stats, struct ddns_request *ret)
{
	struct ddns_msg_extra extra;
	size_t pos = DDNS_MSG_HEADER_BYTES;

	memset(ret, 0, sizeof(*ret));
	ret->verdict = DDNS_VERDICT_IGNORE;
	if (ddns_msg_read_header(msg, &ret->header) != DDNS_OK ||
	    (ret->header.flags & DDNS_MSG_QR) != 0) {
		ddns_stats_add(&stats->malformed);
		return;
	}
	ret->has_question = ret->header.count[DDNS_SECTION_QUESTION] == 1 &&
	    ddns_msg_read_question(msg, &pos, &ret->question) == DDNS_OK;
	if (msg.len_bytes > DDNS_REQUEST_MAX_BYTES ||
	    ddns_msg_scan(msg, &ret->header, &extra) != DDNS_OK) {
		ddns_stats_add(&stats->malformed);
		answer(ret, DDNS_RCODE_FORMERR);
		return;
	}
	if (ddns_msg_opcode(&ret->header) != DDNS_OPCODE_NOTIFY) {
		ddns_stats_add(&stats->malformed);
		answer(ret, DDNS_RCODE_NOTIMP);
		return;
	}
	if (authentic(msg, &extra, find, find_arg, now, stats, ret))
		read_notify(msg, &extra, zones, stats, ret);
}

/* To what is no NOTIFY, or shows no question to repeat. */
static enum ddns_err
write_bare_answer(const struct ddns_request *request, unsigned rcode,
    struct ddns_buf *out)
{
	const struct ddns_question *q = &request->question;
	struct ddns_msg_writer w;

	ddns_msg_start(&w, out, request->header.id, (uint16_t)(DDNS_MSG_QR |
	    (ddns_msg_opcode(&request->header) << 11) | (rcode & 15)));
	if (!request->has_question)
		return out->err;
	return ddns_msg_put_question(&w, &q->name, q->type, q->class);
}

enum ddns_err
ddns_verify_answer(struct ddns_request *request, unsigned rcode,
    struct ddns_unix_s now, struct ddns_buf *out)
{
	size_t start = out->len_bytes;
	enum ddns_err err;

	if (request->has_question &&
	    ddns_msg_opcode(&request->header) == DDNS_OPCODE_NOTIFY)
		err = ddns_notify_write_answer(&request->header,
		    &request->question, rcode, out);
	else
		err = write_bare_answer(request, rcode, out);
	if (err == DDNS_OK && request->tsig_answer)
		err = ddns_tsig_sign(out, start, request->key, &request->tsig,
		    now, NULL);
	return err;
}
