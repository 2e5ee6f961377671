/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/dns/rdata.h"
#include "common/dns/rrset.h"

/* text in, text out (NULL: the same), wire in hex */
static const struct {
	const char *type, *in, *out, *hex;
} good[] = {
	{ "A", "192.0.2.1", NULL, "c0000201" },
	{ "A", "\\# 4 c0 0002 01", "192.0.2.1", "c0000201" },
	{ "AAAA", "2001:DB8:0::1", "2001:db8::1",
	    "20010db8000000000000000000000001" },
	{ "AAAA", "::ffff:1.2.3.4", NULL, "00000000000000000000ffff01020304" },
	{ "NS", "Ns1.Example.", "ns1.example", "036e7331076578616d706c6500" },
	{ "CNAME", ".", NULL, "00" },
	{ "SOA", "ns.x h.x 1 2 3 4 5", NULL, "026e7301780001680178000000000100"
	    "000002000000030000000400000005" },
	{ "PTR", "a\\.b.c", NULL, "03612e62016300" },
	{ "MX", "10 Mail.x.", "10 mail.x", "000a046d61696c017800" },
	{ "TXT", "\"a b\" c", "\"a b\" \"c\"", "036120620163" },
	{ "TXT", "\"\\\"\\\\\\200;\"", NULL, "04225cc83b" },
	{ "TXT", "\"\"", NULL, "00" },
	{ "SRV", "1 2 3 Foo.bar", "1 2 3 foo.bar",
	    "00010002000303666f6f0362617200" },
	{ "CAA", "0 issue \"ca.test\"", NULL, "0005697373756563612e74657374" },
	{ "CAA", "128 issue \"\"", NULL, "80056973737565" },
	{ "DHCID", "AAIBY2/AuCccgoJbb3SsxKjh", NULL,
	    "000201636fc0b8271c82825b6f74acc4a8e1" },
	{ "SSHFP", "1 1 123456789abcdef67890123456789abcdef67890", NULL,
	    "0101123456789abcdef67890123456789abcdef67890" },
	{ "TLSA", "3 1 1 d2abde240d7cd3ee", NULL, "030101d2abde240d7cd3ee" },
	{ "HTTPS", "1 . alpn=h3,h2 ipv4hint=192.0.2.1", NULL,
	    "0001000001000602683302683200040004c0000201" },
	{ "SVCB", "2 Foo.x port=8443", NULL, "000203466f6f0178000003000220fb" },
	{ "NAPTR", "100 10 \"S\" \"SIP+D2U\" \"\" _sip.Example", "100 10 \"S\" "
	    "\"SIP+D2U\" \"\" _sip.example", "0064000a0153075349502b4432550004"
	    "5f736970076578616d706c6500" },
	{ "DNAME", "Foo.X", "foo.x", "03666f6f017800" },
	{ "KX", "1 Foo", "1 foo", "000103666f6f00" },
	{ "HINFO", "\"a\" b", "\"a\" \"b\"", "01610162" },
	{ "RP", "A.b C.d", "a.b c.d", "01610162000163016400" },
	{ "AFSDB", "1 A.b", "1 a.b", "00010161016200" },
	{ "CERT", "PKIX 0 0 AQID", "1 0 0 AQID", "0001000000010203" },
	{ "DS", "12345 8 2 d2abde240d7c", NULL, "30390802d2abde240d7c" },
	{ "NSEC", "Host.x A MX TYPE1234", NULL, "04486f737401780000024001041b00"
	    "0000000000000000000000000000000000000000000000000020" },
	{ "URI", "10 1 \"https://x\"", NULL, "000a000168747470733a2f2f78" },
	{ "APL", "1:192.0.2.0/24", NULL, "00011803c00002" },
	{ "LOC", "51 30 12.748 N 00 07 39.611 W 0m 0.00m 0.00m 0.00m", NULL,
	    "000000008b0d2c8c7ff8fca500989680" },
	{ "OPENPGPKEY", "AQID", NULL, "010203" },
	{ "EUI48", "00-11-22-33-44-55", NULL, "001122334455" },
	{ "CSYNC", "66 3 A NS", NULL, "000000420003000160" },
	{ "WKS", "1.2.3.4 tcp 25", "\\# 9 010203040600000040",
	    "010203040600000040" },
	{ "TYPE65400", "\\# 2 ABcd", "\\# 2 abcd", "abcd" },
	{ "TYPE65400", "\\# 0", NULL, "" },
};

