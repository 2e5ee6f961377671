/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_INFLIGHT_H
#define DDNS_MODULE_INFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How old are the data that an upstream query will bring?
 *
 * Unbound lets lookups that ask the same thing of the same server share one
 * query.  A lookup that begins after a change may so be handed an answer that
 * left the server before it.  This remembers when the query that is shared
 * was begun.  One table a thread, lossy: what it forgot counts as very old,
 * and that costs one more query.  Zeroed is valid and empty.
 */
#define DDNS_INFLIGHT_SLOTS 64 /* a power of two */

struct ddns_inflight {
	struct {
		uint64_t key, stamp;
	} slot[DDNS_INFLIGHT_SLOTS];
};

/*
 * key     hash of what is asked (name, type, flags)
 * shared  there is such a query on its way already
 * stamp   of the lookup that asks now
 *
 * Returns the stamp that the answer deserves.
 */
uint64_t ddns_inflight_stamp(struct ddns_inflight *table, uint64_t key,
    bool shared, uint64_t stamp);

#endif
