/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts: names that devices may update.  A host is a row of policy and a
 * registered name in the zone, so that the name exists (NODATA) before its
 * first address.  Addresses that are set here take the way of every update.
 */
#include <stdlib.h>
#include <string.h>

#include "common/daemon/ddnsctl.h"
#include "common/dns/rdata.h"
#include "common/update/address.h"

#define ACME_LABEL "_acme-challenge"

/* What a command wants of a host's addresses. */
struct wanted {
	bool set;                /* --a or --aaaa was given */
	bool none;               /* withdraw */
	struct ddns_addr addr;
};

static bool
take_addr(struct ctl *ctl, const char *option, int family,
    struct wanted *ret)
{
	const char *text = ctl_opt(ctl, option);

	if (text == NULL)
		return true;
	ret->set = true;
	ret->none = strcmp(text, "none") == 0;
	if (ret->none)
		return true;
	if (ddns_addr_parse(text, &ret->addr) != DDNS_OK ||
	    ret->addr.family != family)
		return ctl_usage(ctl, "%s: \"%s\" is no IPv%c address; "
		    "wanted: one, or none", option, text,
		    family == AF_INET ? '4' : '6');
	return true;
}

static bool
allow_addr(struct ctl *ctl, const char *option, const struct wanted *wanted,
    unsigned flags)
{
	if (!wanted->set || wanted->none)
		return true;
	switch (ddns_update_check_addr(&wanted->addr, flags)) {
	case DDNS_ADDR_PUBLISH:
		return true;
	case DDNS_ADDR_PUBLISH_WARN:
		ctl_warn("%s: nobody outside can reach an address of class "
		    "%s", option, ddns_addr_class_text(
		    ddns_addr_classify(&wanted->addr)));
		return true;
	case DDNS_ADDR_REFUSE:
		break;
	}
	return ctl_fail(ctl, "%s: the host may not publish an address of "
	    "class %s; see --allow-private and --allow-special", option,
	    ddns_addr_class_text(ddns_addr_classify(&wanted->addr)));
}

static uint32_t
host_ttl(const struct ddns_zone *zone, const struct ddns_host *host)
{
	uint32_t ttl_s = host->ttl_s != 0 ? host->ttl_s : zone->host_ttl_s;

	if (ttl_s < zone->ttl_min_s)
		ttl_s = zone->ttl_min_s;
	return ttl_s > zone->ttl_max_s ? zone->ttl_max_s : ttl_s;
}

static bool
put_set(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_name *owner, uint16_t type, const struct ddns_rrset *set,
    const char *reason, bool *changed)
{
	bool one = false;
	enum ddns_err err = ddns_change_rrset(ctl->store, &ctl->actor, zone,
	    owner, type, set, "good", reason, NULL, &one);

	*changed |= one;
	return ctl_ok(ctl, err, "record");
}

static bool
put_addr(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_host *host, uint16_t type, const struct wanted *wanted,
    bool *changed)
{
	struct ddns_rrset set = { 0 };
	bool ok = true;

	if (!wanted->set)
		return true;
	if (!wanted->none)
		ok = ctl_ok(ctl, ddns_rrset_of_addr(host_ttl(zone, host),
		    wanted->addr.bytes, ddns_addr_len_bytes(&wanted->addr),
		    &set), "address");
	ok = ok && put_set(ctl, zone, &host->name, type, &set, "host set",
	    changed);
	ddns_rrset_done(&set);
	return ok;
}

bool
ctl_host_apply_ttl(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_host *host)
{
	static const uint16_t types[] = { DDNS_TYPE_A, DDNS_TYPE_AAAA };
	struct ddns_rrset set = { 0 };
	bool ok = true, changed = false;

	for (size_t i = 0; ok && i < DDNS_COUNT(types); i++) {
		ok = ctl_ok(ctl, ddns_store_rrset_get(ctl->store, zone->id,
		    &host->name, types[i], &set), "record");
		if (!ok || ddns_rrset_is_absent(&set))
			continue;
		ddns_rrset_set_ttl(&set, host_ttl(zone, host));
		ok = put_set(ctl, zone, &host->name, types[i], &set,
		    "TTL", &changed);
	}
	ddns_rrset_done(&set);
	return ok;
}

