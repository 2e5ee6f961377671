/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The changes of an UPDATE message, RFC 2136 s.3.4.2.
 *
 * Each name that the message touches is loaded once, whole; the RRs are
 * applied to that copy in message order; then what is different is written,
 * one journal row per RRset.  So "delete, then add the same again" costs
 * nothing, no reader and no row ever shows a state between, and every rule
 * about what else is at a name (CNAME, the apex) is a look into memory.
 */
#include "common/update/message.h"

#include <stdlib.h>
#include <string.h>

struct staged_set {
	uint16_t type;
	struct ddns_rrset before, now;
};

struct staged_name {
	struct ddns_name owner;
	uint64_t hash; /* a message may touch thousands of names */
	struct staged_set *sets;
	size_t sets_count;
};

struct stage {
	struct ddns_store *store;
	const struct ddns_update_message *message;
	struct ddns_zone zone; /* as it will be */
	bool soa_changed;
	struct staged_name *names;
	size_t names_count;
};

static void
stage_done(struct stage *stage)
{
	for (size_t i = 0; i < stage->names_count; i++) {
		struct staged_name *name = &stage->names[i];

		for (size_t k = 0; k < name->sets_count; k++) {
			ddns_rrset_done(&name->sets[k].before);
			ddns_rrset_done(&name->sets[k].now);
		}
		free(name->sets);
	}
	free(stage->names);
}

/* The set of a type, made absent when there is none; NULL: no memory. */
static struct staged_set *
set_of(struct staged_name *name, uint16_t type)
{
	struct staged_set *list;

	for (size_t i = 0; i < name->sets_count; i++)
		if (name->sets[i].type == type)
			return &name->sets[i];
	list = realloc(name->sets, (name->sets_count + 1) * sizeof(*list));
	if (list == NULL)
		return NULL;
	name->sets = list;
	list += name->sets_count++;
	memset(list, 0, sizeof(*list));
	list->type = type;
	return list;
}

static enum ddns_err
load_rr(const struct ddns_rr *rr, void *arg)
{
	struct staged_set *set = set_of(arg, rr->type);
	enum ddns_err err;

	if (set == NULL)
		return DDNS_ENOMEM;
	err = ddns_rrset_add(&set->before, rr->ttl_s, rr->rdata);
	return err != DDNS_OK ? err :
	    ddns_rrset_add(&set->now, rr->ttl_s, rr->rdata);
}

static enum ddns_err
name_of(struct stage *stage, const struct ddns_update_rr *rr,
    struct staged_name **ret)
{
	const struct ddns_name *owner = &rr->owner;
	uint64_t hash = rr->hash;
	struct staged_name *list;

	for (size_t i = stage->names_count; i-- > 0;) {
		if (stage->names[i].hash != hash ||
		    !ddns_name_equal(&stage->names[i].owner, owner))
			continue;
		*ret = &stage->names[i];
		return DDNS_OK;
	}
	list = realloc(stage->names,
	    (stage->names_count + 1) * sizeof(*list));
	if (list == NULL)
		return DDNS_ENOMEM;
	stage->names = list;
	list += stage->names_count++;
	memset(list, 0, sizeof(*list));
	list->owner = *owner;
	list->hash = hash;
	*ret = list;
	return ddns_store_rr_lookup(stage->store, stage->zone.id, owner,
	    DDNS_TYPE_ANY, load_rr, list);
}

/* What may stand beside a CNAME: RFC 2181 s.10.1, RFC 4034 s.3 and s.4. */
static bool
stands_beside_cname(uint16_t type)
{
	return type == DDNS_TYPE_NONE || type == DDNS_TYPE_RRSIG ||
	    type == DDNS_TYPE_NSEC;
}

static bool
has_set(const struct staged_name *name, uint16_t type)
{
	for (size_t i = 0; i < name->sets_count; i++)
		if (name->sets[i].type == type)
			return !ddns_rrset_is_absent(&name->sets[i].now);
	return false;
}

