/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/ingest/reply.h"

static char head[1024];

static enum ddns_client
client_of(const char *version, const char *headers)
{
	struct ddns_http_request request;

	snprintf(head, sizeof(head), "GET / %s\r\nHost: a\r\n%s\r\n", version,
	    headers);
	assert_int_equal(ddns_http_parse(head, strlen(head), &request), 0);
	return ddns_client_of(&request);
}

static void
test_client_of_knows_the_odd_ones(void **state)
{
	(void)state;
	assert_int_equal(client_of("HTTP/1.1", "User-Agent: "
	    "ddclient/3.10.0\r\n"), DDNS_CLIENT_DDCLIENT3);
	assert_int_equal(client_of("HTTP/1.1", "User-Agent: "
	    "ddclient/4.0.1-rc.2\r\n"), DDNS_CLIENT_OTHER);
	assert_int_equal(client_of("HTTP/1.0", "User-Agent: inadyn/2.10.0 "
	    "https://github.com/troglobit/inadyn/issues\r\n"),
	    DDNS_CLIENT_INADYN);
	assert_int_equal(client_of("HTTP/1.0", "Authorization: Basic eA==\r\n"
	    "User-Agent: Mozilla/5.0\r\n"), DDNS_CLIENT_INADYN);
	assert_int_equal(client_of("HTTP/1.0", "Authorization: Basic eA==\r\n"
	    "Accept: */*\r\n"), DDNS_CLIENT_OTHER);
	assert_int_equal(client_of("HTTP/1.1", "User-Agent: OPNsense-dyndns"
	    "\r\n"), DDNS_CLIENT_OPNSENSE);
	assert_int_equal(client_of("HTTP/1.1", "User-Agent: python-requests/"
	    "2.31\r\n"), DDNS_CLIENT_OPNSENSE);
	assert_int_equal(client_of("HTTP/1.1", ""), DDNS_CLIENT_OTHER);
}

/*
 * What was measured of the clients: inadyn stays only with 200 good/nochg and
 * 5xx; ddclient 3 says nothing about a status but 200 and 401; OPNsense takes
 * any 2xx for success; and GNU wget wants the challenge.
 */
static void
test_rules_fit_the_measured_clients(void **state)
{
	(void)state;
	for (int s = 0; s < DDNS_SITUATIONS; s++) {
		unsigned status;

		status = ddns_reply_rule(DDNS_CLIENT_DDCLIENT3, s)->status;
		assert_true(status == 200 || status == 401);
		status = ddns_reply_rule(DDNS_CLIENT_OPNSENSE, s)->status;
		assert_true((status == 200) == (s == DDNS_SITUATION_OK));
		for (int c = 0; c < DDNS_CLIENTS; c++) {
			status = ddns_reply_rule(c, s)->status;
			assert_true(s != DDNS_SITUATION_OK || status == 200);
			assert_true((status == 401) ==
			    (s == DDNS_SITUATION_BADAUTH));
		}
	}
	assert_int_equal(ddns_reply_rule(DDNS_CLIENT_INADYN,
	    DDNS_SITUATION_LIMITED)->status, 503);
	assert_int_equal(ddns_reply_rule(DDNS_CLIENT_INADYN,
	    DDNS_SITUATION_BUSY)->status, 503);
}

/*
 * inadyn takes an answer for success when one of these stands anywhere in it.
 */
static void
test_no_refusal_holds_a_word_of_success(void **state)
{
	static const char *const words[] = { "OK", "good", "true", "updated",
		"nochg", "success" };

	(void)state;
	for (int c = DDNS_UPDATE_NOHOST; c <= DDNS_UPDATE_BUSY; c++)
		for (size_t w = 0; w < DDNS_COUNT(words); w++)
			assert_null(strcasestr(ddns_update_code_text(c),
			    words[w]));
}

