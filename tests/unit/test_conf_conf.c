/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf/conf.h"

static char dir[] = "/tmp/ddns-conf-XXXXXX";
static char path[64], key_path[64];

static void
write_file(const char *file, const char *text, mode_t mode)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(file, mode), 0);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/t.conf", dir);
	snprintf(key_path, sizeof(key_path), "%s/t.key", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(key_path);
	return rmdir(dir);
}

static void
expect_mistake(const char *text, const char *line, const char *part)
{
	struct ddns_buf why = { 0 };
	struct ddns_conf *conf = NULL;
	char want[96];

	write_file(path, text, 0644);
	assert_int_equal(ddns_conf_load(path, &conf, &why), DDNS_EFORMAT);
	assert_null(conf);
	snprintf(want, sizeof(want), "%s:%s", path, line);
	if (strstr(ddns_buf_text(&why), want) == NULL ||
	    strstr(ddns_buf_text(&why), part) == NULL)
		fail_msg("got: %s", ddns_buf_text(&why));
	ddns_buf_done(&why);
}

static void
test_conf_load_empty_file_gives_defaults(void **state)
{
	struct ddns_buf why = { 0 };
	struct ddns_conf *conf = NULL;

	(void)state;
	write_file(path, "", 0644);
	assert_int_equal(ddns_conf_load(path, &conf, &why), DDNS_OK);
	assert_int_equal(conf->https_count, 0);
	assert_int_equal(conf->purge_again_ms[0], 5);
	assert_int_equal(conf->purge_again_ms[1], 150);
	assert_int_equal(conf->purge_again_ms[2], 0);
	assert_int_equal(conf->log_level, DDNS_LOG_INFO);
	assert_null(conf->tls_key);
	assert_false(conf->tsig_sha1);
	ddns_conf_free(conf);
	ddns_buf_done(&why);
}

static void
test_conf_load_reads_what_is_written(void **state)
{
	struct ddns_buf why = { 0 };
	struct ddns_conf *conf = NULL;
	char text[1024];

	(void)state;
	write_file(key_path, "c2VjcmV0LXNlY3JldC1zZWNyZXQ=\n", 0640);
	snprintf(text, sizeof(text),
	    "store = \"/x/y.db\"\n"
	    "http-listen = {\"127.0.0.1:8080\", \"[::1]\"}\n"
	    "purge-again = {7}\n"
	    "log-level = debug\n"
	    "trusted-proxies = {\"10.0.0.0/8\"}\n"
	    "subscriber \"pdns\" { kind = \"pdns-control\"\n"
	    "  address = \"/run/pdns.sock\" }\n"
	    "subscriber \"r1\" { kind = notify address = \"127.0.0.1\"\n"
	    "  key-name = \"Ddns-Notify\" key-file = \"%s\"\n"
	    "  zones = {\"Dyn.Test\"} }\n", key_path);
	write_file(path, text, 0644);
	if (ddns_conf_load(path, &conf, &why) != DDNS_OK)
		fail_msg("%s", ddns_buf_text(&why));
	assert_string_equal(conf->store, "/x/y.db");
	assert_int_equal(conf->http_count, 2);
	assert_int_equal(conf->http[1].addr.ss_family, AF_INET6);
	assert_int_equal(ntohs(((struct sockaddr_in6 *)(void *)
	    &conf->http[1].addr)->sin6_port), 80);
	assert_int_equal(conf->purge_again_ms[0], 7);
	assert_int_equal(conf->purge_again_ms[1], 0);
	assert_int_equal(conf->trusted_proxies_count, 1);
	assert_int_equal(conf->subscribers_count, 2);
	assert_string_equal(conf->subscribers[0].path, "/run/pdns.sock");
	assert_null(conf->subscribers[1].path);
	assert_int_equal(conf->subscribers[1].key.secret_len_bytes, 20);
	assert_int_equal(conf->subscribers[1].key.alg, DDNS_TSIG_HMAC_SHA256);
	assert_int_equal(conf->subscribers[1].zones_count, 1);
	assert_int_equal(conf->subscribers[1].zones[0].wire[1], 'd');
	ddns_conf_free(conf);
	ddns_buf_done(&why);
}

