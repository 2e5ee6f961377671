/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which names does a change concern?
 *
 * A resolver's module needs little: it drops the RRset, and with it every
 * answer that was made from it.  PowerDNS caches whole answers by the name
 * that was asked, so every owner whose answer may contain the changed RRset
 * has to be named: CNAMEs that lead to it, MX, SRV and NS whose additional
 * section holds it, and what points at those.  The store has an index on
 * targets for it.
 *
 * A name that appears or vanishes also changes what lies around it: the empty
 * non-terminals between it and the apex come and go, and where a wildcard
 * stands beside them it covers names below it no more, or again.  Both kinds
 * of cache then need the subtree dropped, which is dear, so it is asked for
 * only where there is such a wildcard (RFC 4592 s.3.3.1: the one at the
 * closest encloser).
 *
 * Nothing here is proportional to the size of a zone.
 */
#include "common/publish/reach.h"

#include <stdlib.h>
#include <string.h>

struct walk {
	struct ddns_store *store;
	const struct ddns_change *change;
	const struct ddns_zone *zone;
	ddns_reach_fn *each;
	void *arg;
	/* owners that point at the change, found breadth first */
	struct owner *owners;
	unsigned owners_count;
	bool overflow;
};

struct owner {
	struct ddns_name name;
	int64_t zone_id;
	bool cut; /* delegates: all below it is answered with the change */
};

enum ddns_err
ddns_change_of_row(const struct ddns_journal_row *row,
    struct ddns_mono_us since, struct ddns_change *ret)
{
	enum ddns_err err = ddns_name_parse(row->name, &ret->name);

	if (err != DDNS_OK)
		return err;
	ddns_name_lower(&ret->name);
	ret->seq = row->seq;
	ret->time = row->time;
	ret->since = since;
	ret->zone_id = row->zone_id;
	ret->serial = row->serial;
	ret->type = row->type;
	ret->flags = row->flags;
	ret->was_absent = row->old_set.len_bytes == 0;
	return DDNS_OK;
}

static enum ddns_err
emit_in(struct walk *w, const struct ddns_name *name,
    const struct ddns_name *zone, int64_t zone_id, unsigned flags)
{
	const struct ddns_change *c = w->change;
	struct ddns_item_in in = { .name = name, .zone = zone,
		.zone_id = zone_id, .seq = c->seq, .time = c->time,
		.since = c->since, .serial = c->serial, .type = c->type,
		.flags = flags };

	return w->each(&in, w->arg);
}

static enum ddns_err
emit(struct walk *w, const struct ddns_name *name, unsigned flags)
{
	return emit_in(w, name, w->zone != NULL ? &w->zone->name : NULL,
	    w->change->zone_id, flags);
}

static bool
is_apex(const struct walk *w, const struct ddns_name *name)
{
	return w->zone != NULL && ddns_name_equal(name, &w->zone->name);
}

/* A change of these changes what is answered for every type of the name. */
static bool
type_is_whole(uint16_t type)
{
	return type == DDNS_TYPE_NONE || type == DDNS_TYPE_ANY ||
	    type == DDNS_TYPE_CNAME || type == DDNS_TYPE_DNAME;
}

/* A change of these, but at the apex, also decides who answers below. */
static bool
type_is_cut(uint16_t type)
{
	return type == DDNS_TYPE_NS || type == DDNS_TYPE_DS ||
	    type == DDNS_TYPE_DNAME;
}

static bool
flips_existence(const struct ddns_change *c)
{
	return (c->flags & (DDNS_JOURNAL_APPEARED | DDNS_JOURNAL_VANISHED)) !=
	    0;
}

/* "*.x": it and all that was or will be made from it lie below x. */
static enum ddns_err
emit_wildcard(struct walk *w)
{
	struct ddns_name parent;

	if (!ddns_name_parent(&w->change->name, &parent))
		return DDNS_OK;
	return emit(w, &parent, DDNS_ITEM_SUBTREE | DDNS_ITEM_NEGATIVE);
}