static void
test_rdata_of_many_types_to_wire_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(good); i++) {
		const char *want = good[i].out != NULL ? good[i].out :
		    good[i].in;
		struct ddns_buf wire = { 0 }, text = { 0 }, hex = { 0 },
			again = { 0 };
		uint16_t type;

		print_message("# %s %s\n", good[i].type, good[i].in);
		assert_int_equal(ddns_type_parse(good[i].type, &type),
		    DDNS_OK);
		assert_int_equal(ddns_rdata_parse(type, good[i].in, &wire),
		    DDNS_OK);
		ddns_hex_encode(&hex, ddns_buf_span(&wire));
		assert_string_equal(ddns_buf_text(&hex), good[i].hex);
		assert_int_equal(ddns_rdata_format(type, ddns_buf_span(&wire),
		    &text), DDNS_OK);
		assert_string_equal(ddns_buf_text(&text), want);
		assert_int_equal(ddns_rdata_parse(type, ddns_buf_text(&text),
		    &again), DDNS_OK);
		assert_int_equal(again.len_bytes, wire.len_bytes);
		if (wire.len_bytes != 0)
			assert_memory_equal(again.base, wire.base,
			    wire.len_bytes);
		ddns_buf_done(&wire);
		ddns_buf_done(&text);
		ddns_buf_done(&hex);
		ddns_buf_done(&again);
	}
}

static void
test_rdata_parse_refuses(void **state)
{
	static const struct {
		const char *type, *text;
	} bad[] = {
		{ "A", "" }, { "A", "1.2.3" }, { "A", "::1" },
		{ "A", "1.2.3.4 " }, { "A", "\\# 3 010203" },
		{ "A", "\\# 4 01020" }, { "A", "\\#" }, { "A", "\\# -1" },
		{ "AAAA", "1.2.3.4" }, { "AAAA", "fe80::1%lo" },
		{ "NS", "" }, { "NS", "a..b" }, { "MX", "mail.x" },
		{ "MX", "70000 mail.x" }, { "TXT", "" },
		{ "TXT", "v=spf1; -all" }, { "TXT", "a\nb" },
		{ "SRV", "1 2 foo" }, { "DHCID", "" }, { "SOA", "a b 1" },
		{ "TYPE65400", "abcd" }, { "TYPE65400", "\\# 2 abc" },
		{ "TSIG", "x" }, { "ANY", "x" }, { "TLSA", "3 1" }, { "TLSA", "259 1 1 ab" },
		{ "CAA", "0" }, { "HTTPS", "1" },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(bad); i++) {
		struct ddns_buf wire = { 0 };
		uint16_t type;

		print_message("# %s %s\n", bad[i].type, bad[i].text);
		assert_int_equal(ddns_type_parse(bad[i].type, &type), DDNS_OK);
		assert_int_equal(ddns_rdata_parse(type, bad[i].text, &wire),
		    DDNS_EFORMAT);
		assert_int_equal(wire.len_bytes, 0);
		ddns_buf_done(&wire);
	}
}

static void
test_type_texts(void **state)
{
	static const struct {
		const char *in, *out;
		uint16_t type;
	} t[] = {
		{ "a", "A", 1 }, { "TYPE1", "A", 1 }, { "any", "ANY", 255 },
		{ "TYPE65535", "TYPE65535", 65535 }, { "type0", "NONE", 0 },
		{ "AXFR", "AXFR", 252 }, { "DHCID", "DHCID", 49 },
		{ "NSEC3PARAM", "NSEC3PARAM", 51 }, { "NULL", "NULL", 10 },
	};
	static const char *const bad[] = { "", "NONSUCH", "TYPE", "TYPE65536",
		"TYPE1x", "TYPE99999999999999999999", "TYPE-1" };
	char text[DDNS_TYPE_TEXT_MAX];
	uint16_t type;

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		assert_int_equal(ddns_type_parse(t[i].in, &type), DDNS_OK);
		assert_int_equal(type, t[i].type);
		assert_string_equal(ddns_type_format(type, text), t[i].out);
	}
	for (size_t i = 0; i < DDNS_COUNT(bad); i++)
		assert_int_equal(ddns_type_parse(bad[i], &type), DDNS_EFORMAT);
	for (unsigned i = 0; i <= UINT16_MAX; i++) { /* all go both ways */
		ddns_type_format((uint16_t)i, text);
		if (i != DDNS_TYPE_NONE) {
			assert_int_equal(ddns_type_parse(text, &type),
			    DDNS_OK);
			assert_int_equal(type, i);
		}
	}
}

