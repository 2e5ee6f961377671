/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zones: their SOA, the limits of their hosts' TTLs, and which there are.
 * Records come by `zone import` and `record`, hosts by `host`.
 *
 * A new zone's serial is the time in seconds, or above the last one that the
 * journal knows of a zone of that name, so that secondaries of a zone that was
 * deleted and made again follow.
 */
#include <stdlib.h>
#include <string.h>

#include "common/daemon/ddnsctl.h"
#include "common/dns/rdata.h"

#define NS_TTL_S 3600

void
ctl_zone_defaults(struct ddns_zone *zone, struct ddns_unix_ms now)
{
	zone->serial = (uint32_t)(now.v / 1000);
	if (zone->serial == 0)
		zone->serial = 1;
	zone->refresh_s = 3600;
	zone->retry_s = 600;
	zone->expire_s = 1209600;
	zone->minimum_s = 60; /* how long "no such name" is remembered */
	zone->soa_ttl_s = 3600;
	zone->host_ttl_s = 60;
	zone->ttl_min_s = 1;
	zone->ttl_max_s = 86400;
}

bool
ctl_zone_take_name(struct ctl *ctl, const char *what, const char *text,
    struct ddns_name *ret)
{
	if (!ctl_take_name(ctl, what, text, ret))
		return false;
	if (ddns_name_is_root(ret) || ddns_name_is_wildcard(ret) ||
	    !ddns_name_is_hostname(ret, true))
		return ctl_usage(ctl, "%s: \"%s\" is no name of a zone; "
		    "allowed are letters, digits, hyphens and underscores",
		    what, text);
	return true;
}

/* "user.name@dyn.test" or the SOA's own form. */
static bool
take_rname(struct ctl *ctl, struct ddns_zone *zone)
{
	const char *text = ctl_opt(ctl, "--rname"), *at;
	struct ddns_buf escaped = { 0 };
	bool ok;

	if (text == NULL)
		return true;
	at = strchr(text, '@');
	if (at == NULL)
		return ctl_take_name(ctl, "--rname", text, &zone->rname);
	for (const char *p = text; p < at; p++) {
		if (*p == '.')
			ddns_buf_put_u8(&escaped, '\\');
		ddns_buf_put_u8(&escaped, (uint8_t)*p);
	}
	ddns_buf_putf(&escaped, ".%s", at + 1);
	ok = ctl_take_name(ctl, "--rname", ddns_buf_text(&escaped),
	    &zone->rname);
	ddns_buf_done(&escaped);
	return ok;
}

#define ZONE_OPTIONS                                                      \
	{ "--rname", "MAILBOX", "who is responsible, as mail address" },  \
	{ "--ttl", "TIME", "TTL of hosts without their own" },            \
	{ "--ttl-min", "TIME", "least TTL that a host may have" },        \
	{ "--ttl-max", "TIME", "greatest TTL of a host" },                \
	{ "--refresh", "TIME", "SOA refresh" },                           \
	{ "--retry", "TIME", "SOA retry" },                               \
	{ "--expire", "TIME", "SOA expire" },                             \
	{ "--minimum", "TIME", "SOA minimum: TTL of \"no such name\"" },  \
	{ "--soa-ttl", "TIME", "TTL of the SOA" }

static bool
take_zone_options(struct ctl *ctl, struct ddns_zone *zone)
{
	const uint32_t max = DDNS_TTL_MAX_S;

	if (!take_rname(ctl, zone) ||
	    !ctl_take_seconds(ctl, "--ttl", 0, max, &zone->host_ttl_s) ||
	    !ctl_take_seconds(ctl, "--ttl-min", 0, max, &zone->ttl_min_s) ||
	    !ctl_take_seconds(ctl, "--ttl-max", 0, max, &zone->ttl_max_s) ||
	    !ctl_take_seconds(ctl, "--refresh", 1, max, &zone->refresh_s) ||
	    !ctl_take_seconds(ctl, "--retry", 1, max, &zone->retry_s) ||
	    !ctl_take_seconds(ctl, "--expire", 1, max, &zone->expire_s) ||
	    !ctl_take_seconds(ctl, "--minimum", 0, max, &zone->minimum_s) ||
	    !ctl_take_seconds(ctl, "--soa-ttl", 0, max, &zone->soa_ttl_s))
		return false;
	if (zone->ttl_min_s > zone->ttl_max_s)
		return ctl_usage(ctl, "--ttl-min %u is above --ttl-max %u",
		    zone->ttl_min_s, zone->ttl_max_s);
	if (zone->host_ttl_s < zone->ttl_min_s ||
	    zone->host_ttl_s > zone->ttl_max_s)
		return ctl_usage(ctl, "--ttl: %u is not from --ttl-min %u to "
		    "--ttl-max %u", zone->host_ttl_s, zone->ttl_min_s,
		    zone->ttl_max_s);
	return true;
}

