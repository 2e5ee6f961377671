/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include "common/update/authenticate.h"
#include "common/update/authorize.h"


static struct ddns_subject
add_cred(struct ddns_store *store, enum ddns_cred_kind kind,
    const char *name)
{
	struct ddns_subject who = { .kind = kind, .cred_name = name };
	struct ddns_cred cred = { .kind = kind, .name = name };

	who.account_id = add_account(store, name);
	cred.account_id = who.account_id;
	assert_ok(ddns_store_cred_add(store, &cred, &who.cred_id));
	return who;
}

static void
grant(struct ddns_store *store, const struct ddns_subject *who, bool deny,
    enum ddns_grant_kind kind, const char *name, const char *types)
{
	struct ddns_grant g = { .cred_id = who->cred_id, .deny = deny,
		.kind = kind, .types = types };
	int64_t id;

	if (kind == DDNS_GRANT_RANGE)
		assert_ok(ddns_prefix_parse(name, &g.range));
	else if (name[0] != '\0')
		g.name = name_of(name);
	assert_ok(ddns_store_grant_add(store, &g, &id));
}

static bool
may(struct ddns_store *store, const struct ddns_subject *who,
    const char *text, uint16_t type, int *ret_position)
{
	struct ddns_name name = name_of(text);
	struct ddns_decision decision;

	assert_ok(ddns_update_authorize(store, who, &name, type, &decision));
	if (ret_position != NULL)
		*ret_position = decision.position;
	return decision.allowed;
}
#define MAY(text, type) may(t->store, &who, text, type, NULL)

static void
test_nothing_is_allowed_without_a_rule(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TOKEN, "c");
	int position = 9;

	assert_false(may(t->store, &who, "a.test", DDNS_TYPE_A, &position));
	assert_int_equal(position, 0);
}

static void
test_name_kinds(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TOKEN, "c");

	grant(t->store, &who, false, DDNS_GRANT_NAME, "one.test", "A AAAA");
	grant(t->store, &who, false, DDNS_GRANT_BELOW, "below.test", "A");
	grant(t->store, &who, false, DDNS_GRANT_SUBTREE, "sub.test", "ANY");
	grant(t->store, &who, false, DDNS_GRANT_ACME, "acme.test", "TXT");

	assert_true(MAY("one.test", DDNS_TYPE_A));
	assert_true(MAY("ONE.test", DDNS_TYPE_AAAA));
	assert_false(MAY("one.test", DDNS_TYPE_TXT));
	assert_false(MAY("one.test", DDNS_TYPE_ANY));
	assert_false(MAY("x.one.test", DDNS_TYPE_A));
	assert_false(MAY("none.test", DDNS_TYPE_A));

	assert_false(MAY("below.test", DDNS_TYPE_A));
	assert_true(MAY("x.below.test", DDNS_TYPE_A));
	assert_true(MAY("*.below.test", DDNS_TYPE_A));
	assert_false(MAY("xbelow.test", DDNS_TYPE_A));

	assert_true(MAY("sub.test", DDNS_TYPE_SRV));
	assert_true(MAY("y.x.sub.test", DDNS_TYPE_ANY));
	assert_false(MAY("test", DDNS_TYPE_A));

	assert_true(MAY("_acme-challenge.acme.test", DDNS_TYPE_TXT));
	assert_true(MAY("_ACME-challenge.acme.test", DDNS_TYPE_TXT));
	assert_false(MAY("_acme-challenge.x.acme.test", DDNS_TYPE_TXT));
	assert_false(MAY("_acme-challenge.acme.test", DDNS_TYPE_A));
	assert_false(MAY("acme.test", DDNS_TYPE_TXT));
	assert_false(MAY("_acme-challeng.acme.test", DDNS_TYPE_TXT));
}

