/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include "common/update/address.h"
#include "common/update/apply.h"
#include "common/update/attempts.h"
#include "common/update/hostname.h"

/* zone d.test, account and token c with grants for h1 and h2, h3 of another */
struct world {
	struct store_test *t;
	struct ddns_principal who;
	int64_t zone_id, h1;
};

static int64_t
add_host(struct world *w, const char *name, int64_t account_id,
    unsigned flags)
{
	struct ddns_host host = { .zone_id = w->zone_id, .name = name_of(name),
		.account_id = account_id, .flags = flags };
	int64_t id;

	assert_ok(ddns_store_host_add(w->t->store, &host, &id));
	return id;
}

static void
add_grant(struct world *w, const char *name, const char *types)
{
	struct ddns_grant grant = { .cred_id = w->who.cred_id,
		.kind = DDNS_GRANT_NAME, .name = name_of(name),
		.types = types };
	int64_t id;

	assert_ok(ddns_store_grant_add(w->t->store, &grant, &id));
}

static struct world
world_of(void **state)
{
	struct world w = { .t = *state };
	struct ddns_cred cred = { .kind = DDNS_CRED_TOKEN, .name = "c",
		.flags = DDNS_CRED_ALLOW_OFFLINE };

	w.zone_id = add_zone(w.t->store, "d.test");
	w.who.account_id = add_account(w.t->store, "c");
	w.who.kind = DDNS_CRED_TOKEN;
	w.who.flags = cred.flags;
	strcpy(w.who.account, "c");
	strcpy(w.who.credential, "c");
	cred.account_id = w.who.account_id;
	assert_ok(ddns_store_cred_add(w.t->store, &cred, &w.who.cred_id));
	w.h1 = add_host(&w, "h1.d.test", w.who.account_id, 0);
	add_host(&w, "h2.d.test", w.who.account_id, 0);
	add_host(&w, "h3.d.test", add_account(w.t->store, "x"), 0);
	add_grant(&w, "h1.d.test", "A AAAA");
	add_grant(&w, "h2.d.test", "A");
	return w;
}

static void
start(struct ddns_update *update, const struct world *w, const char *v4,
    const char *v6, size_t count, const char *const *hosts)
{
	const char *text[] = { v4, v6 };
	struct ddns_addr source;

	assert_ok(ddns_addr_parse("198.51.100.1", &source));
	ddns_update_init(update, "dyndns2", &w->who, &source, true, "ua\xff",
	    (struct ddns_unix_ms){ 1000000000 });
	for (int f = 0; f < DDNS_FAMILIES; f++) {
		if (text[f] == NULL)
			continue;
		update->op[f].op = DDNS_OP_CLEAR;
		if (text[f][0] == '-')
			continue;
		update->op[f].op = DDNS_OP_SET;
		assert_ok(ddns_addr_parse(text[f], &update->op[f].addr));
	}
	update->hosts = calloc(count, sizeof(*update->hosts));
	assert_non_null(update->hosts);
	update->hosts_count = count;
	for (size_t i = 0; i < count; i++)
		update->hosts[i].name = name_of(hosts[i]);
}

static enum ddns_err
apply(struct world *w, struct ddns_update *update)
{
	struct ddns_store *store = w->t->store;
	enum ddns_err err;

	assert_ok(ddns_store_begin(store, DDNS_STORE_WRITE));
	err = ddns_update_apply(store, update);
	if (err == DDNS_OK)
		assert_ok(ddns_store_commit(store));
	else
		ddns_store_rollback(store);
	return err;
}

/* One host: the code it ends with. */
static enum ddns_update_code
run(struct world *w, const char *host, const char *v4, const char *v6)
{
	struct ddns_update update;
	enum ddns_update_code code;
	bool write;

	start(&update, w, v4, v6, 1, &host);
	assert_ok(ddns_update_evaluate(w->t->store, NULL, &update, &write));
	assert_int_equal(write, update.hosts[0].code == DDNS_UPDATE_GOOD);
	if (write)
		assert_ok(apply(w, &update));
	code = update.hosts[0].code;
	ddns_update_done(&update);
	return code;
}

