/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue of one subscriber.
 *
 * A change is merged into the item that already waits for its name, and the
 * item keeps its place: a name that changes all the time is not told later
 * than others, and never stands in the queue twice.  So the queue is sorted by
 * seq_low, which is what the order of publishing needs.
 *
 * Items are found by one hash table over (name, kind).  A zone with names in
 * the queue has an item of its own in the table that counts them; it enters
 * the queue only when it takes their place or when the zone as a whole
 * changed.  While it waits there it swallows every change of its zone.
 */
#include "common/publish/pending.h"

#include <stdlib.h>
#include <string.h>

#include "common/dns/rrset.h"

#define TABLE_MIN 64

void
ddns_item_list_push(struct ddns_item_list *list, struct ddns_item *item)
{
	item->next = NULL;
	item->prev = list->last;
	if (list->last != NULL)
		list->last->next = item;
	else
		list->first = item;
	list->last = item;
	list->count++;
}

/* before NULL: at the end */
static void
list_insert(struct ddns_item_list *list, struct ddns_item *item,
    struct ddns_item *before)
{
	if (before == NULL) {
		ddns_item_list_push(list, item);
		return;
	}
	item->next = before;
	item->prev = before->prev;
	if (before->prev != NULL)
		before->prev->next = item;
	else
		list->first = item;
	before->prev = item;
	list->count++;
}

void
ddns_item_list_remove(struct ddns_item_list *list, struct ddns_item *item)
{
	if (item->prev != NULL)
		item->prev->next = item->next;
	else
		list->first = item->next;
	if (item->next != NULL)
		item->next->prev = item->prev;
	else
		list->last = item->prev;
	item->next = item->prev = NULL;
	list->count--;
}

struct ddns_item *
ddns_item_list_pop(struct ddns_item_list *list)
{
	struct ddns_item *item = list->first;

	if (item != NULL)
		ddns_item_list_remove(list, item);
	return item;
}

void
ddns_item_list_done(struct ddns_item_list *list)
{
	struct ddns_item *item;

	while ((item = ddns_item_list_pop(list)) != NULL)
		ddns_item_free(item);
}

int64_t
ddns_item_list_low(const struct ddns_item_list *list, int64_t low)
{
	for (const struct ddns_item *i = list->first; i != NULL; i = i->next)
		if (i->seq_low < low)
			low = i->seq_low;
	return low;
}

void
ddns_item_name(const struct ddns_item *item, struct ddns_name *ret)
{
	ret->len_bytes = item->len_bytes;
	memcpy(ret->wire, item->wire, item->len_bytes);
}

bool
ddns_item_apex(const struct ddns_item *item, struct ddns_name *ret)
{
	size_t skip = item->len_bytes - item->apex_len_bytes;

	if (item->apex_len_bytes == 0)
		return false;
	ret->len_bytes = item->apex_len_bytes;
	memcpy(ret->wire, item->wire + skip, item->apex_len_bytes);
	return true;
}

uint16_t
ddns_item_type(const struct ddns_item *item)
{
	if (item->flags & DDNS_ITEM_ZONE)
		return DDNS_TYPE_SOA;
	if (item->flags & (DDNS_ITEM_WHOLE | DDNS_ITEM_SUBTREE) ||
	    item->types_count != 1)
		return DDNS_TYPE_ANY;
	return item->types[0];
}

/* Both lower-case, so bytes are compared. */
static bool
same_key(const struct ddns_item *item, uint64_t hash, unsigned flags,
    const uint8_t *wire, size_t len_bytes)
{
	return item->hash == hash &&
	    ((item->flags ^ flags) & DDNS_ITEM_KEY) == 0 &&
	    item->len_bytes == len_bytes &&
	    memcmp(item->wire, wire, len_bytes) == 0;
}

bool
ddns_item_same_name(const struct ddns_item *a, const struct ddns_item *b)
{
	return same_key(a, b->hash, b->flags, b->wire, b->len_bytes);
}

void
ddns_item_free(struct ddns_item *item)
{
	free(item);
}

void
ddns_pending_init(struct ddns_pending *p, unsigned zone_max, uint64_t seed)
{
	memset(p, 0, sizeof(*p));
	p->zone_max = zone_max;
	p->seed = seed;
}

