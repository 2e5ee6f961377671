/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 2136 s.3 on a real store: each test writes a message, runs the steps a
 * DNS port runs, and looks at the answer and at the records.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "common/dns/rdata.h"
#include "common/update/message.h"

static char dir[] = "/tmp/ddns-message-XXXXXX";
static char path[64];
static struct ddns_store *store;
static struct ddns_zone zone;
static struct ddns_buf wire;
static struct ddns_msg_writer writer;

static struct ddns_name
name(const char *text)
{
	struct ddns_name n;

	assert_int_equal(ddns_name_parse(text, &n), DDNS_OK);
	return n;
}

static void
start(const char *zone_name, uint16_t type)
{
	struct ddns_name apex = name(zone_name);

	ddns_buf_reset(&wire);
	ddns_msg_start(&writer, &wire, 1, DDNS_OPCODE_UPDATE << 11);
	assert_int_equal(ddns_msg_put_question(&writer, &apex, type,
	    DDNS_CLASS_IN), DDNS_OK);
}

/* text NULL: no rdata */
static void
put(enum ddns_section section, const char *owner, uint16_t type,
    uint16_t class, uint32_t ttl_s, const char *text)
{
	struct ddns_name n = name(owner);
	struct ddns_buf rdata = { 0 };

	if (text != NULL)
		assert_int_equal(ddns_rdata_parse(type, text, &rdata),
		    DDNS_OK);
	assert_int_equal(ddns_msg_put_rr(&writer, section, &n, type, class,
	    ttl_s, ddns_buf_span(&rdata)), DDNS_OK);
	ddns_buf_done(&rdata);
}

#define PREREQ(owner, type, class, text) \
	put(DDNS_SECTION_ANSWER, owner, type, class, 0, text)
#define ADD(owner, type, text) \
	put(DDNS_SECTION_AUTHORITY, owner, type, DDNS_CLASS_IN, 60, text)
#define DELETE_SET(owner, type) \
	put(DDNS_SECTION_AUTHORITY, owner, type, DDNS_CLASS_ANY, 0, NULL)
#define DELETE_RR(owner, type, text) \
	put(DDNS_SECTION_AUTHORITY, owner, type, DDNS_CLASS_NONE, 0, text)

static unsigned changes;

static unsigned
run(void)
{
	struct ddns_actor actor = { .protocol = "update",
		.now = { 1000000 } };
	struct ddns_update_message *message = NULL;
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;
	struct ddns_span msg = ddns_buf_span(&wire);
	unsigned rcode = 99;

	changes = 0;
	assert_int_equal(ddns_msg_read_header(msg, &header), DDNS_OK);
	assert_int_equal(ddns_msg_scan(msg, &header, &extra), DDNS_OK);
	if (ddns_update_message_read(msg, &header, &extra, &message,
	    &rcode) != DDNS_OK)
		return rcode;
	assert_int_equal(ddns_store_begin(store, DDNS_STORE_WRITE), DDNS_OK);
	assert_int_equal(ddns_store_zone_get(store, zone.id, &zone), DDNS_OK);
	assert_int_equal(ddns_update_message_test(store, &zone, message,
	    &rcode), DDNS_OK);
	if (rcode == DDNS_RCODE_NOERROR)
		rcode = message->prescan_rcode;
	if (rcode == DDNS_RCODE_NOERROR)
		assert_int_equal(ddns_update_message_apply(store, &actor,
		    &zone, message, &changes), DDNS_OK);
	assert_int_equal(ddns_store_commit(store), DDNS_OK);
	assert_int_equal(ddns_store_zone_get(store, zone.id, &zone), DDNS_OK);
	ddns_update_message_free(message);
	return rcode;
}

static enum ddns_err
list_rr(const struct ddns_rr *rr, void *arg)
{
	char type[DDNS_TYPE_TEXT_MAX];

	if (rr->type != DDNS_TYPE_NONE)
		ddns_buf_putf(arg, "%s %u %s;",
		    ddns_type_format(rr->type, type), rr->ttl_s, rr->content);
	return DDNS_OK;
}

static void
expect_records(const char *owner, const char *want)
{
	struct ddns_name n = name(owner);
	struct ddns_buf got = { 0 };

	assert_int_equal(ddns_store_rr_lookup(store, zone.id, &n,
	    DDNS_TYPE_ANY, list_rr, &got), DDNS_OK);
	assert_string_equal(ddns_buf_text(&got), want);
	ddns_buf_done(&got);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/t.db", dir);
	return 0;
}

