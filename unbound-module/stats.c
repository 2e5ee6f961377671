/* SPDX-License-Identifier: BSD-3-Clause */
/* What the module did, in one line for the log. */
#include "unbound-module/stats.h"

#include <inttypes.h>

void
ddns_stats_took(struct ddns_stats *stats, int64_t us)
{
	uint64_t took = us > 0 ? (uint64_t)us : 0;

	atomic_store_explicit(&stats->last_us, took, memory_order_relaxed);
	if (took > atomic_load_explicit(&stats->worst_us,
	    memory_order_relaxed))
		atomic_store_explicit(&stats->worst_us, took,
		    memory_order_relaxed);
}

void
ddns_stats_format(const struct ddns_stats *stats, struct ddns_buf *out)
{
	uint64_t v;

#define DDNS_STATS_PUT(name, text)                                          \
	v = atomic_load_explicit(&stats->name, memory_order_relaxed);       \
	if (v > 0)                                                          \
		ddns_buf_putf(out, "%s%" PRIu64 " %s",                      \
		    out->len_bytes > 0 ? ", " : "", v, text);
	DDNS_STATS_MAP(DDNS_STATS_PUT)
#undef DDNS_STATS_PUT
	if (out->len_bytes == 0)
		ddns_buf_put_text(out, "nothing yet");
	v = atomic_load_explicit(&stats->worst_us, memory_order_relaxed);
	if (v > 0)
		ddns_buf_putf(out, ", last drop took %" PRIu64
		    " us, the worst %" PRIu64 " us",
		    atomic_load_explicit(&stats->last_us,
		    memory_order_relaxed), v);
}