/* A message's bytes: "Host.example" at 0, rdata behind. */
#define HOST "\4Host\7example\0"
#define HOST_LEN (sizeof(HOST) - 1)

static void
test_rdata_read_decompresses_where_that_may_be(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		size_t len;
		const char *hex; /* NULL: refused */
	} t[] = {
		{ DDNS_TYPE_NS, "\300\0", 2, "04686f7374076578616d706c6500" },
		{ DDNS_TYPE_MX, "\0\1\1M\300\5", 6,
		    "0001016d076578616d706c6500" },
		{ DDNS_TYPE_SRV, "\0\1\0\1\0\1\300\5", 8,
		    "000100010001076578616d706c6500" },
		{ DDNS_TYPE_SOA, "\300\0\300\5" "11112222333344445555", 24,
		    "04686f7374076578616d706c6500076578616d706c6500"
		    "3131313132323232333333333434343435353535" },
		/* not for these */
		{ DDNS_TYPE_DNAME, "\300\0", 2, NULL },
		{ DDNS_TYPE_NSEC, "\300\0\0\1\100", 5, NULL },
		{ DDNS_TYPE_HTTPS, "\0\1\300\0", 4, NULL },
		{ DDNS_TYPE_NSEC, "\1A\0\0\1\100", 6, "014100000140" },
		/* length and content disagree */
		{ DDNS_TYPE_NS, "\300\0x", 3, NULL },
		{ DDNS_TYPE_NS, "\1x", 2, NULL },
		{ DDNS_TYPE_NS, "", 0, NULL },
		{ DDNS_TYPE_A, "abc", 3, NULL },
		{ DDNS_TYPE_A, "abcde", 5, NULL },
		{ DDNS_TYPE_AAAA, "abcd", 4, NULL },
		{ DDNS_TYPE_TXT, "", 0, NULL },
		{ DDNS_TYPE_TXT, "\2a", 2, NULL },
		{ DDNS_TYPE_TXT, "\1a\1", 3, NULL },
		{ DDNS_TYPE_DHCID, "", 0, NULL },
		{ DDNS_TYPE_DS, "\0\1\2", 3, NULL },
		{ 65400, "\300\0", 2, "c000" },
		{ 65400, "", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		struct ddns_buf msg = { 0 }, wire = { 0 }, hex = { 0 };
		enum ddns_err err;

		ddns_buf_put(&msg, HOST, HOST_LEN);
		ddns_buf_put(&msg, t[i].rdata, t[i].len);
		ddns_buf_put_text(&msg, "tail");
		print_message("# row %zu\n", i);
		err = ddns_rdata_read(t[i].type, ddns_buf_span(&msg), HOST_LEN,
		    t[i].len, &wire);
		if (t[i].hex == NULL) {
			assert_int_equal(err, DDNS_EFORMAT);
			assert_int_equal(wire.len_bytes, 0);
		} else {
			assert_int_equal(err, DDNS_OK);
			ddns_hex_encode(&hex, ddns_buf_span(&wire));
			assert_string_equal(ddns_buf_text(&hex), t[i].hex);
		}
		ddns_buf_done(&msg);
		ddns_buf_done(&wire);
		ddns_buf_done(&hex);
	}
}

static void
test_rdata_read_stays_inside_the_message(void **state)
{
	static const uint8_t m[4] = { 1, 2, 3, 4 };
	struct ddns_span msg = { m, sizeof(m) };
	struct ddns_buf out = { 0 };

	(void)state;
	assert_int_equal(ddns_rdata_read(1, msg, 1, 4, &out), DDNS_EFORMAT);
	assert_int_equal(ddns_rdata_read(1, msg, 5, 0, &out), DDNS_EFORMAT);
	assert_int_equal(ddns_rdata_read(1, msg, 0, SIZE_MAX, &out),
	    DDNS_EFORMAT);
	assert_int_equal(out.len_bytes, 0);
}

struct zone_seen {
	struct ddns_buf text;
	int stop_at;
};

