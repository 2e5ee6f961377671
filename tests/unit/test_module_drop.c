/* SPDX-License-Identifier: BSD-3-Clause */
/* What is judged of a request, and in which order a drop goes; the caches
 * are played by this file. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/dns/notify.h"
#include "unbound-module/drop.h"
#include "unbound-module/verify.h"
#include "unbound-module/window.h"

#define NOW 1700000000

/* --- caches --- */

static struct {
	unsigned drops, steps, steps_wanted;
	uint16_t type;
	struct ddns_name apex, name;
	enum ddns_err err;
	uint64_t stamp; /* the generation while it was called */
} fake;

static struct ddns_generation generation;

enum ddns_err
ddns_cache_drop(struct ddns_cache *cache, const struct ddns_name *apex,
    const struct ddns_name *name, uint16_t type)
{
	(void)cache;
	fake.drops++;
	fake.apex = *apex;
	fake.name = *name;
	fake.type = type;
	fake.stamp = ddns_generation_stamp(&generation);
	return fake.err;
}

enum ddns_err
ddns_cache_walk_step(struct ddns_cache *cache, const struct ddns_name *below,
    struct ddns_cache_walk *walk, bool *ret_done)
{
	(void)cache;
	(void)walk;
	fake.steps++;
	fake.name = *below;
	fake.stamp = ddns_generation_stamp(&generation);
	*ret_done = fake.steps >= fake.steps_wanted;
	return fake.err;
}

/* --- around each test --- */

static struct ddns_zones *zones;
static struct ddns_stats stats;
static struct ddns_dropper dropper;
static struct ddns_tsig_key *key, *stranger, *forger;

static struct ddns_name
name_of(const char *text)
{
	struct ddns_name name;

	assert_int_equal(ddns_name_parse(text, &name), DDNS_OK);
	return name;
}

static struct ddns_tsig_key *
key_of(const char *text, const char *secret)
{
	struct ddns_name name = name_of(text);
	struct ddns_tsig_key *made;

	assert_int_equal(ddns_tsig_key_new(&name, DDNS_TSIG_HMAC_SHA256,
	    (struct ddns_span){ (const uint8_t *)secret, strlen(secret) },
	    &made), DDNS_OK);
	return made;
}

static int
setup(void **state)
{
	struct ddns_module_zone list[] = { { name_of("dyn.test"), 0 } };

	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&stats, 0, sizeof(stats));
	ddns_generation_init(&generation, 0);
	(void)ddns_windows_reset();
	assert_int_equal(ddns_zones_new(list, 1, 1, &zones), DDNS_OK);
	dropper = (struct ddns_dropper){ NULL, &generation, zones, &stats, 0 };
	key = key_of("k.test", "a secret");
	forger = key_of("k.test", "another secret");
	stranger = key_of("x.test", "a secret");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ddns_zones_free(zones);
	ddns_tsig_key_free(key);
	ddns_tsig_key_free(forger);
	ddns_tsig_key_free(stranger);
	return 0;
}

static struct ddns_zone *
zone(void)
{
	struct ddns_name name = name_of("dyn.test");
	uint64_t hash;

	return ddns_zones_find(zones, name.wire, name.len_bytes, &hash);
}

static enum ddns_freshness
fresh(const char *text, uint64_t stamp)
{
	struct ddns_name name = name_of(text);
	uint64_t hash;

	assert_non_null(ddns_zones_find(zones, name.wire, name.len_bytes,
	    &hash));
	return ddns_generation_check(ddns_generation_name(&generation, hash),
	    stamp);
}

/* --- drop --- */

static void
test_drop_name_moves_marks_before_and_after(void **state)
{
	struct ddns_name name = name_of("a.b.dyn.test");
	uint64_t before = ddns_generation_stamp(&generation);

	(void)state;
	assert_int_equal(ddns_drop_name(&dropper, zone(), &name, 28),
	    DDNS_OK);
	assert_int_equal(fake.drops, 1);
	assert_int_equal(fake.type, 28);
	assert_true(ddns_name_equal(&fake.name, &name));
	assert_true(ddns_name_equal(&fake.apex, &zone()->name));
	assert_true(fake.stamp & 1);
	/* begun before or while it was dropped: stale */
	assert_int_equal(fresh("a.b.dyn.test", before), DDNS_STALE);
	assert_int_equal(fresh("a.b.dyn.test", fake.stamp), DDNS_STALE);
	/* may have been "no such name" until now */
	assert_int_equal(fresh("b.dyn.test", before), DDNS_STALE);
	/* the apex is always there */
	assert_int_equal(fresh("dyn.test", before), DDNS_FRESH);
	assert_int_equal(fresh("c.dyn.test", before), DDNS_FRESH);
	assert_int_equal(ddns_generation_check(&zone()->whole, before),
	    DDNS_FRESH);
	assert_int_equal(ddns_generation_check(&zone()->proof, before),
	    DDNS_STALE);
	assert_int_equal(fresh("a.b.dyn.test",
	    ddns_generation_stamp(&generation)), DDNS_FRESH);
	assert_int_equal(stats.dropped_names, 1);
}