static int
get(struct world *w, const char *host, uint16_t type)
{
	struct ddns_name name = name_of(host);
	struct ddns_rrset set = { 0 };
	struct ddns_span rdata;
	size_t pos = 0;
	int last = -1;

	assert_ok(ddns_store_rrset_get(w->t->store, w->zone_id, &name, type,
	    &set));
	if (ddns_rrset_next(&set, &pos, &rdata))
		last = rdata.base[rdata.len_bytes - 1];
	ddns_rrset_done(&set);
	return last;
}

static enum ddns_err
count_row(const struct ddns_journal_row *row, void *arg)
{
	(void)row;
	++*(unsigned *)arg;
	return DDNS_OK;
}

static unsigned
rows(struct world *w)
{
	struct ddns_journal_filter filter = { 0 };
	unsigned n = 0;

	assert_ok(ddns_journal_query(w->t->store, &filter, count_row, &n));
	return n;
}

static void
test_a_change_is_good_then_nochg(void **state)
{
	struct world w = world_of(state);
	struct ddns_host host;
	struct ddns_cred cred;
	struct ddns_name name = name_of("h1.d.test");

	assert_int_equal(run(&w, "h1.d.test", "8.8.8.8", NULL),
	    DDNS_UPDATE_GOOD);
	assert_int_equal(get(&w, "h1.d.test", DDNS_TYPE_A), 8);
	assert_int_equal(rows(&w), 1);
	assert_ok(ddns_store_host_get(w.t->store, &name, &host));
	assert_int_equal(host.changed.v, 1000000);
	assert_ok(ddns_store_cred_get(w.t->store, w.who.cred_id, &cred));
	assert_int_equal(cred.last_used.v, 1000000);
	assert_int_equal(run(&w, "h1.d.test", "8.8.8.8", NULL),
	    DDNS_UPDATE_NOCHG);
	assert_int_equal(rows(&w), 1);
}

static void
test_one_family_never_touches_the_other(void **state)
{
	struct world w = world_of(state);

	assert_int_equal(run(&w, "h1.d.test", "8.8.8.8", "2a00::1"),
	    DDNS_UPDATE_GOOD);
	assert_int_equal(run(&w, "h1.d.test", "8.8.8.9", NULL),
	    DDNS_UPDATE_GOOD);
	assert_int_equal(get(&w, "h1.d.test", DDNS_TYPE_AAAA), 1);
	assert_int_equal(run(&w, "h1.d.test", NULL, "2a00::2"),
	    DDNS_UPDATE_GOOD);
	assert_int_equal(get(&w, "h1.d.test", DDNS_TYPE_A), 9);
	assert_int_equal(get(&w, "h1.d.test", DDNS_TYPE_AAAA), 2);
}

static void
test_offline_withdraws_and_wants_the_right(void **state)
{
	struct world w = world_of(state);

	assert_int_equal(run(&w, "h1.d.test", "8.8.8.8", "2a00::1"),
	    DDNS_UPDATE_GOOD);
	w.who.flags = 0;
	assert_int_equal(run(&w, "h1.d.test", "-", "-"),
	    DDNS_UPDATE_DONATOR);
	assert_int_equal(get(&w, "h1.d.test", DDNS_TYPE_A), 8);
	w.who.flags = DDNS_CRED_ALLOW_OFFLINE;
	assert_int_equal(run(&w, "h1.d.test", "-", "-"), DDNS_UPDATE_GOOD);
	assert_int_equal(get(&w, "h1.d.test", DDNS_TYPE_A), -1);
	assert_int_equal(get(&w, "h1.d.test", DDNS_TYPE_AAAA), -1);
	assert_int_equal(run(&w, "h1.d.test", "-", "-"), DDNS_UPDATE_NOCHG);
	/* what the token may not set it may not withdraw, the rest it may */
	assert_int_equal(run(&w, "h2.d.test", "8.8.8.8", NULL),
	    DDNS_UPDATE_GOOD);
	assert_int_equal(run(&w, "h2.d.test", "-", "-"), DDNS_UPDATE_GOOD);
	assert_int_equal(run(&w, "h3.d.test", "-", "-"), DDNS_UPDATE_NOHOST);
}

