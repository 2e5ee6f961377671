/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prerequisites, RFC 2136 s.3.2.
 *
 * The existence tests are answered one by one in message order; the
 * value-dependent ones are gathered into RRsets and compared after the loop,
 * as the pseudo code of s.3.2.5 does.  The SOA is no stored record, so it is
 * put together here; "a name is in use" leaves out registered names without
 * data and empty non-terminals (s.2.4.5 wants at least one RR).
 */
#include <stdlib.h>

#include "common/update/message.h"

struct finding {
	const struct ddns_zone *zone;
	bool found;
};

static enum ddns_err
found_data(const struct ddns_rr *rr, void *arg)
{
	struct finding *finding = arg;

	if (rr->type == DDNS_TYPE_NONE)
		return DDNS_OK;
	finding->found = true;
	return DDNS_ESTOP;
}

/* type ANY: is the name in use; else: does the RRset exist */
static enum ddns_err
is_there(struct ddns_store *store, const struct ddns_zone *zone,
    const struct ddns_name *owner, uint16_t type, bool *ret)
{
	struct finding finding = { .zone = zone, .found = false };
	enum ddns_err err;

	if ((type == DDNS_TYPE_ANY || type == DDNS_TYPE_SOA) &&
	    ddns_name_equal(owner, &zone->name)) {
		*ret = true;
		return DDNS_OK;
	}
	err = ddns_store_rr_lookup(store, zone->id, owner, type, found_data,
	    &finding);
	*ret = finding.found;
	return err;
}

static enum ddns_err
test_existence(struct ddns_store *store, const struct ddns_zone *zone,
    const struct ddns_update_rr *rr, unsigned *ret_rcode)
{
	bool want = rr->class == DDNS_CLASS_ANY, is;
	enum ddns_err err = is_there(store, zone, &rr->owner, rr->type, &is);

	if (err != DDNS_OK || is == want)
		return err;
	if (rr->type == DDNS_TYPE_ANY)
		*ret_rcode = want ? DDNS_RCODE_NXDOMAIN : DDNS_RCODE_YXDOMAIN;
	else
		*ret_rcode = want ? DDNS_RCODE_NXRRSET : DDNS_RCODE_YXRRSET;
	return DDNS_OK;
}

static bool
is_value(const struct ddns_update_rr *rr)
{
	return rr->class != DDNS_CLASS_ANY && rr->class != DDNS_CLASS_NONE;
}

static bool
is_same_set(const struct ddns_update_rr *a, const struct ddns_update_rr *b)
{
	return a->hash == b->hash && a->type == b->type && is_value(a) &&
	    is_value(b) && ddns_name_equal(&a->owner, &b->owner);
}

/* All RRs of the message that make up the RRset of list[first]. */
static enum ddns_err
gather(const struct ddns_update_message *message, size_t first,
    struct ddns_rrset *set)
{
	const struct ddns_update_rr *list = message->prereqs;
	enum ddns_err err = DDNS_OK;

	for (size_t i = first; i < message->prereqs_count && err == DDNS_OK;
	    i++)
		if (is_same_set(&list[first], &list[i]))
			err = ddns_rrset_add(set, 0,
			    ddns_update_rr_rdata(message, &list[i]));
	return err;
}

static enum ddns_err
get_set(struct ddns_store *store, const struct ddns_zone *zone,
    const struct ddns_update_rr *rr, struct ddns_rrset *set)
{
	struct ddns_buf soa = { 0 };
	enum ddns_err err;

	if (rr->type != DDNS_TYPE_SOA)
		return ddns_store_rrset_get(store, zone->id, &rr->owner,
		    rr->type, set);
	if (!ddns_name_equal(&rr->owner, &zone->name))
		return DDNS_OK;
	ddns_zone_soa_rdata(zone, &soa);
	err = soa.err != DDNS_OK ? soa.err :
	    ddns_rrset_add(set, zone->soa_ttl_s, ddns_buf_span(&soa));
	ddns_buf_done(&soa);
	return err;
}

static bool
is_first_of_set(const struct ddns_update_message *message, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_same_set(&message->prereqs[k], &message->prereqs[i]))
			return false;
	return true;
}

static enum ddns_err
test_values(struct ddns_store *store, const struct ddns_zone *zone,
    const struct ddns_update_message *message, size_t first,
    unsigned *ret_rcode)
{
	struct ddns_rrset want = { 0 }, is = { 0 };
	enum ddns_err err;

	err = gather(message, first, &want);
	if (err == DDNS_OK)
		err = get_set(store, zone, &message->prereqs[first], &is);
	if (err == DDNS_OK && !ddns_rrset_equal_data(&want, &is))
		*ret_rcode = DDNS_RCODE_NXRRSET;
	if (err == DDNS_ERANGE) { /* more RRs than a set may have: not equal */
		*ret_rcode = DDNS_RCODE_NXRRSET;
		err = DDNS_OK;
	}
	ddns_rrset_done(&want);
	ddns_rrset_done(&is);
	return err;
}

enum ddns_err
ddns_update_message_test(struct ddns_store *store,
    const struct ddns_zone *zone, const struct ddns_update_message *message,
    unsigned *ret_rcode)
{
	enum ddns_err err = DDNS_OK;

	*ret_rcode = DDNS_RCODE_NOERROR;
	for (size_t i = 0; i < message->prereqs_count; i++) {
		const struct ddns_update_rr *rr = &message->prereqs[i];

		if (rr->rcode != DDNS_RCODE_NOERROR)
			*ret_rcode = rr->rcode;
		else if (!is_value(rr))
			err = test_existence(store, zone, rr, ret_rcode);
		if (err != DDNS_OK || *ret_rcode != DDNS_RCODE_NOERROR)
			return err;
	}
	for (size_t i = 0; i < message->prereqs_count; i++) {
		if (!is_value(&message->prereqs[i]) ||
		    !is_first_of_set(message, i))
			continue;
		err = test_values(store, zone, message, i, ret_rcode);
		if (err != DDNS_OK || *ret_rcode != DDNS_RCODE_NOERROR)
			return err;
	}
	return DDNS_OK;
}
