/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/ingest/dyndns2.h"

static char text[8192];
static struct ddns_form form;
static struct ddns_dyndns2 got;

static struct ddns_addr
addr_of(const char *in)
{
	struct ddns_addr addr;

	assert_int_equal(ddns_addr_parse(in, &addr), DDNS_OK);
	return addr;
}

static void
parse_from(const char *query, const char *source)
{
	struct ddns_addr from = addr_of(source);

	strcpy(text, query);
	memset(&form, 0, sizeof(form));
	ddns_form_parse(text, &form);
	ddns_dyndns2_parse(&form, &from, &got);
}

static void
parse(const char *query)
{
	parse_from(query, "198.51.100.9");
}

/* "" keep, "-" clear, else the address that is set */
static void
assert_ops(const char *v4, const char *v6)
{
	const char *want[] = { v4, v6 };

	for (int f = 0; f < DDNS_FAMILIES; f++) {
		char set[DDNS_ADDR_TEXT_MAX] = "";

		if (got.op[f].op == DDNS_OP_CLEAR)
			strcpy(set, "-");
		else if (got.op[f].op == DDNS_OP_SET)
			ddns_addr_format(&got.op[f].addr, set);
		assert_string_equal(set, want[f]);
	}
}

static const char *
host(size_t i)
{
	static char name[DDNS_NAME_TEXT_MAX];

	assert_true(i < got.hosts_count);
	if (got.hosts[i].name.len_bytes == 0)
		return "(bad)";
	ddns_name_format(&got.hosts[i].name, name);
	return name;
}

static void
test_parse_takes_each_clients_addresses(void **state)
{
	static const struct {
		const char *query, *v4, *v6;
	} cases[] = {
		{ "system=dyndns&hostname=a.b&myip=192.0.2.10",
		    "192.0.2.10", "" },
		{ "hostname=a.b&myip=192.0.2.10,2001:db8::10",
		    "192.0.2.10", "2001:db8::10" },
		{ "hostname=a.b&myip=2001:db8::10, 192.0.2.10",
		    "192.0.2.10", "2001:db8::10" },
		{ "hostname=a.b&myip=2001%3adb8%3a%3a10", "",
		    "2001:db8::10" },
		{ "hostname=a.b&myipv6=2001%3adb8%3a%3a10", "",
		    "2001:db8::10" },
		{ "hostname=a.b&myip=::ffff:192.0.2.1", "192.0.2.1", "" },
		{ "hostname=a.b&ip=192.0.2.1&ipv6=2001:db8::1", "192.0.2.1",
		    "2001:db8::1" },
		{ "hostname=a.b&myipv4=192.0.2.1", "192.0.2.1", "" },
		{ "hostname=a.b&ipv4=192.0.2.1&ip4=192.0.2.1", "192.0.2.1",
		    "" },
		{ "hostname=a.b&myip6=2001:db8::1", "", "2001:db8::1" },
		{ "hostname=a.b&ip6=2001:db8::1", "", "2001:db8::1" },
		{ "hostname=a.b&ipv6addr=2001:db8::1", "", "2001:db8::1" },
		{ "hostname=a.b&myipv6=2001:db8::7/64", "", "2001:db8::7" },
		{ "hostname=a.b&myip=192.0.2.1&myip=192.0.2.1", "192.0.2.1",
		    "" },
		{ "hostname=a.b&myip=192.0.2.1&myipv6=", "192.0.2.1", "" },
		{ "hostname=a.b&myip=192.0.2.1&ip6lanprefix=2001:db8::/64",
		    "192.0.2.1", "" },
		/* Dynu and deSEC say which family to leave alone */
		{ "hostname=a.b&myip=no&myipv6=2001:db8::1", "",
		    "2001:db8::1" },
		{ "hostname=a.b&myip=192.0.2.1&myipv6=preserve", "192.0.2.1",
		    "" },
		{ "hostname=a.b&myip=no&myipv6=no", "", "" },
		/* no address at all: the connection's source */
		{ "hostname=a.b", "198.51.100.9", "" },
		{ "hostname=a.b&myip=", "198.51.100.9", "" },
		{ "hostname=a.b&myip=&myipv6=", "198.51.100.9", "" },
		{ "hostname=a.b&myip=auto", "198.51.100.9", "" },
		{ "hostname=a.b&offline=YES&myip=192.0.2.1", "-", "-" },
		{ "hostname=a.b&offline=NO&myip=192.0.2.1", "192.0.2.1", "" },
		{ "hostname=a.b&wildcard=ON&mx=m.b&backmx=YES&url=x&txt=y",
		    "198.51.100.9", "" },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(cases); i++) {
		parse(cases[i].query);
		if (got.code != DDNS_UPDATE_GOOD)
			fail_msg("%s: %s", cases[i].query, got.reason);
		assert_ops(cases[i].v4, cases[i].v6);
	}
	parse_from("hostname=a.b&myip=", "2001:db8::9");
	assert_ops("", "2001:db8::9");
	parse_from("hostname=a.b&myip=192.0.2.1", "2001:db8::9");
	assert_ops("192.0.2.1", "");
	parse_from("hostname=a.b&myip=192.0.2.1&myipv6=auto", "2001:db8::9");
	assert_ops("192.0.2.1", "2001:db8::9");
}