static void
test_foreign_and_unknown_look_the_same(void **state)
{
	struct world w = world_of(state);

	assert_int_equal(run(&w, "h3.d.test", "8.8.8.8", NULL),
	    DDNS_UPDATE_NOHOST);
	assert_int_equal(run(&w, "h9.d.test", "8.8.8.8", NULL),
	    DDNS_UPDATE_NOHOST);
	assert_int_equal(run(&w, "h2.d.test", NULL, "2a00::1"),
	    DDNS_UPDATE_NOHOST);
	/* an address that may not be set is not passed over */
	assert_int_equal(run(&w, "h2.d.test", "8.8.8.8", "2a00::1"),
	    DDNS_UPDATE_NOHOST);
	assert_int_equal(get(&w, "h2.d.test", DDNS_TYPE_A), -1);
}

static void
test_a_foreign_name_never_rides_along(void **state)
{
	static const char *const hosts[] = { "h1.d.test", "h3.d.test",
		"h2.d.test" };
	struct world w = world_of(state);
	struct ddns_update update;
	bool write;

	start(&update, &w, "8.8.8.8", NULL, 3, hosts);
	assert_ok(ddns_update_evaluate(w.t->store, NULL, &update, &write));
	assert_true(write);
	assert_ok(apply(&w, &update));
	assert_int_equal(update.hosts[0].code, DDNS_UPDATE_GOOD);
	assert_int_equal(update.hosts[1].code, DDNS_UPDATE_NOHOST);
	assert_int_equal(update.hosts[2].code, DDNS_UPDATE_GOOD);
	assert_int_equal(get(&w, "h3.d.test", DDNS_TYPE_A), -1);
	assert_int_equal(get(&w, "h2.d.test", DDNS_TYPE_A), 8);
	ddns_update_done(&update);
}

static void
test_disabled_host_is_blocked(void **state)
{
	struct world w = world_of(state);

	add_host(&w, "off.d.test", w.who.account_id, DDNS_HOST_DISABLED);
	add_grant(&w, "off.d.test", "A");
	assert_int_equal(run(&w, "off.d.test", "8.8.8.8", NULL),
	    DDNS_UPDATE_BLOCKED);
}

static void
test_address_policy(void **state)
{
	struct world w = world_of(state);
	struct ddns_update update;
	const char *host = "h1.d.test";
	bool write;

	assert_int_equal(run(&w, host, "192.168.1.1", NULL),
	    DDNS_UPDATE_DNSERR);
	assert_int_equal(run(&w, host, NULL, "fe80::1"), DDNS_UPDATE_DNSERR);
	/* one bad address: nothing of the host changes */
	assert_int_equal(run(&w, host, "127.0.0.1", "2a00::1"),
	    DDNS_UPDATE_DNSERR);
	assert_int_equal(get(&w, host, DDNS_TYPE_AAAA), -1);
	start(&update, &w, "100.64.0.1", NULL, 1, &host);
	assert_ok(ddns_update_evaluate(w.t->store, NULL, &update, &write));
	assert_int_equal(update.hosts[0].code, DDNS_UPDATE_GOOD);
	assert_true(update.hosts[0].warn);
	assert_non_null(strstr(update.hosts[0].reason, "RFC 6598"));
	ddns_update_done(&update);
}