static enum ddns_err
emit_itself(struct walk *w)
{
	const struct ddns_change *c = w->change;
	unsigned flags = 0;
	enum ddns_err err;

	if (flips_existence(c) || type_is_whole(c->type))
		flags |= DDNS_ITEM_WHOLE | DDNS_ITEM_NEGATIVE;
	if (c->was_absent)
		flags |= DDNS_ITEM_NEGATIVE;
	if (ddns_name_is_wildcard(&c->name))
		return emit_wildcard(w);
	err = emit(w, &c->name, flags);
	if (err == DDNS_OK && type_is_cut(c->type) && !is_apex(w, &c->name))
		err = emit(w, &c->name, DDNS_ITEM_SUBTREE);
	return err;
}

static enum ddns_err
has_wildcard(struct walk *w, const struct ddns_name *parent, bool *ret)
{
	struct ddns_name wildcard;

	*ret = false;
	if (ddns_name_wildcard(parent, &wildcard) != DDNS_OK)
		return DDNS_OK; /* too long a name to exist */
	return ddns_store_rr_any_at(w->store, w->zone->id, &wildcard, ret);
}

/* The name came or went: what about the empty names between it and the apex? */
static enum ddns_err
emit_around(struct walk *w, bool derived)
{
	struct ddns_name name = w->change->name, parent, top;
	bool covered, any, uncovered = false;
	enum ddns_err err;

	while (!is_apex(w, &name) && ddns_name_parent(&name, &parent) &&
	    ddns_name_is_under(&parent, &w->zone->name)) {
		err = has_wildcard(w, &parent, &covered);
		if (err != DDNS_OK)
			return err;
		if (covered && !ddns_name_is_wildcard(&name)) {
			top = name;
			uncovered = true;
		}
		if (is_apex(w, &parent))
			break;
		err = ddns_store_rr_any_at(w->store, w->zone->id, &parent,
		    &any);
		if (err != DDNS_OK)
			return err;
		if (any)
			break; /* exists anyway, and so does all above */
		if (derived)
			err = emit(w, &parent, DDNS_ITEM_DERIVED);
		if (err != DDNS_OK)
			return err;
		name = parent;
	}
	if (!uncovered)
		return DDNS_OK;
	return emit(w, &top, DDNS_ITEM_SUBTREE | DDNS_ITEM_NEGATIVE);
}

static bool
owner_known(const struct walk *w, const struct ddns_name *name, bool cut)
{
	for (unsigned i = 0; i < w->owners_count; i++)
		if (ddns_name_equal(&w->owners[i].name, name) &&
		    (w->owners[i].cut || !cut))
			return true;
	return false;
}

static enum ddns_err
owner_add(struct walk *w, const struct ddns_name *name, int64_t zone_id,
    bool cut)
{
	struct owner *owners;

	if (owner_known(w, name, cut))
		return DDNS_OK;
	if (w->owners_count == DDNS_REACH_NAMES_MAX) {
		w->overflow = true;
		return DDNS_ESTOP;
	}
	if ((w->owners_count & (w->owners_count - 1)) == 0) {
		size_t room = w->owners_count == 0 ? 1 : w->owners_count * 2;

		owners = realloc(w->owners, room * sizeof(*owners));
		if (owners == NULL)
			return DDNS_ENOMEM;
		w->owners = owners;
	}
	w->owners[w->owners_count++] = (struct owner){ *name, zone_id, cut };
	return DDNS_OK;
}

static enum ddns_err
add_pointing(const struct ddns_rr *rr, void *arg)
{
	struct walk *w = arg;
	bool cut = rr->type == DDNS_TYPE_NS &&
	    !(w->zone != NULL && rr->zone_id == w->zone->id &&
	    is_apex(w, &rr->owner));

	return owner_add(w, &rr->owner, rr->zone_id, cut);
}

struct dname {
	struct walk *walk;
	const struct ddns_name *target; /* above the name */
	const struct ddns_name *name;
};

