/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Static records, one RRset at a time.
 */
#include <string.h>

#include "common/daemon/ddnsctl.h"
#include "common/dns/rdata.h"

#define RECORD_TTL_S 3600

struct listing {
	struct ctl_table *table;
	const struct ddns_name *name; /* NULL: all */
	uint16_t type;                /* NONE: all */
};

static enum ddns_err
list_rr(const struct ddns_rr *rr, void *arg)
{
	struct listing *l = arg;
	char type[DDNS_TYPE_TEXT_MAX];

	if (rr->type == DDNS_TYPE_NONE ||
	    (l->type != DDNS_TYPE_NONE && l->type != rr->type) ||
	    (l->name != NULL && !ddns_name_equal(l->name, &rr->owner)))
		return DDNS_OK;
	return ctl_table_add(l->table, json_pack("{s:o, s:I, s:s, s:o}",
	    "name", ctl_json_name(&rr->owner),
	    "ttl", (json_int_t)rr->ttl_s,
	    "type", ddns_type_format(rr->type, type),
	    "data", ctl_json_text(rr->content)));
}

static const struct ctl_option list_options[] = {
	{ "--name", "NAME", "only of this name" },
	{ "--type", "TYPE", "only of this type" },
	{ NULL, NULL, NULL }
};

static bool
run_record_list(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {
		{ "name", "NAME" }, { "ttl", "TTL" }, { "type", "TYPE" },
		{ "data", "DATA" },
	};
	const char *name_text = ctl_opt(ctl, "--name");
	const char *type_text = ctl_opt(ctl, "--type");
	struct ctl_table table;
	struct listing l = { .table = &table };
	struct ddns_name name;
	struct ddns_zone zone;

	if ((name_text != NULL &&
	    !ctl_take_name(ctl, "--name", name_text, &name)) ||
	    (type_text != NULL &&
	    !ctl_take_type(ctl, "--type", type_text, &l.type)) ||
	    !ctl_read(ctl) || !ctl_find_zone(ctl, ctl_pos(ctl, 0), &zone))
		return false;
	if (name_text != NULL)
		l.name = &name;
	ctl_table_start(ctl, &table, columns, DDNS_COUNT(columns));
	return ctl_ok(ctl, ddns_store_rr_list(ctl->store, zone.id, list_rr,
	    &l), "records") && ctl_table_end(&table);
}

static bool
take_data(struct ctl *ctl, uint16_t type, uint32_t ttl_s,
    struct ddns_rrset *ret)
{
	struct ddns_buf rdata = { 0 };
	const char *text;
	bool ok = true;

	for (unsigned i = 2; ok && (text = ctl_pos(ctl, i)) != NULL; i++) {
		ddns_buf_reset(&rdata);
		if (ddns_rdata_parse(type, text, &rdata) != DDNS_OK)
			ok = ctl_usage(ctl, "DATA: \"%s\" is no data of type "
			    "%s", text, ctl_pos(ctl, 1));
		else
			ok = ctl_ok(ctl, ddns_rrset_add(ret, ttl_s,
			    ddns_buf_span(&rdata)), "DATA");
	}
	ddns_buf_done(&rdata);
	return ok;
}

struct beside {
	uint16_t type; /* that shall stand there */
	bool clash;
};

/* A CNAME stands alone, beside it nothing but our mark of the name. */
static enum ddns_err
note_clash(const struct ddns_rr *rr, void *arg)
{
	struct beside *b = arg;

	if (rr->type != b->type && (rr->type == DDNS_TYPE_CNAME ||
	    b->type == DDNS_TYPE_CNAME))
		b->clash = true;
	return DDNS_OK;
}

/* The addresses of a host are the host's. */
static bool
leave_hosts(struct ctl *ctl, const struct ddns_name *name, uint16_t type)
{
	struct ddns_host host;
	enum ddns_err err;

	if (type != DDNS_TYPE_A && type != DDNS_TYPE_AAAA &&
	    type != DDNS_TYPE_ANY)
		return true;
	err = ddns_store_host_get(ctl->store, name, &host);
	if (err == DDNS_ENOTFOUND)
		return true;
	return ctl_ok(ctl, err, "host") && ctl_fail(ctl, "\"%s\" is a host; "
	    "its addresses are set with: ddnsctl host set", ctl_pos(ctl, 0));
}

