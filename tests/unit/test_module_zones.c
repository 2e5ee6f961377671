/* SPDX-License-Identifier: BSD-3-Clause */
/* Which zone holds a name; where the settings are; may we work here. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "unbound-module/abi.h"
#include "unbound-module/settings.h"
#include "unbound-module/zones.h"

static struct ddns_name
name_of(const char *text)
{
	struct ddns_name name;

	assert_int_equal(ddns_name_parse(text, &name), DDNS_OK);
	return name;
}

static struct ddns_zones *
zones_of(const char *const *texts, size_t count)
{
	struct ddns_module_zone list[16];
	struct ddns_zones *zones = NULL;

	for (size_t i = 0; i < count; i++)
		list[i] = (struct ddns_module_zone){ name_of(texts[i]),
			(uint32_t)i };
	assert_int_equal(ddns_zones_new(list, count, 42, &zones), DDNS_OK);
	return zones;
}

static const char *
zone_of(struct ddns_zones *zones, const char *text, uint64_t *hash)
{
	static char out[DDNS_NAME_TEXT_MAX];
	struct ddns_name name = name_of(text);
	struct ddns_zone *zone;

	zone = ddns_zones_find(zones, name.wire, name.len_bytes, hash);
	if (zone == NULL)
		return "";
	(void)ddns_name_format(&zone->name, out);
	return out;
}

static void
test_zones_find_the_deepest(void **state)
{
	static const char *const list[] = { "dyn.test", "a.b.dyn.test",
		"Example.ORG" };
	struct ddns_zones *zones = zones_of(list, 3);
	uint64_t hash;

	(void)state;
	assert_int_equal(ddns_zones_count(zones), 3);
	assert_string_equal(zone_of(zones, "dyn.test", &hash), "dyn.test");
	assert_string_equal(zone_of(zones, "x.dyn.test", &hash), "dyn.test");
	assert_string_equal(zone_of(zones, "b.dyn.test", &hash), "dyn.test");
	assert_string_equal(zone_of(zones, "a.b.dyn.test", &hash),
	    "a.b.dyn.test");
	assert_string_equal(zone_of(zones, "x.y.A.b.DYN.test", &hash),
	    "a.b.dyn.test");
	assert_string_equal(zone_of(zones, "w.example.org", &hash),
	    "example.org");
	assert_string_equal(zone_of(zones, "test", &hash), "");
	assert_string_equal(zone_of(zones, ".", &hash), "");
	assert_string_equal(zone_of(zones, "ydyn.test", &hash), "");
	assert_string_equal(zone_of(zones, "dyn.test.org", &hash), "");
	ddns_zones_free(zones);
}

static void
test_zones_hash_is_that_of_the_name_in_any_case(void **state)
{
	static const char *const list[] = { "dyn.test" };
	struct ddns_zones *zones = zones_of(list, 1);
	uint64_t a = 1, b = 2, c = 3;

	(void)state;
	(void)zone_of(zones, "host.dyn.test", &a);
	(void)zone_of(zones, "HOST.dyn.TEST", &b);
	(void)zone_of(zones, "hosu.dyn.test", &c);
	assert_true(a == b);
	assert_true(a != c);
	ddns_zones_free(zones);
}

static void
test_zones_root_holds_all(void **state)
{
	static const char *const list[] = { "." };
	struct ddns_zones *zones = zones_of(list, 1);
	uint64_t hash;

	(void)state;
	assert_string_equal(zone_of(zones, "a.b.c", &hash), ".");
	assert_string_equal(zone_of(zones, ".", &hash), ".");
	ddns_zones_free(zones);
}

static void
test_zones_refuse_malformed_names_and_twins(void **state)
{
	static const char *const list[] = { "dyn.test" };
	struct ddns_zones *zones = zones_of(list, 1), *none = NULL;
	struct ddns_module_zone twins[] = { { name_of("a.test"), 0 },
		{ name_of("A.test"), 0 } };
	static const uint8_t pointer[] = { 0xc0, 12, 0 };
	static const uint8_t open_end[] = { 3, 'd', 'y', 'n', 4, 't', 'e' };
	static const uint8_t behind[] = { 1, 'a', 0, 0 };
	uint64_t hash;

	(void)state;
	assert_null(ddns_zones_find(zones, pointer, 3, &hash));
	assert_null(ddns_zones_find(zones, open_end, 7, &hash));
	assert_null(ddns_zones_find(zones, behind, 4, &hash));
	assert_null(ddns_zones_find(zones, behind, 0, &hash));
	assert_null(ddns_zones_find(zones, behind, 4000, &hash));
	assert_int_equal(ddns_zones_new(twins, 2, 1, &none), DDNS_EEXIST);
	assert_null(none);
	ddns_zones_free(zones);
	ddns_zones_free(NULL);
}

static void
test_zones_longest_name_has_its_place(void **state)
{
	static const char *const list[] = { "dyn.test" };
	struct ddns_zones *zones = zones_of(list, 1);
	struct ddns_name name = name_of("dyn.test"), longer;
	uint64_t hash;

	(void)state;
	while (name.len_bytes <= DDNS_NAME_WIRE_MAX - 2) {
		longer.len_bytes = (uint8_t)(name.len_bytes + 2);
		longer.wire[0] = 1;
		longer.wire[1] = 'x';
		memcpy(longer.wire + 2, name.wire, name.len_bytes);
		name = longer;
	}
	assert_non_null(ddns_zones_find(zones, name.wire, name.len_bytes,
	    &hash));
	ddns_zones_free(zones);
}

static void
test_zones_many(void **state)
{
	struct ddns_module_zone *list = calloc(5000, sizeof(*list));
	struct ddns_zones *zones = NULL;
	uint64_t hash;
	char text[64];

	(void)state;
	assert_non_null(list);
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(text, sizeof(text), "z%d.test", i);
		list[i].name = name_of(text);
	}
	assert_int_equal(ddns_zones_new(list, 5000, 9, &zones), DDNS_OK);
	assert_false(ddns_zones_have_cap(zones));
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(text, sizeof(text), "h.z%d.test", i);
		assert_string_equal(zone_of(zones, text, &hash), text + 2);
	}
	ddns_zones_free(zones);
	free(list);
}

/* --- settings --- */

