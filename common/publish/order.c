/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/publish/order.h"

int64_t
ddns_order_gate(const struct ddns_order_first *first, size_t count,
    int64_t read)
{
	int64_t gate = read;

	for (size_t i = 0; i < count; i++)
		if (!first[i].down && first[i].low <= gate)
			gate = first[i].low - 1;
	return gate;
}

int64_t
ddns_backoff_delay_us(unsigned failures, int64_t max_us)
{
	int64_t us = DDNS_BACKOFF_FIRST_US;

	while (failures-- > 1 && us < max_us)
		us *= 2;
	return us < max_us ? us : max_us;
}

void
ddns_backoff_fail(struct ddns_backoff *b, struct ddns_mono_us now)
{
	b->failures++;
	b->tried = now;
	b->next.v = now.v + ddns_backoff_delay_us(b->failures, b->max_us);
}

void
ddns_backoff_success(struct ddns_backoff *b)
{
	b->failures = 0;
	b->next.v = 0;
}

void
ddns_backoff_eager(struct ddns_backoff *b, struct ddns_mono_us now)
{
	int64_t soon = b->tried.v + DDNS_BACKOFF_EAGER_US;

	if (b->failures == 0 || b->next.v <= soon)
		return;
	b->next.v = soon > now.v ? soon : now.v;
}
