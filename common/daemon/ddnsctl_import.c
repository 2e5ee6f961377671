/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zone files in and out.
 *
 * An import reads the whole file first; a mistake in it is told with its line
 * and nothing has changed.  Then one transaction makes the zone's static
 * records those of the file: what differs is written, what is in the file no
 * more is deleted.  Left alone are the names of hosts with all their records
 * and their _acme-challenge, the SOA and the apex NS when the file has none.
 *
 * A few changes are journalled one by one, so that caches drop just them and
 * secondaries get them by IXFR; many, or a new SOA, as one row for the zone.
 *
 * Records wait in two arrays: bytes (canonical key of the owner, then rdata)
 * and small items that point into them, so that a million fit.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon/ddnsctl.h"
#include "common/dns/rdata.h"

#define ROWS_MAX 5000 /* RRsets in a file; above: one row for the zone */
#define DEFAULT_TTL_S 3600
#define ACME_LABEL "\017_acme-challenge"

struct item {
	size_t key, rdata; /* offsets in bytes */
	uint16_t key_len, rdata_len, type;
	uint32_t ttl_s;
	unsigned line;
};

struct items {
	struct ddns_buf bytes;
	struct ddns_buf list; /* of struct item */
};

struct import {
	struct ctl *ctl;
	struct ddns_zone zone, soa; /* ours; the file's SOA */
	bool zone_is_new, zone_differs;
	bool has_soa, has_ns;
	struct items file, old, hosts;
	unsigned line;
	char why[256];
	json_int_t changed, deleted, kept, signatures, records;
};

static size_t
count_items(const struct items *items)
{
	return items->list.len_bytes / sizeof(struct item);
}

static const struct item *
get_item(const struct items *items, size_t i)
{
	const void *base = items->list.base;

	return (const struct item *)base + i;
}

static enum ddns_err
add_item(struct items *items, const struct ddns_name *owner, uint16_t type,
    uint32_t ttl_s, struct ddns_span rdata, unsigned line)
{
	uint8_t key[DDNS_NAME_KEY_MAX];
	struct item item = { .type = type, .ttl_s = ttl_s, .line = line };

	item.key_len = (uint16_t)ddns_name_key(owner, key);
	item.key = items->bytes.len_bytes;
	ddns_buf_put(&items->bytes, key, item.key_len);
	item.rdata_len = (uint16_t)rdata.len_bytes;
	item.rdata = items->bytes.len_bytes;
	ddns_buf_put(&items->bytes, rdata.base, rdata.len_bytes);
	ddns_buf_put(&items->list, &item, sizeof(item));
	return items->bytes.err != DDNS_OK ? items->bytes.err :
	    items->list.err;
}

static int
compare_keys(const struct items *a_items, const struct item *a,
    const struct items *b_items, const struct item *b)
{
	size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
	int order = len == 0 ? 0 : memcmp(a_items->bytes.base + a->key,
	    b_items->bytes.base + b->key, len);

	return order != 0 ? order : (int)a->key_len - (int)b->key_len;
}

static int
compare_sets(const struct items *a_items, const struct item *a,
    const struct items *b_items, const struct item *b)
{
	int order = compare_keys(a_items, a, b_items, b);

	return order != 0 ? order : (int)a->type - (int)b->type;
}