static int
teardown(void **state)
{
	char other[80];

	(void)state;
	for (const char *const *suffix = (const char *const[]){ "", "-wal",
	    "-shm", NULL }; *suffix != NULL; suffix++) {
		snprintf(other, sizeof(other), "%s%s", path, *suffix);
		unlink(other);
	}
	ddns_buf_done(&wire);
	return rmdir(dir);
}

static int
open_zone(void **state)
{
	(void)state;
	if (ddns_store_open(path, DDNS_STORE_WRITE, &store) != DDNS_OK)
		return -1;
	zone = (struct ddns_zone){ .name = name("dyn.test"), .serial = 10,
		.mname = name("ns1.dyn.test"), .rname = name("h.dyn.test"),
		.refresh_s = 1, .retry_s = 2, .expire_s = 3, .minimum_s = 4,
		.soa_ttl_s = 5, .host_ttl_s = 60, .ttl_max_s = 86400 };
	if (ddns_store_zone_add(store, &zone, &zone.id) != DDNS_OK)
		return -1;
	start("dyn.test", DDNS_TYPE_SOA);
	ADD("dyn.test", DDNS_TYPE_NS, "ns1.dyn.test");
	ADD("dyn.test", DDNS_TYPE_NS, "ns2.dyn.test");
	ADD("a.dyn.test", DDNS_TYPE_A, "192.0.2.1");
	ADD("c.dyn.test", DDNS_TYPE_CNAME, "a.dyn.test");
	ADD("t.e.dyn.test", DDNS_TYPE_TXT, "\"x\"");
	return run() == DDNS_RCODE_NOERROR && changes == 4 ? 0 : -1;
}

static int
close_zone(void **state)
{
	int failed;

	(void)state;
	failed = ddns_store_zone_delete(store, zone.id) != DDNS_OK;
	ddns_store_free(store);
	return failed;
}

static void
test_read_zone_section_must_be_one_soa(void **state)
{
	(void)state;
	start("dyn.test", DDNS_TYPE_A);
	assert_int_equal(run(), DDNS_RCODE_FORMERR);
	start("dyn.test", DDNS_TYPE_SOA);
	ddns_set_u16(wire.base + 4, 0); /* the question becomes trailing */
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;
	assert_int_equal(ddns_msg_read_header(ddns_buf_span(&wire), &header),
	    DDNS_OK);
	assert_int_equal(ddns_msg_scan(ddns_buf_span(&wire), &header, &extra),
	    DDNS_EFORMAT);
}

static void
test_message_test_existence_forms(void **state)
{
	static const struct {
		const char *owner;
		uint16_t type, class;
		unsigned rcode;
	} t[] = {
		{ "a.dyn.test", DDNS_TYPE_ANY, DDNS_CLASS_ANY, 0 },
		{ "A.Dyn.Test", DDNS_TYPE_A, DDNS_CLASS_ANY, 0 },
		{ "dyn.test", DDNS_TYPE_SOA, DDNS_CLASS_ANY, 0 },
		{ "n.dyn.test", DDNS_TYPE_ANY, DDNS_CLASS_ANY,
		    DDNS_RCODE_NXDOMAIN },
		{ "e.dyn.test", DDNS_TYPE_ANY, DDNS_CLASS_ANY,
		    DDNS_RCODE_NXDOMAIN }, /* empty non-terminal */
		{ "a.dyn.test", DDNS_TYPE_AAAA, DDNS_CLASS_ANY,
		    DDNS_RCODE_NXRRSET },
		{ "n.dyn.test", DDNS_TYPE_ANY, DDNS_CLASS_NONE, 0 },
		{ "a.dyn.test", DDNS_TYPE_ANY, DDNS_CLASS_NONE,
		    DDNS_RCODE_YXDOMAIN },
		{ "a.dyn.test", DDNS_TYPE_AAAA, DDNS_CLASS_NONE, 0 },
		{ "a.dyn.test", DDNS_TYPE_A, DDNS_CLASS_NONE,
		    DDNS_RCODE_YXRRSET },
		{ "a.other.test", DDNS_TYPE_A, DDNS_CLASS_ANY,
		    DDNS_RCODE_NOTZONE },
		{ "a.dyn.test", DDNS_TYPE_MAILB, DDNS_CLASS_ANY,
		    DDNS_RCODE_FORMERR },
		{ "a.dyn.test", DDNS_TYPE_A, DDNS_CLASS_CH,
		    DDNS_RCODE_FORMERR },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		start("dyn.test", DDNS_TYPE_SOA);
		PREREQ(t[i].owner, t[i].type, t[i].class, NULL);
		if (run() != t[i].rcode)
			fail_msg("case %zu", i);
		assert_int_equal(changes, 0);
	}
	assert_int_equal(zone.serial, 11);
}