static bool
has_other_than_cname(const struct staged_name *name)
{
	for (size_t i = 0; i < name->sets_count; i++)
		if (name->sets[i].type != DDNS_TYPE_CNAME &&
		    !stands_beside_cname(name->sets[i].type) &&
		    !ddns_rrset_is_absent(&name->sets[i].now))
			return true;
	return false;
}

static bool
is_apex(const struct stage *stage, const struct staged_name *name)
{
	return ddns_name_equal(&name->owner, &stage->zone.name);
}

static struct ddns_span
rdata_of(const struct stage *stage, const struct ddns_update_rr *rr)
{
	return ddns_update_rr_rdata(stage->message, rr);
}

/*
 * s.3.4.2.2: a SOA only replaces the zone's, and only with a greater serial.
 * Canonical rdata: two uncompressed names and five numbers.
 */
static enum ddns_err
add_soa(struct stage *stage, const struct staged_name *name,
    const struct ddns_update_rr *rr)
{
	struct ddns_span rdata = rdata_of(stage, rr);
	struct ddns_zone *zone = &stage->zone;
	struct ddns_name mname, rname;
	size_t pos = 0;
	uint32_t serial;

	if (!is_apex(stage, name))
		return DDNS_OK;
	if (ddns_name_read(rdata, &pos, &mname) != DDNS_OK ||
	    ddns_name_read(rdata, &pos, &rname) != DDNS_OK ||
	    rdata.len_bytes - pos != 20)
		return DDNS_EFORMAT;
	serial = ddns_get_u32(rdata.base + pos);
	if ((int32_t)(serial - zone->serial) <= 0) /* RFC 1982 s.3.2 */
		return DDNS_OK;
	zone->mname = mname;
	zone->rname = rname;
	zone->serial = serial;
	zone->refresh_s = ddns_get_u32(rdata.base + pos + 4);
	zone->retry_s = ddns_get_u32(rdata.base + pos + 8);
	zone->expire_s = ddns_get_u32(rdata.base + pos + 12);
	zone->minimum_s = ddns_get_u32(rdata.base + pos + 16);
	zone->soa_ttl_s = rr->ttl_s;
	stage->soa_changed = true;
	return DDNS_OK;
}

/* s.3.4.2.2; "silently ignored" is what it says of a CNAME in the way. */
static enum ddns_err
add_rr(struct stage *stage, struct staged_name *name,
    const struct ddns_update_rr *rr)
{
	struct staged_set *set;

	if (rr->type == DDNS_TYPE_SOA)
		return add_soa(stage, name, rr);
	if (rr->type == DDNS_TYPE_CNAME) {
		if (is_apex(stage, name) || has_other_than_cname(name))
			return DDNS_OK;
	} else if (has_set(name, DDNS_TYPE_CNAME) &&
	    !stands_beside_cname(rr->type)) {
		return DDNS_OK;
	}
	set = set_of(name, rr->type);
	if (set == NULL)
		return DDNS_ENOMEM;
	if (rr->type == DDNS_TYPE_CNAME || rr->type == DDNS_TYPE_DNAME)
		ddns_rrset_reset(&set->now); /* there is only ever one */
	return ddns_rrset_add(&set->now, rr->ttl_s, rdata_of(stage, rr));
}

/* s.3.4.2.3: at the apex SOA and NS stay; a registered name stays so. */
static void
delete_sets(struct stage *stage, struct staged_name *name, uint16_t type)
{
	for (size_t i = 0; i < name->sets_count; i++) {
		struct staged_set *set = &name->sets[i];

		if (set->type == DDNS_TYPE_NONE ||
		    (type != DDNS_TYPE_ANY && type != set->type) ||
		    (set->type == DDNS_TYPE_NS && is_apex(stage, name)))
			continue;
		ddns_rrset_reset(&set->now);
	}
}

