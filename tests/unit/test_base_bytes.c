/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include "common/base/addr.h"
#include "common/base/bytes.h"
#include "common/base/log.h"

static void
test_buf_grows_and_keeps_text(void **state)
{
	struct ddns_buf buf = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		ddns_buf_putf(&buf, "%d,", i);
	assert_int_equal(buf.err, DDNS_OK);
	assert_int_equal(strlen(ddns_buf_text(&buf)), buf.len_bytes);
	assert_int_equal(strncmp(ddns_buf_text(&buf), "0,1,2,", 6), 0);
	ddns_buf_done(&buf);
}

static void
test_buf_stays_failed_over_its_bound(void **state)
{
	struct ddns_buf buf = { .max_bytes = 4 };

	(void)state;
	ddns_buf_put(&buf, "abcd", 4);
	assert_int_equal(buf.err, DDNS_OK);
	ddns_buf_put_u8(&buf, 'e');
	assert_int_equal(buf.err, DDNS_ENOSPACE);
	ddns_buf_put(&buf, "", 0);
	assert_int_equal(buf.len_bytes, 4);
	assert_string_equal(ddns_buf_text(&buf), "");
	ddns_buf_done(&buf);
}

static void
test_base64_round_trip_and_refusals(void **state)
{
	uint8_t in[] = { 0, 1, 2, 250, 251, 252, 253 }, out[16];

	(void)state;
	for (size_t n = 0; n <= sizeof(in); n++) {
		struct ddns_buf buf = { 0 };
		size_t len = 99;

		ddns_base64_encode(&buf, (struct ddns_span){ in, n });
		assert_int_equal(ddns_base64_decode((char *)buf.base,
		    buf.len_bytes, out, sizeof(out), &len), DDNS_OK);
		assert_int_equal(len, n);
		if (n > 0)
			assert_memory_equal(out, in, n);
		ddns_buf_done(&buf);
	}
	size_t len;
	assert_int_equal(ddns_base64_decode("YQ==", 4, out, 0, &len),
	    DDNS_ENOSPACE);
	assert_int_equal(ddns_base64_decode("Y", 1, out, 16, &len),
	    DDNS_EFORMAT);
	assert_int_equal(ddns_base64_decode("YQ=", 3, out, 16, &len),
	    DDNS_EFORMAT);
	assert_int_equal(ddns_base64_decode("Y=Q=", 4, out, 16, &len),
	    DDNS_EFORMAT);
	assert_int_equal(ddns_base64_decode("a b=", 4, out, 16, &len),
	    DDNS_EFORMAT);
}

static void
test_addr_classify_knows_the_registries(void **state)
{
	static const struct {
		const char *text;
		enum ddns_addr_class class;
	} t[] = {
		{ "8.8.8.8", DDNS_ADDR_GLOBAL },
		{ "10.1.2.3", DDNS_ADDR_PRIVATE },
		{ "172.15.255.255", DDNS_ADDR_GLOBAL },
		{ "172.16.0.0", DDNS_ADDR_PRIVATE },
		{ "172.31.255.255", DDNS_ADDR_PRIVATE },
		{ "172.32.0.0", DDNS_ADDR_GLOBAL },
		{ "100.63.255.255", DDNS_ADDR_GLOBAL },
		{ "100.64.0.0", DDNS_ADDR_CGNAT },
		{ "100.127.255.255", DDNS_ADDR_CGNAT },
		{ "100.128.0.0", DDNS_ADDR_GLOBAL },
		{ "127.0.0.1", DDNS_ADDR_LOOPBACK },
		{ "169.254.9.9", DDNS_ADDR_LINKLOCAL },
		{ "192.0.0.9", DDNS_ADDR_GLOBAL },
		{ "192.0.0.8", DDNS_ADDR_RESERVED },
		{ "192.0.2.1", DDNS_ADDR_DOCUMENTATION },
		{ "198.19.255.255", DDNS_ADDR_BENCHMARK },
		{ "224.0.0.1", DDNS_ADDR_MULTICAST },
		{ "255.255.255.255", DDNS_ADDR_RESERVED },
		{ "::", DDNS_ADDR_UNSPECIFIED },
		{ "::1", DDNS_ADDR_LOOPBACK },
		{ "::ffff:10.0.0.1", DDNS_ADDR_PRIVATE },
		{ "2a00:1450::1", DDNS_ADDR_GLOBAL },
		{ "2001:db8::1", DDNS_ADDR_DOCUMENTATION },
		{ "3fff:fff::1", DDNS_ADDR_DOCUMENTATION },
		{ "fd00::1", DDNS_ADDR_PRIVATE },
		{ "fe80::1", DDNS_ADDR_LINKLOCAL },
		{ "ff02::1", DDNS_ADDR_MULTICAST },
		{ "2002::1", DDNS_ADDR_TRANSLATION },
		{ "2001:0::1", DDNS_ADDR_TRANSLATION },
		{ "4000::1", DDNS_ADDR_RESERVED },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		struct ddns_addr addr;

		assert_int_equal(ddns_addr_parse(t[i].text, &addr), DDNS_OK);
		if (ddns_addr_classify(&addr) != t[i].class)
			fail_msg("%s: %s", t[i].text,
			    ddns_addr_class_text(ddns_addr_classify(&addr)));
	}
}

static void
test_addr_parse_port_takes_both_families(void **state)
{
	struct sockaddr_storage ss;
	struct ddns_addr addr;
	socklen_t len;
	uint16_t port;

	(void)state;
	assert_int_equal(ddns_addr_parse_port("[2001:db8::1]:53", 1, &ss, &len),
	    DDNS_OK);
	assert_int_equal(ddns_addr_from_sockaddr((void *)&ss, &addr, &port),
	    DDNS_OK);
	assert_int_equal(port, 53);
	assert_int_equal(addr.family, AF_INET6);
	assert_int_equal(ddns_addr_parse_port("::1", 7, &ss, &len), DDNS_OK);
	assert_int_equal(ddns_addr_from_sockaddr((void *)&ss, &addr, &port),
	    DDNS_OK);
	assert_int_equal(port, 7);
	assert_int_equal(ddns_addr_parse_port("127.0.0.1:", 7, &ss, &len),
	    DDNS_EFORMAT);
	assert_int_equal(ddns_addr_parse_port("127.0.0.1:65536", 7, &ss, &len),
	    DDNS_EFORMAT);
	assert_int_equal(ddns_addr_parse_port("[::1", 7, &ss, &len),
	    DDNS_EFORMAT);
	assert_int_equal(ddns_addr_parse("fe80::1%eth0", &addr), DDNS_EFORMAT);
	assert_int_equal(ddns_addr_parse(" 1.2.3.4", &addr), DDNS_EFORMAT);
}

static void
test_log_quote_escapes_what_could_forge_a_line(void **state)
{
	(void)state;
	assert_string_equal(DDNS_Q("a\"b\\c\nd\x1b"),
	    "\"a\\\"b\\\\c\\x0ad\\x1b\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_grows_and_keeps_text),
		cmocka_unit_test(test_buf_stays_failed_over_its_bound),
		cmocka_unit_test(test_base64_round_trip_and_refusals),
		cmocka_unit_test(test_addr_classify_knows_the_registries),
		cmocka_unit_test(test_addr_parse_port_takes_both_families),
		cmocka_unit_test(test_log_quote_escapes_what_could_forge_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
