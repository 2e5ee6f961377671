/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_PUBLISH_ORDER_H
#define DDNS_PUBLISH_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

/*
 * The order of publishing, and how one that does not answer is left alone.
 * Pure.
 */

/*
 * A subscriber that others wait for (PowerDNS): the lowest seq it has not yet
 * acknowledged, INT64_MAX when there is none.  One that is down holds nobody.
 */
struct ddns_order_first {
	int64_t low;
	bool down;
};
/* Up to which seq the resolvers may be told, when all up to `read` is known. */
int64_t ddns_order_gate(const struct ddns_order_first *first, size_t count,
    int64_t read);

#define DDNS_BACKOFF_FIRST_US 50000
#define DDNS_BACKOFF_MAX_US 60000000
/* A new change makes us try again after no less than this. */
#define DDNS_BACKOFF_EAGER_US 1000000

struct ddns_backoff {
	unsigned failures; /* since the last success */
	struct ddns_mono_us tried, next;
	int64_t max_us;
};
/* Doubles from DDNS_BACKOFF_FIRST_US to max_us with each failure in a row. */
int64_t ddns_backoff_delay_us(unsigned failures, int64_t max_us);
void ddns_backoff_fail(struct ddns_backoff *b, struct ddns_mono_us now);
void ddns_backoff_success(struct ddns_backoff *b);
/* Something new is there: do not sleep a minute on it. */
void ddns_backoff_eager(struct ddns_backoff *b, struct ddns_mono_us now);

#endif
