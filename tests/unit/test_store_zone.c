/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

static void
test_zone_comes_back_as_it_was_added(void **state)
{
	struct store_test *t = *state;
	struct ddns_zone in = zone_of("Dyn.Example"), out;
	int64_t id;

	in.serial = 0;
	assert_ok(ddns_store_zone_add(t->store, &in, &id));
	assert_ok(ddns_store_zone_get(t->store, id, &out));
	assert_int_equal(out.id, id);
	assert_int_equal(out.serial, 1);
	assert_memory_equal(out.name.wire, "\3dyn\7example", 13);
	assert_true(ddns_name_equal(&in.mname, &out.mname));
	assert_true(ddns_name_equal(&in.rname, &out.rname));
	assert_memory_equal(&out.refresh_s, &in.refresh_s,
	    8 * sizeof(uint32_t));
	assert_int_equal(ddns_store_zone_add(t->store, &in, &id),
	    DDNS_EEXIST);
	assert_int_equal(ddns_store_zone_get(t->store, id + 1, &out),
	    DDNS_ENOTFOUND);
}

static void
test_zone_find_gives_the_deepest(void **state)
{
	struct store_test *t = *state;
	static const struct {
		const char *name, *zone;
	} want[] = {
		{ "example", "example" },
		{ "b.example", "example" },
		{ "a.a.example", "a.example" },
		{ "x.b.a.example", "b.a.example" },
		{ "b.a.example", "b.a.example" },
		{ "c.a.example", "a.example" },
		{ "a.c.a.example", "a.example" },
		{ "zz.example", "example" },
		{ "exampleq", NULL },
		{ "other", NULL },
		{ "a", NULL },
		{ ".", NULL },
		{ "A.EXAMPLE", "a.example" },
	};
	static const char *const zones[] = { "example", "a.example",
		"b.a.example", "bb.a.example", "m.example", "other.test" };
	struct ddns_zone zone;

	for (size_t i = 0; i < DDNS_COUNT(zones); i++)
		add_zone(t->store, zones[i]);
	for (size_t i = 0; i < DDNS_COUNT(want); i++) {
		struct ddns_name name = name_of(want[i].name);
		char text[DDNS_NAME_TEXT_MAX];
		enum ddns_err err = ddns_store_zone_find(t->store, &name,
		    &zone);

		if (want[i].zone == NULL) {
			assert_int_equal(err, DDNS_ENOTFOUND);
			continue;
		}
		assert_ok(err);
		ddns_name_format(&zone.name, text);
		assert_string_equal(text, want[i].zone);
	}
	add_zone(t->store, ".");
	struct ddns_name other = name_of("nowhere.org");
	assert_ok(ddns_store_zone_find(t->store, &other, &zone));
	assert_true(ddns_name_is_root(&zone.name));
}

static enum ddns_err
add_label(const struct ddns_zone *zone, void *arg)
{
	char text[DDNS_NAME_TEXT_MAX];

	ddns_name_format(&zone->name, text);
	strcat(strcat(arg, text), " ");
	return DDNS_OK;
}

static void
test_zone_list_is_in_canonical_order(void **state)
{
	struct store_test *t = *state;
	char got[256] = "";

	add_zone(t->store, "z.example");
	add_zone(t->store, "example");
	add_zone(t->store, "a.test");
	add_zone(t->store, "b.a.example");
	assert_ok(ddns_store_zone_list(t->store, add_label, got));
	assert_string_equal(got, "example b.a.example z.example a.test ");
}

static void
test_zone_bump_steps_once_in_a_transaction(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	uint32_t serial = 0;

	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	assert_ok(ddns_store_zone_bump(t->store, id, &serial));
	assert_int_equal(serial, 11);
	assert_ok(ddns_store_zone_bump(t->store, id, &serial));
	assert_int_equal(serial, 11);
	assert_ok(ddns_store_commit(t->store));
	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	assert_ok(ddns_store_zone_bump(t->store, id, &serial));
	assert_int_equal(serial, 12);
	ddns_store_rollback(t->store);
	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	assert_ok(ddns_store_zone_bump(t->store, id, &serial));
	assert_int_equal(serial, 12);
	assert_ok(ddns_store_commit(t->store));
	assert_int_equal(ddns_store_zone_bump(t->store, 99, &serial),
	    DDNS_ENOTFOUND);
}