static void
test_the_first_rule_that_fits_decides(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TOKEN, "c");
	int position;

	grant(t->store, &who, true, DDNS_GRANT_NAME, "ns.d.test", "A");
	grant(t->store, &who, false, DDNS_GRANT_SUBTREE, "d.test", "ANY");
	grant(t->store, &who, true, DDNS_GRANT_SUBTREE, "x.d.test", "ANY");
	assert_false(may(t->store, &who, "ns.d.test", DDNS_TYPE_A,
	    &position));
	assert_int_equal(position, 1);
	assert_true(may(t->store, &who, "ns.d.test", DDNS_TYPE_AAAA,
	    &position));
	assert_int_equal(position, 2);
	assert_true(MAY("y.x.d.test", DDNS_TYPE_A)); /* rule 3 is too late */
	/* "all types" must not step over the denial of one */
	assert_false(MAY("ns.d.test", DDNS_TYPE_ANY));
	assert_true(MAY("h.d.test", DDNS_TYPE_ANY));
}

static void
test_self_is_for_tsig_keys(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TSIG,
	    "host1.test");

	grant(t->store, &who, false, DDNS_GRANT_SELF, "", "A");
	grant(t->store, &who, false, DDNS_GRANT_SELFSUB, "", "TXT");
	assert_true(MAY("Host1.test", DDNS_TYPE_A));
	assert_false(MAY("x.host1.test", DDNS_TYPE_A));
	assert_true(MAY("x.host1.test", DDNS_TYPE_TXT));
	assert_true(MAY("host1.test", DDNS_TYPE_TXT));
	assert_false(MAY("host2.test", DDNS_TYPE_A));
	who.kind = DDNS_CRED_TOKEN;
	assert_false(MAY("host1.test", DDNS_TYPE_A));
}

static void
test_account_covers_its_hosts_only(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TOKEN, "c");
	struct ddns_host host = { .account_id = who.account_id };
	int64_t id;

	host.zone_id = add_zone(t->store, "test");
	host.name = name_of("mine.test");
	assert_ok(ddns_store_host_add(t->store, &host, &id));
	host.name = name_of("theirs.test");
	host.account_id = add_account(t->store, "other");
	assert_ok(ddns_store_host_add(t->store, &host, &id));
	grant(t->store, &who, false, DDNS_GRANT_ACCOUNT, "", "A AAAA");
	assert_true(MAY("mine.test", DDNS_TYPE_A));
	assert_false(MAY("theirs.test", DDNS_TYPE_A));
	assert_false(MAY("nobodys.test", DDNS_TYPE_A));
	assert_false(MAY("mine.test", DDNS_TYPE_MX));
}

static void
test_range_covers_reverse_names(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TSIG, "k");

	grant(t->store, &who, false, DDNS_GRANT_RANGE, "192.0.2.0/25", "PTR");
	grant(t->store, &who, false, DDNS_GRANT_RANGE, "2001:db8:7::/48",
	    "PTR");
	assert_true(MAY("7.2.0.192.in-addr.arpa", DDNS_TYPE_PTR));
	assert_false(MAY("200.2.0.192.in-addr.arpa", DDNS_TYPE_PTR));
	assert_false(MAY("07.2.0.192.in-addr.arpa", DDNS_TYPE_PTR));
	assert_false(MAY("256.2.0.192.in-addr.arpa", DDNS_TYPE_PTR));
	assert_false(MAY("2.0.192.in-addr.arpa", DDNS_TYPE_PTR));
	assert_false(MAY("7.7.2.0.192.in-addr.arpa", DDNS_TYPE_PTR));
	assert_false(MAY("a.2.0.192.in-addr.arpa", DDNS_TYPE_PTR));
	assert_true(MAY("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0."
	    "8.B.d.0.1.0.0.2.ip6.arpa", DDNS_TYPE_PTR));
	assert_false(MAY("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.0.0.0."
	    "8.b.d.0.1.0.0.2.ip6.arpa", DDNS_TYPE_PTR));
	assert_false(MAY("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0."
	    "8.b.d.0.1.0.0.g.ip6.arpa", DDNS_TYPE_PTR));
	assert_false(MAY("7.2.0.192.in-addr.test", DDNS_TYPE_PTR));
}