/* s.3.4.2.4: the last NS of the apex stays; the SOA cannot be deleted. */
static void
delete_rr(struct stage *stage, struct staged_name *name,
    const struct ddns_update_rr *rr)
{
	struct ddns_span rdata = rdata_of(stage, rr);

	for (size_t i = 0; i < name->sets_count; i++) {
		struct staged_set *set = &name->sets[i];

		if (set->type != rr->type)
			continue;
		if (set->type == DDNS_TYPE_NS && is_apex(stage, name) &&
		    ddns_rrset_count(&set->now) == 1)
			continue;
		ddns_rrset_remove(&set->now, rdata);
	}
}

static enum ddns_err
stage_rr(struct stage *stage, const struct ddns_update_rr *rr)
{
	struct staged_name *name;
	enum ddns_err err = name_of(stage, rr, &name);

	if (err != DDNS_OK)
		return err;
	if (rr->class == DDNS_CLASS_ANY)
		delete_sets(stage, name, rr->type);
	else if (rr->class == DDNS_CLASS_NONE)
		delete_rr(stage, name, rr);
	else
		return add_rr(stage, name, rr);
	return DDNS_OK;
}

/* A host's `changed` tells when its addresses last did. */
static enum ddns_err
touch_host(struct stage *stage, const struct ddns_actor *actor,
    const struct staged_name *name)
{
	struct ddns_host host;
	enum ddns_err err;

	if (!has_set(name, DDNS_TYPE_NONE))
		return DDNS_OK;
	err = ddns_store_host_get(stage->store, &name->owner, &host);
	if (err == DDNS_ENOTFOUND)
		return DDNS_OK;
	return err != DDNS_OK ? err : ddns_store_host_touch(stage->store,
	    host.id, ddns_unix_s_of_ms(actor->now));
}

static enum ddns_err
write_name(struct stage *stage, const struct ddns_actor *actor,
    struct staged_name *name, unsigned *changes)
{
	bool address = false, changed;

	for (size_t i = 0; i < name->sets_count; i++) {
		struct staged_set *set = &name->sets[i];
		enum ddns_err err;

		if (ddns_rrset_equal(&set->before, &set->now))
			continue;
		err = ddns_change_rrset(stage->store, actor, &stage->zone,
		    &name->owner, set->type, &set->now, "NOERROR", "", NULL,
		    &changed);
		if (err != DDNS_OK)
			return err;
		(*changes)++;
		if (set->type == DDNS_TYPE_A || set->type == DDNS_TYPE_AAAA)
			address = true;
	}
	return address ? touch_host(stage, actor, name) : DDNS_OK;
}

static enum ddns_err
stage_write(struct stage *stage, const struct ddns_actor *actor,
    unsigned *changes)
{
	enum ddns_err err = DDNS_OK;

	*changes = 0;
	if (stage->soa_changed) {
		/* the sender chose the serial: the row's step leads to it */
		struct ddns_zone before_step = stage->zone;

		before_step.serial--;
		err = ddns_store_zone_set(stage->store, &before_step);
		if (err == DDNS_OK)
			err = ddns_change_zone(stage->store, actor,
			    &stage->zone, "NOERROR", "SOA replaced");
		(*changes)++;
	}
	for (size_t i = 0; i < stage->names_count && err == DDNS_OK; i++)
		err = write_name(stage, actor, &stage->names[i], changes);
	return err;
}

enum ddns_err
ddns_update_message_apply(struct ddns_store *store,
    const struct ddns_actor *actor, const struct ddns_zone *zone,
    const struct ddns_update_message *message, unsigned *ret_changes)
{
	struct stage stage = { .store = store, .message = message,
		.zone = *zone };
	unsigned changes = 0;
	enum ddns_err err = DDNS_OK;

	if (ddns_update_message_is_bad(message))
		return DDNS_EFORMAT;
	for (size_t i = 0; i < message->updates_count && err == DDNS_OK; i++)
		err = stage_rr(&stage, &message->updates[i]);
	if (err == DDNS_OK)
		err = stage_write(&stage, actor, &changes);
	if (err == DDNS_OK)
		*ret_changes = changes;
	stage_done(&stage);
	return err;
}