void
ddns_pending_done(struct ddns_pending *p)
{
	for (size_t i = 0; p->table != NULL && i <= p->table_mask; i++) {
		while (p->table[i] != NULL) {
			struct ddns_item *item = p->table[i];

			p->table[i] = item->hash_next;
			ddns_item_free(item);
		}
	}
	free(p->table);
	memset(p, 0, sizeof(*p));
}

static enum ddns_err
table_grow(struct ddns_pending *p)
{
	size_t count = p->table != NULL ? (p->table_mask + 1) * 2 : TABLE_MIN;
	struct ddns_item **table;

	if (p->table != NULL && p->table_used <= p->table_mask)
		return DDNS_OK;
	table = calloc(count, sizeof(struct ddns_item *));
	if (table == NULL)
		return DDNS_ENOMEM;
	for (size_t i = 0; p->table != NULL && i <= p->table_mask; i++) {
		while (p->table[i] != NULL) {
			struct ddns_item *item = p->table[i];
			struct ddns_item **to = &table[item->hash &
			    (count - 1)];

			p->table[i] = item->hash_next;
			item->hash_next = *to;
			*to = item;
		}
	}
	free(p->table);
	p->table = table;
	p->table_mask = count - 1;
	return DDNS_OK;
}

static struct ddns_item *
table_find(const struct ddns_pending *p, uint64_t hash, unsigned flags,
    const uint8_t *wire, size_t len_bytes)
{
	struct ddns_item *item = NULL;

	if (p->table != NULL)
		item = p->table[hash & p->table_mask];
	while (item != NULL && !same_key(item, hash, flags, wire, len_bytes))
		item = item->hash_next;
	return item;
}

static void
table_insert(struct ddns_pending *p, struct ddns_item *item)
{
	struct ddns_item **to = &p->table[item->hash & p->table_mask];

	item->hash_next = *to;
	*to = item;
	p->table_used++;
}

static void
table_remove(struct ddns_pending *p, struct ddns_item *item)
{
	struct ddns_item **at = &p->table[item->hash & p->table_mask];

	while (*at != item)
		at = &(*at)->hash_next;
	*at = item->hash_next;
	item->hash_next = NULL;
	p->table_used--;
}

static uint64_t
key_hash(const struct ddns_pending *p, const struct ddns_name *name,
    unsigned flags)
{
	return ddns_name_hash(name, p->seed) + (flags & DDNS_ITEM_KEY) *
	    UINT64_C(0x9e3779b97f4a7c15);
}

/* Finds or makes the table's item of that name and kind. */
static struct ddns_item *
item_get(struct ddns_pending *p, const struct ddns_name *name,
    const struct ddns_name *zone, int64_t zone_id, unsigned flags)
{
	uint64_t hash = key_hash(p, name, flags);
	struct ddns_item *item;

	item = table_find(p, hash, flags, name->wire, name->len_bytes);
	if (item != NULL)
		return item;
	if (table_grow(p) != DDNS_OK)
		return NULL;
	item = calloc(1, sizeof(*item) + name->len_bytes);
	if (item == NULL)
		return NULL;
	item->hash = hash;
	item->flags = (uint8_t)(flags & DDNS_ITEM_KEY);
	item->zone_id = zone_id;
	item->len_bytes = name->len_bytes;
	memcpy(item->wire, name->wire, name->len_bytes);
	if (zone != NULL && ddns_name_is_under(name, zone))
		item->apex_len_bytes = zone->len_bytes;
	table_insert(p, item);
	return item;
}

/* A zone's item that counts nothing and waits for nothing goes. */
static void
zone_release(struct ddns_pending *p, struct ddns_item *zone)
{
	if (zone == NULL || zone->names > 0 || zone->queued)
		return;
	table_remove(p, zone);
	ddns_item_free(zone);
}

static void
enqueue(struct ddns_pending *p, struct ddns_item *item, bool front)
{
	if (front)
		list_insert(&p->queue, item, p->queue.first);
	else
		ddns_item_list_push(&p->queue, item);
	item->queued = true;
	if (item->zone != NULL)
		item->zone->names++;
}

static void
dequeue(struct ddns_pending *p, struct ddns_item *item)
{
	ddns_item_list_remove(&p->queue, item);
	item->queued = false;
	if (item->zone != NULL)
		item->zone->names--;
}

