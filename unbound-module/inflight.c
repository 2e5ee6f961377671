/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A query that is not shared starts the entry anew, whatever it held, so
 * nothing must be taken back when an answer arrives, is lost, or when a
 * lookup is given up.
 */
#include "unbound-module/inflight.h"

uint64_t
ddns_inflight_stamp(struct ddns_inflight *table, uint64_t key, bool shared,
    uint64_t stamp)
{
	uint64_t at = (key ^ key >> 32) & (DDNS_INFLIGHT_SLOTS - 1);

	if (!shared) {
		table->slot[at].key = key;
		table->slot[at].stamp = stamp;
		return stamp;
	}
	if (table->slot[at].key != key)
		return 0;
	return table->slot[at].stamp < stamp ? table->slot[at].stamp : stamp;
}