/* ---- views ---- */

static json_t *
flags_json(unsigned flags)
{
	static const struct {
		unsigned bit;
		const char *text;
	} names[] = {
		{ DDNS_HOST_ALLOW_PRIVATE, "allow-private" },
		{ DDNS_HOST_ALLOW_SPECIAL, "allow-special" },
		{ DDNS_HOST_REFUSE_CGNAT, "refuse-cgnat" },
		{ DDNS_HOST_DISABLED, "disabled" },
	};
	json_t *array = json_array();

	for (size_t i = 0; i < DDNS_COUNT(names); i++) {
		if (flags & names[i].bit)
			json_array_append_new(array,
			    json_string(names[i].text));
	}
	return array;
}

static enum ddns_err
add_set(struct ctl *ctl, const struct ddns_host *host, uint16_t type,
    const char *key, json_t *into)
{
	struct ddns_rrset set = { 0 };
	enum ddns_err err = ddns_store_rrset_get(ctl->store, host->zone_id,
	    &host->name, type, &set);

	if (err == DDNS_OK)
		json_object_set_new(into, key, ctl_json_set(type, &set));
	ddns_rrset_done(&set);
	return err;
}

/*
 * Reads the row's texts first, then asks the store for more.  *ret is set
 * only on DDNS_OK.
 */
static enum ddns_err
host_json(struct ctl *ctl, const struct ddns_host *host, json_t **ret)
{
	struct ddns_host copy = *host;
	struct ddns_account account;
	enum ddns_err err;
	json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}",
	    "host", ctl_json_name(&host->name),
	    "account", json_null(),
	    "a", json_array(),
	    "aaaa", json_array(),
	    "changed", ctl_json_time_s(host->changed),
	    "ttl", (json_int_t)host->ttl_s,
	    "flags", flags_json(host->flags),
	    "note", ctl_json_text(host->note));

	if (json == NULL)
		return DDNS_ENOMEM;
	json_object_set_new(json, "created", ctl_json_time_s(host->created));
	copy.note = "";
	err = add_set(ctl, &copy, DDNS_TYPE_A, "a", json);
	if (err == DDNS_OK)
		err = add_set(ctl, &copy, DDNS_TYPE_AAAA, "aaaa", json);
	if (err == DDNS_OK)
		err = ddns_store_account_get(ctl->store, copy.account_id,
		    &account);
	if (err == DDNS_OK) {
		json_object_set_new(json, "account",
		    ctl_json_text(account.name));
		*ret = json;
		return DDNS_OK;
	}
	json_decref(json);
	return err;
}

static bool
done_host(struct ctl *ctl, const struct ddns_name *name, const char *what)
{
	char text[DDNS_NAME_TEXT_MAX];
	struct ddns_host host;
	json_t *json = NULL;
	enum ddns_err err = ddns_store_host_get(ctl->store, name, &host);

	if (err == DDNS_OK)
		err = host_json(ctl, &host, &json);
	ddns_name_format(name, text);
	return ctl_ok(ctl, err, "host") && ctl_done(ctl, json, "host %s %s",
	    text, what);
}

struct listing {
	struct ctl *ctl;
	struct ctl_table *table;
};

static enum ddns_err
list_host(const struct ddns_host *host, void *arg)
{
	struct listing *l = arg;
	json_t *row;
	enum ddns_err err = host_json(l->ctl, host, &row);

	return err == DDNS_OK ? ctl_table_add(l->table, row) : err;
}

static const struct ctl_option list_options[] = {
	{ "--account", "ACCOUNT", "only of this account" },
	{ "--zone", "ZONE", "only in this zone" },
	{ NULL, NULL, NULL }
};