static void
test_settings_path_goes_from_environment_to_default(void **state)
{
	char library[] = "/tmp/ddns-settings-XXXXXX", beside[64], *path;
	int fd = mkstemp(library);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	path = ddns_settings_path("/a/b.conf", library);
	assert_string_equal(path, "/a/b.conf");
	free(path);
	path = ddns_settings_path("", library);
	assert_string_equal(path, DDNS_SETTINGS_DEFAULT_PATH);
	free(path);
	(void)snprintf(beside, sizeof(beside), "%s.conf", library);
	assert_int_equal(rename(library, beside), 0);
	path = ddns_settings_path(NULL, library);
	assert_string_equal(path, beside);
	free(path);
	assert_int_equal(unlink(beside), 0);
}

/* --- abi --- */

static struct ddns_abi
good_abi(void)
{
	return (struct ddns_abi){ .built_for = "unbound 1.17.1",
		.text_found = true, .env_built_bytes = 440,
		.env_found_bytes = 456, .subnet_built = true,
		.subnet_found = true, .threads = true, .module_self = true,
		.cache_slabs = true, .cache_functions = true,
		.daemon_env = true };
}

static void
refuse(struct ddns_abi abi, const char *said)
{
	struct ddns_buf why = { 0 };

	assert_int_equal(ddns_abi_check(&abi, &why), DDNS_EVERSION);
	assert_non_null(strstr(ddns_buf_text(&why), said));
	assert_non_null(strstr(ddns_buf_text(&why), "unbound 1.17.1"));
	ddns_buf_done(&why);
}

