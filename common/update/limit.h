/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_UPDATE_LIMIT_H
#define DDNS_UPDATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/dns/name.h"

/*
 * Token buckets for many keys in memory that never grows: changes per
 * credential, host and family, and failed logins per source.  When more keys
 * are about than fit, those that are nearest to full again are forgotten.
 * One thread at a time.
 */
struct ddns_limit;

#define DDNS_LIMIT_ENTRIES 65536 /* 16 bytes each */

/* A bucket holds `burst` and gains `per_min` a minute; both >= 1. */
enum ddns_err ddns_limit_new(unsigned burst, unsigned per_min,
    struct ddns_limit **ret) DDNS_MUST_CHECK;
void ddns_limit_free(struct ddns_limit *limit);

/* What a bucket belongs to. */
uint64_t ddns_limit_key_change(const struct ddns_limit *limit,
    int64_t cred_id, const struct ddns_name *host, uint16_t type);
/* IPv4 by address, IPv6 by /64: what one customer has. */
uint64_t ddns_limit_key_source(const struct ddns_limit *limit,
    const struct ddns_addr *source);

/* Takes one; false: the bucket is empty, nothing is taken. */
bool ddns_limit_take(struct ddns_limit *limit, uint64_t key,
    struct ddns_mono_us now);
/* Would take() give one? */
bool ddns_limit_peek(const struct ddns_limit *limit, uint64_t key,
    struct ddns_mono_us now);

#endif
