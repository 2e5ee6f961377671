/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_TESTS_UNIT_STORE_UTIL_H
#define DDNS_TESTS_UNIT_STORE_UTIL_H

#include "tests/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "common/store/journal.h"
#include "common/store/store.h"

/* A store in a folder of its own, and short ways to fill it. */
struct store_test {
	char dir[64];
	char path[96];
	struct ddns_store *store;
};

#define assert_ok(call) assert_int_equal((call), DDNS_OK)

static inline int
store_test_setup(void **state)
{
	struct store_test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	strcpy(t->dir, "/tmp/ddns-store-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->path, sizeof(t->path), "%s/ddns.db", t->dir);
	assert_ok(ddns_store_open(t->path, DDNS_STORE_WRITE, &t->store));
	*state = t;
	return 0;
}

static inline void
store_test_unlink(const struct store_test *t)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".copy",
		".copy-wal", ".copy-shm" };
	char path[128];

	for (size_t i = 0; i < DDNS_COUNT(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", t->path, ends[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(t->dir), 0);
}

static inline int
store_test_teardown(void **state)
{
	struct store_test *t = *state;

	ddns_store_free(t->store);
	store_test_unlink(t);
	free(t);
	return 0;
}

static inline struct ddns_name
name_of(const char *text)
{
	struct ddns_name name;

	assert_ok(ddns_name_parse(text, &name));
	return name;
}

static inline struct ddns_zone
zone_of(const char *text)
{
	return (struct ddns_zone){
		.name = name_of(text), .serial = 10,
		.mname = name_of("ns1.example"), .rname = name_of("a.example"),
		.refresh_s = 1, .retry_s = 2, .expire_s = 3, .minimum_s = 4,
		.soa_ttl_s = 5, .host_ttl_s = 60, .ttl_min_s = 30,
		.ttl_max_s = 3600,
	};
}

static inline int64_t
add_zone(struct ddns_store *store, const char *text)
{
	struct ddns_zone zone = zone_of(text);
	int64_t id = 0;

	assert_ok(ddns_store_zone_add(store, &zone, &id));
	return id;
}

static inline int64_t
add_account(struct ddns_store *store, const char *name)
{
	struct ddns_account account = { .name = name };
	int64_t id = 0;

	assert_ok(ddns_store_account_add(store, &account, &id));
	return id;
}

/* Makes 192.0.2.N the only address. */
static inline void
put_a(struct ddns_store *store, int64_t zone_id, const char *owner, uint8_t n)
{
	const uint8_t addr[4] = { 192, 0, 2, n };
	struct ddns_name name = name_of(owner);
	struct ddns_rrset set = { 0 };

	assert_ok(ddns_rrset_of_addr(60, addr, 4, &set));
	assert_ok(ddns_store_rrset_put(store, zone_id, &name, DDNS_TYPE_A,
	    &set));
	ddns_rrset_done(&set);
}

/* The last byte of the first address, -1 if there is none. */
static inline int
get_a(struct ddns_store *store, int64_t zone_id, const char *owner)
{
	struct ddns_name name = name_of(owner);
	struct ddns_rrset set = { 0 };
	struct ddns_span rdata;
	size_t pos = 0;
	int last = -1;

	assert_ok(ddns_store_rrset_get(store, zone_id, &name, DDNS_TYPE_A,
	    &set));
	if (ddns_rrset_next(&set, &pos, &rdata))
		last = rdata.base[3];
	ddns_rrset_done(&set);
	return last;
}

static inline int64_t
append(struct ddns_store *store, const struct ddns_journal_row *row)
{
	int64_t seq = 0;

	assert_ok(ddns_journal_append(store, row, &seq));
	return seq;
}

#endif
