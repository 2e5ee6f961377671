/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_ZONES_H
#define DDNS_MODULE_ZONES_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/conf/conf.h"
#include "common/dns/name.h"
#include "unbound-module/generation.h"

/*
 * The configured zones, found from a name in one walk over its labels.
 * Immutable but for the marks: any thread.
 */
struct ddns_zone {
	struct ddns_name name;
	uint32_t max_ttl_s; /* 0: no cap */
	ddns_mark whole; /* all names of the zone */
	ddns_mark proof; /* a name of the zone: NSEC records may lie */
};

struct ddns_zones;

/*
 * seed   keeps strangers from choosing names that share a mark
 *
 * DDNS_ENOMEM, DDNS_EEXIST a zone is there twice
 */
enum ddns_err ddns_zones_new(const struct ddns_module_zone *list, size_t count,
    uint64_t seed, struct ddns_zones **ret) DDNS_MUST_CHECK;
void ddns_zones_free(struct ddns_zones *zones);
size_t ddns_zones_count(const struct ddns_zones *zones);
bool ddns_zones_have_cap(const struct ddns_zones *zones);
size_t ddns_zones_bytes(const struct ddns_zones *zones);

/*
 * The deepest zone that holds the name, NULL for none.  wire is an
 * uncompressed name in any case, with the root label, as Unbound keeps them.
 * ret_hash (of the whole name, case does not count) is set only with a zone.
 */
struct ddns_zone *ddns_zones_find(struct ddns_zones *zones,
    const uint8_t *wire, size_t len_bytes, uint64_t *ret_hash);

/* FNV-like, case does not count; for tables that need no secret. */
uint64_t ddns_zones_hash_wire(uint64_t seed, const uint8_t *wire,
    size_t len_bytes);

#endif