static bool
run_host_list(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {
		{ "host", "HOST" }, { "account", "ACCOUNT" }, { "a", "A" },
		{ "aaaa", "AAAA" }, { "changed", "CHANGED" },
		{ "flags", "FLAGS" },
	};
	const char *account_name = ctl_opt(ctl, "--account");
	const char *zone_name = ctl_opt(ctl, "--zone");
	struct ddns_account account = { 0 };
	struct ddns_zone zone = { 0 };
	struct ctl_table table;
	struct listing l = { ctl, &table };

	if (!ctl_read(ctl) ||
	    (account_name != NULL &&
	    !ctl_find_account(ctl, account_name, &account)) ||
	    (zone_name != NULL && !ctl_find_zone(ctl, zone_name, &zone)))
		return false;
	ctl_table_start(ctl, &table, columns, DDNS_COUNT(columns));
	return ctl_ok(ctl, ddns_store_host_list(ctl->store, account.id,
	    zone.id, list_host, &l), "hosts") && ctl_table_end(&table);
}

static bool
run_host_show(struct ctl *ctl)
{
	struct ddns_host host;
	json_t *json = NULL;

	return ctl_read(ctl) && ctl_find_host(ctl, ctl_pos(ctl, 0), &host) &&
	    ctl_ok(ctl, host_json(ctl, &host, &json), "host") &&
	    ctl_show(ctl, json);
}

/* ---- add, set ---- */

/* `no` of a flag makes sense only where there is something to take back. */
#define HOST_OPTIONS                                                       \
	{ "--a", "ADDRESS", "IPv4 address, or none" },                     \
	{ "--aaaa", "ADDRESS", "IPv6 address, or none" },                  \
	{ "--ttl", "TIME", "TTL of its addresses; 0: the zone's" },        \
	{ "--allow-private", NULL, "may publish private addresses" },      \
	{ "--no-allow-private", NULL, "may not [default]" },               \
	{ "--allow-special", NULL,                                         \
	    "may publish loopback, documentation, ... addresses" },        \
	{ "--no-allow-special", NULL, "may not [default]" },               \
	{ "--refuse-cgnat", NULL, "refuse shared address space" },         \
	{ "--no-refuse-cgnat", NULL, "publish and warn [default]" },       \
	{ "--disable", NULL, "refuse updates" },                           \
	{ "--enable", NULL, "take updates [default]" },                    \
	{ "--note", "TEXT", "for people" }

struct host_options {
	struct wanted a, aaaa;
};

static bool
take_options(struct ctl *ctl, const struct ddns_zone *zone,
    struct ddns_host *host, struct host_options *ret)
{
	if (!take_addr(ctl, "--a", AF_INET, &ret->a) ||
	    !take_addr(ctl, "--aaaa", AF_INET6, &ret->aaaa) ||
	    !ctl_take_seconds(ctl, "--ttl", 0, DDNS_TTL_MAX_S,
	    &host->ttl_s) || !ctl_take_note(ctl, &host->note))
		return false;
	if (ctl_opt(ctl, "--ttl") != NULL && host->ttl_s != 0 &&
	    (host->ttl_s < zone->ttl_min_s || host->ttl_s > zone->ttl_max_s))
		return ctl_usage(ctl, "--ttl: %u is not allowed; the zone "
		    "wants %u to %u seconds, or 0 for its own", host->ttl_s,
		    zone->ttl_min_s, zone->ttl_max_s);
	ctl_take_bit(ctl, "--allow-private", "--no-allow-private",
	    DDNS_HOST_ALLOW_PRIVATE, &host->flags);
	ctl_take_bit(ctl, "--allow-special", "--no-allow-special",
	    DDNS_HOST_ALLOW_SPECIAL, &host->flags);
	ctl_take_bit(ctl, "--refuse-cgnat", "--no-refuse-cgnat",
	    DDNS_HOST_REFUSE_CGNAT, &host->flags);
	ctl_take_bit(ctl, "--disable", "--enable", DDNS_HOST_DISABLED,
	    &host->flags);
	return allow_addr(ctl, "--a", &ret->a, host->flags) &&
	    allow_addr(ctl, "--aaaa", &ret->aaaa, host->flags);
}