static void
test_conf_load_names_the_line_and_what_is_allowed(void **state)
{
	(void)state;
	expect_mistake("\nno-such = 1\n", "2", "no-such");
	expect_mistake("rate-burst = 0\n", "1", "want 1 to 1000000 changes");
	expect_mistake("\n\nhttp-listen = {\"1.2.3\"}\n", "3", "no address");
	expect_mistake("log-level = loud\n", "1", "warning");
	expect_mistake("purge-again = {1, 2, 3, 4, 5}\n", "1", "more than 4");
	expect_mistake("subscriber \"a\" { kind = \"smtp\" }\n", "1",
	    "unbound-control");
	expect_mistake("subscriber \"a\" {\n kind = \"notify\"\n"
	    " address = \"/run/x\"\n}\n", "4", "no address");
	expect_mistake("subscriber \"a\" { kind = \"notify\""
	    " address = \"127.0.0.1\" }\n", "1", "key-name");
	expect_mistake("subscriber \"a\" { kind = \"pdns-control\""
	    " address = \"/a\" }\nsubscriber \"a\" { kind = \"pdns-control\""
	    " address = \"/b\" }\n", "2", "a");
}

static void
test_conf_load_refuses_a_key_that_others_can_read(void **state)
{
	char text[256];

	(void)state;
	write_file(key_path, "c2VjcmV0\n", 0644);
	snprintf(text, sizeof(text), "subscriber \"r\" { kind = notify "
	    "address = \"127.0.0.1\" key-name = k key-file = \"%s\" }\n",
	    key_path);
	expect_mistake(text, "1", "0640");
	write_file(key_path, "***\n", 0640);
	expect_mistake(text, "1", "base64");
}

static void
test_conf_load_https_wants_a_certificate(void **state)
{
	struct ddns_buf why = { 0 };
	struct ddns_conf *conf = NULL;

	(void)state;
	write_file(path, "https-listen = {\"127.0.0.1:8443\"}\n", 0644);
	assert_int_equal(ddns_conf_load(path, &conf, &why), DDNS_EFORMAT);
	assert_non_null(strstr(ddns_buf_text(&why), "tls-certificate"));
	ddns_buf_done(&why);
}

static void
test_conf_load_says_when_there_is_no_file(void **state)
{
	struct ddns_buf why = { 0 };
	struct ddns_conf *conf = NULL;

	(void)state;
	assert_int_equal(ddns_conf_load("/nonexistent/x.conf", &conf, &why),
	    DDNS_ENOTFOUND);
	assert_non_null(strstr(ddns_buf_text(&why), "/nonexistent/x.conf"));
	ddns_buf_done(&why);
}

static void
test_module_conf_load_reads_keys_and_zones(void **state)
{
	struct ddns_buf why = { 0 };
	struct ddns_module_conf *conf = NULL;
	char text[512];

	(void)state;
	write_file(key_path, "c2VjcmV0LXNlY3JldC1zZWNyZXQ=\n", 0640);
	snprintf(text, sizeof(text),
	    "key \"Ddns-Notify.\" { algorithm = \"hmac-sha512\" file = \"%s\" "
	    "}\nzone \"dyn.test\" { max-ttl = 60 }\nzone \"b.test\" {}\n",
	    key_path);
	write_file(path, text, 0644);
	if (ddns_module_conf_load(path, &conf, &why) != DDNS_OK)
		fail_msg("%s", ddns_buf_text(&why));
	assert_int_equal(conf->listen_count, 1);
	assert_int_equal(conf->allow_count, 2);
	assert_int_equal(conf->keys_count, 1);
	assert_int_equal(conf->keys[0].alg, DDNS_TSIG_HMAC_SHA512);
	assert_int_equal(conf->zones_count, 2);
	assert_int_equal(conf->zones[0].max_ttl_s, 60);
	assert_int_equal(conf->zones[1].max_ttl_s, 0);
	ddns_module_conf_free(conf);
	conf = NULL;
	write_file(path, "zone \"dyn.test\" {}\n", 0644);
	assert_int_equal(ddns_module_conf_load(path, &conf, &why),
	    DDNS_EFORMAT);
	assert_non_null(strstr(ddns_buf_text(&why), "key"));
	ddns_buf_done(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conf_load_empty_file_gives_defaults),
		cmocka_unit_test(test_conf_load_reads_what_is_written),
		cmocka_unit_test(
		    test_conf_load_names_the_line_and_what_is_allowed),
		cmocka_unit_test(
		    test_conf_load_refuses_a_key_that_others_can_read),
		cmocka_unit_test(test_conf_load_https_wants_a_certificate),
		cmocka_unit_test(test_conf_load_says_when_there_is_no_file),
		cmocka_unit_test(test_module_conf_load_reads_keys_and_zones),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