static void
test_check_addr_table(void **state)
{
	static const struct {
		const char *addr;
		unsigned flags;
		enum ddns_addr_verdict want;
	} cases[] = {
		{ "8.8.8.8", 0, DDNS_ADDR_PUBLISH },
		{ "2a00::1", 0, DDNS_ADDR_PUBLISH },
		{ "10.0.0.1", 0, DDNS_ADDR_REFUSE },
		{ "172.31.0.1", 0, DDNS_ADDR_REFUSE },
		{ "192.168.0.1", 0, DDNS_ADDR_REFUSE },
		{ "fd00::1", 0, DDNS_ADDR_REFUSE },
		{ "10.0.0.1", DDNS_HOST_ALLOW_PRIVATE, DDNS_ADDR_PUBLISH },
		{ "fd00::1", DDNS_HOST_ALLOW_PRIVATE, DDNS_ADDR_PUBLISH },
		{ "10.0.0.1", DDNS_HOST_ALLOW_SPECIAL, DDNS_ADDR_REFUSE },
		{ "100.64.0.1", 0, DDNS_ADDR_PUBLISH_WARN },
		{ "100.64.0.1", DDNS_HOST_REFUSE_CGNAT, DDNS_ADDR_REFUSE },
		{ "100.64.0.1", DDNS_HOST_ALLOW_PRIVATE, DDNS_ADDR_PUBLISH },
		{ "127.0.0.1", 0, DDNS_ADDR_REFUSE },
		{ "127.0.0.1", DDNS_HOST_ALLOW_SPECIAL, DDNS_ADDR_PUBLISH },
		{ "::1", 0, DDNS_ADDR_REFUSE },
		{ "169.254.1.1", 0, DDNS_ADDR_REFUSE },
		{ "fe80::1", 0, DDNS_ADDR_REFUSE },
		{ "192.0.2.1", 0, DDNS_ADDR_REFUSE },
		{ "192.0.2.1", DDNS_HOST_ALLOW_SPECIAL, DDNS_ADDR_PUBLISH },
		{ "2001:db8::1", 0, DDNS_ADDR_REFUSE },
		{ "198.18.0.1", 0, DDNS_ADDR_REFUSE },
		{ "2002:808:808::1", 0, DDNS_ADDR_REFUSE },
		{ "240.0.0.1", 0, DDNS_ADDR_REFUSE },
		{ "255.255.255.255", DDNS_HOST_ALLOW_PRIVATE,
		    DDNS_ADDR_REFUSE },
		{ "0.0.0.0", DDNS_HOST_ALLOW_SPECIAL, DDNS_ADDR_REFUSE },
		{ "::", DDNS_HOST_ALLOW_SPECIAL, DDNS_ADDR_REFUSE },
		{ "224.0.0.1", DDNS_HOST_ALLOW_SPECIAL, DDNS_ADDR_REFUSE },
		{ "ff02::1", DDNS_HOST_ALLOW_SPECIAL, DDNS_ADDR_REFUSE },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(cases); i++) {
		struct ddns_addr addr;

		assert_ok(ddns_addr_parse(cases[i].addr, &addr));
		if (ddns_update_check_addr(&addr, cases[i].flags) !=
		    cases[i].want)
			fail_msg("%s flags %u", cases[i].addr,
			    cases[i].flags);
	}
}

static void
test_ttl_follows_host_zone_and_limits(void **state)
{
	struct world w = world_of(state);
	struct ddns_name name = name_of("h1.d.test");
	struct ddns_rrset set = { 0 };
	struct ddns_host host;

	assert_int_equal(run(&w, "h1.d.test", "8.8.8.8", NULL),
	    DDNS_UPDATE_GOOD);
	assert_ok(ddns_store_rrset_get(w.t->store, w.zone_id, &name,
	    DDNS_TYPE_A, &set));
	assert_int_equal(ddns_rrset_ttl_s(&set), 60);
	assert_ok(ddns_store_host_get(w.t->store, &name, &host));
	host.note = "";
	host.ttl_s = 1; /* the zone wants 30 at least */
	assert_ok(ddns_store_host_set(w.t->store, &host));
	/* the same address with another TTL is a change */
	assert_int_equal(run(&w, "h1.d.test", "8.8.8.8", NULL),
	    DDNS_UPDATE_GOOD);
	ddns_rrset_reset(&set);
	assert_ok(ddns_store_rrset_get(w.t->store, w.zone_id, &name,
	    DDNS_TYPE_A, &set));
	assert_int_equal(ddns_rrset_ttl_s(&set), 30);
	ddns_rrset_done(&set);
}