static void
test_abi_every_mark_must_fit(void **state)
{
	struct ddns_abi abi = good_abi();
	struct ddns_buf why = { 0 };

	(void)state;
	assert_int_equal(ddns_abi_check(&abi, &why), DDNS_OK);
	abi.env_found_bytes = 0; /* an allocator that does not tell */
	assert_int_equal(ddns_abi_check(&abi, &why), DDNS_OK);
	assert_int_equal(why.len_bytes, 0);
	abi = good_abi(), abi.threads = false, refuse(abi, "threads");
	abi = good_abi(), abi.text_found = false;
	strcpy(abi.running, "unbound 1.22.0"), refuse(abi, "unbound 1.22.0");
	abi = good_abi(), abi.env_found_bytes = 439, refuse(abi, "size");
	abi = good_abi(), abi.env_found_bytes = 472, refuse(abi, "size");
	abi = good_abi(), abi.subnet_found = false, refuse(abi, "subnet");
	abi = good_abi(), abi.cachedb_built = true, refuse(abi, "cachedb");
	abi = good_abi(), abi.module_self = false, refuse(abi, "laid out");
	abi = good_abi(), abi.cache_slabs = false, refuse(abi, "laid out");
	abi = good_abi(), abi.cache_functions = false, refuse(abi, "laid out");
	abi = good_abi(), abi.daemon_env = false, refuse(abi, "laid out");
}

/* as Unbound's own stands in its binary */
static const char *const test_product = "unbound 9.87.6";

static void
test_abi_finds_the_version_in_the_program(void **state)
{
	struct ddns_abi abi = good_abi();
	char other[32];

	(void)state;
	abi.built_for = test_product;
	ddns_abi_scan_program(&abi);
	assert_true(abi.text_found);
	/* not in the program's own text: made here */
	(void)snprintf(other, sizeof(other), "%.13s%d", test_product, 5);
	abi.built_for = other;
	ddns_abi_scan_program(&abi);
	assert_false(abi.text_found);
	assert_int_equal(strncmp(abi.running, "unbound ", 8), 0);
}

static void
test_abi_order(void **state)
{
	static const struct {
		const char *modules;
		int id;
		bool right;
	} list[] = {
		{ "dynlib validator iterator", 0, true },
		{ "dynlib iterator", 0, true },
		{ "dns64 dynlib validator iterator", 1, true },
		{ " respip  dynlib validator iterator", 1, true },
		{ "dynlib respip subnetcache validator iterator", 0, true },
		{ "dynlib dns64 validator iterator", 0, false },
		{ "validator dynlib iterator", 1, false },
		{ "validator iterator dynlib", 2, false },
		{ "subnetcache dynlib validator iterator", 1, false },
		{ "cachedb dynlib iterator", 1, false },
		{ "dns64 validator dynlib iterator", 2, false },
	};
	struct ddns_buf why = { 0 };

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(list); i++) {
		ddns_buf_reset(&why);
		assert_int_equal(ddns_abi_check_order(list[i].modules,
		    list[i].id, &why), list[i].right ? DDNS_OK : DDNS_ERANGE);
		assert_true(list[i].right == (why.len_bytes == 0));
	}
	ddns_buf_done(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones_find_the_deepest),
		cmocka_unit_test(
		    test_zones_hash_is_that_of_the_name_in_any_case),
		cmocka_unit_test(test_zones_root_holds_all),
		cmocka_unit_test(test_zones_refuse_malformed_names_and_twins),
		cmocka_unit_test(test_zones_longest_name_has_its_place),
		cmocka_unit_test(test_zones_many),
		cmocka_unit_test(
		    test_settings_path_goes_from_environment_to_default),
		cmocka_unit_test(test_abi_every_mark_must_fit),
		cmocka_unit_test(test_abi_finds_the_version_in_the_program),
		cmocka_unit_test(test_abi_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
