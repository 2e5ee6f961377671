/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_DROP_H
#define DDNS_MODULE_DROP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/dns/name.h"
#include "unbound-module/cache.h"
#include "unbound-module/generation.h"
#include "unbound-module/stats.h"
#include "unbound-module/zones.h"

/* What a drop works on.  The listener's thread only. */
struct ddns_dropper {
	struct ddns_cache *cache;
	struct ddns_generation *generation;
	struct ddns_zones *zones;
	struct ddns_stats *stats;
	unsigned grace_us;
};

/* true: the change touches what is below the name, so it takes a walk. */
bool ddns_drop_is_wide(const struct ddns_name *name, uint16_t type);

/* One name; on DDNS_OK nothing older than this call can be served any more. */
enum ddns_err ddns_drop_name(struct ddns_dropper *d, struct ddns_zone *zone,
    const struct ddns_name *name, uint16_t type) DDNS_MUST_CHECK;

/*
 * A walk: begin, then step until it is done or fails.  One at a time.
 */
struct ddns_drop_walk {
	struct ddns_zone *zone;
	struct ddns_name below;
	struct ddns_marks marks;
	struct ddns_cache_walk at;
};
void ddns_drop_walk_begin(struct ddns_dropper *d, struct ddns_zone *zone,
    const struct ddns_name *name, struct ddns_drop_walk *walk);
enum ddns_err ddns_drop_walk_step(struct ddns_dropper *d,
    struct ddns_drop_walk *walk, bool *ret_done) DDNS_MUST_CHECK;

#endif