static void
test_apply_judges_again_after_a_policy_change(void **state)
{
	static const char *const host = "h1.d.test";
	struct world w = world_of(state);
	struct ddns_update update;
	struct ddns_cred cred;
	bool write;

	start(&update, &w, "8.8.8.8", NULL, 1, &host);
	assert_ok(ddns_update_evaluate(w.t->store, NULL, &update, &write));
	assert_true(write);
	assert_ok(ddns_store_cred_get(w.t->store, w.who.cred_id, &cred));
	cred.name = "c";
	cred.note = "";
	cred.flags |= DDNS_CRED_REVOKED;
	assert_ok(ddns_store_cred_set(w.t->store, &cred));
	assert_ok(apply(&w, &update));
	assert_int_equal(update.hosts[0].code, DDNS_UPDATE_NOHOST);
	assert_int_equal(get(&w, host, DDNS_TYPE_A), -1);
	ddns_update_done(&update);

	cred.flags = 0;
	assert_ok(ddns_store_cred_set(w.t->store, &cred));
	start(&update, &w, "8.8.8.8", NULL, 1, &host);
	assert_ok(ddns_update_evaluate(w.t->store, NULL, &update, &write));
	assert_ok(ddns_store_host_delete(w.t->store, w.h1));
	assert_ok(apply(&w, &update));
	assert_int_equal(update.hosts[0].code, DDNS_UPDATE_NOHOST);
	assert_int_equal(get(&w, host, DDNS_TYPE_A), -1);
	ddns_update_done(&update);
}

static void
test_apply_finds_that_another_was_faster(void **state)
{
	static const char *const host = "h1.d.test";
	struct world w = world_of(state);
	struct ddns_update update;
	bool write;

	start(&update, &w, "8.8.8.8", NULL, 1, &host);
	assert_ok(ddns_update_evaluate(w.t->store, NULL, &update, &write));
	assert_int_equal(run(&w, host, "8.8.8.8", NULL), DDNS_UPDATE_GOOD);
	assert_ok(apply(&w, &update));
	assert_int_equal(update.hosts[0].code, DDNS_UPDATE_NOCHG);
	assert_int_equal(rows(&w), 1);
	ddns_update_done(&update);
}

static void
test_fail_answers_911_where_a_write_was_wanted(void **state)
{
	static const char *const hosts[] = { "h1.d.test", "h3.d.test" };
	struct world w = world_of(state);
	struct ddns_update update;
	bool write;

	start(&update, &w, "8.8.8.8", NULL, 2, hosts);
	assert_ok(ddns_update_evaluate(w.t->store, NULL, &update, &write));
	ddns_update_fail(&update);
	assert_int_equal(update.hosts[0].code, DDNS_UPDATE_BUSY);
	assert_int_equal(update.hosts[1].code, DDNS_UPDATE_NOHOST);
	ddns_update_done(&update);
}

static void
test_limit_counts_changes_per_family_and_not_nochg(void **state)
{
	static const char *const host = "h1.d.test";
	struct world w = world_of(state);
	struct ddns_limit *limit;
	struct ddns_update update;
	char addr[32];
	bool write;

	assert_ok(ddns_limit_new(2, 1, &limit));
	for (int i = 1; i <= 3; i++) {
		snprintf(addr, sizeof(addr), "8.8.8.%d", i);
		start(&update, &w, addr, NULL, 1, &host);
		assert_ok(ddns_update_evaluate(w.t->store, limit, &update,
		    &write));
		assert_int_equal(update.hosts[0].code, i <= 2 ?
		    DDNS_UPDATE_GOOD : DDNS_UPDATE_ABUSE);
		if (write)
			assert_ok(apply(&w, &update));
		ddns_update_done(&update);
	}
	/* nothing left for A: the same address is free, and AAAA passes */
	start(&update, &w, "8.8.8.2", "2a00::1", 1, &host);
	assert_ok(ddns_update_evaluate(w.t->store, limit, &update, &write));
	assert_int_equal(update.hosts[0].code, DDNS_UPDATE_GOOD);
	ddns_update_done(&update);
	ddns_limit_free(limit);
}