static void
test_message_test_compares_values_as_sets(void **state)
{
	(void)state;
	start("dyn.test", DDNS_TYPE_SOA);
	PREREQ("dyn.test", DDNS_TYPE_NS, DDNS_CLASS_IN, "NS2.dyn.test");
	PREREQ("dyn.test", DDNS_TYPE_NS, DDNS_CLASS_IN, "ns1.dyn.test");
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	start("dyn.test", DDNS_TYPE_SOA);
	PREREQ("dyn.test", DDNS_TYPE_NS, DDNS_CLASS_IN, "ns1.dyn.test");
	assert_int_equal(run(), DDNS_RCODE_NXRRSET);
	start("dyn.test", DDNS_TYPE_SOA);
	PREREQ("n.dyn.test", DDNS_TYPE_A, DDNS_CLASS_IN, "192.0.2.1");
	assert_int_equal(run(), DDNS_RCODE_NXRRSET);
	/* a failing existence test wins over a failing value test before it */
	start("dyn.test", DDNS_TYPE_SOA);
	PREREQ("a.dyn.test", DDNS_TYPE_A, DDNS_CLASS_IN, "192.0.2.99");
	PREREQ("a.dyn.test", DDNS_TYPE_A, DDNS_CLASS_NONE, NULL);
	assert_int_equal(run(), DDNS_RCODE_YXRRSET);
}

static void
test_message_prescan_stops_the_whole_message(void **state)
{
	(void)state;
	start("dyn.test", DDNS_TYPE_SOA);
	ADD("x.dyn.test", DDNS_TYPE_A, "192.0.2.9");
	ADD("x.other.test", DDNS_TYPE_A, "192.0.2.9");
	assert_int_equal(run(), DDNS_RCODE_NOTZONE);
	expect_records("x.dyn.test", "");
	start("dyn.test", DDNS_TYPE_SOA);
	put(DDNS_SECTION_AUTHORITY, "x.dyn.test", DDNS_TYPE_A,
	    DDNS_CLASS_ANY, 1, NULL);
	assert_int_equal(run(), DDNS_RCODE_FORMERR);
	start("dyn.test", DDNS_TYPE_SOA);
	put(DDNS_SECTION_AUTHORITY, "x.dyn.test", DDNS_TYPE_AXFR,
	    DDNS_CLASS_ANY, 0, NULL);
	assert_int_equal(run(), DDNS_RCODE_FORMERR);
	start("dyn.test", DDNS_TYPE_SOA);
	put(DDNS_SECTION_AUTHORITY, "x.dyn.test", DDNS_TYPE_A,
	    DDNS_CLASS_IN, 1, NULL); /* no rdata */
	assert_int_equal(run(), DDNS_RCODE_FORMERR);
}

static void
test_message_apply_changes_in_order_and_once(void **state)
{
	(void)state;
	start("dyn.test", DDNS_TYPE_SOA);
	DELETE_SET("a.dyn.test", DDNS_TYPE_A);
	ADD("a.dyn.test", DDNS_TYPE_A, "192.0.2.2");
	ADD("a.dyn.test", DDNS_TYPE_A, "192.0.2.3");
	DELETE_RR("a.dyn.test", DDNS_TYPE_A, "192.0.2.3");
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	assert_int_equal(changes, 1);
	assert_int_equal(zone.serial, 12);
	expect_records("a.dyn.test", "A 60 192.0.2.2;");
}

static void
test_message_apply_no_change_steps_no_serial(void **state)
{
	(void)state;
	start("dyn.test", DDNS_TYPE_SOA);
	DELETE_SET("a.dyn.test", DDNS_TYPE_ANY);
	ADD("a.dyn.test", DDNS_TYPE_A, "192.0.2.1");
	DELETE_SET("n.dyn.test", DDNS_TYPE_A);
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	assert_int_equal(changes, 0);
	assert_int_equal(zone.serial, 11);
}

static void
test_message_apply_ttl_of_the_set_follows_the_last_add(void **state)
{
	(void)state;
	start("dyn.test", DDNS_TYPE_SOA);
	put(DDNS_SECTION_AUTHORITY, "a.dyn.test", DDNS_TYPE_A, DDNS_CLASS_IN,
	    300, "192.0.2.2");
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	expect_records("a.dyn.test", "A 300 192.0.2.1;A 300 192.0.2.2;");
}