static json_t *
zone_json(const struct ddns_zone *zone)
{
	return json_pack("{s:o, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, "
	    "s:I, s:I}",
	    "zone", ctl_json_name(&zone->name),
	    "serial", (json_int_t)zone->serial,
	    "mname", ctl_json_name(&zone->mname),
	    "rname", ctl_json_name(&zone->rname),
	    "refresh", (json_int_t)zone->refresh_s,
	    "retry", (json_int_t)zone->retry_s,
	    "expire", (json_int_t)zone->expire_s,
	    "minimum", (json_int_t)zone->minimum_s,
	    "soa_ttl", (json_int_t)zone->soa_ttl_s,
	    "ttl", (json_int_t)zone->host_ttl_s,
	    "ttl_min", (json_int_t)zone->ttl_min_s,
	    "ttl_max", (json_int_t)zone->ttl_max_s);
}

/* ---- add ---- */

struct below {
	const struct ddns_name *apex;
	struct ddns_name found;
};

static enum ddns_err
note_host_below(const struct ddns_host *host, void *arg)
{
	struct below *below = arg;

	if (!ddns_name_is_under(&host->name, below->apex))
		return DDNS_OK;
	below->found = host->name;
	return DDNS_ESTOP;
}

/* A new zone would hide the hosts that the zone above has at its names. */
bool
ctl_zone_may_add(struct ctl *ctl, const struct ddns_name *apex)
{
	struct below below = { .apex = apex };
	struct ddns_zone above;
	char text[DDNS_NAME_TEXT_MAX];
	enum ddns_err err;

	err = ddns_store_zone_find(ctl->store, apex, &above);
	if (err == DDNS_ENOTFOUND ||
	    (err == DDNS_OK && ddns_name_equal(&above.name, apex)))
		return true;
	if (err == DDNS_OK)
		err = ddns_store_host_list(ctl->store, 0, above.id,
		    note_host_below, &below);
	if (!ctl_ok(ctl, err, "zone"))
		return false;
	if (below.found.len_bytes == 0)
		return true;
	ddns_name_format(&below.found, text);
	return ctl_fail(ctl, "host \"%s\" of the zone above would be hidden; "
	    "delete or rename it first", text);
}

static enum ddns_err
note_serial(const struct ddns_journal_row *row, void *arg)
{
	struct ddns_zone *zone = arg;

	if (row->serial != 0 &&
	    (int32_t)(zone->serial - row->serial) <= 0)
		zone->serial = row->serial + 1 != 0 ? row->serial + 1 : 1;
	return DDNS_OK;
}

bool
ctl_zone_raise_serial(struct ctl *ctl, struct ddns_zone *zone)
{
	char name[DDNS_NAME_TEXT_MAX];
	struct ddns_journal_filter filter = {
		.name = name,
		.changed_only = true,
		.max = 1, /* the last one: the zone was deleted */
	};

	ddns_name_format(&zone->name, name);
	return ctl_ok(ctl, ddns_journal_query(ctl->store, &filter,
	    note_serial, zone), "journal");
}

static bool
take_ns(struct ctl *ctl, struct ddns_zone *zone, struct ddns_rrset *ret)
{
	const char *text;

	for (unsigned i = 0; (text = ctl_opt_nth(ctl, "--ns", i)) != NULL;
	    i++) {
		struct ddns_name name;

		if (!ctl_take_host_name(ctl, "--ns", text, &name))
			return false;
		if (i == 0)
			zone->mname = name;
		if (!ctl_ok(ctl, ddns_rrset_add(ret, NS_TTL_S,
		    (struct ddns_span){ name.wire, name.len_bytes }), "--ns"))
			return false;
	}
	if (ddns_rrset_is_absent(ret))
		return ctl_usage(ctl, "--ns NAME is needed: the name server "
		    "of the zone; it may be given again");
	return true;
}

static bool
insert_zone(struct ctl *ctl, struct ddns_zone *zone,
    const struct ddns_rrset *ns)
{
	enum ddns_err err;
	bool changed;

	if (!ctl_begin(ctl) || !ctl_zone_may_add(ctl, &zone->name) ||
	    !ctl_zone_raise_serial(ctl, zone))
		return false;
	err = ddns_store_zone_add(ctl->store, zone, &zone->id);
	if (err == DDNS_EEXIST)
		return ctl_fail(ctl, "there is a zone \"%s\" already",
		    ctl_pos(ctl, 0));
	if (!ctl_ok(ctl, err, "zone"))
		return false;
	err = ddns_change_rrset(ctl->store, &ctl->actor, zone, &zone->name,
	    DDNS_TYPE_NS, ns, "good", "zone add", NULL, &changed);
	if (err == DDNS_OK)
		err = ddns_change_zone(ctl->store, &ctl->actor, zone, "good",
		    "zone add");
	if (err == DDNS_OK)
		err = ddns_store_zone_get(ctl->store, zone->id, zone);
	return ctl_ok(ctl, err, "zone") && ctl_commit(ctl);
}

