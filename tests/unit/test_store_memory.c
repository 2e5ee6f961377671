/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/*
 * The Nth allocation fails, ours or the engine's: each time the outcome is "out
 * of memory" or all is done, nothing is half done, and the store works
 * afterwards.  A run takes every STRIDEth N, another run others.
 */

#define STRIDE 4

static int until_failure; /* 0: none is to fail */
static bool has_failed;

static bool
fails_now(void)
{
	if (until_failure == 0 || --until_failure > 0)
		return false;
	has_failed = true;
	return true;
}

/* the linker sends our libraries' calls here */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);

void *
__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails_now() ? NULL : __real_realloc(p, size);
}

void *
__wrap_reallocarray(void *p, size_t count, size_t size)
{
	return fails_now() ? NULL : __real_reallocarray(p, count, size);
}

static sqlite3_mem_methods engine;

static void *
engine_malloc(int size)
{
	return fails_now() ? NULL : engine.xMalloc(size);
}

static void *
engine_realloc(void *p, int size)
{
	return fails_now() ? NULL : engine.xRealloc(p, size);
}

static enum ddns_err
ignore_row(const struct ddns_journal_row *row, void *arg)
{
	(void)row;
	(void)arg;
	return DDNS_OK;
}

static enum ddns_err
change(struct ddns_store *store, int64_t zone_id, const struct ddns_name *name,
    const struct ddns_rrset *set)
{
	struct ddns_journal_row row = { .name = "h.a", .zone_id = zone_id,
		.flags = DDNS_JOURNAL_CHANGED };
	enum ddns_err err = ddns_store_begin(store, DDNS_STORE_WRITE);
	int64_t seq;

	if (err != DDNS_OK)
		return err;
	err = ddns_store_mark(store);
	if (err == DDNS_OK)
		err = ddns_store_rrset_put(store, zone_id, name, DDNS_TYPE_A,
		    set);
	if (err == DDNS_OK)
		err = ddns_store_zone_bump(store, zone_id, &row.serial);
	if (err == DDNS_OK)
		err = ddns_journal_append(store, &row, &seq);
	if (err == DDNS_OK)
		err = ddns_store_mark_keep(store);
	if (err == DDNS_OK)
		return ddns_store_commit(store);
	ddns_store_rollback(store);
	return err;
}

/* From opening to closing; *ret_changed: the commit said that it is done. */
static enum ddns_err
run_all(const char *path, const struct ddns_zone *zone,
    const struct ddns_rrset *set, bool *ret_changed)
{
	struct ddns_host host = { .name = name_of("h.a"), .note = "note" };
	struct ddns_account account = { .name = "x" };
	struct ddns_store *store = NULL;
	struct ddns_zone found;
	struct ddns_name name = host.name;
	struct ddns_rrset got = { 0 };
	enum ddns_err err;

	err = ddns_store_open(path, DDNS_STORE_WRITE, &store);
	if (err == DDNS_OK)
		err = ddns_store_zone_add(store, zone, &host.zone_id);
	if (err == DDNS_OK)
		err = ddns_store_account_add(store, &account,
		    &host.account_id);
	if (err == DDNS_OK)
		err = ddns_store_host_add(store, &host, &host.id);
	if (err == DDNS_OK)
		err = change(store, host.zone_id, &name, set);
	if (err == DDNS_OK) {
		*ret_changed = true;
		err = ddns_store_zone_find(store, &name, &found);
	}
	if (err == DDNS_OK)
		err = ddns_store_host_get(store, &name, &host);
	if (err == DDNS_OK)
		err = ddns_store_rrset_get(store, found.id, &name,
		    DDNS_TYPE_A, &got);
	if (err == DDNS_OK)
		err = ddns_journal_feed(store, 0, 10, ignore_row, NULL);
	ddns_rrset_done(&got);
	ddns_store_free(store);
	return err;
}

/* All or nothing, and it can be written to. */
static void
check_afterwards(const char *path, bool changed)
{
	struct ddns_name apex = name_of("a");
	struct ddns_store *store;
	struct ddns_zone zone;
	int64_t last;
	enum ddns_err err;

	assert_ok(ddns_store_open(path, DDNS_STORE_WRITE, &store));
	assert_ok(ddns_journal_last(store, &last));
	err = ddns_store_zone_get_named(store, &apex, &zone);
	if (changed || err == DDNS_OK) {
		assert_ok(err);
		assert_int_equal(zone.serial, changed ? 11 : 10);
		assert_int_equal(get_a(store, zone.id, "h.a"),
		    changed ? 7 : -1);
		assert_int_equal(last, changed);
	} else {
		assert_int_equal(err, DDNS_ENOTFOUND);
		zone.id = add_zone(store, "a");
	}
	put_a(store, zone.id, "h.a", 9);
	assert_int_equal(get_a(store, zone.id, "h.a"), 9);
	ddns_store_free(store);
}

static void
unlink_all(const char *path)
{
	char name[160];

	unlink(path);
	snprintf(name, sizeof(name), "%s-wal", path);
	unlink(name);
	snprintf(name, sizeof(name), "%s-shm", path);
	unlink(name);
}

static void
test_store_survives_every_failed_alloc(void **state)
{
	char dir[] = "/dev/shm/ddns-store-XXXXXX", path[64];
	struct ddns_zone zone = zone_of("a");
	const uint8_t addr[4] = { 192, 0, 2, 7 };
	struct ddns_rrset set = { 0 };
	int n = 1 + (int)getpid() % STRIDE, enomem = 0;

	(void)state;
	if (mkdtemp(dir) == NULL) /* syncs cost nothing there */
		skip();
	snprintf(path, sizeof(path), "%s/ddns.db", dir);
	assert_ok(ddns_rrset_of_addr(60, addr, 4, &set));
	for (;; n += STRIDE) {
		bool changed = false;
		enum ddns_err err;

		has_failed = false;
		until_failure = n;
		err = run_all(path, &zone, &set, &changed);
		until_failure = 0;
		if (!has_failed) {
			assert_ok(err);
			break;
		}
		if (err != DDNS_OK && err != DDNS_ENOMEM)
			fail_msg("allocation %d: %s", n, ddns_err_text(err));
		enomem += err == DDNS_ENOMEM;
		check_afterwards(path, changed);
		unlink_all(path);
	}
	assert_true(enomem > 100);
	ddns_rrset_done(&set);
	unlink_all(path);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_survives_every_failed_alloc),
	};
	sqlite3_mem_methods methods;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &engine) != SQLITE_OK)
		return 1;
	methods = engine;
	methods.xMalloc = engine_malloc;
	methods.xRealloc = engine_realloc;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