static bool
has_type(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_name *name, uint16_t type, bool *ret)
{
	struct ddns_rrset set = { 0 };
	bool ok = ctl_ok(ctl, ddns_store_rrset_get(ctl->store, zone->id, name,
	    type, &set), "record");

	*ret = ok && !ddns_rrset_is_absent(&set);
	ddns_rrset_done(&set);
	return ok;
}

/*
 * A host name, or "*." in front of one that is deeper than a zone usually is:
 * the wildcard of a host, which clients set with `wildcard=ON`.
 */
static bool
take_name(struct ctl *ctl, const char *what, const char *text,
    struct ddns_name *ret)
{
	struct ddns_name host;

	if (ddns_name_parse(text, ret) != DDNS_OK ||
	    !ddns_name_is_wildcard(ret) || ddns_name_labels(ret) < 4)
		return ctl_take_host_name(ctl, what, text, ret);
	if (!ctl_take_host_name(ctl, what, text + 2, &host))
		return false;
	ddns_name_lower(ret);
	return true;
}

/* A wildcard answers for all that is not there: it must stay below a host. */
static bool
check_wildcard(struct ctl *ctl, const struct ddns_name *name)
{
	char text[DDNS_NAME_TEXT_MAX];
	struct ddns_name parent;
	struct ddns_host host;

	if (!ddns_name_is_wildcard(name) || !ddns_name_parent(name, &parent))
		return true;
	ddns_name_format(&parent, text);
	return ctl_find_host(ctl, text, &host);
}

/* A host under a delegation, or at a CNAME, would never be answered. */
static bool
check_place(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_name *name)
{
	struct ddns_name at = *name;
	char text[DDNS_NAME_TEXT_MAX];
	bool found;

	if (!has_type(ctl, zone, name, DDNS_TYPE_CNAME, &found))
		return false;
	ddns_name_format(name, text);
	if (found)
		return ctl_fail(ctl, "\"%s\" has a CNAME; a host cannot stand "
		    "beside it", text);
	while (!ddns_name_equal(&at, &zone->name)) {
		if (!has_type(ctl, zone, &at, DDNS_TYPE_NS, &found))
			return false;
		ddns_name_format(&at, text);
		if (found)
			return ctl_fail(ctl, "\"%s\" is delegated to other "
			    "name servers: its names are not ours", text);
		if (!ddns_name_parent(&at, &at))
			break;
	}
	return true;
}

static bool
register_name(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_name *name, const char *reason)
{
	struct ddns_rrset set = { 0 };
	bool changed = false;
	bool ok = ctl_ok(ctl, ddns_rrset_add(&set, 0,
	    (struct ddns_span){ NULL, 0 }), "record") &&
	    put_set(ctl, zone, name, DDNS_TYPE_NONE, &set, reason, &changed);

	ddns_rrset_done(&set);
	return ok;
}

static const struct ctl_option add_options[] = {
	{ "--account", "ACCOUNT", "who owns it; needed" },
	HOST_OPTIONS,
	{ NULL, NULL, NULL }
};

static bool
put_addrs(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_host *host, const struct host_options *options)
{
	bool changed = false;

	if (!put_addr(ctl, zone, host, DDNS_TYPE_A, &options->a, &changed) ||
	    !put_addr(ctl, zone, host, DDNS_TYPE_AAAA, &options->aaaa,
	    &changed))
		return false;
	return !changed || ctl_ok(ctl, ddns_store_host_touch(ctl->store,
	    host->id, ddns_unix_s_now()), "host");
}