static void
test_message_apply_cname_rules(void **state)
{
	(void)state;
	start("dyn.test", DDNS_TYPE_SOA);
	ADD("a.dyn.test", DDNS_TYPE_CNAME, "b.dyn.test"); /* onto data */
	ADD("c.dyn.test", DDNS_TYPE_A, "192.0.2.7");      /* onto CNAME */
	ADD("dyn.test", DDNS_TYPE_CNAME, "a.dyn.test");   /* the apex */
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	assert_int_equal(changes, 0);
	start("dyn.test", DDNS_TYPE_SOA);
	ADD("c.dyn.test", DDNS_TYPE_CNAME, "b.dyn.test");
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	expect_records("c.dyn.test", "CNAME 60 b.dyn.test;");
	start("dyn.test", DDNS_TYPE_SOA); /* within one message */
	DELETE_SET("c.dyn.test", DDNS_TYPE_CNAME);
	ADD("c.dyn.test", DDNS_TYPE_A, "192.0.2.7");
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	expect_records("c.dyn.test", "A 60 192.0.2.7;");
}

static void
test_message_apply_apex_keeps_soa_and_ns(void **state)
{
	(void)state;
	start("dyn.test", DDNS_TYPE_SOA);
	ADD("dyn.test", DDNS_TYPE_TXT, "\"gone\"");
	DELETE_SET("dyn.test", DDNS_TYPE_ANY);
	DELETE_SET("dyn.test", DDNS_TYPE_NS);
	DELETE_SET("dyn.test", DDNS_TYPE_SOA);
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	expect_records("dyn.test", "NS 60 ns1.dyn.test;NS 60 ns2.dyn.test;");
	start("dyn.test", DDNS_TYPE_SOA);
	DELETE_RR("dyn.test", DDNS_TYPE_NS, "ns1.dyn.test");
	DELETE_RR("dyn.test", DDNS_TYPE_NS, "ns2.dyn.test");
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	expect_records("dyn.test", "NS 60 ns2.dyn.test;");
}

static void
test_message_apply_soa_only_with_a_greater_serial(void **state)
{
	(void)state;
	start("dyn.test", DDNS_TYPE_SOA);
	ADD("dyn.test", DDNS_TYPE_SOA, "m.dyn.test r.dyn.test 9 1 2 3 4");
	ADD("a.dyn.test", DDNS_TYPE_SOA, "m.dyn.test r.dyn.test 99 1 2 3 4");
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	assert_int_equal(zone.serial, 11);
	start("dyn.test", DDNS_TYPE_SOA);
	ADD("dyn.test", DDNS_TYPE_SOA, "m.dyn.test r.dyn.test 99 7 2 3 4");
	ADD("a.dyn.test", DDNS_TYPE_A, "192.0.2.50");
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	assert_int_equal(zone.serial, 99);
	assert_int_equal(zone.refresh_s, 7);
}

static void
test_message_apply_registered_name_stays_registered(void **state)
{
	struct ddns_name n = name("h.dyn.test");
	struct ddns_rrset set = { 0 };
	bool any;

	(void)state;
	assert_int_equal(ddns_rrset_add(&set, 0,
	    (struct ddns_span){ (const uint8_t *)"", 0 }), DDNS_OK);
	assert_int_equal(ddns_store_rrset_put(store, zone.id, &n,
	    DDNS_TYPE_NONE, &set), DDNS_OK);
	ddns_rrset_done(&set);
	start("dyn.test", DDNS_TYPE_SOA); /* it is not "in use" */
	PREREQ("h.dyn.test", DDNS_TYPE_ANY, DDNS_CLASS_NONE, NULL);
	ADD("h.dyn.test", DDNS_TYPE_CNAME, "a.dyn.test");
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	expect_records("h.dyn.test", "CNAME 60 a.dyn.test;");
	start("dyn.test", DDNS_TYPE_SOA);
	DELETE_SET("h.dyn.test", DDNS_TYPE_ANY);
	assert_int_equal(run(), DDNS_RCODE_NOERROR);
	assert_int_equal(ddns_store_rr_any_at(store, zone.id, &n, &any),
	    DDNS_OK);
	assert_true(any);
}

static unsigned
may(const struct ddns_subject *who, const char *want_why)
{
	struct ddns_update_message *message = NULL;
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;
	struct ddns_span msg = ddns_buf_span(&wire);
	struct ddns_buf why = { 0 };
	unsigned rcode = 99;

	assert_int_equal(ddns_msg_read_header(msg, &header), DDNS_OK);
	assert_int_equal(ddns_msg_scan(msg, &header, &extra), DDNS_OK);
	assert_int_equal(ddns_update_message_read(msg, &header, &extra,
	    &message, &rcode), DDNS_OK);
	assert_int_equal(ddns_update_message_authorize(store, &zone, who,
	    message, &rcode, NULL, &why), DDNS_OK);
	assert_string_equal(ddns_buf_text(&why), want_why);
	ddns_buf_done(&why);
	ddns_update_message_free(message);
	return rcode;
}

