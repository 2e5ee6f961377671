/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_STATS_H
#define DDNS_MODULE_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/base/bytes.h"

/*
 * Counters since the module was loaded; they outlive a reload.  One list
 * makes the members and the words in the log.  Any thread.
 */
#define DDNS_STATS_MAP(X)                                               \
	X(notify_udp, "requests over UDP")                              \
	X(notify_tcp, "requests over TCP")                              \
	X(acked, "acknowledged")                                        \
	X(dropped_names, "names dropped")                               \
	X(dropped_zones, "zones dropped")                               \
	X(not_allowed, "source not allowed")                            \
	X(malformed, "malformed")                                       \
	X(unsigned_, "unsigned")                                        \
	X(badkey, "unknown key")                                        \
	X(badsig, "wrong signature")                                    \
	X(badtime, "too old or from the future")                        \
	X(unknown_zone, "zone not configured")                          \
	X(not_done, "not done, Unbound was reloading")                  \
	X(lookups_restarted, "lookups asked again")                     \
	X(lookups_given_up, "lookups answered uncached")                \
	X(stores_prevented, "old answers kept out of the cache")        \
	X(ttls_capped, "TTLs capped")

#define DDNS_STATS_MEMBER(name, text) _Atomic uint64_t name;
struct ddns_stats {
	DDNS_STATS_MAP(DDNS_STATS_MEMBER)
	_Atomic uint64_t last_us; /* the last drop, from receipt to answer */
	_Atomic uint64_t worst_us;
};

static inline void
ddns_stats_add(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void ddns_stats_took(struct ddns_stats *stats, int64_t us);
/* "acked=12 ...": those that are not zero, and the times. */
void ddns_stats_format(const struct ddns_stats *stats, struct ddns_buf *out);

#endif