static bool
run_host_add(struct ctl *ctl)
{
	const char *account_name = ctl_opt(ctl, "--account");
	struct ddns_host host = { .note = "", .created = ddns_unix_s_now() };
	struct host_options options = { 0 };
	struct ddns_account account;
	struct ddns_zone zone;
	enum ddns_err err;

	if (account_name == NULL)
		return ctl_usage(ctl, "--account ACCOUNT is needed: who owns "
		    "the host");
	if (!take_name(ctl, "NAME", ctl_pos(ctl, 0), &host.name) ||
	    !ctl_begin(ctl) ||
	    !check_wildcard(ctl, &host.name) ||
	    !ctl_find_account(ctl, account_name, &account))
		return false;
	host.account_id = account.id;
	if (!ctl_find_zone_of(ctl, &host.name, &zone) ||
	    !take_options(ctl, &zone, &host, &options) ||
	    !check_place(ctl, &zone, &host.name))
		return false;
	host.zone_id = zone.id;
	err = ddns_store_host_add(ctl->store, &host, &host.id);
	if (err == DDNS_EEXIST)
		return ctl_fail(ctl, "there is a host \"%s\" already",
		    ctl_pos(ctl, 0));
	return ctl_ok(ctl, err, "host") &&
	    register_name(ctl, &zone, &host.name, "host add") &&
	    put_addrs(ctl, &zone, &host, &options) && ctl_commit(ctl) &&
	    done_host(ctl, &host.name, "is there");
}

/* Rules that name a host exactly, of one account's tokens and keys. */
struct strays {
	struct ddns_store *store;
	struct ddns_name name;
	struct ddns_buf ids;
};

static enum ddns_err
note_grant(const struct ddns_grant *grant, void *arg)
{
	struct strays *strays = arg;

	if (grant->kind == DDNS_GRANT_NAME && !grant->deny &&
	    ddns_name_equal(&grant->name, &strays->name))
		ddns_buf_put(&strays->ids, &grant->id, sizeof(grant->id));
	return strays->ids.err;
}

static enum ddns_err
note_grants(const struct ddns_cred *cred, void *arg)
{
	struct strays *strays = arg;

	return ddns_store_grant_list(strays->store, cred->id, note_grant,
	    strays);
}

/* The old account's tokens must not go on to change a host given away. */
static bool
take_away(struct ctl *ctl, const struct ddns_name *name, int64_t account_id)
{
	struct strays strays = { .store = ctl->store, .name = *name };
	enum ddns_err err = ddns_store_cred_list(ctl->store, account_id, 0,
	    note_grants, &strays);
	size_t count = strays.ids.len_bytes / sizeof(int64_t);

	for (size_t i = 0; i < count && err == DDNS_OK; i++) {
		int64_t id;

		memcpy(&id, strays.ids.base + i * sizeof(id), sizeof(id));
		err = ddns_store_grant_delete(ctl->store, id);
	}
	ddns_buf_done(&strays.ids);
	if (err == DDNS_OK && count > 0)
		ctl_warn("%zu rules of the old account that named the host "
		    "are deleted", count);
	return ctl_ok(ctl, err, "grants");
}

static const struct ctl_option set_options[] = {
	{ "--account", "ACCOUNT", "give it to this account" },
	HOST_OPTIONS,
	{ NULL, NULL, NULL }
};

static bool
run_host_set(struct ctl *ctl)
{
	const char *account_name = ctl_opt(ctl, "--account");
	char name[DDNS_NAME_TEXT_MAX];
	struct host_options options = { 0 };
	struct ddns_account account;
	struct ddns_zone zone;
	struct ddns_host host;
	char *note = NULL;
	bool ok;

	if (ctl->args.given_count == 0)
		return ctl_usage(ctl, "nothing to set is given");
	if (!ctl_begin(ctl) || !ctl_find_host(ctl, ctl_pos(ctl, 0), &host))
		return false;
	ddns_name_format(&host.name, name);
	ok = ctl_keep(ctl, &host.note, &note) && (account_name == NULL ||
	    ctl_find_account(ctl, account_name, &account));
	if (ok && account_name != NULL && account.id != host.account_id) {
		ok = take_away(ctl, &host.name, host.account_id);
		host.account_id = account.id;
	}
	ok = ok && ctl_ok(ctl, ddns_store_zone_get(ctl->store, host.zone_id,
	    &zone), "zone") && take_options(ctl, &zone, &host, &options) &&
	    ctl_ok(ctl, ddns_store_host_set(ctl->store, &host), "host") &&
	    ctl_host_apply_ttl(ctl, &zone, &host) &&
	    put_addrs(ctl, &zone, &host, &options) &&
	    ctl_note(ctl, name, "host set") && ctl_commit(ctl) &&
	    done_host(ctl, &host.name, "is set");
	free(note);
	return ok;
}

