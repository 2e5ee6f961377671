/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_PUBLISH_LATENCY_H
#define DDNS_PUBLISH_LATENCY_H

#include <stdint.h>

#include "common/base/clock.h"

#define DDNS_LATENCY_SAMPLES 1024

/* The most recent times from commit to acknowledgement.  Pure. */
struct ddns_latency {
	uint32_t us[DDNS_LATENCY_SAMPLES];
	uint64_t count; /* of all that were added */
};

/* since.v == 0: not measured, nothing is added. */
void ddns_latency_add(struct ddns_latency *l, struct ddns_mono_us since,
    struct ddns_mono_us now);
/* All 0 when there is no sample. */
void ddns_latency_get(const struct ddns_latency *l, uint32_t *ret_p50_us,
    uint32_t *ret_p99_us, uint32_t *ret_max_us);

#endif