static int
compare_items(const void *a, const void *b, void *arg)
{
	const struct item *x = a, *y = b;
	int order = compare_sets(arg, x, arg, y);

	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static void
sort_items(struct items *items)
{
	if (count_items(items) > 1)
		qsort_r(items->list.base, count_items(items),
		    sizeof(struct item), compare_items, items);
}

static enum ddns_err
item_owner(const struct items *items, const struct item *item,
    struct ddns_name *ret)
{
	return ddns_name_from_key((struct ddns_span){
	    items->bytes.base + item->key, item->key_len }, ret);
}

static void
done_items(struct items *items)
{
	ddns_buf_done(&items->bytes);
	ddns_buf_done(&items->list);
}

/* ---- reading the file ---- */

static enum ddns_err
refuse(struct import *im, const char *why)
{
	snprintf(im->why, sizeof(im->why), "%s", why);
	return DDNS_EFORMAT;
}

static enum ddns_err
read_soa(struct import *im, const struct ddns_zonefile_rr *rr)
{
	struct ddns_zone *soa = &im->soa;
	size_t pos = 0;
	const uint8_t *p;

	if (!ddns_name_equal(&rr->owner, &im->zone.name))
		return refuse(im, "a SOA that is not at the zone's name");
	if (im->has_soa)
		return refuse(im, "a second SOA");
	if (ddns_name_read(rr->rdata, &pos, &soa->mname) != DDNS_OK ||
	    ddns_name_read(rr->rdata, &pos, &soa->rname) != DDNS_OK ||
	    rr->rdata.len_bytes - pos != 20)
		return refuse(im, "a malformed SOA");
	p = rr->rdata.base + pos;
	soa->serial = ddns_get_u32(p);
	soa->refresh_s = ddns_get_u32(p + 4);
	soa->retry_s = ddns_get_u32(p + 8);
	soa->expire_s = ddns_get_u32(p + 12);
	soa->minimum_s = ddns_get_u32(p + 16);
	soa->soa_ttl_s = rr->ttl_s;
	im->has_soa = true;
	return DDNS_OK;
}

/* The file's SOA into the zone; its serial never goes backwards (RFC 1982). */
static void
merge_soa(struct import *im)
{
	struct ddns_zone *zone = &im->zone;
	const struct ddns_zone *soa = &im->soa;

	im->zone_differs = !ddns_name_equal(&zone->mname, &soa->mname) ||
	    !ddns_name_equal(&zone->rname, &soa->rname) ||
	    zone->refresh_s != soa->refresh_s ||
	    zone->retry_s != soa->retry_s ||
	    zone->expire_s != soa->expire_s ||
	    zone->minimum_s != soa->minimum_s ||
	    zone->soa_ttl_s != soa->soa_ttl_s;
	zone->mname = soa->mname;
	zone->rname = soa->rname;
	zone->refresh_s = soa->refresh_s;
	zone->retry_s = soa->retry_s;
	zone->expire_s = soa->expire_s;
	zone->minimum_s = soa->minimum_s;
	zone->soa_ttl_s = soa->soa_ttl_s;
	if (soa->serial != 0 && (im->zone_is_new ||
	    (int32_t)(soa->serial - zone->serial) > 0)) {
		zone->serial = soa->serial;
		im->zone_differs = true;
	}
}

static bool
is_signature(uint16_t type)
{
	return type == DDNS_TYPE_RRSIG || type == DDNS_TYPE_NSEC ||
	    type == DDNS_TYPE_NSEC3 || type == DDNS_TYPE_NSEC3PARAM;
}

static enum ddns_err
take_record(const struct ddns_zonefile_rr *rr, void *arg)
{
	struct import *im = arg;

	if (!ddns_name_is_under(&rr->owner, &im->zone.name))
		return refuse(im, "a record outside of the zone");
	if (rr->type == DDNS_TYPE_SOA)
		return read_soa(im, rr);
	if (rr->type == DDNS_TYPE_NONE || (rr->type >= 128 &&
	    rr->type <= 255) || rr->type == DDNS_TYPE_OPT)
		return refuse(im, "a type that no zone holds");
	if (is_signature(rr->type)) {
		im->signatures++;
		return DDNS_OK;
	}
	if (rr->type == DDNS_TYPE_NS &&
	    ddns_name_equal(&rr->owner, &im->zone.name))
		im->has_ns = true;
	im->records++;
	return add_item(&im->file, &rr->owner, rr->type, rr->ttl_s, rr->rdata,
	    im->line);
}

static bool
say_mistake(struct import *im, const char *path, unsigned line,
    const char *why)
{
	return ctl_fail(im->ctl, "%s:%u: %s; nothing was changed", path, line,
	    why);
}

static bool
read_file(struct import *im, FILE *file, const char *path, uint32_t ttl_s)
{
	const char *why = "";
	enum ddns_err err = ddns_zonefile_read(file, &im->zone.name, ttl_s,
	    take_record, im, &im->line, &why);

	if (err == DDNS_EFORMAT)
		return say_mistake(im, path, im->line,
		    *im->why != '\0' ? im->why : why);
	return ctl_ok(im->ctl, err, path);
}

/* A CNAME stands alone (RFC 1034 s.3.6.2). */
static bool
check_cnames(struct import *im, const char *path)
{
	for (size_t i = 0; i < count_items(&im->file); i++) {
		const struct item *item = get_item(&im->file, i);
		const struct item *next = item + 1, *before = item - 1;

		if (item->type != DDNS_TYPE_CNAME)
			continue;
		if ((i > 0 && compare_keys(&im->file, before, &im->file,
		    item) == 0) || (i + 1 < count_items(&im->file) &&
		    compare_keys(&im->file, next, &im->file, item) == 0))
			return say_mistake(im, path, item->line, "a CNAME "
			    "beside other records of the same name");
	}
	return true;
}

/* ---- what is there ---- */

static enum ddns_err
note_old(const struct ddns_rr *rr, void *arg)
{
	struct import *im = arg;
	size_t count = count_items(&im->old);
	struct ddns_name last;

	if (rr->type == DDNS_TYPE_NONE)
		return DDNS_OK;
	if (count > 0 && get_item(&im->old, count - 1)->type == rr->type &&
	    item_owner(&im->old, get_item(&im->old, count - 1), &last) ==
	    DDNS_OK && ddns_name_equal(&last, &rr->owner))
		return DDNS_OK;
	return add_item(&im->old, &rr->owner, rr->type, 0,
	    (struct ddns_span){ NULL, 0 }, 0);
}

static enum ddns_err
note_host(const struct ddns_host *host, void *arg)
{
	struct import *im = arg;

	return add_item(&im->hosts, &host->name, DDNS_TYPE_NONE, 0,
	    (struct ddns_span){ NULL, 0 }, 0);
}

static bool
find_item(const struct items *in, const struct items *of,
    const struct item *item, bool with_type)
{
	size_t low = 0, high = count_items(in);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = with_type ?
		    compare_sets(in, get_item(in, mid), of, item) :
		    compare_keys(in, get_item(in, mid), of, item);

		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* At the apex only the addresses are a host's. */
static bool
is_hosts(const struct import *im, const struct items *of,
    const struct item *item, const struct ddns_name *owner)
{
	struct item probe = *item;
	size_t acme = strlen(ACME_LABEL);

	if (ddns_name_equal(owner, &im->zone.name) &&
	    item->type != DDNS_TYPE_A && item->type != DDNS_TYPE_AAAA)
		return false;
	if (find_item(&im->hosts, of, &probe, false))
		return true;
	if (owner->len_bytes <= acme ||
	    memcmp(owner->wire, ACME_LABEL, acme) != 0)
		return false;
	/* the key of the name above is a prefix, a label and a 0 shorter */
	probe.key_len = (uint16_t)(probe.key_len - acme);
	return find_item(&im->hosts, of, &probe, false);
}

/* ---- writing ---- */

static enum ddns_err
put_set(struct import *im, const struct ddns_name *owner, uint16_t type,
    const struct ddns_rrset *set, bool rows, bool *ret_changed)
{
	struct ctl *ctl = im->ctl;
	struct ddns_rrset old = { 0 };
	enum ddns_err err;

	if (rows)
		return ddns_change_rrset(ctl->store, &ctl->actor, &im->zone,
		    owner, type, set, "good", "zone import", NULL,
		    ret_changed);
	err = ddns_store_rrset_get(ctl->store, im->zone.id, owner, type,
	    &old);
	*ret_changed = err == DDNS_OK && !ddns_rrset_equal(&old, set);
	if (*ret_changed)
		err = ddns_store_rrset_put(ctl->store, im->zone.id, owner,
		    type, set);
	ddns_rrset_done(&old);
	return err;
}

/* Puts the RRset that starts at *i; *i moves behind it. */
static enum ddns_err
put_file_set(struct import *im, size_t *i, bool rows)
{
	const struct item *first = get_item(&im->file, *i);
	struct ddns_rrset set = { 0 };
	struct ddns_name owner;
	enum ddns_err err = item_owner(&im->file, first, &owner);
	bool changed = false, keep = err == DDNS_OK &&
	    is_hosts(im, &im->file, first, &owner);

	for (; *i < count_items(&im->file); ++*i) {
		const struct item *item = get_item(&im->file, *i);

		if (compare_sets(&im->file, item, &im->file, first) != 0)
			break;
		if (keep)
			im->kept++;
		else if (err == DDNS_OK)
			err = ddns_rrset_add(&set, item->ttl_s,
			    (struct ddns_span){ im->file.bytes.base +
			    item->rdata, item->rdata_len });
	}
	if (err == DDNS_OK && !keep)
		err = put_set(im, &owner, first->type, &set, rows, &changed);
	im->changed += changed;
	ddns_rrset_done(&set);
	return err;
}

static enum ddns_err
delete_rest(struct import *im, bool rows)
{
	struct ddns_rrset absent = { 0 };
	enum ddns_err err = DDNS_OK;

	for (size_t i = 0; i < count_items(&im->old) && err == DDNS_OK; i++) {
		const struct item *item = get_item(&im->old, i);
		struct ddns_name owner;
		bool changed = false;

		if (find_item(&im->file, &im->old, item, true))
			continue;
		err = item_owner(&im->old, item, &owner);
		if (err != DDNS_OK || is_hosts(im, &im->old, item, &owner))
			continue;
		if (item->type == DDNS_TYPE_NS && !im->has_ns &&
		    ddns_name_equal(&owner, &im->zone.name))
			continue;
		err = put_set(im, &owner, item->type, &absent, rows,
		    &changed);
		im->deleted += changed;
	}
	return err;
}

static enum ddns_err
write_zone(struct import *im)
{
	struct ctl *ctl = im->ctl;

	if (im->zone_is_new)
		return ddns_store_zone_add(ctl->store, &im->zone,
		    &im->zone.id);
	return im->zone_differs ? ddns_store_zone_set(ctl->store, &im->zone) :
	    DDNS_OK;
}

static enum ddns_err
write_all(struct import *im)
{
	struct ctl *ctl = im->ctl;
	bool rows = !im->zone_is_new && !im->zone_differs &&
	    count_items(&im->file) <= ROWS_MAX &&
	    count_items(&im->old) <= ROWS_MAX;
	enum ddns_err err = write_zone(im);

	if (err == DDNS_OK && !im->zone_is_new)
		err = ddns_store_rr_list(ctl->store, im->zone.id, note_old,
		    im);
	if (err == DDNS_OK && !im->zone_is_new)
		err = ddns_store_host_list(ctl->store, 0, im->zone.id,
		    note_host, im);
	sort_items(&im->old);
	sort_items(&im->hosts);
	rows = rows && count_items(&im->old) <= ROWS_MAX;
	/* first what comes, then what goes: no name is away in between */
	for (size_t i = 0; i < count_items(&im->file) && err == DDNS_OK;)
		err = put_file_set(im, &i, rows);
	if (err == DDNS_OK)
		err = delete_rest(im, rows);
	if (err == DDNS_OK && !rows && (im->changed + im->deleted > 0 ||
	    im->zone_differs || im->zone_is_new))
		err = ddns_change_zone(ctl->store, &ctl->actor, &im->zone,
		    "good", "zone import");
	return err;
}

/* The zone as it is, or as it will be made from the file. */
static bool
find_or_start_zone(struct import *im, const char *path)
{
	struct ctl *ctl = im->ctl;
	enum ddns_err err = ddns_store_zone_get_named(ctl->store,
	    &im->zone.name, &im->zone);

	if (err == DDNS_ENOTFOUND) {
		im->zone_is_new = true;
		ctl_zone_defaults(&im->zone, ddns_unix_ms_now());
		if (!im->has_soa || !im->has_ns)
			return ctl_fail(ctl, "%s: no %s at the zone's name; "
			    "a new zone needs it (or make the zone first: "
			    "zone add)", path, im->has_soa ? "NS" : "SOA");
		if (!ctl_zone_may_add(ctl, &im->zone.name))
			return false;
	} else if (!ctl_ok(ctl, err, "zone")) {
		return false;
	}
	if (im->has_soa)
		merge_soa(im);
	return !im->zone_is_new || ctl_zone_raise_serial(ctl, &im->zone);
}

static const struct ctl_option import_options[] = {
	{ "--ttl", "TIME", "of records before the file's $TTL [3600]" },
	{ "--dry-run", NULL, "tell what would change, change nothing" },
	{ NULL, NULL, NULL }
};

static json_t *
import_json(const struct import *im)
{
	return json_pack("{s:o, s:b, s:I, s:I, s:I, s:I, s:I}",
	    "zone", ctl_json_name(&im->zone.name),
	    "new", im->zone_is_new,
	    "records", im->records,
	    "changed", im->changed,
	    "deleted", im->deleted,
	    "left_to_hosts", im->kept,
	    "signatures_left_out", im->signatures);
}

static bool
import_file(struct import *im, FILE *file, const char *path)
{
	struct ctl *ctl = im->ctl;
	bool dry = ctl_flag(ctl, "--dry-run");
	uint32_t ttl_s = DEFAULT_TTL_S;

	if (!ctl_take_seconds(ctl, "--ttl", 0, DDNS_TTL_MAX_S, &ttl_s) ||
	    !ctl_zone_take_name(ctl, "ZONE", ctl_pos(ctl, 0),
	    &im->zone.name) || !read_file(im, file, path, ttl_s))
		return false;
	sort_items(&im->file);
	/* the writer's lock only now: a pipe may be slow */
	if (!check_cnames(im, path) || !ctl_begin(ctl) ||
	    !find_or_start_zone(im, path) ||
	    !ctl_ok(ctl, write_all(im), "import"))
		return false;
	if (!dry && !ctl_commit(ctl))
		return false;
	if (im->kept > 0)
		ctl_warn("%lld records at the names of hosts were left out",
		    (long long)im->kept);
	if (im->signatures > 0)
		ctl_warn("%lld RRSIG, NSEC and NSEC3 records were left out",
		    (long long)im->signatures);
	return ctl_done(ctl, import_json(im), "zone %s: %lld records read, "
	    "%lld sets changed, %lld deleted%s", ctl_pos(ctl, 0),
	    (long long)im->records, (long long)im->changed,
	    (long long)im->deleted, dry ? " (dry run: nothing is kept)" : "");
}

static bool
run_zone_import(struct ctl *ctl)
{
	struct import im = { .ctl = ctl };
	const char *path = ctl_pos(ctl, 1);
	bool from_stdin = strcmp(path, "-") == 0, ok;
	FILE *file = from_stdin ? stdin : fopen(path, "r");

	if (file == NULL)
		return ctl_fail(ctl, "cannot open \"%s\": %s", path,
		    strerror(errno));
	ok = import_file(&im, file, from_stdin ? "stdin" : path);
	if (!from_stdin)
		fclose(file);
	done_items(&im.file);
	done_items(&im.old);
	done_items(&im.hosts);
	return ok;
}

/* ---- export ---- */

static void
print_rr(const struct ddns_name *owner, uint32_t ttl_s, uint16_t type,
    const char *content)
{
	char name[DDNS_NAME_TEXT_MAX], type_text[DDNS_TYPE_TEXT_MAX];

	ddns_name_format(owner, name);
	printf("%s%s\t%u\tIN\t%s\t%s\n", name,
	    ddns_name_is_root(owner) ? "" : ".", ttl_s,
	    ddns_type_format(type, type_text), content);
}

static enum ddns_err
export_rr(const struct ddns_rr *rr, void *arg)
{
	(void)arg;
	if (rr->type != DDNS_TYPE_NONE)
		print_rr(&rr->owner, rr->ttl_s, rr->type, rr->content);
	return DDNS_OK;
}

static bool
run_zone_export(struct ctl *ctl)
{
	struct ddns_buf soa = { 0 }, text = { 0 };
	struct ddns_zone zone;
	enum ddns_err err;

	if (ctl->json)
		return ctl_usage(ctl, "a zone file is no JSON; see: ddnsctl "
		    "--json record list");
	/* one snapshot, so that the serial is that of the records */
	if (!ctl_read(ctl) || !ctl_ok(ctl, ddns_store_begin(ctl->store,
	    DDNS_STORE_READ), "store") ||
	    !ctl_find_zone(ctl, ctl_pos(ctl, 0), &zone))
		return false;
	ddns_zone_soa_rdata(&zone, &soa);
	err = soa.err != DDNS_OK ? soa.err : ddns_rdata_format(DDNS_TYPE_SOA,
	    ddns_buf_span(&soa), &text);
	if (err == DDNS_OK) {
		/* names are written without their last dot */
		puts("$ORIGIN .");
		print_rr(&zone.name, zone.soa_ttl_s, DDNS_TYPE_SOA,
		    ddns_buf_text(&text));
		err = ddns_store_rr_list(ctl->store, zone.id, export_rr,
		    NULL);
	}
	ddns_buf_done(&soa);
	ddns_buf_done(&text);
	return ctl_ok(ctl, err, "records");
}

const struct ctl_command ctl_import_commands[] = {
	{ "zone import", "ZONE FILE",
	    "make the static records those of a zone file (- is stdin)",
	    import_options, run_zone_import },
	{ "zone export", "ZONE", "print a zone as zone file", NULL,
	    run_zone_export },
	{ NULL, NULL, NULL, NULL, NULL },
};
