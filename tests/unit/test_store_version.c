/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include <sys/wait.h>

static struct ddns_store *
open_reader(const struct store_test *t)
{
	struct ddns_store *reader = NULL;

	assert_ok(ddns_store_open(t->path, DDNS_STORE_READ, &reader));
	return reader;
}

static struct ddns_store_version
peek(struct ddns_store *store)
{
	struct ddns_store_version version;

	assert_true(ddns_store_peek_version(store, &version));
	return version;
}

static bool
same(struct ddns_store_version a, struct ddns_store_version b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void
test_version_changes_with_each_commit_and_only_then(void **state)
{
	struct store_test *t = *state;
	int64_t zone = add_zone(t->store, "example");
	struct ddns_store *reader = open_reader(t);
	struct ddns_store_version before = peek(reader), after;

	assert_true(same(before, peek(reader)));
	assert_int_equal(get_a(reader, zone, "a.example"), -1);
	assert_true(same(before, peek(reader)));
	for (int i = 1; i < 200; i++) {
		assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
		put_a(t->store, zone, "a.example", (uint8_t)i);
		assert_true(same(before, peek(reader)));
		assert_ok(ddns_store_commit(t->store));
		after = peek(reader);
		assert_false(same(before, after));
		assert_int_equal(get_a(reader, zone, "a.example"), i);
		assert_true(same(after, peek(reader)));
		before = after;
	}
	ddns_store_free(reader);
}

static void
test_version_stays_when_a_change_is_undone(void **state)
{
	struct store_test *t = *state;
	int64_t zone = add_zone(t->store, "example");
	struct ddns_store *reader = open_reader(t);
	struct ddns_store_version before = peek(reader);

	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	put_a(t->store, zone, "a.example", 1);
	ddns_store_rollback(t->store);
	assert_true(same(before, peek(reader)));
	assert_int_equal(get_a(reader, zone, "a.example"), -1);
	ddns_store_free(reader);
}

/* The one that matters: the daemon is another process than the backend. */
static void
test_version_changes_with_a_commit_of_another_process(void **state)
{
	struct store_test *t = *state;
	int64_t zone = add_zone(t->store, "example");
	struct ddns_store *reader = open_reader(t);
	struct ddns_store_version before = peek(reader);
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct ddns_store *writer = NULL;
		bool ok = ddns_store_open(t->path, DDNS_STORE_WRITE,
		    &writer) == DDNS_OK;

		if (ok)
			put_a(writer, zone, "a.example", 9);
		ddns_store_free(writer);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(same(before, peek(reader)));
	assert_int_equal(get_a(reader, zone, "a.example"), 9);
	ddns_store_free(reader);
}

/* Of a copy, as restored from a backup: it has no log before it is written. */
static void
test_version_is_not_to_be_had_without_a_log(void **state)
{
	struct store_test *t = *state, copy = *t;
	int64_t zone = add_zone(t->store, "example");
	struct ddns_store *reader, *writer = NULL;
	struct ddns_store_version before;

	assert_true(strlen(copy.path) + 6 < sizeof(copy.path));
	strcat(copy.path, ".copy");
	assert_ok(ddns_store_backup(t->store, copy.path));
	reader = open_reader(&copy);
	assert_false(ddns_store_peek_version(reader, &before));
	assert_int_equal(get_a(reader, zone, "a.example"), -1);
	assert_ok(ddns_store_open(copy.path, DDNS_STORE_WRITE, &writer));
	put_a(writer, zone, "a.example", 1);
	assert_int_equal(get_a(reader, zone, "a.example"), 1);
	before = peek(reader);
	put_a(writer, zone, "a.example", 2);
	assert_false(same(before, peek(reader)));
	ddns_store_free(writer);
	ddns_store_free(reader);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_version_changes_with_each_commit_and_only_then,
		    store_test_setup, store_test_teardown),
		cmocka_unit_test_setup_teardown(
		    test_version_stays_when_a_change_is_undone,
		    store_test_setup, store_test_teardown),
		cmocka_unit_test_setup_teardown(
		    test_version_changes_with_a_commit_of_another_process,
		    store_test_setup, store_test_teardown),
		cmocka_unit_test_setup_teardown(
		    test_version_is_not_to_be_had_without_a_log,
		    store_test_setup, store_test_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
