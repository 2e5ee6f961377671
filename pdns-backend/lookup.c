/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lookup, and its twin APILookup of PowerDNS 5: the records of one owner.
 *
 * PowerDNS asks for exact names and finds wildcards, delegations and CNAMEs by
 * itself, with one question each.  Nearly always it asks for type ANY with the
 * id of a zone; internally also for one type, and with id -1 when it does not
 * know the zone: then all of ours that hold the name answer.
 *
 * A host right below the apex that has records, the case that counts, takes
 * one statement.  Is there none, two questions decide between NXDOMAIN and
 * NODATA, is the name registered and is there one below it, and these see one
 * snapshot: in between a host may have moved from one answer to the other.
 *
 * A reply is kept until the next commit of anybody (kept.h), which takes four
 * microseconds off two of the three calls that a question costs.
 */
#include "pdns-backend/methods.h"

#include "common/dns/rrset.h"
#include "pdns-backend/rows.h"
#include "pdns-backend/types.h"

static enum ddns_err
put_row(const struct ddns_rr *rr, void *arg)
{
	struct ddns_rows *rows = arg;

	ddns_rows_put(rows, rr);
	return rows->out->err;
}

static enum ddns_err
note_row(const struct ddns_rr *rr, void *arg)
{
	bool *found = arg;

	(void)rr;
	*found = true;
	return DDNS_ESTOP;
}

/* Is there a delegation between the apex and the name? */
static enum ddns_err
find_cut(struct ddns_store *store, const struct ddns_name *name,
    struct ddns_rows *rows)
{
	unsigned between = ddns_name_labels(name) -
	    ddns_name_labels(rows->apex);
	struct ddns_name at = *name;
	enum ddns_err err = DDNS_OK;

	while (err == DDNS_OK && !rows->cut_below && between-- > 1 &&
	    ddns_name_parent(&at, &at))
		err = ddns_store_rr_lookup(store, rows->zone_id, &at,
		    DDNS_TYPE_NS, note_row, &rows->cut_below);
	return err;
}

static enum ddns_err
put_soa(struct ddns_store *store, struct ddns_rows *rows)
{
	struct ddns_zone zone;
	enum ddns_err err;

	err = ddns_store_zone_get(store, rows->zone_id, &zone);
	if (err == DDNS_OK)
		ddns_rows_put_soa(rows, &zone);
	return err;
}

/* Nothing was found: does the name exist all the same? */
static enum ddns_err
put_existence(struct ddns_store *store, struct ddns_rows *rows)
{
	size_t before = rows->count;
	bool below = false;
	enum ddns_err err;

	err = ddns_store_begin(store, DDNS_STORE_READ);
	if (err != DDNS_OK)
		return err;
	err = ddns_store_rr_lookup(store, rows->zone_id, &rows->owner,
	    DDNS_TYPE_ANY, put_row, rows);
	if (err == DDNS_OK && !rows->owner_known)
		err = ddns_store_rr_any_below(store, rows->zone_id,
		    &rows->owner, &below);
	ddns_store_rollback(store);
	if (err == DDNS_OK && rows->count == before &&
	    (rows->owner_known || below))
		ddns_rows_put_empty(rows);
	return err;
}

static enum ddns_err
lookup_in_zone(struct ddns_store *store, const struct ddns_name *name,
    struct ddns_rows *rows)
{
	bool apex = name->len_bytes == rows->apex->len_bytes;
	size_t before = rows->count;
	enum ddns_err err = DDNS_OK;

	ddns_rows_set_owner(rows, name);
	if (apex && (rows->type == DDNS_TYPE_ANY ||
	    rows->type == DDNS_TYPE_SOA))
		err = put_soa(store, rows);
	else if (!apex)
		err = find_cut(store, name, rows);
	if (err == DDNS_OK)
		err = ddns_store_rr_lookup(store, rows->zone_id, name,
		    DDNS_TYPE_ANY, put_row, rows);
	if (err == DDNS_OK && rows->count == before && !apex &&
	    rows->type == DDNS_TYPE_ANY)
		err = put_existence(store, rows);
	return err;
}