static void
test_drop_of_the_apex_marks_the_apex(void **state)
{
	struct ddns_name name = name_of("dyn.test");

	(void)state;
	assert_int_equal(ddns_drop_name(&dropper, zone(), &name, 1), DDNS_OK);
	assert_int_equal(fresh("dyn.test", 0), DDNS_STALE);
}

static void
test_drop_goes_twice_when_a_worker_was_storing(void **state)
{
	struct ddns_name name = name_of("a.dyn.test");
	struct ddns_window *w = ddns_window_mine(ddns_windows_reset());

	(void)state;
	ddns_window_enter(w);
	assert_int_equal(ddns_drop_name(&dropper, zone(), &name, 1), DDNS_OK);
	assert_int_equal(fake.drops, 2);
	ddns_window_leave(w);
	assert_int_equal(ddns_drop_name(&dropper, zone(), &name, 1), DDNS_OK);
	assert_int_equal(fake.drops, 3);
	dropper.grace_us = 1;
	assert_int_equal(ddns_drop_name(&dropper, zone(), &name, 1), DDNS_OK);
	assert_int_equal(fake.drops, 5);
}

static void
test_drop_while_unbound_stops_is_not_done(void **state)
{
	struct ddns_name name = name_of("a.dyn.test");

	(void)state;
	fake.err = DDNS_ESTOP;
	assert_int_equal(ddns_drop_name(&dropper, zone(), &name, 1),
	    DDNS_ESTOP);
	assert_int_equal(stats.dropped_names, 0);
	assert_false(ddns_generation_stamp(&generation) & 1);
}

static void
test_drop_wide_are_soa_delegation_dname_and_wildcard(void **state)
{
	struct ddns_name name = name_of("a.dyn.test");
	struct ddns_name star = name_of("*.dyn.test");

	(void)state;
	assert_true(ddns_drop_is_wide(&name, 6));
	assert_true(ddns_drop_is_wide(&name, 2));
	assert_true(ddns_drop_is_wide(&name, 39));
	assert_true(ddns_drop_is_wide(&star, 1));
	assert_false(ddns_drop_is_wide(&name, 1));
	assert_false(ddns_drop_is_wide(&name, 255));
}

static void
test_drop_walk_marks_the_zone_until_it_is_done(void **state)
{
	struct ddns_name star = name_of("*.w.dyn.test"), below;
	struct ddns_drop_walk walk;
	uint64_t before = ddns_generation_stamp(&generation);
	bool done = false;

	(void)state;
	fake.steps_wanted = 3;
	ddns_drop_walk_begin(&dropper, zone(), &star, &walk);
	assert_int_equal(ddns_generation_check(&zone()->whole, before),
	    DDNS_STALE);
	for (int i = 0; i < 3; i++) {
		assert_false(done);
		assert_int_equal(ddns_drop_walk_step(&dropper, &walk, &done),
		    DDNS_OK);
		assert_true(fake.stamp & 1);
	}
	assert_true(done);
	below = name_of("w.dyn.test");
	assert_true(ddns_name_equal(&fake.name, &below));
	assert_int_equal(fake.drops, 1); /* what hangs on names above */
	assert_int_equal(fake.type, 255);
	assert_false(ddns_generation_stamp(&generation) & 1);
	assert_int_equal(ddns_generation_check(&zone()->whole,
	    fake.stamp), DDNS_STALE);
	assert_int_equal(stats.dropped_zones, 1);
}