static void
test_parse_guesses_nothing(void **state)
{
	static const char *const cases[] = {
		"hostname=a.b&myip=192.0.2.1&myip=192.0.2.2",
		"hostname=a.b&myip=192.0.2.1&myip=2001:db8::1",
		"hostname=a.b&myip=192.0.2.1,192.0.2.2",
		"hostname=a.b&myip=2001:db8::1,2001:db8::2",
		"hostname=a.b&myip=192.0.2.1&ip=192.0.2.2",
		"hostname=a.b&myip=192.0.2.1&myipv4=192.0.2.2",
		"hostname=a.b&myip=no&ip=192.0.2.2",
		"hostname=a.b&ip=192.0.2.2&myipv4=no",
		"hostname=a.b&hostname=c.d",
		"hostname=a.b&offline=YES&offline=NO",
		"hostname=a.b&myip=192.0.2.300",
		"hostname=a.b&myip=1.2.3",
		"hostname=a.b&myip=fe80::1%25eth0",
		"hostname=a.b&myip=home",
		"hostname=a.b&myipv6=192.0.2.1",
		"hostname=a.b&myipv6=::ffff:192.0.2.1",
		"hostname=a.b&myipv4=2001:db8::1",
		"hostname=a.b&myipv6=2001:db8::/64",
		"hostname=a.b&myip=192.0.2.0/24",
		"hostname=a.b&myipv6=2001:db8::1/129",
		"hostname=a.b&myipv6=auto",
		"hostname=a.b&myip=1.2.3.4%00",
		"hostname=a.b&myip=11111111111111111111111111111111111111111"
		    "11111111111111111111111111111111111",
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(cases); i++) {
		parse(cases[i]);
		if (got.code != DDNS_UPDATE_DNSERR)
			fail_msg("%s", cases[i]);
		assert_true(got.reason[0] != '\0');
	}
}

static void
test_parse_reads_the_host_list(void **state)
{
	(void)state;
	parse("hostname=CAM.dyn.test,home.dyn.test.,%76pn.dyn.test,&myip="
	    "192.0.2.1");
	assert_int_equal(got.hosts_count, 3);
	assert_string_equal(host(0), "cam.dyn.test");
	assert_string_equal(host(1), "home.dyn.test");
	assert_string_equal(host(2), "vpn.dyn.test");
	parse("hostname=a%2Cb.c,x_y.c,*.a.b,a..b,-a.b,a\\046b.c,\xc3\xbc.b,"
	    "\xff.b");
	assert_int_equal(got.hosts_count, 9);
	assert_string_equal(host(0), "(bad)"); /* "a": one label */
	assert_string_equal(host(1), "b.c");
	assert_string_equal(host(2), "x_y.c");
	assert_string_equal(host(3), "*.a.b");
	assert_string_equal(host(4), "(bad)");
	assert_string_equal(host(5), "(bad)");
	assert_string_equal(host(6), "(bad)");
	assert_string_equal(host(7), "xn--tda.b");
	assert_string_equal(host(8), "(bad)");
	parse("hostname=YES&myip=192.0.2.1");
	assert_int_equal(got.hosts_count, 0);
	parse("myip=192.0.2.1");
	assert_int_equal(got.hosts_count, 0);
	assert_int_equal(got.code, DDNS_UPDATE_GOOD);
}

static void
test_parse_stops_at_twenty_hosts(void **state)
{
	char query[2048] = "hostname=";

	(void)state;
	for (int i = 0; i < DDNS_UPDATE_MAX_HOSTS; i++)
		sprintf(query + strlen(query), "h%d.b,", i);
	parse(query);
	assert_int_equal(got.code, DDNS_UPDATE_GOOD);
	assert_int_equal(got.hosts_count, DDNS_UPDATE_MAX_HOSTS);
	strcat(query, "z.b");
	parse(query);
	assert_int_equal(got.code, DDNS_UPDATE_NUMHOST);
}

static void
test_parse_refuses_a_flood_of_parameters(void **state)
{
	char query[1024] = "hostname=a.b";

	(void)state;
	for (int i = 0; i < DDNS_FORM_MAX; i++)
		sprintf(query + strlen(query), "&p%d=x", i);
	parse(query);
	assert_int_equal(got.code, DDNS_UPDATE_DNSERR);
}

static void
test_form_decodes_leniently_but_once(void **state)
{
	(void)state;
	strcpy(text, "a=%41%2b+&b=100%&c=%2541&=x&d&e=%zz&a=");
	memset(&form, 0, sizeof(form));
	ddns_form_parse(text, &form);
	assert_false(form.bad);
	assert_string_equal(ddns_form_get(&form, "a"), "A+ ");
	assert_string_equal(ddns_form_get(&form, "b"), "100%");
	assert_string_equal(ddns_form_get(&form, "c"), "%41");
	assert_null(ddns_form_get(&form, "d"));
	assert_string_equal(ddns_form_get(&form, "e"), "%zz");
	assert_false(ddns_form_conflicts(&form, "a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_takes_each_clients_addresses),
		cmocka_unit_test(test_parse_guesses_nothing),
		cmocka_unit_test(test_parse_reads_the_host_list),
		cmocka_unit_test(test_parse_stops_at_twenty_hosts),
		cmocka_unit_test(test_parse_refuses_a_flood_of_parameters),
		cmocka_unit_test(test_form_decodes_leniently_but_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
