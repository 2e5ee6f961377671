/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fills a new store for the HTTP bench, without a daemon:
 *	fill_hosts STORE KEYFILE ZONE HOSTS
 * makes the zone, one account, hosts h0.ZONE, h1.ZONE, ... and a token that may
 * change all of them, which it prints.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store/store.h"

static const char token[] = "ddns_bench0bench0bench0bench0bench000";

static void
must(enum ddns_err err, const char *what)
{
	if (err == DDNS_OK)
		return;
	fprintf(stderr, "fill_hosts: %s: %s\n", what, ddns_err_text(err));
	exit(1);
}

static int64_t
add_zone(struct ddns_store *store, const char *text)
{
	struct ddns_zone zone = { .serial = 1, .refresh_s = 3600,
		.retry_s = 600, .expire_s = 86400, .minimum_s = 60,
		.soa_ttl_s = 300, .host_ttl_s = 60, .ttl_min_s = 1,
		.ttl_max_s = 86400 };
	int64_t id;

	must(ddns_name_parse(text, &zone.name), text);
	zone.mname = zone.rname = zone.name;
	must(ddns_store_zone_add(store, &zone, &id), "zone");
	return id;
}

static void
add_hosts(struct ddns_store *store, const char *zone, int64_t zone_id,
    int64_t account_id, unsigned count)
{
	struct ddns_host host = { .zone_id = zone_id,
		.account_id = account_id, .note = "" };
	struct ddns_rrset registered = { 0 };
	char text[DDNS_NAME_TEXT_MAX];
	int64_t id;

	must(ddns_rrset_add(&registered, 0, (struct ddns_span){ NULL, 0 }),
	    "rrset");
	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "h%u.%s", i, zone);
		must(ddns_name_parse(text, &host.name), text);
		must(ddns_store_host_add(store, &host, &id), "host");
		must(ddns_store_rrset_put(store, zone_id, &host.name,
		    DDNS_TYPE_NONE, &registered), "registered");
	}
	ddns_rrset_done(&registered);
}

static void
add_token(struct ddns_store *store, const struct ddns_secret_key *key,
    int64_t account_id)
{
	struct ddns_cred cred = { .account_id = account_id,
		.kind = DDNS_CRED_TOKEN, .name = "bench", .note = "",
		.flags = DDNS_CRED_ALLOW_HTTP };
	struct ddns_cred_secret secret = { .alg = "" };
	struct ddns_grant grant = { .kind = DDNS_GRANT_ACCOUNT,
		.types = "A AAAA" };
	int64_t id;

	must(ddns_store_cred_add(store, &cred, &secret.cred_id), "cred");
	must(ddns_secret_hash(key, (struct ddns_span){ (uint8_t *)token,
	    strlen(token) }, secret.hash), "hash");
	must(ddns_store_secret_add(store, &secret), "secret");
	grant.cred_id = secret.cred_id;
	must(ddns_store_grant_add(store, &grant, &id), "grant");
}

int
main(int argc, char **argv)
{
	struct ddns_account account = { .name = "bench", .note = "" };
	struct ddns_secret_key key;
	struct ddns_store *store;
	int64_t zone_id, account_id;

	if (argc != 5) {
		fprintf(stderr, "usage: fill_hosts STORE KEYFILE ZONE HOSTS\n");
		return 2;
	}
	must(ddns_secret_key_create(argv[2]), argv[2]);
	must(ddns_secret_key_load(argv[2], &key), argv[2]);
	must(ddns_store_open(argv[1], DDNS_STORE_WRITE, &store), argv[1]);
	must(ddns_store_begin(store, DDNS_STORE_WRITE), "begin");
	zone_id = add_zone(store, argv[3]);
	must(ddns_store_account_add(store, &account, &account_id), "account");
	add_hosts(store, argv[3], zone_id, account_id,
	    (unsigned)strtoul(argv[4], NULL, 10));
	add_token(store, &key, account_id);
	must(ddns_store_commit(store), "commit");
	ddns_store_free(store);
	puts(token);
	return 0;
}
