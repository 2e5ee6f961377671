/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_UPDATE_CHANGE_H
#define DDNS_UPDATE_CHANGE_H

#include "common/base/addr.h"
#include "common/store/journal.h"
#include "common/store/store.h"

/*
 * The one way a record changes: read the old RRset, write the new one, step
 * the serial, append the journal row, all in the caller's WRITE transaction.
 * Every front end and ddnsctl come through here.
 */

/* Who asks, and from where; all texts borrowed, NULL is "". */
struct ddns_actor {
	const char *protocol; /* "dyndns2", "update", "admin" */
	const char *account;
	const char *credential;
	const char *user_agent;
	struct ddns_addr source; /* AF_UNSPEC: local */
	bool tls;
	int64_t request;
	struct ddns_unix_ms now;
};

/*
 * Makes `set` the RRset of owner and type.  result and reason go into the row
 * ("good", "").  *ret_changed false: it was so already, nothing was written,
 * no row.  old (may be NULL, initialised) receives what was there before.
 * DDNS_TYPE_NONE registers (any non-absent set) or unregisters the name.
 */
enum ddns_err ddns_change_rrset(struct ddns_store *store,
    const struct ddns_actor *actor, const struct ddns_zone *zone,
    const struct ddns_name *owner, uint16_t type,
    const struct ddns_rrset *set, const char *result, const char *reason,
    struct ddns_rrset *old, bool *ret_changed) DDNS_MUST_CHECK;

/* Deletes every RRset at the owner, NONE included, a row each. */
enum ddns_err ddns_change_delete_name(struct ddns_store *store,
    const struct ddns_actor *actor, const struct ddns_zone *zone,
    const struct ddns_name *owner) DDNS_MUST_CHECK;

/*
 * Tells that the whole zone may have changed (added, deleted, SOA edited,
 * imported): one ZONE row, a new serial.
 */
enum ddns_err ddns_change_zone(struct ddns_store *store,
    const struct ddns_actor *actor, const struct ddns_zone *zone,
    const char *result, const char *reason) DDNS_MUST_CHECK;

/* A row for an attempt that changed nothing: refused, or nothing to change. */
enum ddns_err ddns_change_refused(struct ddns_store *store,
    const struct ddns_actor *actor, const char *name, uint16_t type,
    const char *result, const char *reason) DDNS_MUST_CHECK;

#endif