static void
test_message_authorize_keeps_the_policy_of_hosts(void **state)
{
	struct ddns_account account = { .name = "alice", .note = "" };
	struct ddns_cred cred = { .kind = DDNS_CRED_TSIG, .name = "k",
		.note = "" };
	struct ddns_grant grant = { .kind = DDNS_GRANT_SUBTREE,
		.name = name("dyn.test"), .types = "ANY" };
	struct ddns_host host = { .zone_id = zone.id, .note = "",
		.name = name("h.dyn.test") };
	struct ddns_subject who = { .kind = DDNS_CRED_TSIG,
		.cred_name = "k" };

	(void)state;
	assert_int_equal(ddns_store_begin(store, DDNS_STORE_WRITE), DDNS_OK);
	assert_int_equal(ddns_store_account_add(store, &account,
	    &account.id), DDNS_OK);
	cred.account_id = host.account_id = who.account_id = account.id;
	assert_int_equal(ddns_store_cred_add(store, &cred, &cred.id),
	    DDNS_OK);
	grant.cred_id = who.cred_id = cred.id;
	assert_int_equal(ddns_store_grant_add(store, &grant, &grant.id),
	    DDNS_OK);
	assert_int_equal(ddns_store_host_add(store, &host, &host.id),
	    DDNS_OK);

	start("dyn.test", DDNS_TYPE_SOA);
	DELETE_SET("h.dyn.test", DDNS_TYPE_ANY);
	ADD("h.dyn.test", DDNS_TYPE_A, "8.8.8.8");
	ADD("h.dyn.test", DDNS_TYPE_AAAA, "2a00::1");
	ADD("h.dyn.test", DDNS_TYPE_TXT, "\"x\"");
	assert_int_equal(may(&who, ""), DDNS_RCODE_NOERROR);
	start("dyn.test", DDNS_TYPE_SOA); /* no host: no policy */
	ADD("other.dyn.test", DDNS_TYPE_A, "10.0.0.1");
	assert_int_equal(may(&who, ""), DDNS_RCODE_NOERROR);
	ADD("h.dyn.test", DDNS_TYPE_A, "10.0.0.1");
	assert_int_equal(may(&who, "10.0.0.1 is private (RFC 1918, "
	    "RFC 4193)"), DDNS_RCODE_REFUSED);
	start("dyn.test", DDNS_TYPE_SOA); /* to take it away is fine */
	DELETE_RR("h.dyn.test", DDNS_TYPE_A, "10.0.0.1");
	assert_int_equal(may(&who, ""), DDNS_RCODE_NOERROR);
	start("dyn.test", DDNS_TYPE_SOA);
	ADD("h.dyn.test", DDNS_TYPE_AAAA, "::1");
	assert_int_equal(may(&who, "::1 is loopback"), DDNS_RCODE_REFUSED);

	host.flags = DDNS_HOST_DISABLED;
	assert_int_equal(ddns_store_host_set(store, &host), DDNS_OK);
	start("dyn.test", DDNS_TYPE_SOA);
	DELETE_SET("h.dyn.test", DDNS_TYPE_TXT);
	assert_int_equal(may(&who, "the host is disabled"),
	    DDNS_RCODE_REFUSED);
	ddns_store_rollback(store);
}

#define IN_ZONE(f) cmocka_unit_test_setup_teardown(f, open_zone, close_zone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ZONE(test_read_zone_section_must_be_one_soa),
		IN_ZONE(test_message_test_existence_forms),
		IN_ZONE(test_message_test_compares_values_as_sets),
		IN_ZONE(test_message_prescan_stops_the_whole_message),
		IN_ZONE(test_message_apply_changes_in_order_and_once),
		IN_ZONE(test_message_apply_no_change_steps_no_serial),
		IN_ZONE(test_message_apply_ttl_of_the_set_follows_the_last_add),
		IN_ZONE(test_message_apply_cname_rules),
		IN_ZONE(test_message_apply_apex_keeps_soa_and_ns),
		IN_ZONE(test_message_apply_soa_only_with_a_greater_serial),
		IN_ZONE(test_message_apply_registered_name_stays_registered),
		IN_ZONE(test_message_authorize_keeps_the_policy_of_hosts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