static void
test_limit_fills_with_time(void **state)
{
	struct ddns_mono_us now = { 1000000000 };
	struct ddns_addr a, b, c;
	struct ddns_limit *limit;
	uint64_t ka, kb;

	(void)state;
	assert_ok(ddns_limit_new(3, 60, &limit)); /* one a second */
	assert_ok(ddns_addr_parse("2001:db8:0:1::1", &a));
	assert_ok(ddns_addr_parse("2001:db8:0:1::2", &b));
	assert_ok(ddns_addr_parse("2001:db8:0:2::1", &c));
	ka = ddns_limit_key_source(limit, &a);
	kb = ddns_limit_key_source(limit, &b);
	assert_true(ka == kb); /* one /64 is one customer */
	assert_true(ka != ddns_limit_key_source(limit, &c));
	for (int i = 0; i < 3; i++) {
		assert_true(ddns_limit_peek(limit, ka, now));
		assert_true(ddns_limit_take(limit, ka, now));
	}
	assert_false(ddns_limit_peek(limit, ka, now));
	assert_false(ddns_limit_take(limit, ka, now));
	now.v += 999999;
	assert_false(ddns_limit_take(limit, ka, now));
	now.v += 1;
	assert_true(ddns_limit_take(limit, ka, now));
	assert_false(ddns_limit_take(limit, ka, now));
	now.v += 3600 * INT64_C(1000000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ddns_limit_take(limit, ka, now), i < 3);
	ddns_limit_free(limit);
}

static void
test_limit_keeps_the_emptiest_when_full(void **state)
{
	struct ddns_mono_us now = { 1000000000 };
	struct ddns_limit *limit;

	(void)state;
	assert_ok(ddns_limit_new(5, 1, &limit));
	for (int i = 0; i < 5; i++)
		assert_true(ddns_limit_take(limit, 42, now));
	/* far more keys than entries, each with one taken */
	for (uint64_t k = 1000; k < 1000 + 4 * DDNS_LIMIT_ENTRIES; k++)
		ddns_limit_take(limit, k, now);
	assert_false(ddns_limit_take(limit, 42, now));
	ddns_limit_free(limit);
}

/* ---- attempts ---- */

struct seen {
	unsigned rows, repeats;
	char results[512];
};

static enum ddns_err
see(const struct ddns_journal_row *row, void *arg)
{
	struct seen *seen = arg;

	seen->rows++;
	seen->repeats += row->repeats;
	if (seen->rows <= 8)
		sprintf(seen->results + strlen(seen->results), "%s/%s/%u ",
		    row->name, row->result, row->repeats);
	return DDNS_OK;
}

static struct seen
all_rows(const char *path)
{
	struct ddns_journal_filter filter = { 0 };
	struct seen seen = { 0 };
	struct ddns_store *store;

	assert_ok(ddns_store_open(path, DDNS_STORE_READ, &store));
	assert_ok(ddns_journal_query(store, &filter, see, &seen));
	ddns_store_free(store);
	return seen;
}