static void
test_zone_bump_goes_back_with_the_mark(void **state)
{
	struct store_test *t = *state;
	int64_t a = add_zone(t->store, "a"), b = add_zone(t->store, "b");
	struct ddns_zone zone;
	uint32_t serial;

	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	assert_ok(ddns_store_zone_bump(t->store, a, &serial));
	assert_ok(ddns_store_mark(t->store));
	assert_ok(ddns_store_zone_bump(t->store, a, &serial));
	assert_ok(ddns_store_zone_bump(t->store, b, &serial));
	assert_ok(ddns_store_mark_undo(t->store));
	assert_ok(ddns_store_zone_bump(t->store, a, &serial));
	assert_int_equal(serial, 11);
	assert_ok(ddns_store_mark(t->store));
	assert_ok(ddns_store_zone_bump(t->store, b, &serial));
	assert_int_equal(serial, 11);
	assert_ok(ddns_store_mark_keep(t->store));
	assert_ok(ddns_store_commit(t->store));
	assert_ok(ddns_store_zone_get(t->store, a, &zone));
	assert_int_equal(zone.serial, 11);
	assert_ok(ddns_store_zone_get(t->store, b, &zone));
	assert_int_equal(zone.serial, 11);
}

static void
test_zone_bump_skips_zero(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	struct ddns_zone zone;
	uint32_t serial = 0;

	assert_ok(ddns_store_zone_get(t->store, id, &zone));
	zone.serial = UINT32_MAX;
	assert_ok(ddns_store_zone_set(t->store, &zone));
	assert_ok(ddns_store_zone_bump(t->store, id, &serial));
	assert_int_equal(serial, 1);
}

static void
test_zone_set_counts_in_the_transaction(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	struct ddns_zone zone;
	uint32_t serial = 0;

	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	assert_ok(ddns_store_zone_bump(t->store, id, &serial));
	assert_ok(ddns_store_zone_get(t->store, id, &zone));
	zone.serial = 2000;
	zone.soa_ttl_s = 77;
	assert_ok(ddns_store_zone_set(t->store, &zone));
	assert_ok(ddns_store_zone_bump(t->store, id, &serial));
	assert_int_equal(serial, 2001);
	assert_ok(ddns_store_commit(t->store));
	assert_ok(ddns_store_zone_get(t->store, id, &zone));
	assert_int_equal(zone.soa_ttl_s, 77);
	assert_int_equal(zone.serial, 2001);
}

static void
test_zone_delete_takes_what_is_in_it(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example"), again, cred_id, ignored;
	int64_t account = add_account(t->store, "acc");
	struct ddns_host host = { .zone_id = id, .account_id = account,
		.name = name_of("h.example") };
	struct ddns_cred cred = { .account_id = account,
		.kind = DDNS_CRED_TOKEN, .name = "tok" };
	struct ddns_grant grant = { .kind = DDNS_GRANT_NAME,
		.name = host.name, .types = "ANY" };
	bool any = true;

	put_a(t->store, id, "h.example", 1);
	assert_ok(ddns_store_host_add(t->store, &host, &ignored));
	assert_ok(ddns_store_cred_add(t->store, &cred, &cred_id));
	grant.cred_id = cred_id;
	assert_ok(ddns_store_grant_add(t->store, &grant, &ignored));
	assert_ok(ddns_store_zone_delete(t->store, id));
	assert_int_equal(ddns_store_zone_delete(t->store, id),
	    DDNS_ENOTFOUND);
	assert_ok(ddns_store_rr_any_at(t->store, id, &host.name, &any));
	assert_false(any);
	assert_int_equal(ddns_store_host_get(t->store, &host.name, &host),
	    DDNS_ENOTFOUND);
	assert_int_equal(ddns_store_grant_delete(t->store, ignored),
	    DDNS_ENOTFOUND);
	again = add_zone(t->store, "example");
	assert_int_not_equal(again, id);
}

static void
test_zone_soa_rdata_is_wire(void **state)
{
	struct ddns_zone zone = zone_of("example");
	struct ddns_buf out = { 0 };

	(void)state;
	ddns_zone_soa_rdata(&zone, &out);
	assert_int_equal(out.len_bytes, 13 + 11 + 20);
	assert_memory_equal(out.base, "\3ns1\7example\0\1a\7example\0"
	    "\0\0\0\x0a\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4", 44);
	ddns_buf_done(&out);
}

#define with_store(test)                                              \
	cmocka_unit_test_setup_teardown(test, store_test_setup,       \
	    store_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(test_zone_comes_back_as_it_was_added),
		with_store(test_zone_find_gives_the_deepest),
		with_store(test_zone_list_is_in_canonical_order),
		with_store(test_zone_bump_steps_once_in_a_transaction),
		with_store(test_zone_bump_goes_back_with_the_mark),
		with_store(test_zone_bump_skips_zero),
		with_store(test_zone_set_counts_in_the_transaction),
		with_store(test_zone_delete_takes_what_is_in_it),
		cmocka_unit_test(test_zone_soa_rdata_is_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