static const struct ctl_option zone_add_options[] = {
	{ "--ns", "NAME", "a name server, absolute; may be given again" },
	ZONE_OPTIONS,
	{ NULL, NULL, NULL }
};

static bool
run_zone_add(struct ctl *ctl)
{
	struct ddns_zone zone = { 0 };
	struct ddns_rrset ns = { 0 };
	char rname[DDNS_NAME_TEXT_MAX + 16];
	bool ok;

	if (!ctl_zone_take_name(ctl, "NAME", ctl_pos(ctl, 0), &zone.name))
		return false;
	ctl_zone_defaults(&zone, ddns_unix_ms_now());
	strcpy(rname, "hostmaster.");
	ddns_name_format(&zone.name, rname + strlen(rname));
	if (ddns_name_parse(rname, &zone.rname) != DDNS_OK)
		zone.rname = zone.name; /* too long with a label more */
	ok = take_ns(ctl, &zone, &ns) && take_zone_options(ctl, &zone) &&
	    insert_zone(ctl, &zone, &ns);
	ddns_rrset_done(&ns);
	return ok && ctl_done(ctl, zone_json(&zone), "zone %s is there",
	    ctl_pos(ctl, 0));
}

/* ---- list, show ---- */

struct listing {
	struct ctl *ctl;
	struct ctl_table *table;
	json_int_t records, names, hosts;
	struct ddns_name last;
};

static enum ddns_err
count_record(const struct ddns_rr *rr, void *arg)
{
	struct listing *l = arg;

	if (rr->type != DDNS_TYPE_NONE)
		l->records++;
	if (l->last.len_bytes == 0 || !ddns_name_equal(&l->last, &rr->owner))
		l->names++;
	l->last = rr->owner;
	return DDNS_OK;
}

static enum ddns_err
count_host(const struct ddns_host *host, void *arg)
{
	struct listing *l = arg;

	(void)host;
	l->hosts++;
	return DDNS_OK;
}

/* "hosts" always; "names" and "records", which cost a walk, on demand. */
static enum ddns_err
add_counts(struct listing *l, const struct ddns_zone *zone, json_t *into,
    bool walk)
{
	enum ddns_err err;

	l->hosts = l->records = l->names = 0;
	l->last.len_bytes = 0;
	err = ddns_store_host_list(l->ctl->store, 0, zone->id, count_host, l);
	if (err == DDNS_OK)
		json_object_set_new(into, "hosts", json_integer(l->hosts));
	if (err != DDNS_OK || !walk)
		return err;
	err = ddns_store_rr_list(l->ctl->store, zone->id, count_record, l);
	json_object_set_new(into, "names", json_integer(l->names));
	json_object_set_new(into, "records", json_integer(l->records));
	return err;
}

static enum ddns_err
list_zone(const struct ddns_zone *zone, void *arg)
{
	struct listing *l = arg;
	struct ddns_zone copy = *zone;
	json_t *row = zone_json(&copy);
	enum ddns_err err = add_counts(l, &copy, row, false);

	if (err == DDNS_OK)
		return ctl_table_add(l->table, row);
	json_decref(row);
	return err;
}

static bool
run_zone_list(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {
		{ "zone", "ZONE" }, { "serial", "SERIAL" },
		{ "hosts", "HOSTS" }, { "ttl", "TTL" },
		{ "mname", "PRIMARY" },
	};
	struct ctl_table table;
	struct listing l = { .ctl = ctl, .table = &table };

	if (!ctl_read(ctl))
		return false;
	ctl_table_start(ctl, &table, columns, DDNS_COUNT(columns));
	return ctl_ok(ctl, ddns_store_zone_list(ctl->store, list_zone, &l),
	    "zones") && ctl_table_end(&table);
}

static bool
run_zone_show(struct ctl *ctl)
{
	struct listing l = { .ctl = ctl };
	struct ddns_rrset ns = { 0 };
	struct ddns_zone zone;
	json_t *object;
	bool ok;

	if (!ctl_read(ctl) || !ctl_find_zone(ctl, ctl_pos(ctl, 0), &zone))
		return false;
	object = zone_json(&zone);
	ok = ctl_ok(ctl, ddns_store_rrset_get(ctl->store, zone.id, &zone.name,
	    DDNS_TYPE_NS, &ns), "NS");
	if (ok) {
		json_object_set_new(object, "ns",
		    ctl_json_set(DDNS_TYPE_NS, &ns));
		ok = ctl_ok(ctl, add_counts(&l, &zone, object, true), "zone");
	}
	ddns_rrset_done(&ns);
	if (ok)
		return ctl_show(ctl, object);
	json_decref(object);
	return false;
}