static void
test_attempts_become_one_row_each_kind(void **state)
{
	struct store_test *t = *state;
	struct ddns_actor actor = { .protocol = "dyndns2", .account = "a",
		.credential = "c", .now = { 5000 } };
	struct ddns_attempt refused = { .actor = &actor, .name = "h",
		.result = "nohost", .reason = "r", .type = DDNS_TYPE_A };
	struct ddns_attempt nochg = { .actor = &actor, .name = "h",
		.result = "nochg", .type = DDNS_TYPE_A, .harmless = true };
	struct ddns_attempts *attempts;
	struct ddns_writer *writer;
	struct seen seen;

	assert_ok(ddns_writer_start(t->store, NULL, NULL, &writer));
	t->store = NULL;
	assert_ok(ddns_attempts_new(writer, 60, &attempts));
	assert_true(ddns_attempts_add(attempts, &refused));
	assert_false(ddns_attempts_add(attempts, &refused));
	actor.now.v = 5500;
	assert_false(ddns_attempts_add(attempts, &refused));
	assert_true(ddns_attempts_add(attempts, &nochg));
	assert_false(ddns_attempts_add(attempts, &nochg));
	refused.name = "other";
	assert_true(ddns_attempts_add(attempts, &refused));
	ddns_attempts_tick(attempts, (struct ddns_unix_ms){ 5999 });
	ddns_attempts_tick(attempts, (struct ddns_unix_ms){ 6600 });
	/* written: the next one is a row of its own */
	assert_true(ddns_attempts_add(attempts, &refused));
	assert_false(ddns_attempts_add(attempts, &nochg));
	ddns_attempts_free(attempts);
	ddns_writer_free(writer);
	seen = all_rows(t->path);
	assert_string_equal(seen.results,
	    "h/nohost/3 other/nohost/1 other/nohost/1 h/nochg/3 ");
}

static void
test_attempts_are_bounded_and_never_uncounted(void **state)
{
	struct store_test *t = *state;
	struct ddns_actor actor = { .protocol = "dyndns2", .now = { 5000 } };
	struct ddns_attempt refused = { .actor = &actor,
		.result = "badauth", .reason = "" };
	const unsigned many = 4 * DDNS_ATTEMPTS_MAX;
	struct ddns_attempts *attempts;
	struct ddns_writer *writer;
	struct seen seen;
	char name[32];

	assert_ok(ddns_writer_start(t->store, NULL, NULL, &writer));
	t->store = NULL;
	assert_ok(ddns_attempts_new(writer, 60, &attempts));
	for (unsigned i = 0; i < 2 * many; i++) {
		snprintf(name, sizeof(name), "h%u", i);
		refused.name = name;
		refused.cred_id = i % 2; /* a stranger, or not */
		ddns_attempts_add(attempts, &refused);
	}
	ddns_attempts_free(attempts);
	ddns_writer_free(writer);
	seen = all_rows(t->path);
	assert_int_equal(seen.repeats, 2 * many);
	/* another letter in the name makes no row of its own for ever */
	assert_in_range(seen.rows, 2 * 50, many / 4);
}

static void
test_attempts_do_not_wait_for_a_clock_that_was_set_back(void **state)
{
	struct store_test *t = *state;
	struct ddns_actor actor = { .protocol = "dyndns2",
		.now = { 3600000 } };
	struct ddns_attempt refused = { .actor = &actor, .name = "h",
		.result = "nohost", .reason = "" };
	struct ddns_attempts *attempts;
	struct ddns_writer *writer;

	assert_ok(ddns_writer_start(t->store, NULL, NULL, &writer));
	t->store = NULL;
	assert_ok(ddns_attempts_new(writer, 60, &attempts));
	assert_true(ddns_attempts_add(attempts, &refused));
	ddns_attempts_tick(attempts, (struct ddns_unix_ms){ 3600001 });
	assert_false(ddns_attempts_add(attempts, &refused));
	ddns_attempts_tick(attempts, (struct ddns_unix_ms){ 5000 });
	/* written: the next one is a row of its own */
	assert_true(ddns_attempts_add(attempts, &refused));
	ddns_attempts_free(attempts);
	ddns_writer_free(writer);
	assert_int_equal(all_rows(t->path).rows, 2);
}

