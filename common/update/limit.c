/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A token bucket in one number: the time at which it will be full again (the
 * "theoretical arrival time" of the GCRA).  Taking one pushes that time out by
 * what one costs; as long as it lies no further away than a whole bucket, there
 * is one to take.  A key that is not in the table has a full bucket, so an
 * entry whose time has passed says nothing, and the entry with the earliest
 * time is the one to forget when a set is full.
 *
 * Keys are 64-bit hashes with a random seed: strangers cannot make them meet.
 */
#include "common/update/limit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/secret.h"

#define WAYS 8
#define SETS (DDNS_LIMIT_ENTRIES / WAYS)
#define MINUTE_US 60000000

struct entry {
	uint64_t key;
	int64_t full_us;
};

struct ddns_limit {
	uint64_t seed;
	int64_t cost_us; /* of one */
	int64_t depth_us; /* of a whole bucket */
	struct entry entries[SETS][WAYS];
};

enum ddns_err
ddns_limit_new(unsigned burst, unsigned per_min, struct ddns_limit **ret)
{
	struct ddns_limit *limit = calloc(1, sizeof(*limit));
	enum ddns_err err;

	if (limit == NULL)
		return DDNS_ENOMEM;
	err = ddns_random(&limit->seed, sizeof(limit->seed));
	if (err != DDNS_OK) {
		free(limit);
		return err;
	}
	limit->cost_us = MINUTE_US / per_min;
	if (limit->cost_us == 0)
		limit->cost_us = 1;
	limit->depth_us = limit->cost_us * burst;
	*ret = limit;
	return DDNS_OK;
}

void
ddns_limit_free(struct ddns_limit *limit)
{
	free(limit);
}

/* splitmix64's finisher: spreads a number over all bits. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint64_t
ddns_limit_key_change(const struct ddns_limit *limit, int64_t cred_id,
    const struct ddns_name *host, uint16_t type)
{
	uint64_t h = ddns_name_hash(host, limit->seed);

	return mix(h ^ mix(limit->seed + (uint64_t)cred_id) ^
	    ((uint64_t)type << 48));
}

uint64_t
ddns_limit_key_source(const struct ddns_limit *limit,
    const struct ddns_addr *source)
{
	uint64_t head = 0;

	memcpy(&head, source->bytes, source->family == AF_INET6 ? 8 : 4);
	return mix(mix(head ^ limit->seed) + (uint64_t)source->family);
}

static struct entry *
find(const struct ddns_limit *limit, uint64_t key, struct entry **ret_oldest)
{
	struct entry *set = (struct entry *)limit->entries[key % SETS];

	*ret_oldest = set;
	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].full_us < (*ret_oldest)->full_us)
			*ret_oldest = &set[i];
	}
	return NULL;
}

/* When the bucket would be full after taking one more. */
static int64_t
full_after(const struct ddns_limit *limit, const struct entry *entry,
    struct ddns_mono_us now)
{
	int64_t full = entry != NULL ? entry->full_us : 0;

	return (full > now.v ? full : now.v) + limit->cost_us;
}

bool
ddns_limit_peek(const struct ddns_limit *limit, uint64_t key,
    struct ddns_mono_us now)
{
	struct entry *oldest;
	struct entry *entry = find(limit, key, &oldest);

	return full_after(limit, entry, now) - now.v <= limit->depth_us;
}

bool
ddns_limit_take(struct ddns_limit *limit, uint64_t key,
    struct ddns_mono_us now)
{
	struct entry *oldest;
	struct entry *entry = find(limit, key, &oldest);
	int64_t full = full_after(limit, entry, now);

	if (full - now.v > limit->depth_us)
		return false;
	if (entry == NULL)
		entry = oldest;
	entry->key = key;
	entry->full_us = full;
	return true;
}