static void
test_decision_tells_the_rule(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TOKEN, "c");
	struct ddns_name name = name_of("a.d.test"), other = name_of("b");
	struct ddns_decision decision;
	struct ddns_buf out = { 0 };

	grant(t->store, &who, true, DDNS_GRANT_SUBTREE, "d.test", "A");
	assert_ok(ddns_update_authorize(t->store, &who, &name, DDNS_TYPE_A,
	    &decision));
	ddns_decision_format(&decision, &out);
	assert_string_equal(ddns_buf_text(&out), "rule 1: deny subtree d.test");
	ddns_buf_reset(&out);
	assert_ok(ddns_update_authorize(t->store, &who, &other, DDNS_TYPE_A,
	    &decision));
	ddns_decision_format(&decision, &out);
	assert_string_equal(ddns_buf_text(&out), "no rule fits");
	ddns_buf_done(&out);
}

static void
test_only_host_wants_exactly_one(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TOKEN, "c");
	struct ddns_subject all = add_cred(t->store, DDNS_CRED_TOKEN, "d");
	struct ddns_host host = { .account_id = all.account_id };
	struct ddns_name want = name_of("one.test"), got;
	int64_t id;

	assert_int_equal(ddns_update_only_host(t->store, &who, &got),
	    DDNS_ENOTFOUND);
	grant(t->store, &who, false, DDNS_GRANT_NAME, "one.test", "A");
	grant(t->store, &who, false, DDNS_GRANT_NAME, "one.test", "AAAA");
	grant(t->store, &who, false, DDNS_GRANT_ACME, "one.test", "TXT");
	grant(t->store, &who, true, DDNS_GRANT_SUBTREE, "test", "ANY");
	assert_ok(ddns_update_only_host(t->store, &who, &got));
	assert_true(ddns_name_equal(&got, &want));
	grant(t->store, &who, false, DDNS_GRANT_NAME, "two.test", "A");
	assert_int_equal(ddns_update_only_host(t->store, &who, &got),
	    DDNS_ENOTFOUND);

	grant(t->store, &all, false, DDNS_GRANT_ACCOUNT, "", "A");
	host.zone_id = add_zone(t->store, "test");
	assert_int_equal(ddns_update_only_host(t->store, &all, &got),
	    DDNS_ENOTFOUND);
	host.name = want;
	assert_ok(ddns_store_host_add(t->store, &host, &id));
	assert_ok(ddns_update_only_host(t->store, &all, &got));
	assert_true(ddns_name_equal(&got, &want));
	host.name = name_of("two.test");
	assert_ok(ddns_store_host_add(t->store, &host, &id));
	assert_int_equal(ddns_update_only_host(t->store, &all, &got),
	    DDNS_ENOTFOUND);
	grant(t->store, &all, false, DDNS_GRANT_SUBTREE, "test", "A");
	assert_int_equal(ddns_update_only_host(t->store, &all, &got),
	    DDNS_ENOTFOUND);
}

/* ---- authenticate ---- */

static const struct ddns_secret_key key = { .token_key = { 1 } };

static enum ddns_auth
authenticate(struct ddns_store *store, const char *token, bool tls,
    bool in_url, int64_t now, struct ddns_principal *who)
{
	struct ddns_login login = { { (const uint8_t *)token, strlen(token) },
		tls, in_url };
	enum ddns_auth auth;

	assert_ok(ddns_update_authenticate(store, &key, &login,
	    (struct ddns_unix_s){ now }, who, &auth));
	return auth;
}

static void
add_secret(struct ddns_store *store, int64_t cred_id, const char *token,
    int64_t expires)
{
	struct ddns_cred_secret secret = { .cred_id = cred_id, .alg = "",
		.expires = { expires } };

	assert_ok(ddns_secret_hash(&key, (struct ddns_span){
	    (const uint8_t *)token, strlen(token) }, secret.hash));
	assert_ok(ddns_store_secret_add(store, &secret));
}