static void
assert_reply(enum ddns_client client, const enum ddns_update_code *codes,
    size_t count, int status, const char *body)
{
	struct ddns_update_host hosts[4] = { 0 };
	struct ddns_update update = { .hosts = hosts, .hosts_count = count };
	const struct ddns_reply_rule *rule;
	struct ddns_buf out = { 0 };

	for (size_t i = 0; i < count; i++)
		hosts[i].code = codes[i];
	update.op[0].op = update.op[1].op = DDNS_OP_SET;
	assert_int_equal(ddns_addr_parse("198.51.100.7", &update.op[0].addr),
	    DDNS_OK);
	assert_int_equal(ddns_addr_parse("2001:db8::7", &update.op[1].addr),
	    DDNS_OK);
	rule = ddns_reply_format(client, &update, &out);
	assert_int_equal(rule->status, status);
	assert_string_equal(ddns_buf_text(&out), body);
	ddns_buf_done(&out);
}

static void
test_format_gives_a_line_a_host(void **state)
{
	static const enum ddns_update_code mixed[] = { DDNS_UPDATE_GOOD,
		DDNS_UPDATE_NOHOST, DDNS_UPDATE_NOCHG };
	static const enum ddns_update_code bad[] = { DDNS_UPDATE_NOHOST,
		DDNS_UPDATE_ABUSE };

	(void)state;
	for (int c = 0; c < DDNS_CLIENTS; c++) {
		assert_reply(c, mixed, 3, 200,
		    "good 198.51.100.7,2001:db8::7\nnohost\n"
		    "nochg 198.51.100.7,2001:db8::7\n");
		assert_reply(c, bad, 2, c == DDNS_CLIENT_OPNSENSE ? 404 : 200,
		    "nohost\nabuse\n");
	}
}

static void
test_format_of_one_host_follows_the_table(void **state)
{
	static const enum ddns_update_code abuse = DDNS_UPDATE_ABUSE,
	    busy = DDNS_UPDATE_BUSY, nohost = DDNS_UPDATE_NOHOST,
	    dnserr = DDNS_UPDATE_DNSERR, blocked = DDNS_UPDATE_BLOCKED;

	(void)state;
	assert_reply(DDNS_CLIENT_OTHER, &abuse, 1, 429, "abuse\n");
	assert_reply(DDNS_CLIENT_DDCLIENT3, &abuse, 1, 200, "abuse\n");
	assert_reply(DDNS_CLIENT_INADYN, &abuse, 1, 503, "911\n");
	assert_reply(DDNS_CLIENT_OTHER, &busy, 1, 503, "911\n");
	assert_reply(DDNS_CLIENT_DDCLIENT3, &busy, 1, 200, "911\n");
	assert_reply(DDNS_CLIENT_OPNSENSE, &nohost, 1, 404, "nohost\n");
	assert_reply(DDNS_CLIENT_OTHER, &nohost, 1, 200, "nohost\n");
	assert_reply(DDNS_CLIENT_OPNSENSE, &dnserr, 1, 400, "dnserr\n");
	assert_reply(DDNS_CLIENT_OTHER, &blocked, 1, 403, "abuse\n");
	assert_reply(DDNS_CLIENT_DDCLIENT3, &blocked, 1, 200, "abuse\n");
}

static void
test_format_leaves_companions_and_kept_families_out(void **state)
{
	struct ddns_update_host hosts[2] = { { .code = DDNS_UPDATE_GOOD },
		{ .code = DDNS_UPDATE_NOHOST, .companion = true } };
	struct ddns_update update = { .hosts = hosts, .hosts_count = 2 };
	struct ddns_buf out = { 0 };

	(void)state;
	update.op[0].op = DDNS_OP_CLEAR;
	assert_int_equal(ddns_reply_format(DDNS_CLIENT_OPNSENSE, &update,
	    &out)->status, 200);
	assert_string_equal(ddns_buf_text(&out), "good\n");
	ddns_buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_of_knows_the_odd_ones),
		cmocka_unit_test(test_rules_fit_the_measured_clients),
		cmocka_unit_test(test_no_refusal_holds_a_word_of_success),
		cmocka_unit_test(test_format_gives_a_line_a_host),
		cmocka_unit_test(test_format_of_one_host_follows_the_table),
		cmocka_unit_test(
		    test_format_leaves_companions_and_kept_families_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
