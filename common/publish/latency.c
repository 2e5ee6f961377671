/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/publish/latency.h"

#include <stdlib.h>
#include <string.h>

void
ddns_latency_add(struct ddns_latency *l, struct ddns_mono_us since,
    struct ddns_mono_us now)
{
	int64_t us = now.v - since.v;

	if (since.v == 0 || us < 0)
		return;
	if (us > UINT32_MAX)
		us = UINT32_MAX;
	l->us[l->count++ % DDNS_LATENCY_SAMPLES] = (uint32_t)us;
}

static int
compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void
ddns_latency_get(const struct ddns_latency *l, uint32_t *ret_p50_us,
    uint32_t *ret_p99_us, uint32_t *ret_max_us)
{
	uint32_t sorted[DDNS_LATENCY_SAMPLES];
	size_t n = l->count < DDNS_LATENCY_SAMPLES ? (size_t)l->count :
	    DDNS_LATENCY_SAMPLES;

	*ret_p50_us = *ret_p99_us = *ret_max_us = 0;
	if (n == 0)
		return;
	memcpy(sorted, l->us, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare_u32);
	*ret_p50_us = sorted[(n - 1) / 2];
	*ret_p99_us = sorted[(n - 1) * 99 / 100];
	*ret_max_us = sorted[n - 1];
}
