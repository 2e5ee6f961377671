/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

static int64_t
gen(struct ddns_store *store)
{
	int64_t v = 0;

	assert_ok(ddns_store_get_policy_gen(store, &v));
	return v;
}

static enum ddns_err
join_hosts(const struct ddns_host *host, void *arg)
{
	char text[DDNS_NAME_TEXT_MAX];

	ddns_name_format(&host->name, text);
	strcat(strcat(arg, text), " ");
	return DDNS_OK;
}

static void
test_host_comes_back_and_lists(void **state)
{
	struct store_test *t = *state;
	int64_t a = add_zone(t->store, "a"), b = add_zone(t->store, "b");
	int64_t x = add_account(t->store, "x"), y = add_account(t->store, "y");
	struct ddns_host in = { .zone_id = a, .account_id = x,
		.name = name_of("H.a"), .ttl_s = 7,
		.flags = DDNS_HOST_ALLOW_PRIVATE, .note = "n\xc3\xb6te",
		.created = { 5 } }, out;
	struct ddns_name new_name = name_of("new.a");
	char got[128] = "";
	int64_t id, ignored;

	assert_ok(ddns_store_host_add(t->store, &in, &id));
	assert_int_equal(ddns_store_host_add(t->store, &in, &ignored),
	    DDNS_EEXIST);
	assert_ok(ddns_store_host_get(t->store, &in.name, &out));
	assert_int_equal(out.id, id);
	assert_int_equal(out.zone_id, a);
	assert_int_equal(out.account_id, x);
	assert_int_equal(out.ttl_s, 7);
	assert_int_equal(out.flags, DDNS_HOST_ALLOW_PRIVATE);
	assert_string_equal(out.note, "n\xc3\xb6te");
	assert_int_equal(out.created.v, 5);
	assert_int_equal(out.changed.v, 0);

	in.zone_id = b;
	in.name = name_of("k.b");
	assert_ok(ddns_store_host_add(t->store, &in, &ignored));
	in.account_id = y;
	in.name = name_of("j.b");
	assert_ok(ddns_store_host_add(t->store, &in, &ignored));
	assert_ok(ddns_store_host_list(t->store, 0, 0, join_hosts, got));
	assert_string_equal(got, "h.a j.b k.b ");
	got[0] = '\0';
	assert_ok(ddns_store_host_list(t->store, x, 0, join_hosts, got));
	assert_string_equal(got, "h.a k.b ");
	got[0] = '\0';
	assert_ok(ddns_store_host_list(t->store, 0, b, join_hosts, got));
	assert_string_equal(got, "j.b k.b ");
	got[0] = '\0';
	assert_ok(ddns_store_host_list(t->store, x, b, join_hosts, got));
	assert_string_equal(got, "k.b ");

	out.name = new_name;
	out.note = NULL;
	out.account_id = y;
	out.zone_id = b; /* is not taken over */
	assert_ok(ddns_store_host_set(t->store, &out));
	assert_ok(ddns_store_host_touch(t->store, id,
	    (struct ddns_unix_s){ 99 }));
	assert_ok(ddns_store_host_get(t->store, &new_name, &out));
	assert_int_equal(out.zone_id, a);
	assert_int_equal(out.account_id, y);
	assert_int_equal(out.changed.v, 99);
	assert_string_equal(out.note, "");
	assert_ok(ddns_store_host_delete(t->store, id));
	assert_int_equal(ddns_store_host_delete(t->store, id),
	    DDNS_ENOTFOUND);
	assert_int_equal(ddns_store_host_touch(t->store, id,
	    (struct ddns_unix_s){ 1 }), DDNS_ENOTFOUND);
	in.account_id = 99;
	in.name = new_name;
	assert_int_equal(ddns_store_host_add(t->store, &in, &ignored),
	    DDNS_ENOTFOUND);
}

static enum ddns_err
join_accounts(const struct ddns_account *account, void *arg)
{
	strcat(strcat(arg, account->name), " ");
	return DDNS_OK;
}

