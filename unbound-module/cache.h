/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_CACHE_H
#define DDNS_MODULE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/dns/name.h"

/*
 * Unbound's caches.  Its headers do not show here, so whoever drops can be
 * tested without it.
 *
 * The listener's thread drops and walks; both give DDNS_ESTOP when Unbound is stopping or reloading and its caches
 * must not be touched any more by this instance.
 */
struct ddns_cache;
struct module_env;          /* Unbound's */
struct daemon;
struct query_info;
struct ub_packed_rrset_key;

/* env is the daemon's, not a worker's.  NULL: no memory. */
struct ddns_cache *ddns_cache_new(struct module_env *env,
    struct daemon *daemon);
void ddns_cache_free(struct ddns_cache *cache);

/* What a worker that has just stored an old answer takes back.  Workers. */
void ddns_cache_undo_rrset(struct ddns_cache *cache,
    const struct ub_packed_rrset_key *rrset);
void ddns_cache_undo_message(struct ddns_cache *cache,
    const struct query_info *question);

/*
 * One name and type: record set, message, aliases through it, and what was
 * cached as "not there" in the zone.  type 255 (ANY): all types of the name.
 */
enum ddns_err ddns_cache_drop(struct ddns_cache *cache,
    const struct ddns_name *apex, const struct ddns_name *name, uint16_t type)
    DDNS_MUST_CHECK;

/*
 * All at and below a name, in steps, so that others can be served meanwhile.
 * A zeroed walk starts; *ret_done tells the end.
 */
struct ddns_cache_walk {
	unsigned phase;
	size_t table, bin, bins;
};
enum ddns_err ddns_cache_walk_step(struct ddns_cache *cache,
    const struct ddns_name *below, struct ddns_cache_walk *walk,
    bool *ret_done) DDNS_MUST_CHECK;

#endif
