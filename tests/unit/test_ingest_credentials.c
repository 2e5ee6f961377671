/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/base/bytes.h"
#include "common/ingest/credentials.h"
#include "common/ingest/forwarded.h"

static char head[4096], query[1024];
static struct ddns_http_request request;
static struct ddns_form form;
static struct ddns_credentials got;

static void
make_request(const char *headers, const char *params)
{
	snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n",
	    headers);
	assert_int_equal(ddns_http_parse(head, strlen(head), &request), 0);
	strcpy(query, params);
	memset(&form, 0, sizeof(form));
	ddns_form_parse(query, &form);
}

static void
find(const char *headers, const char *params)
{
	make_request(headers, params);
	ddns_credentials_find(&request, &form, &got);
}

static void
assert_token(enum ddns_credentials_from from, const char *token)
{
	assert_int_equal(got.from, from);
	assert_int_equal(got.token_len_bytes, strlen(token));
	assert_memory_equal(got.token, token, strlen(token));
}

static void
test_find_takes_every_place(void **state)
{
	(void)state;
	/* alice:s3cr:et p@ss, as ddclient and inadyn send it */
	find("Authorization: Basic YWxpY2U6czNjcjpldCBwQHNz\r\n", "");
	assert_token(DDNS_CREDENTIALS_HEADER, "s3cr:et p@ss");
	find("authorization: basic  YWxpY2U6dG9r\r\n", "password=other");
	assert_token(DDNS_CREDENTIALS_HEADER, "tok");
	find("Authorization: Basic OnRvaw==\r\n", ""); /* no user name */
	assert_token(DDNS_CREDENTIALS_HEADER, "tok");
	find("Authorization: Bearer ddns_abc\r\n", "");
	assert_token(DDNS_CREDENTIALS_HEADER, "ddns_abc");
	find("Authorization: Token ddns_abc\r\n", "");
	assert_token(DDNS_CREDENTIALS_HEADER, "ddns_abc");
	find("X-Api-Key: ddns_abc\r\n", "");
	assert_token(DDNS_CREDENTIALS_HEADER, "ddns_abc");
	find("", "username=u&password=p%20q");
	assert_token(DDNS_CREDENTIALS_URL, "p q");
	find("", "pass=p");
	assert_token(DDNS_CREDENTIALS_URL, "p");
	find("", "token=t");
	assert_token(DDNS_CREDENTIALS_URL, "t");
	find("", "key=k");
	assert_token(DDNS_CREDENTIALS_URL, "k");
	find("", "password=&username=u");
	assert_int_equal(got.from, DDNS_CREDENTIALS_NONE);
}

static void
test_find_tells_broken_from_none(void **state)
{
	static const char *const broken[] = {
		"Authorization: Basic\r\n",
		"Authorization: Basic !!!!\r\n",
		"Authorization: Basic YWxpY2U=\r\n",  /* no colon */
		"Authorization: Basic YWxpY2U6\r\n",  /* empty password */
		"Authorization: Basic YTpiDQo=\r\n",  /* "a:b\r\n" */
		"Authorization: Basic YTpiAGM=\r\n",  /* "a:b\0c" */
		"Authorization: Digest username=\"a\"\r\n",
		"Authorization: Bearer \r\n",
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(broken); i++) {
		find(broken[i], "");
		assert_int_equal(got.from, DDNS_CREDENTIALS_BROKEN);
	}
	find("", "");
	assert_int_equal(got.from, DDNS_CREDENTIALS_NONE);
}

static void
test_find_bounds_the_token(void **state)
{
	char header[1024];

	(void)state;
	strcpy(header, "X-Api-Key: ");
	memset(header + 11, 'x', DDNS_CREDENTIALS_MAX);
	strcpy(header + 11 + DDNS_CREDENTIALS_MAX, "\r\n");
	find(header, "");
	assert_int_equal(got.from, DDNS_CREDENTIALS_HEADER);
	strcpy(header + 11 + DDNS_CREDENTIALS_MAX, "x\r\n");
	find(header, "");
	assert_int_equal(got.from, DDNS_CREDENTIALS_BROKEN);
}