static void
test_drop_walk_that_is_stopped_ends_its_marks(void **state)
{
	struct ddns_name apex = name_of("dyn.test");
	struct ddns_drop_walk walk;
	bool done;

	(void)state;
	fake.steps_wanted = 3;
	ddns_drop_walk_begin(&dropper, zone(), &apex, &walk);
	fake.err = DDNS_ESTOP;
	assert_int_equal(ddns_drop_walk_step(&dropper, &walk, &done),
	    DDNS_ESTOP);
	assert_false(ddns_generation_stamp(&generation) & 1);
	assert_int_equal(stats.dropped_zones, 0);
}

/* --- verify --- */

static struct ddns_tsig_key *
find(const struct ddns_name *name, void *arg)
{
	return ddns_name_equal(name, ddns_tsig_key_get_name(key)) ? arg : NULL;
}

static struct ddns_buf
notify(const char *text, uint16_t type, struct ddns_tsig_key *by, int64_t when)
{
	struct ddns_notify n = { .id = 77, .type = type };
	struct ddns_buf out = { 0 };

	n.name = name_of(text);
	assert_int_equal(ddns_notify_write(&n, 0, (struct ddns_span){ 0 },
	    &out), DDNS_OK);
	if (by != NULL)
		assert_int_equal(ddns_tsig_sign(&out, 0, by, NULL,
		    (struct ddns_unix_s){ when }, NULL), DDNS_OK);
	return out;
}

static struct ddns_request
judge(const struct ddns_buf *msg)
{
	struct ddns_request request;

	ddns_verify(ddns_buf_span(msg), find, key, zones,
	    (struct ddns_unix_s){ NOW }, &stats, &request);
	return request;
}

/* The answer's rcode; its TSIG must be as told. */
static unsigned
answer(struct ddns_request *request, bool tsig, bool mac)
{
	struct ddns_buf out = { .max_bytes = DDNS_ANSWER_MAX_BYTES };
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;
	const uint8_t *p;

	assert_int_equal(ddns_verify_answer(request, request->rcode,
	    (struct ddns_unix_s){ NOW }, &out), DDNS_OK);
	assert_int_equal(ddns_msg_read_header(ddns_buf_span(&out), &header),
	    DDNS_OK);
	assert_int_equal(ddns_msg_scan(ddns_buf_span(&out), &header, &extra),
	    DDNS_OK);
	assert_int_equal(header.id, request->header.id);
	assert_true(header.flags & DDNS_MSG_QR);
	assert_int_equal(extra.has_tsig, tsig);
	if (tsig) {
		p = out.base + extra.tsig.rdata;
		p += strlen((const char *)p) + 1 + 8; /* to the MAC's size */
		assert_int_equal(ddns_get_u16(p) > 0, mac);
	}
	ddns_buf_done(&out);
	return ddns_msg_rcode(&header);
}

static void
test_verify_signed_notify_drops(void **state)
{
	struct ddns_buf msg = notify("A.Dyn.test", 28, key, NOW);
	struct ddns_request request = judge(&msg);
	struct ddns_name want = name_of("a.dyn.test");

	(void)state;
	assert_int_equal(request.verdict, DDNS_VERDICT_DROP);
	assert_int_equal(request.notify.type, 28);
	assert_memory_equal(request.notify.name.wire, want.wire,
	    want.len_bytes); /* in lower case */
	assert_ptr_equal(request.zone, zone());
	assert_int_equal(answer(&request, true, true), DDNS_RCODE_NOERROR);
	ddns_buf_done(&msg);
}

static void
refused(struct ddns_buf msg, unsigned rcode, unsigned error, bool tsig,
    bool mac)
{
	struct ddns_request request = judge(&msg);

	assert_int_equal(request.verdict, DDNS_VERDICT_ANSWER);
	assert_int_equal(answer(&request, tsig, mac), rcode);
	assert_int_equal(request.tsig.error, error);
	ddns_buf_done(&msg);
}