/* owner DNAME target: "x.target" is also seen as "x.owner". */
static enum ddns_err
add_dname(const struct ddns_rr *rr, void *arg)
{
	const struct dname *d = arg;
	size_t front = (size_t)d->name->len_bytes - d->target->len_bytes;
	struct ddns_name seen;

	if (rr->type != DDNS_TYPE_DNAME ||
	    front + rr->owner.len_bytes > DDNS_NAME_WIRE_MAX)
		return DDNS_OK;
	memcpy(seen.wire, d->name->wire, front);
	memcpy(seen.wire + front, rr->owner.wire, rr->owner.len_bytes);
	seen.len_bytes = (uint8_t)(front + rr->owner.len_bytes);
	return owner_add(d->walk, &seen, rr->zone_id, false);
}

static enum ddns_err
add_all_pointing(struct walk *w, const struct ddns_name *name)
{
	struct ddns_name above = *name, parent;
	enum ddns_err err;

	err = ddns_store_rr_pointing(w->store, name, add_pointing, w);
	while (err == DDNS_OK && ddns_name_parent(&above, &parent) &&
	    !ddns_name_is_root(&parent)) {
		struct dname d = { w, &parent, name };

		err = ddns_store_rr_pointing(w->store, &parent, add_dname, &d);
		above = parent;
	}
	return err;
}

/* More than we want to name: the zones they are in, as a whole. */
static enum ddns_err
emit_owners_zones(struct walk *w)
{
	struct ddns_zone zone;
	enum ddns_err err = DDNS_OK;

	for (unsigned i = 0; i < w->owners_count && err == DDNS_OK; i++) {
		bool seen = false;

		for (unsigned j = 0; j < i && !seen; j++)
			seen = w->owners[j].zone_id == w->owners[i].zone_id;
		if (seen)
			continue;
		err = ddns_store_zone_get(w->store, w->owners[i].zone_id,
		    &zone);
		if (err == DDNS_ENOTFOUND) {
			err = DDNS_OK;
			continue;
		}
		if (err == DDNS_OK)
			err = emit_in(w, &zone.name, &zone.name, zone.id,
			    DDNS_ITEM_ZONE | DDNS_ITEM_DERIVED);
	}
	return err;
}

static enum ddns_err
emit_owners(struct walk *w)
{
	enum ddns_err err = DDNS_OK;

	for (unsigned i = 0; i < w->owners_count && err == DDNS_OK; i++) {
		const struct owner *o = &w->owners[i];
		unsigned kind = o->cut ? DDNS_ITEM_SUBTREE : 0;
		bool own = w->zone != NULL && o->zone_id == w->zone->id;

		err = emit_in(w, &o->name, own ? &w->zone->name : NULL,
		    o->zone_id, kind | DDNS_ITEM_DERIVED);
	}
	return err;
}

static enum ddns_err
emit_pointing(struct walk *w)
{
	unsigned depth = 0, done = 0;
	enum ddns_err err;

	err = add_all_pointing(w, &w->change->name);
	while (err == DDNS_OK && !w->overflow && done < w->owners_count &&
	    depth++ < DDNS_REACH_DEPTH_MAX) {
		unsigned end = w->owners_count;

		while (done < end && err == DDNS_OK && !w->overflow) {
			struct ddns_name name = w->owners[done++].name;

			err = add_all_pointing(w, &name);
		}
	}
	if (err != DDNS_OK)
		return err;
	return w->overflow ? emit_owners_zones(w) : emit_owners(w);
}

enum ddns_err
ddns_reach(struct ddns_store *store, const struct ddns_change *change,
    const struct ddns_zone *zone, bool derived, ddns_reach_fn *each, void *arg)
{
	struct walk w = { .store = store, .change = change, .zone = zone,
		.each = each, .arg = arg };
	enum ddns_err err;

	if (change->flags & DDNS_JOURNAL_ZONE)
		return emit_in(&w, &change->name, &change->name,
		    change->zone_id, DDNS_ITEM_ZONE | DDNS_ITEM_REDISCOVER |
		    DDNS_ITEM_NEGATIVE);
	err = emit_itself(&w);
	if (err == DDNS_OK && zone != NULL && flips_existence(change))
		err = emit_around(&w, derived);
	if (err == DDNS_OK && derived)
		err = emit_pointing(&w);
	free(w.owners);
	return err;
}
