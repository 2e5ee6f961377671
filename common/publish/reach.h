/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_PUBLISH_REACH_H
#define DDNS_PUBLISH_REACH_H

#include "common/publish/pending.h"
#include "common/store/journal.h"

/*
 * How far one change reaches: the names whose cached answers may hold the old
 * state.  Reads the store, sends nothing.
 */
#define DDNS_REACH_DEPTH_MAX 8  /* CNAME after CNAME, as resolvers go */
#define DDNS_REACH_NAMES_MAX 256 /* of one change; more: their whole zones */

struct ddns_change { /* what publishing needs of a journal row */
	int64_t seq;
	struct ddns_unix_ms time;
	struct ddns_mono_us since;
	int64_t zone_id;
	uint32_t serial;
	uint16_t type;
	unsigned flags;  /* enum ddns_journal_flags */
	bool was_absent; /* the RRset did not exist before */
	struct ddns_name name;
};

/* DDNS_EFORMAT: its name is none (and nobody can be told of it). */
enum ddns_err ddns_change_of_row(const struct ddns_journal_row *row,
    struct ddns_mono_us since, struct ddns_change *ret) DDNS_MUST_CHECK;

/* Called once per item; an item's texts are valid during the call. */
typedef enum ddns_err ddns_reach_fn(const struct ddns_item_in *item,
    void *arg);
/*
 * zone: of the change, NULL when it is gone.  derived: also what only an
 * authoritative server's caches need (DDNS_ITEM_DERIVED).  The first item is
 * the changed name itself.  Errors are the store's and each's.
 */
enum ddns_err ddns_reach(struct ddns_store *store,
    const struct ddns_change *change, const struct ddns_zone *zone,
    bool derived, ddns_reach_fn *each, void *arg) DDNS_MUST_CHECK;

#endif
