/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BACKEND_METHODS_H
#define DDNS_BACKEND_METHODS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/dns/name.h"
#include "common/store/store.h"
#include "pdns-backend/backend.h"
#include "pdns-backend/kept.h"
#include "pdns-backend/request.h"

/*
 * What the methods share.  A method appends its result, one JSON value, to
 * out.  On an error what it appended is dropped and PowerDNS is told of a
 * temporary failure: nothing may then be taken for "there is no such name".
 */
struct ddns_zone_slot {
	int64_t id; /* 0: free */
	struct ddns_name apex;
};

#define DDNS_ZONE_SLOTS 64 /* a power of two; a cache, by id */

struct ddns_backend {
	char *store_path;
	struct ddns_store *store;    /* NULL: not open */
	uint64_t store_dev, store_ino;
	struct ddns_mono_us look_at; /* then see if the file was replaced */
	struct ddns_mono_us tell_at; /* then `told` may be logged again */
	enum ddns_err told;
	int64_t patience_ms; /* getAllDomains waits so long for a store */
	bool over_unix; /* PowerDNS's connector, as `initialize` says */
	bool told_foreign;
	struct ddns_zone_slot zones[DDNS_ZONE_SLOTS];
	struct ddns_kept kept;
};

typedef enum ddns_err ddns_method_fn(struct ddns_backend *backend,
    const struct ddns_request *req, struct ddns_buf *out);

ddns_method_fn ddns_method_initialize;
ddns_method_fn ddns_method_lookup;
ddns_method_fn ddns_method_list;
ddns_method_fn ddns_method_get_all_domains;
ddns_method_fn ddns_method_get_domain_info;
ddns_method_fn ddns_method_get_domain_metadata;
ddns_method_fn ddns_method_get_all_domain_metadata;

/* Sees that backend->store is open and is the file that is there now. */
enum ddns_err ddns_backend_open_store(struct ddns_backend *backend)
    DDNS_MUST_CHECK;
/* After an error of the store: the next request opens it anew. */
void ddns_backend_close_store(struct ddns_backend *backend);
/*
 * The zone's name; kept, since neither an id nor the name of a zone is ever
 * given to another.  Borrowed until the next call.  DDNS_ENOTFOUND.
 */
enum ddns_err ddns_backend_get_apex(struct ddns_backend *backend, int64_t id,
    const struct ddns_name **ret) DDNS_MUST_CHECK;
/* Logs once per connection that PowerDNS asks for what is not ours. */
void ddns_backend_tell_foreign(struct ddns_backend *backend, const char *name,
    int64_t zone_id);

#endif
