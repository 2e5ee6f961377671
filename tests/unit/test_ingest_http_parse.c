/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include "common/ingest/http_parse.h"

static char head[DDNS_HTTP_HEAD_MAX + 1];

static int
parse(const char *text, struct ddns_http_request *ret)
{
	size_t scanned = 0, len = strlen(text);

	memcpy(head, text, len + 1);
	assert_int_equal(ddns_http_head_len(head, len, &scanned), len);
	return ddns_http_parse(head, len, ret);
}

static void
test_head_len_finds_the_end_byte_by_byte(void **state)
{
	static const char *const texts[] = { "GET / HTTP/1.1\r\nA: b\r\n\r\n",
		"GET / HTTP/1.1\nA: b\n\n", "GET / HTTP/1.1\nA: b\n\r\n",
		"\n\n" };

	(void)state;
	for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
		size_t whole = strlen(texts[t]), scanned = 0;

		for (size_t n = 0; n < whole; n++)
			assert_int_equal(ddns_http_head_len(texts[t], n,
			    &scanned), 0);
		assert_int_equal(ddns_http_head_len(texts[t], whole,
		    &scanned), whole);
	}
}

static void
test_parse_splits_ddclients_request(void **state)
{
	struct ddns_http_request r;

	(void)state;
	assert_int_equal(parse("GET /nic/update?system=dyndns&hostname=home."
	    "dyn.test&myip=192.0.2.10 HTTP/1.1\r\nHost: 127.0.0.1:8370\r\n"
	    "Authorization: Basic YWxpY2U6czNjcjpldCBwQHNz\r\n"
	    "User-Agent: ddclient/3.10.0\r\nConnection: close\r\n\r\n", &r),
	    0);
	assert_string_equal(r.method, "GET");
	assert_string_equal(r.path, "/nic/update");
	assert_string_equal(r.query,
	    "system=dyndns&hostname=home.dyn.test&myip=192.0.2.10");
	assert_int_equal(r.minor, 1);
	assert_false(r.keep_alive);
	assert_string_equal(ddns_http_get(&r, "user-agent"),
	    "ddclient/3.10.0");
	assert_null(ddns_http_get(&r, "Accept"));
	assert_int_equal(r.content_length, 0);
}

static void
test_parse_keeps_only_1_1_alive(void **state)
{
	struct ddns_http_request r;

	(void)state;
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &r), 0);
	assert_true(r.keep_alive);
	assert_int_equal(parse("GET / HTTP/1.0\r\n\r\n", &r), 0);
	assert_false(r.keep_alive);
	assert_int_equal(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n"
	    "\r\n", &r), 0);
	assert_false(r.keep_alive);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE, "
	    "Close\r\n\r\n", &r), 0);
	assert_false(r.keep_alive);
}

static void
test_parse_takes_absolute_and_odd_targets(void **state)
{
	struct ddns_http_request r;

	(void)state;
	assert_int_equal(parse("GET http://h:80/myip?a=b HTTP/1.1\r\nHost: h"
	    "\r\n\r\n", &r), 0);
	assert_string_equal(r.path, "/myip");
	assert_string_equal(r.query, "a=b");
	/* FRITZ!Box escapes nothing */
	assert_int_equal(parse("GET /nic/update?pass=a b HTTP/1.1\r\nHost: h"
	    "\r\n\r\n", &r), 0);
	assert_string_equal(r.query, "pass=a b");
	assert_int_equal(parse("GET /nic/update?hostname=\xc3\xbc.test "
	    "HTTP/1.0\r\n\r\n", &r), 0);
}

static void
test_parse_refuses_bad_heads(void **state)
{
	static const struct {
		int status;
		const char *text;
	} cases[] = {
		{ 400, "\r\n\r\n" },
		{ 400, "GET\r\n\r\n" },
		{ 400, "GET /\r\n\r\n" },
		{ 400, "GET  HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET x HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET / HTTP/1.2\r\nHost: a\r\n\r\n" },
		{ 400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n" },
		{ 400, "GET / HTTX/1.1\r\nHost: a\r\n\r\n" },
		{ 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n" },
		{ 505, "PRI * HTTP/2.0\r\n\r\n" },
		{ 400, "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\x02\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
		    "Content-Length: 1\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n"
		    "\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n"
		    "\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: "
		    "18446744073709551617\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n" },
		{ 501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
		    "chunked\r\n\r\n" },
		{ 400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
		    "chunked\r\nContent-Length: 3\r\n\r\n" },
	};
	struct ddns_http_request r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);

		memcpy(head, cases[i].text, len + 1);
		if (ddns_http_parse(head, len, &r) != cases[i].status)
			fail_msg("case %zu: %s", i, cases[i].text);
	}
}

static void
test_parse_refuses_a_nul_and_too_many_headers(void **state)
{
	static const char nul[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
	struct ddns_http_request r;
	size_t n;

	(void)state;
	memcpy(head, nul, sizeof(nul));
	assert_int_equal(ddns_http_parse(head, sizeof(nul) - 1, &r), 400);
	strcpy(head, "GET / HTTP/1.0\r\n");
	for (n = 0; n <= DDNS_HTTP_HEADERS_MAX; n++)
		strcat(head, "a: b\r\n");
	strcat(head, "\r\n");
	assert_int_equal(ddns_http_parse(head, strlen(head), &r), 431);
}

static void
test_next_walks_repeated_headers(void **state)
{
	struct ddns_http_request r;
	size_t at = 0;

	(void)state;
	assert_int_equal(parse("GET / HTTP/1.0\r\nX: 1\r\nY: 2\r\nx:  3 \r\n"
	    "\r\n", &r), 0);
	assert_string_equal(ddns_http_next(&r, "x", &at), "1");
	assert_string_equal(ddns_http_next(&r, "x", &at), "3");
	assert_null(ddns_http_next(&r, "x", &at));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head_len_finds_the_end_byte_by_byte),
		cmocka_unit_test(test_parse_splits_ddclients_request),
		cmocka_unit_test(test_parse_keeps_only_1_1_alive),
		cmocka_unit_test(test_parse_takes_absolute_and_odd_targets),
		cmocka_unit_test(test_parse_refuses_bad_heads),
		cmocka_unit_test(test_parse_refuses_a_nul_and_too_many_headers),
		cmocka_unit_test(test_next_walks_repeated_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