static void
add_type(struct ddns_item *item, uint16_t type)
{
	for (unsigned i = 0; i < item->types_count; i++)
		if (item->types[i] == type)
			return;
	if (item->types_count == DDNS_ITEM_TYPES_MAX)
		item->flags |= DDNS_ITEM_WHOLE;
	else
		item->types[item->types_count++] = type;
}

/* RFC 1982; 0 is no serial. */
static bool
serial_before(uint32_t a, uint32_t b)
{
	return a != 0 && (b == 0 || (int32_t)(b - a) > 0);
}

/* Both have changes in them: `to` then has all. */
static void
merge(struct ddns_item *to, const struct ddns_item *from)
{
	unsigned derived = to->flags & from->flags & DDNS_ITEM_DERIVED;

	if (from->seq_low < to->seq_low)
		to->seq_low = from->seq_low;
	if (from->seq_high > to->seq_high)
		to->seq_high = from->seq_high;
	if (from->gate < to->gate)
		to->gate = from->gate;
	if (from->time.v > to->time.v)
		to->time = from->time;
	if (to->since.v == 0 ||
	    (from->since.v != 0 && from->since.v < to->since.v))
		to->since = from->since;
	if (serial_before(from->serial_low, to->serial_low))
		to->serial_low = from->serial_low;
	if (to->serial == 0 || serial_before(to->serial, from->serial))
		to->serial = from->serial;
	to->flags |= from->flags & (uint8_t)~DDNS_ITEM_KEY;
	to->flags = (uint8_t)((to->flags & ~DDNS_ITEM_DERIVED) | derived);
	for (unsigned i = 0; i < from->types_count; i++)
		add_type(to, from->types[i]);
}

/* Puts what `from` holds into the item that stands in the table. */
static void
absorb(struct ddns_pending *p, struct ddns_item *into,
    const struct ddns_item *from, bool front)
{
	bool was_queued = into->queued;

	if (was_queued) {
		merge(into, from);
		if (!front)
			return;
		dequeue(p, into);
	} else {
		into->seq_low = from->seq_low;
		into->seq_high = from->seq_high;
		into->gate = from->gate;
		into->time = from->time;
		into->since = from->since;
		into->due = from->due;
		into->serial_low = from->serial_low;
		into->serial = from->serial;
		into->flags = (uint8_t)((into->flags & DDNS_ITEM_KEY) |
		    (from->flags & ~DDNS_ITEM_KEY));
		memcpy(into->types, from->types, sizeof(into->types));
		into->types_count = from->types_count;
	}
	enqueue(p, into, front);
}

/* The zone's item takes the place of all names of its zone. */
static void
fold(struct ddns_pending *p, struct ddns_item *zone)
{
	struct ddns_item *i, *next;

	if (!zone->queued) {
		p->degraded++;
		zone->seq_low = zone->gate = INT64_MAX;
	} else {
		dequeue(p, zone);
	}
	for (i = p->queue.first; i != NULL; i = next) {
		next = i->next;
		if (i->zone != zone)
			continue;
		dequeue(p, i);
		merge(zone, i);
		table_remove(p, i);
		ddns_item_free(i);
	}
	zone->flags &= (uint8_t)~DDNS_ITEM_DERIVED;
	i = p->queue.first;
	while (i != NULL && i->seq_low <= zone->seq_low)
		i = i->next;
	list_insert(&p->queue, zone, i);
	zone->queued = true;
}

/*
 * Puts what `from` holds where it belongs.  zone NULL: not counted (a zone's
 * own item, or one whose zone is unknown).
 */
static struct ddns_item *
place(struct ddns_pending *p, struct ddns_item *into, struct ddns_item *zone,
    const struct ddns_item *from, bool front)
{
	if (into->zone == NULL && zone != NULL) {
		into->zone = zone;
		into->apex_len_bytes = zone->len_bytes;
		if (into->queued)
			zone->names++; /* it waited uncounted */
	}
	absorb(p, into, from, front);
	if (into->names > 0)
		fold(p, into);
	if (zone == NULL || p->zone_max == 0 || zone->names <= p->zone_max)
		return into;
	fold(p, zone);
	return zone;
}

