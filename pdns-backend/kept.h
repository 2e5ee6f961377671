/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BACKEND_KEPT_H
#define DDNS_BACKEND_KEPT_H

#include <stdint.h>

#include "common/base/bytes.h"
#include "common/dns/name.h"
#include "common/store/store.h"

/*
 * The last replies to `lookup`, each good for as long as nothing is committed.
 * For a question that its own caches cannot answer PowerDNS asks for the apex
 * again, and for the same name twice.  One thread at a time.
 */
#define DDNS_KEPT_SLOTS 64         /* a power of two */
#define DDNS_KEPT_REPLY_BYTES 1024 /* a longer one is not kept */

struct ddns_kept_key {
	int64_t zone_id;
	uint16_t type;
	struct ddns_name name; /* lower-case */
};

struct ddns_kept_slot {
	struct ddns_store_version version;
	struct ddns_kept_key key;
	size_t len_bytes; /* 0: empty */
	uint8_t reply[DDNS_KEPT_REPLY_BYTES];
};

struct ddns_kept {
	struct ddns_kept_slot slots[DDNS_KEPT_SLOTS];
};

void ddns_kept_forget(struct ddns_kept *kept);
/* Appends the reply that was put under this key at this version; or false. */
bool ddns_kept_get(const struct ddns_kept *kept,
    const struct ddns_kept_key *key, const struct ddns_store_version *version,
    struct ddns_buf *out);
/* version: as it was before the reply was read from the store. */
void ddns_kept_put(struct ddns_kept *kept, const struct ddns_kept_key *key,
    const struct ddns_store_version *version, struct ddns_span reply);

#endif