static void
test_forwarded_walks_from_the_right(void **state)
{
	static const struct {
		const char *peer, *headers, *source;
		bool tls;
	} cases[] = {
		/* a stranger's header says nothing */
		{ "192.0.2.1", "X-Forwarded-For: 8.8.8.8\r\n"
		    "X-Forwarded-Proto: https\r\n", "192.0.2.1", false },
		{ "10.0.0.1", "", "10.0.0.1", false },
		{ "10.0.0.1", "X-Forwarded-For: 192.0.2.7\r\n"
		    "X-Forwarded-Proto: https\r\n", "192.0.2.7", true },
		/* what stands left of it was sent by the client */
		{ "10.0.0.1", "X-Forwarded-For: 8.8.8.8, 192.0.2.7\r\n",
		    "192.0.2.7", false },
		{ "10.0.0.1", "X-Forwarded-For: 8.8.8.8\r\n"
		    "X-Forwarded-For: 192.0.2.7,10.0.0.2\r\n", "192.0.2.7",
		    false },
		{ "10.0.0.1", "X-Forwarded-For: 10.0.0.3, 10.0.0.2\r\n",
		    "10.0.0.3", false },
		{ "10.0.0.1", "X-Forwarded-For: 192.0.2.7, junk\r\n",
		    "10.0.0.1", false },
		{ "10.0.0.1", "X-Forwarded-For: [2001:db8::1]:443\r\n",
		    "2001:db8::1", false },
		{ "10.0.0.1", "X-Forwarded-For: 192.0.2.7:1234\r\n",
		    "192.0.2.7", false },
		{ "10.0.0.1", "X-Forwarded-For: , ,\r\n", "10.0.0.1", false },
		{ "fd00::1", "X-Forwarded-For: 2001:db8::2\r\n",
		    "2001:db8::2", false },
	};
	struct ddns_prefix trusted[2];

	(void)state;
	assert_int_equal(ddns_prefix_parse("10.0.0.0/8", &trusted[0]),
	    DDNS_OK);
	assert_int_equal(ddns_prefix_parse("fd00::/8", &trusted[1]), DDNS_OK);
	for (size_t i = 0; i < DDNS_COUNT(cases); i++) {
		struct ddns_forwarded found;
		char source[DDNS_ADDR_TEXT_MAX];
		struct ddns_addr peer;

		assert_int_equal(ddns_addr_parse(cases[i].peer, &peer),
		    DDNS_OK);
		make_request(cases[i].headers, "");
		found = ddns_forwarded_find(&request, &peer, false, trusted,
		    2);
		ddns_addr_format(&found.source, source);
		assert_string_equal(source, cases[i].source);
		assert_int_equal(found.tls, cases[i].tls);
	}
}

static void
test_forwarded_bounds_the_chain(void **state)
{
	struct ddns_prefix trusted;
	struct ddns_forwarded found;
	char headers[2048] = "X-Forwarded-For: ";
	struct ddns_addr peer;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(headers, "10.0.0.1,");
	strcat(headers, "192.0.2.7\r\n");
	make_request(headers, "");
	assert_int_equal(ddns_prefix_parse("10.0.0.0/8", &trusted), DDNS_OK);
	assert_int_equal(ddns_addr_parse("10.0.0.1", &peer), DDNS_OK);
	found = ddns_forwarded_find(&request, &peer, true, &trusted, 1);
	assert_int_equal(found.source.bytes[3], 7);
	assert_true(found.tls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_takes_every_place),
		cmocka_unit_test(test_find_tells_broken_from_none),
		cmocka_unit_test(test_find_bounds_the_token),
		cmocka_unit_test(test_forwarded_walks_from_the_right),
		cmocka_unit_test(test_forwarded_bounds_the_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