/* ---- rename, delete ---- */

static bool
acme_name(const struct ddns_name *host, struct ddns_name *ret)
{
	char text[DDNS_NAME_TEXT_MAX + sizeof(ACME_LABEL)];

	strcpy(text, ACME_LABEL ".");
	ddns_name_format(host, text + strlen(text));
	return ddns_name_parse(text, ret) == DDNS_OK;
}

struct sets {
	uint16_t types[64];
	unsigned count;
};

static enum ddns_err
note_type(const struct ddns_rr *rr, void *arg)
{
	struct sets *sets = arg;

	if (rr->type == DDNS_TYPE_NONE || (sets->count > 0 &&
	    sets->types[sets->count - 1] == rr->type))
		return DDNS_OK;
	if (sets->count == DDNS_COUNT(sets->types))
		return DDNS_ERANGE;
	sets->types[sets->count++] = rr->type;
	return DDNS_OK;
}

/* At the apex only the addresses are the host's; elsewhere all is. */
static bool
is_hosts_own(const struct ddns_zone *zone, const struct ddns_name *name,
    uint16_t type)
{
	return !ddns_name_equal(name, &zone->name) || type == DDNS_TYPE_A ||
	    type == DDNS_TYPE_AAAA;
}

static bool
copy_sets(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_name *from, const struct ddns_name *to)
{
	struct sets sets = { .count = 0 };
	struct ddns_rrset set = { 0 };
	bool changed = false;
	bool ok = ctl_ok(ctl, ddns_store_rr_lookup(ctl->store, zone->id, from,
	    DDNS_TYPE_ANY, note_type, &sets), "records");

	for (unsigned i = 0; ok && i < sets.count; i++) {
		if (!is_hosts_own(zone, from, sets.types[i]))
			continue;
		ok = ctl_ok(ctl, ddns_store_rrset_get(ctl->store, zone->id,
		    from, sets.types[i], &set), "record") &&
		    put_set(ctl, zone, to, sets.types[i], &set, "host rename",
		    &changed);
	}
	ddns_rrset_done(&set);
	return ok;
}

static bool
remove_name(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_name *name)
{
	static const uint16_t own[] = { DDNS_TYPE_A, DDNS_TYPE_AAAA,
		DDNS_TYPE_NONE };
	struct ddns_rrset absent = { 0 };
	struct ddns_name acme;
	bool changed = false;

	if (acme_name(name, &acme) && !ctl_ok(ctl, ddns_change_delete_name(
	    ctl->store, &ctl->actor, zone, &acme), "record"))
		return false;
	if (!ddns_name_equal(name, &zone->name))
		return ctl_ok(ctl, ddns_change_delete_name(ctl->store,
		    &ctl->actor, zone, name), "record");
	for (size_t i = 0; i < DDNS_COUNT(own); i++) {
		if (!put_set(ctl, zone, name, own[i], &absent, "host delete",
		    &changed))
			return false;
	}
	return true;
}