static void
test_attempts_that_change_nothing_have_all_their_rows(void **state)
{
	struct store_test *t = *state;
	struct ddns_actor actor = { .protocol = "dyndns2", .now = { 5000 } };
	struct ddns_attempt nochg = { .actor = &actor, .cred_id = 1,
		.result = "nochg", .harmless = true };
	struct ddns_attempts *attempts;
	struct ddns_writer *writer;
	char name[32];

	assert_ok(ddns_writer_start(t->store, NULL, NULL, &writer));
	t->store = NULL;
	assert_ok(ddns_attempts_new(writer, 60, &attempts));
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "h%u", i);
		nochg.name = name;
		assert_true(ddns_attempts_add(attempts, &nochg));
	}
	ddns_attempts_free(attempts);
	ddns_writer_free(writer);
	assert_int_equal(all_rows(t->path).rows, 2000);
}

/* ---- host names ---- */

static void
test_hostname_takes_what_people_write(void **state)
{
	static const struct {
		const char *in, *want; /* NULL: refused */
	} cases[] = {
		{ "Home.Dyn.Test", "home.dyn.test" },
		{ "home.dyn.test.", "home.dyn.test" },
		{ "*.home.dyn.test", "*.home.dyn.test" },
		{ "a_b.test", "a_b.test" },
		{ "B\xc3\xbc" "cher.test", "xn--bcher-kva.test" },
		{ "b\xc3\xbc" "cher.TEST.", "xn--bcher-kva.test" },
		{ "ku\xcc\x88" "che.test", "xn--kche-0ra.test" }, /* NFD */
		{ "xn--bcher-kva.test", "xn--bcher-kva.test" },
		{ "stra\xc3\x9f" "e.test", "xn--strae-oqa.test" },
		{ "", NULL },
		{ ".", NULL },
		{ "home", NULL },
		{ "..", NULL },
		{ "a..test", NULL },
		{ ".a.test", NULL },
		{ "-a.test", NULL },
		{ "a-.test", NULL },
		{ "a b.test", NULL },
		{ "a\\.b.test", NULL },
		{ "a\\000.test", NULL },
		{ "a/b.test", NULL },
		{ "a'b.test", NULL },
		{ "\xff\xfe.test", NULL },
		{ "a.\xe2\x80\x8b.test", NULL }, /* zero width space */
		{ "a123456789012345678901234567890123456789012345678901234567"
		    "890123.test", NULL },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(cases); i++) {
		char text[DDNS_NAME_TEXT_MAX];
		struct ddns_name name;
		enum ddns_err err = ddns_hostname_parse(cases[i].in, &name);

		if ((err == DDNS_OK) != (cases[i].want != NULL))
			fail_msg("%s", cases[i].in);
		if (err != DDNS_OK)
			continue;
		ddns_name_format(&name, text);
		assert_string_equal(text, cases[i].want);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_test_setup, \
	store_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_change_is_good_then_nochg),
		TEST(test_one_family_never_touches_the_other),
		TEST(test_offline_withdraws_and_wants_the_right),
		TEST(test_foreign_and_unknown_look_the_same),
		TEST(test_a_foreign_name_never_rides_along),
		TEST(test_disabled_host_is_blocked),
		TEST(test_address_policy),
		cmocka_unit_test(test_check_addr_table),
		TEST(test_ttl_follows_host_zone_and_limits),
		TEST(test_apply_judges_again_after_a_policy_change),
		TEST(test_apply_finds_that_another_was_faster),
		TEST(test_fail_answers_911_where_a_write_was_wanted),
		TEST(test_limit_counts_changes_per_family_and_not_nochg),
		cmocka_unit_test(test_limit_fills_with_time),
		cmocka_unit_test(test_limit_keeps_the_emptiest_when_full),
		TEST(test_attempts_become_one_row_each_kind),
		TEST(test_attempts_are_bounded_and_never_uncounted),
		TEST(test_attempts_do_not_wait_for_a_clock_that_was_set_back),
		TEST(test_attempts_that_change_nothing_have_all_their_rows),
		cmocka_unit_test(test_hostname_takes_what_people_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
