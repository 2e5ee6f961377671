/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which configured zone holds a name?
 *
 * This runs for each record set of each answer from upstream, most of which
 * are none of our business, so it must find out soon: a hash table holds each
 * zone and each parent of a zone, and the walk goes from the root's side and
 * stops at the first suffix that is not there.
 */
#include "unbound-module/zones.h"

#include <stdlib.h>
#include <string.h>

#define LABELS_MAX 128 /* RFC 1035 s.2.3.4: 255 bytes, two at least a label */

struct node {
	uint64_t hash;
	uint8_t used, name_len;
	uint8_t name[DDNS_NAME_WIRE_MAX]; /* lower case */
	struct ddns_zone *zone;           /* NULL: only the parent of one */
};

struct ddns_zones {
	struct ddns_zone *list;
	size_t count;
	struct node *nodes;
	size_t mask; /* slots - 1 */
	uint64_t seed;
	bool cap;
};

static inline uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline uint64_t
hash_bytes(uint64_t h, const uint8_t *p, size_t len_bytes)
{
	while (len_bytes-- > 0)
		h = (h ^ lower(*p++)) * UINT64_C(0x100000001b3);
	return h;
}

/* Low bits of FNV are weak: spread them before they pick a slot. */
static inline uint64_t
finish(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 29;
}

uint64_t
ddns_zones_hash_wire(uint64_t seed, const uint8_t *wire, size_t len_bytes)
{
	return finish(hash_bytes(seed, wire, len_bytes));
}

static bool
equal_lower(const uint8_t *low, const uint8_t *any, size_t len_bytes)
{
	size_t i;

	for (i = 0; i < len_bytes; i++) {
		if (low[i] != lower(any[i]))
			return false;
	}
	return true;
}

static struct node *
find_node(const struct ddns_zones *zones, uint64_t hash, const uint8_t *name,
    size_t len_bytes)
{
	size_t i = finish(hash) & zones->mask;
	struct node *node;

	for (;; i = (i + 1) & zones->mask) {
		node = &zones->nodes[i];
		if (!node->used)
			return node;
		if (node->hash == hash && node->name_len == len_bytes &&
		    equal_lower(node->name, name, len_bytes))
			return node;
	}
}

/* Offsets of the labels, the root's not; 0 for a malformed name too. */
static unsigned
split(const uint8_t *wire, size_t len_bytes, uint8_t at[LABELS_MAX])
{
	size_t pos = 0;
	unsigned n = 0;

	while (pos < len_bytes && wire[pos] != 0) {
		if (n == LABELS_MAX || wire[pos] > DDNS_NAME_LABEL_MAX)
			return 0;
		at[n++] = (uint8_t)pos;
		pos += 1 + (size_t)wire[pos];
	}
	return pos + 1 == len_bytes ? n : 0;
}

static enum ddns_err
add_zone(struct ddns_zones *zones, struct ddns_zone *zone)
{
	const struct ddns_name *name = &zone->name;
	uint8_t at[LABELS_MAX];
	unsigned n = split(name->wire, name->len_bytes, at);
	uint64_t hash = zones->seed;
	struct node *node = NULL;
	size_t start = name->len_bytes - 1u;

	for (;;) {
		node = find_node(zones, hash, name->wire + start,
		    name->len_bytes - start);
		if (!node->used) {
			node->used = 1;
			node->hash = hash;
			node->name_len = (uint8_t)(name->len_bytes - start);
			memcpy(node->name, name->wire + start, node->name_len);
		}
		if (n == 0)
			break;
		start = at[--n];
		hash = hash_bytes(hash, name->wire + start,
		    1 + (size_t)name->wire[start]);
	}
	if (node->zone != NULL)
		return DDNS_EEXIST;
	node->zone = zone;
	return DDNS_OK;
}

enum ddns_err
ddns_zones_new(const struct ddns_module_zone *list, size_t count,
    uint64_t seed, struct ddns_zones **ret)
{
	struct ddns_zones *zones = NULL;
	enum ddns_err err = DDNS_ENOMEM;
	size_t i, slots = 16, nodes = 1;

	zones = calloc(1, sizeof(*zones));
	if (zones == NULL)
		goto out;
	for (i = 0; i < count; i++)
		nodes += ddns_name_labels(&list[i].name);
	while (slots < nodes * 2)
		slots *= 2;
	zones->mask = slots - 1;
	zones->seed = seed;
	zones->nodes = calloc(slots, sizeof(*zones->nodes));
	zones->list = calloc(count + 1, sizeof(*zones->list));
	if (zones->nodes == NULL || zones->list == NULL)
		goto out;
	for (i = 0; i < count; i++) {
		zones->list[i].name = list[i].name;
		ddns_name_lower(&zones->list[i].name);
		zones->list[i].max_ttl_s = list[i].max_ttl_s;
		zones->cap = zones->cap || list[i].max_ttl_s > 0;
		err = add_zone(zones, &zones->list[i]);
		if (err != DDNS_OK)
			goto out;
		zones->count++;
	}
	*ret = zones;
	zones = NULL;
	err = DDNS_OK;
out:
	ddns_zones_free(zones);
	return err;
}

void
ddns_zones_free(struct ddns_zones *zones)
{
	if (zones == NULL)
		return;
	free(zones->nodes);
	free(zones->list);
	free(zones);
}

size_t
ddns_zones_count(const struct ddns_zones *zones)
{
	return zones->count;
}

bool
ddns_zones_have_cap(const struct ddns_zones *zones)
{
	return zones->cap;
}

size_t
ddns_zones_bytes(const struct ddns_zones *zones)
{
	return sizeof(*zones) + zones->count * sizeof(*zones->list) +
	    (zones->mask + 1) * sizeof(*zones->nodes);
}

struct ddns_zone *
ddns_zones_find(struct ddns_zones *zones, const uint8_t *wire,
    size_t len_bytes, uint64_t *ret_hash)
{
	uint8_t at[LABELS_MAX];
	unsigned n;
	uint64_t hash = zones->seed;
	struct ddns_zone *best = NULL;
	struct node *node;
	size_t start;

	if (len_bytes == 0 || len_bytes > DDNS_NAME_WIRE_MAX)
		return NULL;
	n = split(wire, len_bytes, at);
	if (n == 0 && len_bytes != 1)
		return NULL;
	start = len_bytes - 1;
	node = find_node(zones, hash, wire + start, 1);
	while (node->used) {
		if (node->zone != NULL)
			best = node->zone;
		if (n == 0)
			break;
		start = at[--n];
		hash = hash_bytes(hash, wire + start, 1 + (size_t)wire[start]);
		node = find_node(zones, hash, wire + start, len_bytes - start);
	}
	if (best == NULL)
		return NULL;
	while (n > 0) {
		start = at[--n];
		hash = hash_bytes(hash, wire + start, 1 + (size_t)wire[start]);
	}
	*ret_hash = finish(hash);
	return best;
}