static void
test_account_is_kept_while_it_has_hosts(void **state)
{
	struct store_test *t = *state;
	int64_t zone = add_zone(t->store, "a"), id, host_id, cred_id;
	struct ddns_account in = { .name = "x", .note = "hello",
		.created = { 4 } }, out;
	struct ddns_host host = { .zone_id = zone, .name = name_of("h.a") };
	struct ddns_cred cred = { .kind = DDNS_CRED_TOKEN, .name = "t" };
	char got[64] = "";

	add_account(t->store, "w");
	assert_ok(ddns_store_account_add(t->store, &in, &id));
	assert_int_equal(ddns_store_account_add(t->store, &in, &host_id),
	    DDNS_EEXIST);
	assert_ok(ddns_store_account_get_named(t->store, "x", &out));
	assert_int_equal(out.id, id);
	assert_string_equal(out.note, "hello");
	assert_false(out.disabled);
	out.disabled = true;
	out.name = "xx";
	assert_ok(ddns_store_account_set(t->store, &out));
	assert_ok(ddns_store_account_get(t->store, id, &out));
	assert_true(out.disabled);
	assert_string_equal(out.name, "xx");
	assert_ok(ddns_store_account_list(t->store, join_accounts, got));
	assert_string_equal(got, "w xx ");

	host.account_id = cred.account_id = id;
	assert_ok(ddns_store_host_add(t->store, &host, &host_id));
	assert_ok(ddns_store_cred_add(t->store, &cred, &cred_id));
	assert_int_equal(ddns_store_account_delete(t->store, id),
	    DDNS_EDENIED);
	assert_ok(ddns_store_cred_get(t->store, cred_id, &cred));
	assert_ok(ddns_store_host_delete(t->store, host_id));
	assert_ok(ddns_store_account_delete(t->store, id));
	assert_int_equal(ddns_store_cred_get(t->store, cred_id, &cred),
	    DDNS_ENOTFOUND);
	assert_int_equal(ddns_store_account_delete(t->store, id),
	    DDNS_ENOTFOUND);
	assert_int_equal(ddns_store_account_get_named(t->store, "xx", &out),
	    DDNS_ENOTFOUND);
}

static enum ddns_err
join_creds(const struct ddns_cred *cred, void *arg)
{
	strcat(strcat(arg, cred->name), " ");
	return DDNS_OK;
}

struct secrets {
	int count;
	int64_t expires[4];
	size_t sealed[4];
};

static enum ddns_err
collect_secrets(const struct ddns_cred_secret *s, void *arg)
{
	struct secrets *all = arg;

	all->expires[all->count] = s->expires.v;
	all->sealed[all->count++] = s->sealed.len_bytes;
	return DDNS_OK;
}

