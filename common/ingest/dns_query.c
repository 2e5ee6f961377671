/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queries, RFC 1034 s.4.3.2 without following aliases.
 *
 * Down from the apex to the name: a delegation on the way ends in a referral;
 * then what is at the name; where nothing is, the wildcard of the closest
 * encloser; else NXDOMAIN, or no data for an empty non-terminal.  A negative
 * answer carries the SOA (RFC 2308 s.2), which is what nsupdate and others
 * look for when they do not know the zone.
 */
#include "common/ingest/dns_query.h"

struct query {
	struct ddns_store *store;
	struct ddns_zone zone;
	const struct ddns_question *question;
	struct ddns_msg_writer *w;
	enum ddns_section section;
	const struct ddns_name *owner; /* to be written: a wildcard's differs */
	uint16_t want;                 /* type, or DDNS_TYPE_ANY */
	unsigned put;                  /* RRs of an answer so far */
	bool has_cname;
};

static enum ddns_err
put_rr(const struct ddns_rr *rr, void *arg)
{
	struct query *q = arg;

	if (rr->type == DDNS_TYPE_NONE ||
	    (q->want != DDNS_TYPE_ANY && q->want != rr->type))
		return DDNS_OK;
	q->put++;
	return ddns_msg_put_rr(q->w, q->section, q->owner, rr->type,
	    DDNS_CLASS_IN, rr->ttl_s, rr->rdata);
}

static enum ddns_err
put_set(struct query *q, enum ddns_section section,
    const struct ddns_name *at, uint16_t type)
{
	q->section = section;
	q->want = type;
	return ddns_store_rr_lookup(q->store, q->zone.id, at,
	    type, put_rr, q);
}

/* In a negative answer its TTL is the smaller one: RFC 2308 s.5. */
static enum ddns_err
put_soa(struct query *q, enum ddns_section section)
{
	struct ddns_buf rdata = { 0 };
	uint32_t ttl_s = q->zone.soa_ttl_s;
	enum ddns_err err;

	if (section == DDNS_SECTION_AUTHORITY &&
	    ttl_s > q->zone.minimum_s)
		ttl_s = q->zone.minimum_s;
	ddns_zone_soa_rdata(&q->zone, &rdata);
	err = rdata.err != DDNS_OK ? rdata.err : ddns_msg_put_rr(q->w,
	    section, &q->zone.name, DDNS_TYPE_SOA, DDNS_CLASS_IN, ttl_s,
	    ddns_buf_span(&rdata));
	ddns_buf_done(&rdata);
	return err;
}

static enum ddns_err
find_cname(const struct ddns_rr *rr, void *arg)
{
	((struct query *)arg)->has_cname = rr->type == DDNS_TYPE_CNAME;
	return DDNS_ESTOP;
}

/* What is stored at `at`, for the question; put == 0: nothing of that type. */
static enum ddns_err
answer_from(struct query *q, const struct ddns_name *at)
{
	uint16_t type = q->question->type;
	enum ddns_err err = DDNS_OK;

	if ((type == DDNS_TYPE_SOA || type == DDNS_TYPE_ANY) &&
	    ddns_name_equal(at, &q->zone.name)) {
		err = put_soa(q, DDNS_SECTION_ANSWER);
		q->put++;
	}
	if (err == DDNS_OK)
		err = put_set(q, DDNS_SECTION_ANSWER, at, type);
	if (err != DDNS_OK || q->put != 0 || type == DDNS_TYPE_CNAME)
		return err;
	err = ddns_store_rr_lookup(q->store, q->zone.id, at, DDNS_TYPE_CNAME,
	    find_cname, q);
	if (err == DDNS_OK && q->has_cname)
		err = put_set(q, DDNS_SECTION_ANSWER, at, DDNS_TYPE_CNAME);
	return err;
}

static enum ddns_err
name_exists(struct query *q, const struct ddns_name *name, bool *ret)
{
	enum ddns_err err = ddns_store_rr_any_at(q->store, q->zone.id, name,
	    ret);

	if (err == DDNS_OK && !*ret)
		err = ddns_store_rr_any_below(q->store, q->zone.id, name,
		    ret);
	return err;
}

/* RFC 4592 s.3.3.1: the wildcard right below the closest encloser, if any. */
static enum ddns_err
answer_wildcard(struct query *q, bool *ret_found)
{
	struct ddns_name up = q->question->name, wildcard;
	bool is = false;
	enum ddns_err err = DDNS_OK;

	*ret_found = false;
	while (err == DDNS_OK && !is && ddns_name_parent(&up, &up))
		err = ddns_name_equal(&up, &q->zone.name) ? (is = true,
		    DDNS_OK) : name_exists(q, &up, &is);
	if (err != DDNS_OK || ddns_name_wildcard(&up, &wildcard) != DDNS_OK)
		return err;
	err = ddns_store_rr_any_at(q->store, q->zone.id, &wildcard, ret_found);
	if (err == DDNS_OK && *ret_found)
		err = answer_from(q, &wildcard);
	return err;
}