static void
test_verify_refusals_are_answered_as_rfc_8945_says(void **state)
{
	(void)state;
	refused(notify("a.dyn.test", 1, NULL, NOW), DDNS_RCODE_REFUSED, 0,
	    false, false);
	refused(notify("a.dyn.test", 1, stranger, NOW), DDNS_RCODE_NOTAUTH,
	    DDNS_RCODE_BADKEY, true, false);
	refused(notify("a.dyn.test", 1, forger, NOW), DDNS_RCODE_NOTAUTH,
	    DDNS_RCODE_BADSIG, true, false);
	refused(notify("a.dyn.test", 1, key, NOW - 301), DDNS_RCODE_NOTAUTH,
	    DDNS_RCODE_BADTIME, true, true);
	refused(notify("a.dyn.test", 1, key, NOW + 301), DDNS_RCODE_NOTAUTH,
	    DDNS_RCODE_BADTIME, true, true);
	refused(notify("a.else.test", 1, key, NOW), DDNS_RCODE_REFUSED, 0,
	    true, true);
	assert_int_equal(stats.unsigned_, 1);
	assert_int_equal(stats.badkey, 1);
	assert_int_equal(stats.badsig, 1);
	assert_int_equal(stats.badtime, 2);
	assert_int_equal(stats.unknown_zone, 1);
}

static void
test_verify_every_changed_octet_is_noticed(void **state)
{
	struct ddns_buf msg = notify("a.dyn.test", 1, key, NOW);
	struct ddns_request request;

	(void)state;
	for (size_t i = 0; i < msg.len_bytes; i++) {
		if (i < 2)
			continue; /* the id: TSIG carries the signed one */
		msg.base[i] ^= 0x01;
		request = judge(&msg);
		/* names are signed in lower case, yet 'a' ^ 1 is another */
		if (request.verdict == DDNS_VERDICT_DROP)
			fail_msg("octet %zu", i);
		msg.base[i] ^= 0x01;
	}
	ddns_buf_done(&msg);
}

static void
test_verify_every_truncation_is_noticed(void **state)
{
	struct ddns_buf msg = notify("a.dyn.test", 1, key, NOW);
	size_t whole = msg.len_bytes;
	struct ddns_request request;

	(void)state;
	for (msg.len_bytes = 0; msg.len_bytes < whole; msg.len_bytes++) {
		request = judge(&msg);
		assert_int_not_equal(request.verdict, DDNS_VERDICT_DROP);
		assert_int_equal(request.verdict == DDNS_VERDICT_IGNORE,
		    msg.len_bytes < 12);
		if (request.verdict == DDNS_VERDICT_ANSWER)
			assert_int_equal(answer(&request, false, false),
			    DDNS_RCODE_FORMERR);
	}
	msg.len_bytes = whole;
	ddns_buf_done(&msg);
}

static void
test_verify_is_silent_to_answers_and_says_notimp_to_others(void **state)
{
	struct ddns_buf msg = notify("a.dyn.test", 1, key, NOW);
	struct ddns_request request;

	(void)state;
	msg.base[2] |= 0x80;
	request = judge(&msg);
	assert_int_equal(request.verdict, DDNS_VERDICT_IGNORE);
	msg.base[2] = 0; /* QUERY */
	request = judge(&msg);
	assert_int_equal(request.verdict, DDNS_VERDICT_ANSWER);
	assert_int_equal(answer(&request, false, false), DDNS_RCODE_NOTIMP);
	ddns_buf_done(&msg);
}

static void
test_stats_tell_what_was_and_no_more(void **state)
{
	struct ddns_buf out = { 0 };

	(void)state;
	ddns_stats_format(&stats, &out);
	assert_string_equal(ddns_buf_text(&out), "nothing yet");
	ddns_buf_reset(&out);
	ddns_stats_add(&stats.acked);
	ddns_stats_took(&stats, 30);
	ddns_stats_took(&stats, 20);
	ddns_stats_format(&stats, &out);
	assert_string_equal(ddns_buf_text(&out),
	    "1 acknowledged, last drop took 20 us, the worst 30 us");
	ddns_buf_done(&out);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_drop_name_moves_marks_before_and_after),
		TEST(test_drop_of_the_apex_marks_the_apex),
		TEST(test_drop_goes_twice_when_a_worker_was_storing),
		TEST(test_drop_while_unbound_stops_is_not_done),
		TEST(test_drop_wide_are_soa_delegation_dname_and_wildcard),
		TEST(test_drop_walk_marks_the_zone_until_it_is_done),
		TEST(test_drop_walk_that_is_stopped_ends_its_marks),
		TEST(test_verify_signed_notify_drops),
		TEST(test_verify_refusals_are_answered_as_rfc_8945_says),
		TEST(test_verify_every_changed_octet_is_noticed),
		TEST(test_verify_every_truncation_is_noticed),
		TEST(test_verify_is_silent_to_answers_and_says_notimp_to_others),
		TEST(test_stats_tell_what_was_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
