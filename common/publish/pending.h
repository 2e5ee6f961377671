/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_PUBLISH_PENDING_H
#define DDNS_PUBLISH_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/dns/name.h"

/*
 * What one subscriber has still to be told: a queue in the order of commits
 * that holds each name once, however often it changed.  When more than
 * zone_max names of a zone wait, one item for the whole zone takes their
 * place.  Pure; one thread at a time.
 */
enum ddns_item_flags {
	DDNS_ITEM_SUBTREE = 1,  /* the name and all below it */
	DDNS_ITEM_ZONE = 2,     /* the name is an apex: its whole zone */
	DDNS_ITEM_WHOLE = 4,    /* every type of the name */
	DDNS_ITEM_NEGATIVE = 8, /* "no such name or data" may be cached */
	DDNS_ITEM_DERIVED = 16, /* its own data did not change: only PowerDNS */
	DDNS_ITEM_LATE = 32,    /* the resolvers did not wait for this purge */
	DDNS_ITEM_REDISCOVER = 64 /* zones came or went */
};
#define DDNS_ITEM_KEY (DDNS_ITEM_SUBTREE | DDNS_ITEM_ZONE)
#define DDNS_ITEM_TYPES_MAX 3 /* more are told as "every type" */

/* What is known of a change, for ddns_pending_add(). */
struct ddns_item_in {
	const struct ddns_name *name; /* lower-case */
	const struct ddns_name *zone; /* apex; NULL: unknown */
	int64_t zone_id;
	int64_t seq;
	struct ddns_unix_ms time;     /* of the journal row */
	struct ddns_mono_us since;    /* of the commit; v == 0: not measured */
	uint32_t serial;
	uint16_t type;
	unsigned flags;
};

struct ddns_item {
	struct ddns_item *next, *prev; /* whose list it is on */
	struct ddns_item *hash_next;   /* in the queue's table */
	struct ddns_item *zone;        /* the zone's item of the same queue */
	uint64_t hash;
	int64_t zone_id;
	int64_t seq_low, seq_high;     /* of the changes in it */
	int64_t gate;                  /* may go when the order has come here */
	struct ddns_unix_ms time;      /* of the newest change */
	struct ddns_mono_us since;     /* of the oldest one; 0: not measured */
	struct ddns_mono_us due;       /* when to do it again, or at all */
	unsigned names;                /* a zone's: its names in the queue */
	unsigned attempts;
	unsigned stage;                /* how often it was done already */
	uint32_t serial_low, serial;   /* of the oldest and newest change */
	uint16_t types[DDNS_ITEM_TYPES_MAX];
	uint8_t types_count;
	uint8_t flags;
	bool queued;
	uint8_t apex_len_bytes;        /* the suffix of wire; 0: unknown zone */
	uint8_t len_bytes;
	uint8_t wire[];
};

struct ddns_item_list {
	struct ddns_item *first, *last;
	unsigned count;
};
void ddns_item_list_push(struct ddns_item_list *list, struct ddns_item *item);
struct ddns_item *ddns_item_list_pop(struct ddns_item_list *list);
void ddns_item_list_remove(struct ddns_item_list *list,
    struct ddns_item *item);
void ddns_item_list_done(struct ddns_item_list *list); /* frees the items */
/* The lowest seq_low of the list, or `low` if that is lower. */
int64_t ddns_item_list_low(const struct ddns_item_list *list, int64_t low);

void ddns_item_name(const struct ddns_item *item, struct ddns_name *ret);
/* false: the zone of the name was not known. */
bool ddns_item_apex(const struct ddns_item *item, struct ddns_name *ret);
/* The one type to tell: DDNS_TYPE_SOA for a zone, DDNS_TYPE_ANY for several. */
uint16_t ddns_item_type(const struct ddns_item *item);
bool ddns_item_same_name(const struct ddns_item *a, const struct ddns_item *b);

struct ddns_pending {
	struct ddns_item_list queue;
	struct ddns_item **table;
	size_t table_mask;
	size_t table_used;
	unsigned zone_max;
	uint64_t seed;
	uint64_t degraded; /* how often a zone took the place of names */
};

/* zone_max 0: no limit. */
void ddns_pending_init(struct ddns_pending *p, unsigned zone_max,
    uint64_t seed);
void ddns_pending_done(struct ddns_pending *p);
/*
 * Adds a change, or merges it into the item that waits for the same name, or
 * for its zone.  front: before all others (an item that is older).  *ret (may
 * be NULL) is the item that holds it, borrowed.  DDNS_ENOMEM.
 */
enum ddns_err ddns_pending_add(struct ddns_pending *p,
    const struct ddns_item_in *in, bool front, struct ddns_item **ret)
    DDNS_MUST_CHECK;
/* Takes an item out of the queue; it is the caller's, ddns_item_free(). */
void ddns_pending_take(struct ddns_pending *p, struct ddns_item *item);
/*
 * Takes the part of an item that the order allows: what came after `gate`
 * stays in the queue, behind the others.  The item is the caller's.
 */
void ddns_pending_take_until(struct ddns_pending *p, struct ddns_item *item,
    int64_t gate);
/*
 * Puts back to the front what was taken and failed.  Give back the youngest
 * first.  Cannot fail; the item may be merged and freed.
 */
void ddns_pending_give(struct ddns_pending *p, struct ddns_item *take_item);
void ddns_item_free(struct ddns_item *item); /* NULL is fine */
/* Drops what is older than t; returns how many items. */
unsigned ddns_pending_expire(struct ddns_pending *p, struct ddns_unix_ms t);

#endif