static void
test_cred_and_its_secrets(void **state)
{
	struct store_test *t = *state;
	int64_t x = add_account(t->store, "x"), id, tsig_id;
	struct ddns_cred in = { .account_id = x, .kind = DDNS_CRED_TOKEN,
		.name = "router", .flags = DDNS_CRED_ALLOW_HTTP,
		.note = "attic", .created = { 1 }, .expires = { 2 } }, out;
	struct ddns_cred_secret secret = { .alg = NULL, .created = { 8 } },
	    found;
	struct secrets all = { 0 };
	struct ddns_account account;
	char got[64] = "";
	uint8_t wrong[DDNS_HASH_BYTES] = { 9 };

	assert_ok(ddns_store_cred_add(t->store, &in, &id));
	in.kind = DDNS_CRED_TSIG;
	assert_int_equal(ddns_store_cred_add(t->store, &in, &tsig_id),
	    DDNS_EEXIST);
	in.name = "key.example";
	assert_ok(ddns_store_cred_add(t->store, &in, &tsig_id));
	assert_ok(ddns_store_cred_list(t->store, x, 0, join_creds, got));
	assert_string_equal(got, "key.example router ");
	got[0] = '\0';
	assert_ok(ddns_store_cred_list(t->store, 0, DDNS_CRED_TOKEN,
	    join_creds, got));
	assert_string_equal(got, "router ");
	got[0] = '\0';
	assert_ok(ddns_store_cred_list(t->store, x + 1, 0, join_creds, got));
	assert_string_equal(got, "");
	assert_ok(ddns_store_cred_get_named(t->store, "router", &out));
	assert_int_equal(out.id, id);
	assert_int_equal(out.kind, DDNS_CRED_TOKEN);
	assert_int_equal(out.expires.v, 2);

	secret.cred_id = id;
	memset(secret.hash, 5, sizeof(secret.hash));
	assert_ok(ddns_store_secret_add(t->store, &secret));
	assert_int_equal(ddns_store_secret_add(t->store, &secret),
	    DDNS_EEXIST);
	secret.cred_id = tsig_id;
	secret.hash[0] = 0;
	secret.sealed = (struct ddns_span){ (const uint8_t *)"s\0x", 3 };
	secret.alg = "hmac-sha256";
	secret.expires.v = 50;
	assert_ok(ddns_store_secret_add(t->store, &secret));
	secret.hash[1] = 0;
	secret.expires.v = 0;
	assert_ok(ddns_store_secret_add(t->store, &secret));
	assert_ok(ddns_store_secret_find(t->store, secret.hash, &found, &out,
	    &account));
	assert_int_equal(found.cred_id, tsig_id);
	assert_int_equal(found.sealed.len_bytes, 3);
	assert_memory_equal(found.sealed.base, "s\0x", 3);
	assert_string_equal(found.alg, "hmac-sha256");
	assert_string_equal(out.name, "key.example");
	assert_string_equal(out.note, "attic");
	assert_string_equal(account.name, "x");
	assert_int_equal(ddns_store_secret_find(t->store, wrong, &found,
	    &out, &account), DDNS_ENOTFOUND);

	assert_ok(ddns_store_secret_expire(t->store, tsig_id,
	    (struct ddns_unix_s){ 70 }));
	assert_ok(ddns_store_secret_list(t->store, tsig_id, collect_secrets,
	    &all));
	assert_int_equal(all.count, 2);
	assert_int_equal(all.expires[0], 50);
	assert_int_equal(all.expires[1], 70);
	assert_int_equal(all.sealed[0], 3);
	assert_ok(ddns_store_secret_expire(t->store, tsig_id,
	    (struct ddns_unix_s){ 70 }));

	out.id = id;
	out.name = "router2";
	out.note = "";
	out.flags = DDNS_CRED_REVOKED;
	assert_ok(ddns_store_cred_set(t->store, &out));
	assert_ok(ddns_store_cred_touch(t->store, id,
	    (struct ddns_unix_s){ 77 }));
	assert_ok(ddns_store_cred_get(t->store, id, &out));
	assert_string_equal(out.name, "router2");
	assert_int_equal(out.flags, DDNS_CRED_REVOKED);
	assert_int_equal(out.last_used.v, 77);
	assert_int_equal(out.kind, DDNS_CRED_TOKEN);
	assert_ok(ddns_store_cred_delete(t->store, tsig_id));
	assert_int_equal(ddns_store_secret_find(t->store, secret.hash,
	    &found, &out, &account), DDNS_ENOTFOUND);
}

static enum ddns_err
join_grants(const struct ddns_grant *g, void *arg)
{
	char name[DDNS_NAME_TEXT_MAX] = "-", addr[DDNS_ADDR_TEXT_MAX];

	if (g->name.len_bytes != 0)
		ddns_name_format(&g->name, name);
	ddns_addr_format(&g->range.addr, addr);
	sprintf((char *)arg + strlen(arg), "%s%d %s %s/%u %s;",
	    g->deny ? "!" : "", (int)g->kind, name, addr, g->range.len_bits,
	    g->types);
	return DDNS_OK;
}