static bool
rename_host(struct ctl *ctl, const struct ddns_host *host,
    const struct ddns_name *from)
{
	char from_text[DDNS_NAME_TEXT_MAX], to_text[DDNS_NAME_TEXT_MAX];
	struct ddns_zone zone, to_zone;
	bool taken = false;
	enum ddns_err err;

	ddns_name_format(from, from_text);
	ddns_name_format(&host->name, to_text);
	if (!ctl_ok(ctl, ddns_store_zone_get(ctl->store, host->zone_id,
	    &zone), "zone") || !ctl_find_zone_of(ctl, &host->name, &to_zone))
		return false;
	if (zone.id != to_zone.id)
		return ctl_fail(ctl, "\"%s\" is in another zone; a host "
		    "cannot move between zones", to_text);
	if (!ctl_ok(ctl, ddns_store_rr_any_at(ctl->store, zone.id,
	    &host->name, &taken), "record"))
		return false;
	if (taken && !ddns_name_equal(&host->name, &zone.name))
		return ctl_fail(ctl, "\"%s\" is in use already", to_text);
	if (!check_place(ctl, &zone, &host->name))
		return false;
	err = ddns_store_host_set(ctl->store, host);
	if (err == DDNS_EEXIST)
		return ctl_fail(ctl, "there is a host \"%s\" already",
		    to_text);
	return ctl_ok(ctl, err, "host") &&
	    register_name(ctl, &zone, &host->name, "host rename") &&
	    copy_sets(ctl, &zone, from, &host->name) &&
	    remove_name(ctl, &zone, from) &&
	    ctl_ok(ctl, ddns_store_grant_rename(ctl->store, from,
	    &host->name), "grants") &&
	    ctl_note(ctl, from_text, "host rename to %s", to_text) &&
	    ctl_note(ctl, to_text, "host rename from %s", from_text);
}

static bool
run_host_rename(struct ctl *ctl)
{
	struct ddns_name from, to;
	struct ddns_host host;
	char *note;
	bool ok;

	if (!ctl_take_host_name(ctl, "NEWNAME", ctl_pos(ctl, 1), &to) ||
	    !ctl_begin(ctl) || !ctl_find_host(ctl, ctl_pos(ctl, 0), &host))
		return false;
	from = host.name;
	if (ddns_name_equal(&from, &to))
		return ctl_fail(ctl, "that is its name already");
	host.name = to;
	ok = ctl_keep(ctl, &host.note, &note) &&
	    rename_host(ctl, &host, &from) && ctl_commit(ctl) &&
	    done_host(ctl, &to, "is its new name");
	free(note);
	return ok;
}

static bool
run_host_delete(struct ctl *ctl)
{
	const char *text = ctl_pos(ctl, 0);
	struct ddns_zone zone;
	struct ddns_host host;
	char name[DDNS_NAME_TEXT_MAX];

	if (!ctl_begin(ctl) || !ctl_find_host(ctl, text, &host) ||
	    !ctl_ok(ctl, ddns_store_zone_get(ctl->store, host.zone_id, &zone),
	    "zone"))
		return false;
	ddns_name_format(&host.name, name);
	return ctl_ok(ctl, ddns_store_host_delete(ctl->store, host.id),
	    "host") && remove_name(ctl, &zone, &host.name) &&
	    ctl_ok(ctl, ddns_store_grant_rename(ctl->store, &host.name, NULL),
	    "grants") && ctl_note(ctl, name, "host delete") &&
	    ctl_commit(ctl) && ctl_done(ctl, json_pack("{s:s}", "host", name),
	    "host %s is deleted", name);
}

const struct ctl_command ctl_host_commands[] = {
	{ "host add", "NAME", "register a host in one of the zones",
	    add_options, run_host_add },
	{ "host list", "", "list the hosts", list_options, run_host_list },
	{ "host show", "HOST", "show a host", NULL, run_host_show },
	{ "host set", "HOST", "change a host, or set its address",
	    set_options, run_host_set },
	{ "host rename", "HOST NEWNAME",
	    "give a host another name; addresses and grants go along", NULL,
	    run_host_rename },
	{ "host delete", "HOST", "delete a host and its records", NULL,
	    run_host_delete },
	{ NULL, NULL, NULL, NULL, NULL },
};