static void
test_authenticate_judges_a_token(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TOKEN, "c");
	struct ddns_principal p;
	struct ddns_cred cred;

	add_secret(t->store, who.cred_id, "new", 0);
	add_secret(t->store, who.cred_id, "old", 100);
	assert_int_equal(authenticate(t->store, "new", true, false, 50, &p),
	    DDNS_AUTH_OK);
	assert_int_equal(p.cred_id, who.cred_id);
	assert_int_equal(p.account_id, who.account_id);
	assert_string_equal(p.credential, "c");
	assert_string_equal(p.account, "c");
	assert_int_equal(authenticate(t->store, "old", true, false, 99, &p),
	    DDNS_AUTH_OK);
	assert_int_equal(authenticate(t->store, "old", true, false, 100, &p),
	    DDNS_AUTH_EXPIRED);
	assert_int_equal(authenticate(t->store, "New", true, false, 50, &p),
	    DDNS_AUTH_UNKNOWN);
	assert_int_equal(p.cred_id, 0);
	assert_int_equal(authenticate(t->store, "", true, false, 50, &p),
	    DDNS_AUTH_UNKNOWN);
	assert_int_equal(authenticate(t->store, "new", false, false, 50, &p),
	    DDNS_AUTH_NEEDS_TLS);
	assert_string_equal(p.credential, "c");
	assert_int_equal(authenticate(t->store, "new", true, true, 50, &p),
	    DDNS_AUTH_NOT_IN_URL);

	assert_ok(ddns_store_cred_get(t->store, who.cred_id, &cred));
	cred.name = "c";
	cred.note = "";
	cred.flags = DDNS_CRED_ALLOW_HTTP | DDNS_CRED_ALLOW_URL;
	cred.expires.v = 200;
	assert_ok(ddns_store_cred_set(t->store, &cred));
	assert_int_equal(authenticate(t->store, "new", false, true, 199, &p),
	    DDNS_AUTH_OK);
	assert_int_equal(authenticate(t->store, "new", false, true, 200, &p),
	    DDNS_AUTH_EXPIRED);
	cred.flags |= DDNS_CRED_REVOKED;
	assert_ok(ddns_store_cred_set(t->store, &cred));
	assert_int_equal(authenticate(t->store, "new", true, false, 50, &p),
	    DDNS_AUTH_REVOKED);
}

static void
test_authenticate_refuses_a_disabled_account(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TOKEN, "c");
	struct ddns_principal p;
	struct ddns_account account = { .id = who.account_id, .name = "c",
		.note = "", .disabled = true };

	add_secret(t->store, who.cred_id, "tok", 0);
	assert_ok(ddns_store_account_set(t->store, &account));
	assert_int_equal(authenticate(t->store, "tok", true, false, 1, &p),
	    DDNS_AUTH_DISABLED);
}

static void
test_authenticate_wants_a_token_not_a_key(void **state)
{
	struct store_test *t = *state;
	struct ddns_subject who = add_cred(t->store, DDNS_CRED_TSIG, "k");
	struct ddns_principal p;

	add_secret(t->store, who.cred_id, "tok", 0);
	assert_int_equal(authenticate(t->store, "tok", true, false, 1, &p),
	    DDNS_AUTH_UNKNOWN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_test_setup, \
	store_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_allowed_without_a_rule),
		TEST(test_name_kinds),
		TEST(test_the_first_rule_that_fits_decides),
		TEST(test_self_is_for_tsig_keys),
		TEST(test_account_covers_its_hosts_only),
		TEST(test_range_covers_reverse_names),
		TEST(test_decision_tells_the_rule),
		TEST(test_only_host_wants_exactly_one),
		TEST(test_authenticate_judges_a_token),
		TEST(test_authenticate_refuses_a_disabled_account),
		TEST(test_authenticate_wants_a_token_not_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