static void
test_grants_keep_their_order(void **state)
{
	struct store_test *t = *state;
	int64_t x = add_account(t->store, "x"), cred_id, id, range_id;
	struct ddns_cred cred = { .account_id = x, .kind = DDNS_CRED_TSIG,
		.name = "k" };
	struct ddns_name host = name_of("h.a"), host2 = name_of("i.a");
	struct ddns_grant g = { .kind = DDNS_GRANT_NAME,
		.name = name_of("H.a"), .types = "A AAAA" };
	struct ddns_grant range = { .kind = DDNS_GRANT_RANGE, .types = "PTR" };
	char got[256] = "";

	assert_ok(ddns_store_cred_add(t->store, &cred, &cred_id));
	g.cred_id = range.cred_id = cred_id;
	assert_ok(ddns_prefix_parse("2001:db8::/32", &range.range));
	assert_ok(ddns_store_grant_add(t->store, &g, &id));
	assert_ok(ddns_store_grant_add(t->store, &range, &range_id));
	g.position = 1;
	g.deny = true;
	g.kind = DDNS_GRANT_SUBTREE;
	assert_ok(ddns_store_grant_add(t->store, &g, &id));
	g.position = 2;
	g.kind = DDNS_GRANT_ACME;
	assert_ok(ddns_store_grant_add(t->store, &g, &id));
	assert_ok(ddns_store_grant_list(t->store, cred_id, join_grants, got));
	assert_string_equal(got, "!2 h.a /0 A AAAA;!6 h.a /0 A AAAA;"
	    "0 h.a /0 A AAAA;7 - 2001:db8::/32 PTR;");

	assert_ok(ddns_store_grant_rename(t->store, &host, &host2));
	assert_ok(ddns_store_grant_delete(t->store, range_id));
	got[0] = '\0';
	assert_ok(ddns_store_grant_list(t->store, cred_id, join_grants, got));
	assert_string_equal(got, "!2 h.a /0 A AAAA;!6 i.a /0 A AAAA;"
	    "0 i.a /0 A AAAA;");
	assert_ok(ddns_store_grant_rename(t->store, &host2, NULL));
	assert_ok(ddns_store_grant_rename(t->store, &host2, NULL));
	got[0] = '\0';
	assert_ok(ddns_store_grant_list(t->store, cred_id, join_grants, got));
	assert_string_equal(got, "!2 h.a /0 A AAAA;");
	g.cred_id = 99;
	assert_int_equal(ddns_store_grant_add(t->store, &g, &id),
	    DDNS_ENOTFOUND);
}