/* The deepest zone of ours that holds the name, the one above it, ... */
static enum ddns_err
lookup_in_all(struct ddns_store *store, const struct ddns_name *name,
    struct ddns_rows *rows)
{
	struct ddns_name inside = *name;
	struct ddns_zone zone;
	enum ddns_err err;

	do {
		err = ddns_store_zone_find(store, &inside, &zone);
		if (err != DDNS_OK)
			break;
		ddns_rows_set_zone(rows, zone.id, &zone.name);
		err = lookup_in_zone(store, name, rows);
	} while (err == DDNS_OK && ddns_name_parent(&zone.name, &inside));
	return err == DDNS_ENOTFOUND ? DDNS_OK : err;
}

static enum ddns_err
lookup_by_id(struct ddns_backend *backend, int64_t id,
    const struct ddns_name *name, struct ddns_rows *rows)
{
	const struct ddns_name *apex;
	char text[DDNS_NAME_TEXT_MAX];
	enum ddns_err err;

	err = ddns_backend_get_apex(backend, id, &apex);
	if (err == DDNS_ENOTFOUND ||
	    (err == DDNS_OK && !ddns_name_is_under(name, apex))) {
		ddns_name_format(name, text);
		ddns_backend_tell_foreign(backend, text, id);
		return DDNS_OK;
	}
	if (err != DDNS_OK)
		return err;
	ddns_rows_set_zone(rows, id, apex);
	err = lookup_in_zone(backend->store, name, rows);
	/* deleted since its name was kept */
	return err == DDNS_ENOTFOUND ? DDNS_OK : err;
}

static enum ddns_err
read_rows(struct ddns_backend *backend, const struct ddns_kept_key *key,
    struct ddns_buf *out)
{
	struct ddns_rows rows;
	enum ddns_err err;

	ddns_rows_init(&rows, out);
	rows.type = key->type;
	ddns_buf_put_u8(out, '[');
	if (key->zone_id > 0)
		err = lookup_by_id(backend, key->zone_id, &key->name, &rows);
	else
		err = lookup_in_all(backend->store, &key->name, &rows);
	ddns_buf_put_u8(out, ']');
	ddns_rows_done(&rows);
	return err;
}

enum ddns_err
ddns_method_lookup(struct ddns_backend *backend,
    const struct ddns_request *req, struct ddns_buf *out)
{
	const char *qname = ddns_request_text(req, "qname");
	const char *qtype = ddns_request_text(req, "qtype");
	int64_t id = ddns_request_integer(req, "zone-id", -1);
	struct ddns_store_version version;
	struct ddns_kept_key key;
	size_t start = out->len_bytes;
	enum ddns_err err;
	bool keep;

	if (qname == NULL || qtype == NULL)
		return DDNS_EFORMAT;
	/* what is no name or no type has no records */
	if (ddns_name_parse(qname, &key.name) != DDNS_OK ||
	    ddns_pdns_type_parse(qtype, &key.type) != DDNS_OK) {
		ddns_buf_put_text(out, "[]");
		return DDNS_OK;
	}
	ddns_name_lower(&key.name);
	/* the greatest is -1, from some versions */
	key.zone_id = id > 0 && id < UINT32_MAX ? id : -1;
	keep = ddns_store_peek_version(backend->store, &version);
	if (keep && ddns_kept_get(&backend->kept, &key, &version, out))
		return DDNS_OK;
	err = read_rows(backend, &key, out);
	if (keep && err == DDNS_OK && out->err == DDNS_OK)
		ddns_kept_put(&backend->kept, &key, &version,
		    (struct ddns_span){ out->base + start,
		    out->len_bytes - start });
	return err;
}