enum ddns_err
ddns_pending_add(struct ddns_pending *p, const struct ddns_item_in *in,
    bool front, struct ddns_item **ret)
{
	struct ddns_item from = { .seq_low = in->seq, .seq_high = in->seq,
		.gate = in->seq, .time = in->time, .since = in->since,
		.serial_low = in->serial, .serial = in->serial,
		.flags = (uint8_t)in->flags };
	struct ddns_item *into, *zone = NULL;

	if (in->type == DDNS_TYPE_ANY || in->type == DDNS_TYPE_NONE)
		from.flags |= DDNS_ITEM_WHOLE;
	else
		add_type(&from, in->type);
	if (in->zone != NULL && !(in->flags & DDNS_ITEM_ZONE)) {
		zone = item_get(p, in->zone, in->zone, in->zone_id,
		    DDNS_ITEM_ZONE);
		if (zone == NULL)
			return DDNS_ENOMEM;
		if (zone->queued) {
			from.flags &= (uint8_t)~DDNS_ITEM_DERIVED;
			absorb(p, zone, &from, front);
			if (ret != NULL)
				*ret = zone;
			return DDNS_OK;
		}
	}
	into = item_get(p, in->name, in->zone, in->zone_id, in->flags);
	if (into == NULL) {
		zone_release(p, zone);
		return DDNS_ENOMEM;
	}
	into = place(p, into, zone, &from, front);
	zone_release(p, zone); /* the name is counted elsewhere */
	if (ret != NULL)
		*ret = into;
	return DDNS_OK;
}

void
ddns_pending_take(struct ddns_pending *p, struct ddns_item *item)
{
	struct ddns_item *zone = item->zone;

	dequeue(p, item);
	table_remove(p, item);
	item->zone = NULL;
	zone_release(p, zone);
}

void
ddns_pending_take_until(struct ddns_pending *p, struct ddns_item *item,
    int64_t gate)
{
	struct ddns_item_in rest = { .zone_id = item->zone_id,
		.seq = item->seq_high, .time = item->time,
		.serial = item->serial, .type = DDNS_TYPE_ANY,
		.flags = item->flags };
	struct ddns_name name, apex;
	bool has_apex = ddns_item_apex(item, &apex);
	struct ddns_item *left;

	ddns_pending_take(p, item);
	if (item->seq_high <= gate)
		return;
	ddns_item_name(item, &name);
	rest.name = &name;
	rest.zone = has_apex ? &apex : NULL;
	if (item->types_count == 1 && !(item->flags & DDNS_ITEM_WHOLE))
		rest.type = item->types[0];
	if (ddns_pending_add(p, &rest, false, &left) != DDNS_OK)
		return; /* then it waits as one, with all it has */
	if (left->seq_low > gate + 1)
		left->seq_low = gate + 1; /* where exactly, nobody knows */
	item->seq_high = gate;
	item->serial = item->serial_low;
}

void
ddns_pending_give(struct ddns_pending *p, struct ddns_item *take_item)
{
	struct ddns_item *item = take_item, *into, *zone = NULL;
	struct ddns_name apex;

	if (!(item->flags & DDNS_ITEM_ZONE) && ddns_item_apex(item, &apex))
		zone = item_get(p, &apex, &apex, item->zone_id,
		    DDNS_ITEM_ZONE);
	if (zone != NULL && zone->queued) {
		item->flags &= (uint8_t)~DDNS_ITEM_DERIVED;
		absorb(p, zone, item, true);
		ddns_item_free(item);
		return;
	}
	into = table_find(p, item->hash, item->flags, item->wire,
	    item->len_bytes);
	if (into != NULL) {
		place(p, into, zone, item, true);
		zone_release(p, zone);
		ddns_item_free(item);
		return;
	}
	if (table_grow(p) != DDNS_OK && p->table == NULL) {
		/* nothing can be kept; the cursor on disk still stands */
		ddns_item_free(item);
		return;
	}
	table_insert(p, item);
	item->zone = zone;
	enqueue(p, item, true);
	if (zone != NULL && p->zone_max != 0 && zone->names > p->zone_max)
		fold(p, zone);
}

unsigned
ddns_pending_expire(struct ddns_pending *p, struct ddns_unix_ms t)
{
	struct ddns_item *next;
	unsigned count = 0;

	for (struct ddns_item *i = p->queue.first; i != NULL; i = next) {
		next = i->next;
		if (i->time.v >= t.v)
			continue;
		ddns_pending_take(p, i);
		ddns_item_free(i);
		count++;
	}
	return count;
}
