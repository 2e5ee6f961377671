/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BACKEND_ROWS_H
#define DDNS_BACKEND_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/dns/name.h"
#include "common/store/store.h"

/*
 * The records of a zone as PowerDNS wants them: rows of JSON with "auth", and
 * with a row without type for each name that exists and has nothing.
 *
 * Records come owner by owner, those of one owner by type, and for a whole
 * zone the owners in canonical order, as the store gives them.
 */
struct ddns_rows {
	struct ddns_buf *out;
	const struct ddns_name *apex;
	int64_t zone_id;
	uint16_t type;   /* only these are written; DDNS_TYPE_ANY: all */
	size_t count;    /* rows written */
	bool cut_below;  /* a delegation above the owner: nothing is ours */

	struct ddns_name owner; /* len_bytes 0: none yet */
	struct ddns_buf owner_json;
	size_t owner_at;   /* where its first row stands in out */
	bool owner_known;  /* a registered name, perhaps without data */
	bool owner_cut;    /* a delegation stands here */
};

/* rows->type is DDNS_TYPE_ANY; change it after. */
void ddns_rows_init(struct ddns_rows *rows, struct ddns_buf *out);
void ddns_rows_done(struct ddns_rows *rows);
/* The rows that follow belong to this zone; apex is borrowed. */
void ddns_rows_set_zone(struct ddns_rows *rows, int64_t zone_id,
    const struct ddns_name *apex);
void ddns_rows_set_owner(struct ddns_rows *rows,
    const struct ddns_name *owner);
/* A record of the present owner.  SOA is not stored: put_soa. */
void ddns_rows_put(struct ddns_rows *rows, const struct ddns_rr *rr);
void ddns_rows_put_soa(struct ddns_rows *rows, const struct ddns_zone *zone);
/* "this name exists": NODATA instead of NXDOMAIN. */
void ddns_rows_put_empty(struct ddns_rows *rows);

#endif