/* ---- set ---- */

static enum ddns_err
collect_host(const struct ddns_host *host, void *arg)
{
	struct ddns_buf *names = arg;

	if (host->ttl_s == 0)
		ddns_buf_put(names, &host->name, sizeof(host->name));
	return names->err;
}

/* The hosts that have no TTL of their own follow the zone's at once. */
static bool
apply_ttl(struct ctl *ctl, const struct ddns_zone *zone)
{
	struct ddns_buf names = { 0 };
	bool ok = ctl_ok(ctl, ddns_store_host_list(ctl->store, 0, zone->id,
	    collect_host, &names), "hosts");

	for (size_t at = 0; ok && at < names.len_bytes;
	    at += sizeof(struct ddns_name)) {
		struct ddns_host host = { .ttl_s = 0 };

		memcpy(&host.name, names.base + at, sizeof(host.name));
		ok = ctl_host_apply_ttl(ctl, zone, &host);
	}
	ddns_buf_done(&names);
	return ok;
}

static const struct ctl_option zone_set_options[] = {
	{ "--mname", "NAME", "the SOA's primary name server" },
	ZONE_OPTIONS,
	{ "--serial", "NUMBER", "SOA serial to go on from" },
	{ NULL, NULL, NULL }
};

static bool
run_zone_set(struct ctl *ctl)
{
	const char *mname = ctl_opt(ctl, "--mname");
	struct ddns_zone zone;
	uint32_t old_ttl_s;
	enum ddns_err err;

	if (ctl->args.given_count == 0)
		return ctl_usage(ctl, "nothing to set is given");
	if (!ctl_begin(ctl) || !ctl_find_zone(ctl, ctl_pos(ctl, 0), &zone))
		return false;
	old_ttl_s = zone.host_ttl_s;
	if ((mname != NULL && !ctl_take_host_name(ctl, "--mname", mname,
	    &zone.mname)) || !take_zone_options(ctl, &zone) ||
	    !ctl_take_number(ctl, "--serial", 1, UINT32_MAX, &zone.serial))
		return false;
	if (!ctl_ok(ctl, ddns_store_zone_set(ctl->store, &zone), "zone"))
		return false;
	if (zone.host_ttl_s != old_ttl_s && !apply_ttl(ctl, &zone))
		return false;
	err = ddns_change_zone(ctl->store, &ctl->actor, &zone, "good",
	    "zone set");
	if (err == DDNS_OK)
		err = ddns_store_zone_get(ctl->store, zone.id, &zone);
	return ctl_ok(ctl, err, "zone") && ctl_commit(ctl) && ctl_done(ctl,
	    zone_json(&zone), "zone %s is set", ctl_pos(ctl, 0));
}

/* ---- delete ---- */

static const struct ctl_option zone_delete_options[] = {
	{ "--force", NULL, "with its hosts" },
	{ NULL, NULL, NULL }
};

static bool
run_zone_delete(struct ctl *ctl)
{
	struct listing l = { .ctl = ctl };
	struct ddns_zone zone;
	enum ddns_err err;

	if (!ctl_begin(ctl) || !ctl_find_zone(ctl, ctl_pos(ctl, 0), &zone))
		return false;
	err = ddns_store_host_list(ctl->store, 0, zone.id, count_host, &l);
	if (!ctl_ok(ctl, err, "hosts"))
		return false;
	if (l.hosts > 0 && !ctl_flag(ctl, "--force"))
		return ctl_fail(ctl, "zone \"%s\" has %lld hosts; --force "
		    "deletes them too", ctl_pos(ctl, 0), (long long)l.hosts);
	err = ddns_change_zone(ctl->store, &ctl->actor, &zone, "good",
	    "zone delete");
	if (err == DDNS_OK)
		err = ddns_store_zone_delete(ctl->store, zone.id);
	return ctl_ok(ctl, err, "zone") && ctl_commit(ctl) && ctl_done(ctl,
	    json_pack("{s:o, s:I}", "zone", ctl_json_name(&zone.name),
	    "hosts", l.hosts), "zone %s is deleted", ctl_pos(ctl, 0));
}

const struct ctl_command ctl_zone_commands[] = {
	{ "zone add", "NAME", "make a zone", zone_add_options, run_zone_add },
	{ "zone list", "", "list the zones", NULL, run_zone_list },
	{ "zone show", "ZONE", "show a zone", NULL, run_zone_show },
	{ "zone set", "ZONE", "change a zone's SOA and limits",
	    zone_set_options, run_zone_set },
	{ "zone delete", "ZONE", "delete a zone and its records",
	    zone_delete_options, run_zone_delete },
	{ NULL, NULL, NULL, NULL, NULL },
};
