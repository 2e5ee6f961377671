/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_GENERATION_H
#define DDNS_MODULE_GENERATION_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Generations: was a name changed since a lookup began?
 *
 * A counter moves when a drop begins and again when it has ended.  A lookup
 * takes the counter as its stamp when it begins; each name (by hash, so now
 * and then also another one) and each zone keeps the count of its last drop as
 * its mark.  A mark above the stamp: what the lookup holds may be older than
 * the change.  Marks are lossy on the safe side only: two names that share a
 * mark cost a lookup made twice.  Memory never grows and nobody waits.
 *
 * A value is the count shifted left by one; the lowest bit says that the drop
 * has not ended.  A lookup that reads old data from the cache while they are
 * being dropped, and would store them again, sees that bit and takes its own
 * store back.
 *
 * One thread (the listener's) begins and ends drops; any thread checks.
 */
#define DDNS_GENERATION_NAMES 65536 /* marks; a power of two */
/* one name, the names between it and the apex, two of its zone */
#define DDNS_GENERATION_MARKS_MAX 132

typedef _Atomic uint64_t ddns_mark;

struct ddns_generation {
	ddns_mark now;
	uint64_t count; /* the writer's */
	unsigned open;  /* drops begun and not ended; the writer's */
	ddns_mark names[DDNS_GENERATION_NAMES];
};

struct ddns_marks {
	ddns_mark *at[DDNS_GENERATION_MARKS_MAX];
	size_t count;
};

enum ddns_freshness {
	DDNS_FRESH,
	DDNS_BUSY, /* began during a drop that goes on: do not leave it cached */
	DDNS_STALE /* began before the last drop: ask again */
};

/* `start`: where an earlier instance stopped, so that stamps never repeat. */
void ddns_generation_init(struct ddns_generation *g, uint64_t start);

static inline ddns_mark *
ddns_generation_name(struct ddns_generation *g, uint64_t name_hash)
{
	return &g->names[name_hash & (DDNS_GENERATION_NAMES - 1)];
}

/* Adds a mark; one too many is not added, and the zone's must be used. */
void ddns_marks_add(struct ddns_marks *marks, ddns_mark *mark);
void ddns_generation_begin(struct ddns_generation *g,
    const struct ddns_marks *marks);
void ddns_generation_end(struct ddns_generation *g,
    const struct ddns_marks *marks);

static inline uint64_t
ddns_generation_stamp(const struct ddns_generation *g)
{
	return atomic_load(&g->now);
}

static inline enum ddns_freshness
ddns_generation_check(const ddns_mark *mark, uint64_t stamp)
{
	uint64_t value = atomic_load(mark);

	if (value >> 1 > stamp >> 1)
		return DDNS_STALE;
	return (value & 1) != 0 ? DDNS_BUSY : DDNS_FRESH;
}

#endif
