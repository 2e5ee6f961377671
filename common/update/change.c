/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record changes here and nowhere else, so that no front end can write a
 * record without its journal row, its new serial and the flags that tell the
 * publisher whether the name came into being or went away.
 */
#include "common/update/change.h"

#include <string.h>

static enum ddns_err
append(struct ddns_store *store, const struct ddns_actor *actor,
    struct ddns_journal_row *row)
{
	char source[DDNS_ADDR_TEXT_MAX];
	int64_t seq;

	ddns_addr_format(&actor->source, source);
	row->time = actor->now;
	row->last = actor->now;
	row->repeats = 1;
	row->request = actor->request;
	row->protocol = actor->protocol;
	row->account = actor->account;
	row->credential = actor->credential;
	row->user_agent = actor->user_agent;
	row->source = source;
	if (actor->tls)
		row->flags |= DDNS_JOURNAL_TLS;
	return ddns_journal_append(store, row, &seq);
}

/*
 * APPEARED and VANISHED are about the name, not the type: NXDOMAIN depends on
 * them.  Only a set that comes or goes can flip it.
 */
static enum ddns_err
name_flags(struct ddns_store *store, const struct ddns_zone *zone,
    const struct ddns_name *owner, bool was, bool is, bool other_before,
    unsigned *ret)
{
	bool any = other_before;
	enum ddns_err err;

	*ret = 0;
	if (was == is)
		return DDNS_OK;
	if (is) {
		if (!any)
			*ret = DDNS_JOURNAL_APPEARED;
		return DDNS_OK;
	}
	err = ddns_store_rr_any_at(store, zone->id, owner, &any);
	if (err == DDNS_OK && !any)
		*ret = DDNS_JOURNAL_VANISHED;
	return err;
}

enum ddns_err
ddns_change_rrset(struct ddns_store *store, const struct ddns_actor *actor,
    const struct ddns_zone *zone, const struct ddns_name *owner, uint16_t type,
    const struct ddns_rrset *set, const char *result, const char *reason,
    struct ddns_rrset *old, bool *ret_changed)
{
	struct ddns_rrset before = { 0 };
	struct ddns_journal_row row = { 0 };
	char name[DDNS_NAME_TEXT_MAX];
	bool was, is = !ddns_rrset_is_absent(set), any = false;
	enum ddns_err err;

	err = ddns_store_rrset_get(store, zone->id, owner, type, &before);
	if (err != DDNS_OK)
		goto out;
	if (old != NULL) {
		err = ddns_rrset_copy(&before, old);
		if (err != DDNS_OK)
			goto out;
	}
	if (ddns_rrset_equal(&before, set)) {
		*ret_changed = false;
		goto out;
	}
	was = !ddns_rrset_is_absent(&before);
	if (is && !was) {
		err = ddns_store_rr_any_at(store, zone->id, owner, &any);
		if (err != DDNS_OK)
			goto out;
	}
	err = ddns_store_rrset_put(store, zone->id, owner, type, set);
	if (err == DDNS_OK)
		err = name_flags(store, zone, owner, was, is, any, &row.flags);
	if (err == DDNS_OK)
		err = ddns_store_zone_bump(store, zone->id, &row.serial);
	if (err != DDNS_OK)
		goto out;
	ddns_name_format(owner, name);
	row.flags |= DDNS_JOURNAL_CHANGED;
	row.zone_id = zone->id;
	row.name = name;
	row.type = type;
	row.result = result;
	row.reason = reason;
	row.old_set = ddns_buf_span(&before.bytes);
	row.new_set = ddns_buf_span(&set->bytes);
	err = append(store, actor, &row);
	if (err == DDNS_OK)
		*ret_changed = true;
out:
	ddns_rrset_done(&before);
	return err;
}

struct types {
	uint16_t type[DDNS_RRSET_MAX_RRS];
	size_t count;
};

static enum ddns_err
note_type(const struct ddns_rr *rr, void *arg)
{
	struct types *types = arg;

	if (types->count > 0 && types->type[types->count - 1] == rr->type)
		return DDNS_OK;
	if (types->count == DDNS_COUNT(types->type))
		return DDNS_ERANGE;
	types->type[types->count++] = rr->type;
	return DDNS_OK;
}

enum ddns_err
ddns_change_delete_name(struct ddns_store *store,
    const struct ddns_actor *actor, const struct ddns_zone *zone,
    const struct ddns_name *owner)
{
	struct ddns_rrset absent = { 0 };
	struct types types = { .count = 0 };
	enum ddns_err err;
	bool changed;

	err = ddns_store_rr_lookup(store, zone->id, owner, DDNS_TYPE_ANY,
	    note_type, &types);
	for (size_t i = types.count; i-- > 0 && err == DDNS_OK;)
		err = ddns_change_rrset(store, actor, zone, owner,
		    types.type[i], &absent, "good", "", NULL, &changed);
	return err;
}

enum ddns_err
ddns_change_zone(struct ddns_store *store, const struct ddns_actor *actor,
    const struct ddns_zone *zone, const char *result, const char *reason)
{
	struct ddns_journal_row row = { 0 };
	char name[DDNS_NAME_TEXT_MAX];
	enum ddns_err err;

	err = ddns_store_zone_bump(store, zone->id, &row.serial);
	if (err == DDNS_ENOTFOUND) { /* deleted: the row tells the caches */
		row.serial = zone->serial;
		err = DDNS_OK;
	}
	if (err != DDNS_OK)
		return err;
	ddns_name_format(&zone->name, name);
	row.flags = DDNS_JOURNAL_CHANGED | DDNS_JOURNAL_ZONE;
	row.zone_id = zone->id;
	row.name = name;
	row.type = DDNS_TYPE_SOA;
	row.result = result;
	row.reason = reason;
	return append(store, actor, &row);
}

enum ddns_err
ddns_change_refused(struct ddns_store *store, const struct ddns_actor *actor,
    const char *name, uint16_t type, const char *result, const char *reason)
{
	struct ddns_journal_row row = {
		.name = name,
		.type = type,
		.result = result,
		.reason = reason,
	};

	return append(store, actor, &row);
}