static bool
take_owner(struct ctl *ctl, struct ddns_name *name, uint16_t *type,
    struct ddns_zone *zone)
{
	if (!ctl_take_name(ctl, "NAME", ctl_pos(ctl, 0), name) ||
	    (ctl_pos(ctl, 1) != NULL &&
	    !ctl_take_type(ctl, "TYPE", ctl_pos(ctl, 1), type)))
		return false;
	if (*type == DDNS_TYPE_SOA)
		return ctl_usage(ctl, "TYPE: the SOA is set with: ddnsctl "
		    "zone set");
	if (*type != DDNS_TYPE_ANY && ((*type >= 128 && *type <= 255) ||
	    *type == DDNS_TYPE_OPT))
		return ctl_usage(ctl, "TYPE: no zone holds records of type "
		    "%s", ctl_pos(ctl, 1));
	return ctl_begin(ctl) && ctl_find_zone_of(ctl, name, zone) &&
	    leave_hosts(ctl, name, *type);
}

static bool
put_record(struct ctl *ctl, const struct ddns_name *name, uint16_t type,
    const struct ddns_rrset *set, const struct ddns_zone *zone)
{
	struct beside beside = { .type = type };
	bool changed;

	if (!ctl_ok(ctl, ddns_store_rr_lookup(ctl->store, zone->id, name,
	    DDNS_TYPE_ANY, note_clash, &beside), "record"))
		return false;
	if (beside.clash)
		return ctl_fail(ctl, "\"%s\": a CNAME cannot stand beside "
		    "other records or a host", ctl_pos(ctl, 0));
	return ctl_ok(ctl, ddns_change_rrset(ctl->store, &ctl->actor, zone,
	    name, type, set, "good", "record set", NULL, &changed),
	    "record") && ctl_commit(ctl);
}

static const struct ctl_option set_options[] = {
	{ "--ttl", "TIME", "TTL [3600]" },
	{ NULL, NULL, NULL }
};

static json_t *
record_json(const struct ddns_name *name, uint16_t type,
    const struct ddns_rrset *set)
{
	char type_text[DDNS_TYPE_TEXT_MAX];

	return json_pack("{s:o, s:s, s:I, s:o}", "name", ctl_json_name(name),
	    "type", ddns_type_format(type, type_text), "ttl",
	    (json_int_t)ddns_rrset_ttl_s(set), "data",
	    ctl_json_set(type, set));
}

static bool
run_record_set(struct ctl *ctl)
{
	struct ddns_rrset set = { 0 };
	uint16_t type = DDNS_TYPE_NONE;
	uint32_t ttl_s = RECORD_TTL_S;
	struct ddns_name name;
	struct ddns_zone zone;
	bool ok;

	if (!ctl_take_seconds(ctl, "--ttl", 0, DDNS_TTL_MAX_S, &ttl_s) ||
	    !take_owner(ctl, &name, &type, &zone))
		return false;
	if (type == DDNS_TYPE_ANY)
		return ctl_usage(ctl, "TYPE: ANY is no type of a record");
	ok = take_data(ctl, type, ttl_s, &set) &&
	    put_record(ctl, &name, type, &set, &zone) && ctl_done(ctl,
	    record_json(&name, type, &set), "%s %s is set", ctl_pos(ctl, 0),
	    ctl_pos(ctl, 1));
	ddns_rrset_done(&set);
	return ok;
}

static bool
run_record_delete(struct ctl *ctl)
{
	struct ddns_rrset absent = { 0 };
	uint16_t type = DDNS_TYPE_ANY;
	struct ddns_name name;
	struct ddns_zone zone;
	bool changed = false;
	enum ddns_err err;

	if (!take_owner(ctl, &name, &type, &zone))
		return false;
	if (ddns_name_equal(&name, &zone.name) &&
	    (type == DDNS_TYPE_NS || type == DDNS_TYPE_ANY))
		return ctl_fail(ctl, "a zone keeps its NS; set others, or "
		    "name the type to delete");
	if (type == DDNS_TYPE_ANY) {
		err = ddns_store_rr_any_at(ctl->store, zone.id, &name,
		    &changed);
		if (err == DDNS_OK)
			err = ddns_change_delete_name(ctl->store, &ctl->actor,
			    &zone, &name);
	} else {
		err = ddns_change_rrset(ctl->store, &ctl->actor, &zone, &name,
		    type, &absent, "good", "record delete", NULL, &changed);
	}
	if (!ctl_ok(ctl, err, "record"))
		return false;
	if (!changed)
		return ctl_fail(ctl, "there is no such record");
	return ctl_commit(ctl) && ctl_done(ctl, json_pack("{s:o}", "name",
	    ctl_json_name(&name)), "%s is deleted", ctl_pos(ctl, 0));
}

const struct ctl_command ctl_record_commands[] = {
	{ "record list", "ZONE", "list the records of a zone", list_options,
	    run_record_list },
	{ "record set", "NAME TYPE DATA...",
	    "set the records of a name and type, in place of the old",
	    set_options, run_record_set },
	{ "record delete", "NAME [TYPE]", "delete records of a name", NULL,
	    run_record_delete },
	{ NULL, NULL, NULL, NULL, NULL },
};