static enum ddns_err
collect(const struct ddns_zonefile_rr *rr, void *arg)
{
	struct zone_seen *seen = arg;
	char name[DDNS_NAME_TEXT_MAX], type[DDNS_TYPE_TEXT_MAX];

	if (seen->stop_at-- == 0)
		return DDNS_EDENIED;
	ddns_name_format(&rr->owner, name);
	ddns_buf_putf(&seen->text, "%s %u %s ", name, rr->ttl_s,
	    ddns_type_format(rr->type, type));
	assert_int_equal(ddns_rdata_format(rr->type, rr->rdata, &seen->text),
	    DDNS_OK);
	ddns_buf_put_u8(&seen->text, '\n');
	return DDNS_OK;
}

static enum ddns_err
read_zone(const char *text, struct zone_seen *seen, unsigned *line,
    const char **why)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct ddns_name origin;
	enum ddns_err err;

	assert_non_null(file);
	assert_int_equal(ddns_name_parse("Dyn.test", &origin), DDNS_OK);
	err = ddns_zonefile_read(file, &origin, 77, collect, seen, line, why);
	fclose(file);
	return err;
}

static void
test_zonefile_read_gives_each_rr(void **state)
{
	struct zone_seen seen = { .stop_at = -1 };
	unsigned line;
	const char *why;

	(void)state;
	assert_int_equal(read_zone(
	    "; a comment\n"
	    "@ IN SOA ns.dyn.test. Host.dyn.test. (\n 1 ; serial\n 2 3 4 5 )\n"
	    "\tNS ns\n"
	    "ns A 192.0.2.1\n"
	    "$TTL 60\n"
	    "A TXT \"x;y\" z\n"
	    "\n"
	    "$ORIGIN sub.Dyn.test.\n"
	    "* 30 IN CNAME A.dyn.test.\n"
	    "b TYPE65400 \\# 2 abcd\n"
	    "c MX 5 @\n", &seen, &line, &why), DDNS_OK);
	assert_string_equal(ddns_buf_text(&seen.text),
	    "dyn.test 77 SOA ns.dyn.test host.dyn.test 1 2 3 4 5\n"
	    "dyn.test 77 NS ns.dyn.test\n"
	    "ns.dyn.test 77 A 192.0.2.1\n"
	    "a.dyn.test 60 TXT \"x;y\" \"z\"\n"
	    "*.sub.dyn.test 30 CNAME a.dyn.test\n"
	    "b.sub.dyn.test 60 TYPE65400 \\# 2 abcd\n"
	    "c.sub.dyn.test 60 MX 5 sub.dyn.test\n");
	ddns_buf_done(&seen.text);
}

static void
test_zonefile_read_names_the_line_of_a_mistake(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} t[] = {
		{ "a A 192.0.2.1\nb A 192.0.2.1\nc A nonsense\n", 3 },
		{ "a A 192.0.2.1\n$INCLUDE x\n", 2 },
		{ "a CH A 192.0.2.1\n", 1 },
		{ "a A 192.0.2.1\na 3000000000 A 192.0.2.1\n", 2 },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		struct zone_seen seen = { .stop_at = -1 };
		unsigned line = 0;
		const char *why = "";

		assert_int_equal(read_zone(t[i].text, &seen, &line, &why),
		    DDNS_EFORMAT);
		assert_int_equal(line, t[i].line);
		assert_true(strlen(why) > 0);
		ddns_buf_done(&seen.text);
	}
}

static void
test_zonefile_read_passes_the_callers_error(void **state)
{
	struct zone_seen seen = { .stop_at = 1 };
	unsigned line;
	const char *why;

	(void)state;
	assert_int_equal(read_zone("a A 192.0.2.1\nb A 192.0.2.2\n", &seen,
	    &line, &why), DDNS_EDENIED);
	assert_int_equal(line, 2);
	ddns_buf_done(&seen.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rdata_of_many_types_to_wire_and_back),
		cmocka_unit_test(test_rdata_parse_refuses),
		cmocka_unit_test(test_type_texts),
		cmocka_unit_test(
		    test_rdata_read_decompresses_where_that_may_be),
		cmocka_unit_test(test_rdata_read_stays_inside_the_message),
		cmocka_unit_test(test_zonefile_read_gives_each_rr),
		cmocka_unit_test(
		    test_zonefile_read_names_the_line_of_a_mistake),
		cmocka_unit_test(test_zonefile_read_passes_the_callers_error),
	};

	return cmocka_run_group_tests_name("dns_rdata", tests, NULL, NULL);
}
