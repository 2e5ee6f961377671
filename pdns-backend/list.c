/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * list: a whole zone, for transfers, pdnsutil and the HTTP API.
 *
 * One snapshot from the SOA to the last record.  In canonical order a name
 * comes right before all that is below it, so one name is enough to remember
 * the delegation we are under, and comparing an owner with the one before it
 * shows the names between that exist only because of what is below them.
 */
#include "pdns-backend/methods.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/dns/rrset.h"
#include "pdns-backend/rows.h"

/* PowerDNS's unix connector reads this much in about two seconds. */
#define UNIX_REPLY_BYTES (512 * 1024)

struct listing {
	struct ddns_rows rows;
	struct ddns_zone zone;
	struct ddns_name cut;   /* of the last delegation; or len_bytes 0 */
	bool owner_empty;       /* a registered name; nothing written yet */
};

static void
end_owner(struct listing *l)
{
	if (l->owner_empty)
		ddns_rows_put_empty(&l->rows);
	l->owner_empty = false;
	if (l->rows.owner_cut && !l->rows.cut_below)
		l->cut = l->rows.owner;
}

static void
begin_owner(struct listing *l, const struct ddns_name *owner)
{
	l->rows.cut_below = l->cut.len_bytes != 0 &&
	    ddns_name_is_under(owner, &l->cut);
	ddns_rows_set_owner(&l->rows, owner);
}

/* The empty names above owner that are not above the owner before, too. */
static void
put_empty_above(struct listing *l, const struct ddns_name *owner,
    const struct ddns_name *before)
{
	struct ddns_name above;

	if (!ddns_name_parent(owner, &above) ||
	    !ddns_name_is_under(&above, &l->zone.name) ||
	    ddns_name_is_under(before, &above))
		return;
	put_empty_above(l, &above, before);
	begin_owner(l, &above);
	ddns_rows_put_empty(&l->rows);
}

static enum ddns_err
put_row(const struct ddns_rr *rr, void *arg)
{
	struct listing *l = arg;
	struct ddns_name before = l->rows.owner;

	if (!ddns_name_equal(&before, &rr->owner)) {
		end_owner(l);
		put_empty_above(l, &rr->owner, &before);
		begin_owner(l, &rr->owner);
	}
	l->owner_empty = rr->type == DDNS_TYPE_NONE;
	ddns_rows_put(&l->rows, rr);
	return l->rows.out->err;
}

static enum ddns_err
list_zone(struct ddns_store *store, struct listing *l)
{
	enum ddns_err err;

	ddns_rows_set_zone(&l->rows, l->zone.id, &l->zone.name);
	begin_owner(l, &l->zone.name);
	ddns_rows_put_soa(&l->rows, &l->zone);
	err = ddns_store_rr_list(store, l->zone.id, put_row, l);
	if (err == DDNS_OK)
		end_owner(l);
	return err;
}

static enum ddns_err
find_zone(struct ddns_backend *backend, const struct ddns_request *req,
    struct ddns_zone *ret)
{
	const char *text = ddns_request_text(req, "zonename");
	int64_t id = ddns_request_integer(req, "domain_id", -1);
	struct ddns_name name;
	enum ddns_err err;

	if (text == NULL)
		return DDNS_EFORMAT;
	if (ddns_name_parse(text, &name) != DDNS_OK)
		return DDNS_ENOTFOUND;
	ddns_name_lower(&name);
	err = ddns_store_zone_get_named(backend->store, &name, ret);
	if (err == DDNS_OK && id > 0 && id < UINT32_MAX && id != ret->id)
		err = DDNS_ENOTFOUND;
	if (err == DDNS_ENOTFOUND)
		ddns_backend_tell_foreign(backend, text, id);
	return err;
}

static void
tell_of_size(const struct ddns_backend *backend, const struct listing *l)
{
	size_t bytes = l->rows.out->len_bytes;
	char text[DDNS_NAME_TEXT_MAX];

	if (!backend->over_unix || bytes <= UNIX_REPLY_BYTES)
		return;
	ddns_name_format(&l->zone.name, text);
	ddns_log(DDNS_LOG_WARNING, "pdns-backend-ddns: zone=%s has %zu records "
	    "(%zu bytes), too much for PowerDNS's unix connector: it takes "
	    "longer than its timeout; use pipe", DDNS_Q(text), l->rows.count,
	    bytes);
}

enum ddns_err
ddns_method_list(struct ddns_backend *backend,
    const struct ddns_request *req, struct ddns_buf *out)
{
	struct listing *l = NULL;
	enum ddns_err err;

	err = ddns_store_begin(backend->store, DDNS_STORE_READ);
	if (err != DDNS_OK)
		return err;
	err = DDNS_ENOMEM;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		goto out;
	ddns_rows_init(&l->rows, out);
	err = find_zone(backend, req, &l->zone);
	if (err == DDNS_ENOTFOUND) {
		ddns_buf_put_text(out, "false");
		err = DDNS_OK;
	} else if (err == DDNS_OK) {
		ddns_buf_put_u8(out, '[');
		err = list_zone(backend->store, l);
		ddns_buf_put_u8(out, ']');
		tell_of_size(backend, l);
	}
	ddns_rows_done(&l->rows);
out:
	ddns_store_rollback(backend->store);
	free(l);
	return err;
}
