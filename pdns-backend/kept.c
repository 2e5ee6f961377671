/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kept replies: one slot for each hash, the newer reply wins.
 */
#include "pdns-backend/kept.h"

#include <string.h>

static size_t
slot_of(const struct ddns_kept_key *key)
{
	/* no stranger gains by collisions: a reply is then only not kept */
	return ddns_name_hash(&key->name,
	    (uint64_t)key->zone_id << 16 | key->type) % DDNS_KEPT_SLOTS;
}

static bool
is_same(const struct ddns_kept_key *a, const struct ddns_kept_key *b)
{
	return a->zone_id == b->zone_id && a->type == b->type &&
	    a->name.len_bytes == b->name.len_bytes &&
	    memcmp(a->name.wire, b->name.wire, a->name.len_bytes) == 0;
}

void
ddns_kept_forget(struct ddns_kept *kept)
{
	for (size_t i = 0; i < DDNS_KEPT_SLOTS; i++)
		kept->slots[i].len_bytes = 0;
}

bool
ddns_kept_get(const struct ddns_kept *kept, const struct ddns_kept_key *key,
    const struct ddns_store_version *version, struct ddns_buf *out)
{
	const struct ddns_kept_slot *slot = &kept->slots[slot_of(key)];

	if (slot->len_bytes == 0 || !is_same(&slot->key, key) ||
	    memcmp(&slot->version, version, sizeof(*version)) != 0)
		return false;
	ddns_buf_put(out, slot->reply, slot->len_bytes);
	return true;
}

void
ddns_kept_put(struct ddns_kept *kept, const struct ddns_kept_key *key,
    const struct ddns_store_version *version, struct ddns_span reply)
{
	struct ddns_kept_slot *slot = &kept->slots[slot_of(key)];

	if (reply.len_bytes > sizeof(slot->reply))
		return;
	slot->key = *key;
	slot->version = *version;
	slot->len_bytes = reply.len_bytes;
	memcpy(slot->reply, reply.base, reply.len_bytes);
}
