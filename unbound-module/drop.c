/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The drop: mark, remove, mark again, wait for who was storing, remove again.
 *
 * Removing alone is wrong: a lookup that is under way puts the old answer back
 * a moment later, for the whole TTL.  So each drop moves generations (see
 * generation.h) before and after it removes, and lookups check them.  What is
 * left is a worker that looked at the mark just before it moved and stores
 * just after the removal: its window (window.h) is waited for, some
 * microseconds, and then the name is removed once more.
 */
#include "unbound-module/drop.h"

#include <string.h>
#include <unistd.h>

#include "unbound-module/window.h"

#define TYPE_NS 2
#define TYPE_SOA 6
#define TYPE_DNAME 39
#define TYPE_ANY 255
#define WINDOW_MAX_US 2000

bool
ddns_drop_is_wide(const struct ddns_name *name, uint16_t type)
{
	/* a wildcard's answers carry the names that were asked for */
	return type == TYPE_SOA || type == TYPE_NS || type == TYPE_DNAME ||
	    ddns_name_is_wildcard(name);
}

/*
 * The name, and those between it and the apex: they may have been "no such
 * name" until one below them came.
 */
static void
collect_marks(struct ddns_dropper *d, struct ddns_zone *zone,
    const struct ddns_name *name, struct ddns_marks *marks)
{
	struct ddns_name at = *name, parent;
	uint64_t hash;

	marks->count = 0;
	ddns_marks_add(marks, &zone->proof);
	do {
		if (ddns_zones_find(d->zones, at.wire, at.len_bytes, &hash) !=
		    NULL)
			ddns_marks_add(marks,
			    ddns_generation_name(d->generation, hash));
		if (!ddns_name_parent(&at, &parent))
			break;
		at = parent;
	} while (at.len_bytes > zone->name.len_bytes);
}

enum ddns_err
ddns_drop_name(struct ddns_dropper *d, struct ddns_zone *zone,
    const struct ddns_name *name, uint16_t type)
{
	struct ddns_marks marks;
	enum ddns_err err;

	collect_marks(d, zone, name, &marks);
	ddns_generation_begin(d->generation, &marks);
	err = ddns_cache_drop(d->cache, &zone->name, name, type);
	ddns_generation_end(d->generation, &marks);
	if (err == DDNS_OK && ddns_windows_wait(WINDOW_MAX_US))
		err = ddns_cache_drop(d->cache, &zone->name, name, type);
	if (err == DDNS_OK && d->grace_us > 0) {
		(void)usleep(d->grace_us);
		err = ddns_cache_drop(d->cache, &zone->name, name, type);
	}
	if (err == DDNS_OK)
		ddns_stats_add(&d->stats->dropped_names);
	return err;
}

void
ddns_drop_walk_begin(struct ddns_dropper *d, struct ddns_zone *zone,
    const struct ddns_name *name, struct ddns_drop_walk *walk)
{
	memset(walk, 0, sizeof(*walk));
	walk->zone = zone;
	walk->below = *name;
	if (ddns_name_is_wildcard(name))
		(void)ddns_name_parent(name, &walk->below);
	/* the whole zone, also for a part of it: rare, and safe */
	ddns_marks_add(&walk->marks, &zone->whole);
	ddns_generation_begin(d->generation, &walk->marks);
}

enum ddns_err
ddns_drop_walk_step(struct ddns_dropper *d, struct ddns_drop_walk *walk,
    bool *ret_done)
{
	bool done = false;
	enum ddns_err err;

	err = ddns_cache_walk_step(d->cache, &walk->below, &walk->at, &done);
	if (err == DDNS_OK && !done) {
		*ret_done = false;
		return err;
	}
	/* negative answers and proofs hang on the names above as well */
	if (err == DDNS_OK)
		err = ddns_cache_drop(d->cache, &walk->zone->name,
		    &walk->below, TYPE_ANY);
	ddns_generation_end(d->generation, &walk->marks);
	/* who stores now has been judged stale and takes it back himself */
	(void)ddns_windows_wait(WINDOW_MAX_US);
	if (err == DDNS_OK)
		ddns_stats_add(&d->stats->dropped_zones);
	*ret_done = true;
	return err;
}