/* Each step of the list must move the number, or must not. */
static void
test_policy_gen_moves_with_policy_only(void **state)
{
	struct store_test *t = *state;
	struct ddns_store *s = t->store;
	int64_t last = gen(s), zone_id, account_id, cred_id, host_id, id;
	struct ddns_zone zone = zone_of("a");
	struct ddns_account account = { .name = "x" };
	struct ddns_cred cred = { .kind = DDNS_CRED_TOKEN, .name = "t" };
	struct ddns_cred_secret secret = { .created = { 1 } };
	struct ddns_host host = { .name = name_of("h.a") };
	struct ddns_grant grant = { .kind = DDNS_GRANT_ACCOUNT,
		.types = "A" };
	struct ddns_subscriber sub = { .name = "p" };
	struct ddns_journal_row row = { .name = "h.a" };
	uint32_t serial;

#define moves(call)                               \
	do {                                      \
		assert_ok(call);                  \
		assert_int_not_equal(gen(s), last); \
		last = gen(s);                    \
	} while (0)
#define stays(call)                           \
	do {                                  \
		assert_ok(call);              \
		assert_int_equal(gen(s), last); \
	} while (0)
	moves(ddns_store_zone_add(s, &zone, &zone_id));
	zone.id = zone_id;
	moves(ddns_store_zone_set(s, &zone));
	stays(ddns_store_zone_bump(s, zone_id, &serial));
	moves(ddns_store_account_add(s, &account, &account_id));
	account.id = cred.account_id = host.account_id = account_id;
	moves(ddns_store_account_set(s, &account));
	moves(ddns_store_cred_add(s, &cred, &cred_id));
	cred.id = secret.cred_id = grant.cred_id = cred_id;
	moves(ddns_store_cred_set(s, &cred));
	stays(ddns_store_cred_touch(s, cred_id, (struct ddns_unix_s){ 1 }));
	moves(ddns_store_secret_add(s, &secret));
	moves(ddns_store_secret_expire(s, cred_id,
	    (struct ddns_unix_s){ 1 }));
	moves(ddns_store_grant_add(s, &grant, &id));
	moves(ddns_store_grant_delete(s, id));
	host.zone_id = zone_id;
	moves(ddns_store_host_add(s, &host, &host_id));
	host.id = host_id;
	moves(ddns_store_host_set(s, &host));
	stays(ddns_store_host_touch(s, host_id, (struct ddns_unix_s){ 1 }));
	stays(ddns_store_subscriber_put(s, &sub));
	stays(ddns_journal_append(s, &row, &id));
	put_a(s, zone_id, "h.a", 1);
	assert_int_equal(gen(s), last);
	moves(ddns_store_host_delete(s, host_id));
	moves(ddns_store_cred_delete(s, cred_id));
	moves(ddns_store_account_delete(s, account_id));
	moves(ddns_store_zone_delete(s, zone_id));
}

static void
test_replay_remembers_until_trimmed(void **state)
{
	struct store_test *t = *state;
	struct ddns_span mac = { (const uint8_t *)"m\0ac", 4 };
	struct ddns_span answer = { (const uint8_t *)"answer", 6 };
	struct ddns_buf out = { 0 };

	struct ddns_unix_s at = { 10 };
	unsigned removed = 99;

	assert_int_equal(ddns_store_replay_get(t->store, at, mac, &out),
	    DDNS_ENOTFOUND);
	assert_ok(ddns_store_replay_put(t->store, at, mac, answer));
	assert_int_equal(ddns_store_replay_put(t->store, at, mac, answer),
	    DDNS_EEXIST);
	assert_ok(ddns_store_replay_trim(t->store, at, 100, &removed));
	assert_int_equal(removed, 0);
	assert_ok(ddns_store_replay_get(t->store, at, mac, &out));
	assert_string_equal(ddns_buf_text(&out), "answer");
	assert_ok(ddns_store_replay_trim(t->store,
	    (struct ddns_unix_s){ 11 }, 100, &removed));
	assert_int_equal(removed, 1);
	assert_int_equal(ddns_store_replay_get(t->store, at, mac, &out),
	    DDNS_ENOTFOUND);
	for (uint8_t i = 0; i < 5; i++) { /* the oldest go first */
		at.v = 20 + i;
		assert_ok(ddns_store_replay_put(t->store, at,
		    (struct ddns_span){ &i, 1 }, answer));
	}
	assert_ok(ddns_store_replay_trim(t->store,
	    (struct ddns_unix_s){ 24 }, 3, &removed));
	assert_int_equal(removed, 3);
	assert_ok(ddns_store_replay_trim(t->store,
	    (struct ddns_unix_s){ 24 }, 3, &removed));
	assert_int_equal(removed, 1);
	ddns_buf_done(&out);
}

#define with_store(test)                                              \
	cmocka_unit_test_setup_teardown(test, store_test_setup,       \
	    store_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(test_host_comes_back_and_lists),
		with_store(test_account_is_kept_while_it_has_hosts),
		with_store(test_cred_and_its_secrets),
		with_store(test_grants_keep_their_order),
		with_store(test_policy_gen_moves_with_policy_only),
		with_store(test_replay_remembers_until_trimmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
