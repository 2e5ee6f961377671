/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fills a store for tests and benches, without a daemon:
 *     fill_store STORE [ZONE [-f ZONEFILE] [-n HOSTS] [-r REGISTERED]...]
 * -f records of a zone file, -n so many host0000000 A records, -r a registered
 * name without data.  All in one transaction; the zone is made if missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/dns/rdata.h"
#include "common/dns/rrset.h"
#include "common/store/store.h"

struct fill {
	struct ddns_store *store;
	struct ddns_zone zone;
};

static void
check(enum ddns_err err, const struct fill *f, const char *what)
{
	if (err == DDNS_OK)
		return;
	fprintf(stderr, "fill_store: %s: %s: %s\n", what, ddns_err_text(err),
	    f->store == NULL ? "" : ddns_store_get_error(f->store));
	exit(1);
}

static void
parse_name(const char *text, struct ddns_name *ret)
{
	if (ddns_name_parse(text, ret) != DDNS_OK) {
		fprintf(stderr, "fill_store: no name: %s\n", text);
		exit(1);
	}
	ddns_name_lower(ret);
}

static void
open_zone(struct fill *f, const char *zone)
{
	struct ddns_zone z = { .serial = 1, .refresh_s = 3600, .retry_s = 600,
		.expire_s = 86400, .minimum_s = 60, .soa_ttl_s = 300,
		.host_ttl_s = 60, .ttl_min_s = 1, .ttl_max_s = 86400 };
	char text[DDNS_NAME_TEXT_MAX + 16];
	enum ddns_err err;

	parse_name(zone, &z.name);
	snprintf(text, sizeof(text), "ns1.%s", strcmp(zone, ".") ? zone : "");
	parse_name(text, &z.mname);
	snprintf(text, sizeof(text), "hostmaster.%s",
	    strcmp(zone, ".") ? zone : "");
	parse_name(text, &z.rname);
	err = ddns_store_zone_add(f->store, &z, &z.id);
	if (err == DDNS_EEXIST)
		err = ddns_store_zone_get_named(f->store, &z.name, &f->zone);
	else
		f->zone = z;
	check(err, f, "zone");
}

static void
read_soa(struct fill *f, const struct ddns_zonefile_rr *rr)
{
	struct ddns_span data = rr->rdata;
	struct ddns_zone *z = &f->zone;
	const uint8_t *p;
	size_t pos = 0;

	check(ddns_name_read(data, &pos, &z->mname), f, "SOA");
	check(ddns_name_read(data, &pos, &z->rname), f, "SOA");
	p = data.base + pos;
	z->serial = ddns_get_u32(p);
	z->refresh_s = ddns_get_u32(p + 4);
	z->retry_s = ddns_get_u32(p + 8);
	z->expire_s = ddns_get_u32(p + 12);
	z->minimum_s = ddns_get_u32(p + 16);
	z->soa_ttl_s = rr->ttl_s;
	check(ddns_store_zone_set(f->store, z), f, "SOA");
}

static enum ddns_err
add_record(const struct ddns_zonefile_rr *rr, void *arg)
{
	struct fill *f = arg;
	struct ddns_rrset set = { 0 };

	if (rr->type == DDNS_TYPE_SOA) {
		read_soa(f, rr);
		return DDNS_OK;
	}
	check(ddns_store_rrset_get(f->store, f->zone.id, &rr->owner, rr->type,
	    &set), f, "read");
	check(ddns_rrset_add(&set, rr->ttl_s, rr->rdata), f, "add");
	check(ddns_store_rrset_put(f->store, f->zone.id, &rr->owner, rr->type,
	    &set), f, "write");
	ddns_rrset_done(&set);
	return DDNS_OK;
}

static void
read_file(struct fill *f, const char *path)
{
	FILE *file = fopen(path, "r");
	const char *why = "";
	unsigned line = 0;
	enum ddns_err err;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	err = ddns_zonefile_read(file, &f->zone.name, 3600, add_record, f,
	    &line, &why);
	if (err != DDNS_OK)
		fprintf(stderr, "%s:%u: %s\n", path, line, why);
	check(err, f, "zone file");
	fclose(file);
}

static void
register_name(struct fill *f, const char *text)
{
	struct ddns_rrset set = { 0 };
	struct ddns_name name;

	parse_name(text, &name);
	check(ddns_rrset_add(&set, 0, (struct ddns_span){ 0 }), f, "add");
	check(ddns_store_rrset_put(f->store, f->zone.id, &name,
	    DDNS_TYPE_NONE, &set), f, "write");
	ddns_rrset_done(&set);
}

static void
add_hosts(struct fill *f, unsigned count)
{
	char zone[DDNS_NAME_TEXT_MAX], text[DDNS_NAME_TEXT_MAX + 16];

	ddns_name_format(&f->zone.name, zone);
	for (unsigned i = 0; i < count; i++) {
		struct ddns_zonefile_rr rr = { .type = DDNS_TYPE_A,
			.ttl_s = 60 };
		uint8_t addr[4];

		ddns_set_u32(addr, 0x0a000000u + i);
		rr.rdata = (struct ddns_span){ addr, sizeof(addr) };
		snprintf(text, sizeof(text), "host%07u.%s", i, zone);
		parse_name(text, &rr.owner);
		check(add_record(&rr, f), f, "host");
	}
}

static int
fill_zone(struct fill *f, int argc, char **argv)
{
	int opt;

	check(ddns_store_begin(f->store, DDNS_STORE_WRITE), f, "begin");
	open_zone(f, argv[2]);
	optind = 3;
	while ((opt = getopt(argc, argv, "f:n:r:")) != -1) {
		if (opt == 'f')
			read_file(f, optarg);
		else if (opt == 'n')
			add_hosts(f, (unsigned)strtoul(optarg, NULL, 10));
		else if (opt == 'r')
			register_name(f, optarg);
		else
			return 2;
	}
	check(ddns_store_commit(f->store), f, "commit");
	return 0;
}

int
main(int argc, char **argv)
{
	struct fill f = { 0 };
	int status = 0;

	if (argc < 2) {
		fputs("usage: fill_store STORE [ZONE [-f FILE] [-n HOSTS] "
		    "[-r NAME]...]\n", stderr);
		return 2;
	}
	check(ddns_store_open(argv[1], DDNS_STORE_WRITE, &f.store), &f,
	    argv[1]);
	if (argc > 2)
		status = fill_zone(&f, argc, argv);
	ddns_store_free(f.store);
	return status;
}