static enum ddns_err
found_ns(const struct ddns_rr *rr, void *arg)
{
	(void)rr;
	*(bool *)arg = true;
	return DDNS_ESTOP;
}

/* The highest name with NS between the apex and the name, both not counted
 * but the name itself, unless DS is asked, which the parent has. */
static enum ddns_err
find_cut(struct query *q, struct ddns_name *ret, bool *ret_found)
{
	struct ddns_name at = q->question->name, cut = at;
	bool found = false, ns;

	while (ddns_name_is_under(&at, &q->zone.name) &&
	    !ddns_name_equal(&at, &q->zone.name)) {
		enum ddns_err err;

		ns = false;
		err = ddns_store_rr_lookup(q->store, q->zone.id, &at,
		    DDNS_TYPE_NS, found_ns, &ns);
		if (err != DDNS_OK)
			return err;
		if (ns && !(q->question->type == DDNS_TYPE_DS &&
		    ddns_name_equal(&at, &q->question->name))) {
			cut = at;
			found = true;
		}
		if (!ddns_name_parent(&at, &at))
			break;
	}
	*ret = cut;
	*ret_found = found;
	return DDNS_OK;
}

/* Not ours to answer; without the addresses of the servers (RFC 9471 asks for
 * them only where a resolver would need them). */
static enum ddns_err
refer(struct query *q, const struct ddns_name *cut)
{
	q->owner = cut;
	return put_set(q, DDNS_SECTION_AUTHORITY, cut, DDNS_TYPE_NS);
}

static enum ddns_err
answer_in_zone(struct query *q, unsigned *ret_rcode)
{
	struct ddns_name cut;
	bool there = false, delegated;
	enum ddns_err err = find_cut(q, &cut, &delegated);

	if (err != DDNS_OK)
		return err;
	if (delegated)
		return refer(q, &cut);
	ddns_msg_set_flags(q->w, DDNS_MSG_AA);
	if (ddns_name_equal(&q->question->name, &q->zone.name))
		there = true;
	else
		err = name_exists(q, &q->question->name, &there);
	if (err == DDNS_OK && there)
		err = answer_from(q, &q->question->name);
	else if (err == DDNS_OK)
		err = answer_wildcard(q, &there);
	if (err != DDNS_OK || q->put != 0)
		return err;
	if (!there)
		*ret_rcode = DDNS_RCODE_NXDOMAIN;
	return put_soa(q, DDNS_SECTION_AUTHORITY);
}

static enum ddns_err
answer(struct query *q, unsigned *ret_rcode)
{
	struct ddns_name name = q->question->name;
	enum ddns_err err;

	ddns_name_lower(&name);
	err = ddns_store_zone_find(q->store, &name, &q->zone);
	if (err == DDNS_ENOTFOUND) {
		*ret_rcode = DDNS_RCODE_REFUSED;
		return DDNS_OK;
	}
	return err != DDNS_OK ? err : answer_in_zone(q, ret_rcode);
}

/* Types that are no data and that a query cannot ask for here. */
static bool
is_askable(uint16_t type)
{
	return type == DDNS_TYPE_ANY || (type != DDNS_TYPE_NONE &&
	    type != DDNS_TYPE_OPT && (type < 128 || type > 255));
}

enum ddns_err
ddns_dns_query_answer(struct ddns_store *store, struct ddns_dns_frame *frame,
    struct ddns_unix_s now, struct ddns_buf *out)
{
	struct ddns_msg_writer w;
	struct query q = { .store = store, .question = &frame->question,
		.w = &w, .owner = &frame->question.name };
	unsigned rcode = DDNS_RCODE_NOERROR;
	enum ddns_err err = DDNS_OK;

	ddns_dns_frame_start(frame, &w, out);
	if (!frame->has_question)
		rcode = DDNS_RCODE_FORMERR;
	else if (frame->question.class != DDNS_CLASS_IN ||
	    !is_askable(frame->question.type))
		rcode = DDNS_RCODE_REFUSED;
	else
		err = answer(&q, &rcode);
	if (err == DDNS_ENOSPACE && out->err == DDNS_OK) {
		ddns_dns_frame_truncate(frame, &w, out);
		ddns_msg_set_flags(&w, DDNS_MSG_AA);
	} else if (err != DDNS_OK) {
		return ddns_dns_frame_answer(frame, DDNS_RCODE_SERVFAIL, now,
		    out);
	}
	return ddns_dns_frame_finish(frame, &w, rcode, now);
}
