/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DNS port without its sockets: frames and keys, answers to queries, the
 * records of a transfer.
 */
#include "tests/unit/store_util.h"

#include "common/dns/rdata.h"
#include "common/ingest/dns_frame.h"
#include "common/ingest/dns_query.h"
#include "common/ingest/dns_transfer.h"
#include "common/update/change.h"

static const struct ddns_unix_s now = { 1700000000 };
static const struct ddns_secret_key file_key = { { 1 }, { 2 } };

/* ---- keys ---- */

static struct ddns_span
secret_of(uint8_t fill, uint8_t bytes[32])
{
	memset(bytes, fill, 32);
	return (struct ddns_span){ bytes, 32 };
}

static void
add_secret(struct ddns_store *store, int64_t cred_id, const char *name,
    const char *alg, uint8_t fill, int64_t expires)
{
	struct ddns_cred_secret secret = { .cred_id = cred_id, .alg = alg,
		.hash = { fill }, .expires = { expires } };
	struct ddns_span aad = { (const uint8_t *)name, strlen(name) };
	struct ddns_buf sealed = { 0 };
	uint8_t bytes[32];

	assert_ok(ddns_secret_seal(&file_key, aad, secret_of(fill, bytes),
	    &sealed));
	secret.sealed = ddns_buf_span(&sealed);
	assert_ok(ddns_store_secret_add(store, &secret));
	ddns_buf_done(&sealed);
}

static int64_t
add_key(struct ddns_store *store, const char *name, const char *alg,
    uint8_t fill, unsigned flags)
{
	struct ddns_account account;
	struct ddns_cred cred = { .kind = DDNS_CRED_TSIG, .name = name,
		.flags = flags };
	int64_t id = 0;

	if (ddns_store_account_get_named(store, "alice", &account) == DDNS_OK)
		cred.account_id = account.id;
	else
		cred.account_id = add_account(store, "alice");
	assert_ok(ddns_store_cred_add(store, &cred, &id));
	add_secret(store, id, name, alg, fill, 0);
	return id;
}

static void
sign(struct ddns_buf *msg, const char *name, enum ddns_tsig_alg alg,
    uint8_t fill)
{
	struct ddns_name key_name = name_of(name);
	struct ddns_tsig_key *key = NULL;
	uint8_t bytes[32];

	assert_ok(ddns_tsig_key_new(&key_name, alg, secret_of(fill, bytes),
	    &key));
	assert_ok(ddns_tsig_sign(msg, 0, key, NULL, now, NULL));
	ddns_tsig_key_free(key);
}

static void
start_query(struct ddns_buf *msg, const char *name, uint16_t type)
{
	struct ddns_name n = name_of(name);
	struct ddns_msg_writer w;

	ddns_buf_reset(msg);
	ddns_msg_start(&w, msg, 7, DDNS_MSG_RD);
	assert_ok(ddns_msg_put_question(&w, &n, type, DDNS_CLASS_IN));
}

/* The verdict, and what the answer says: "GO", "DROP", "NOTAUTH BADKEY -" */
static void
expect(struct ddns_dns_keys *keys, const struct ddns_buf *msg,
    const char *want)
{
	struct ddns_dns_frame frame;
	struct ddns_buf got = { 0 }, answer = { 0 };
	unsigned rcode = 0;

	switch (ddns_dns_frame_open(&frame, ddns_buf_span(msg), false, keys,
	    now, &rcode)) {
	case DDNS_DNS_DROP:
		ddns_buf_put_text(&got, "DROP");
		break;
	case DDNS_DNS_GO:
		ddns_buf_putf(&got, "GO%s", frame.tsig != NULL ? " signed" :
		    "");
		break;
	case DDNS_DNS_ANSWER:
		assert_ok(ddns_dns_frame_answer(&frame, rcode, now, &answer));
		ddns_buf_putf(&got, "%s", ddns_rcode_text(rcode));
		if (frame.has_tsig)
			ddns_buf_putf(&got, " %s%s",
			    ddns_rcode_text(frame.state.error),
			    frame.tsig != NULL ? " signed" : "");
		assert_int_equal(ddns_get_u16(answer.base), frame.header.id);
		assert_true((answer.base[2] & 0x80) != 0);
		break;
	}
	assert_string_equal(ddns_buf_text(&got), want);
	ddns_dns_frame_done(&frame);
	ddns_buf_done(&got);
	ddns_buf_done(&answer);
}

static void
test_frame_in_order_of_what_can_be_wrong(void **state)
{
	struct store_test *t = *state;
	struct ddns_dns_keys *keys = NULL;
	struct ddns_buf msg = { 0 };
	int64_t gen;

	add_key(t->store, "k.test", "hmac-sha256", 7, 0);
	assert_ok(ddns_dns_keys_new(t->store, &file_key, false, &keys));
	assert_ok(ddns_dns_keys_refresh(keys, &gen));
	start_query(&msg, "x.test", DDNS_TYPE_A);
	expect(keys, &msg, "GO");
	msg.base[2] |= 0x80; /* QR */
	expect(keys, &msg, "DROP");
	start_query(&msg, "x.test", DDNS_TYPE_A);
	msg.base[2] |= 6 << 3;
	expect(keys, &msg, "NOTIMP");
	start_query(&msg, "x.test", DDNS_TYPE_A);
	ddns_buf_put_u8(&msg, 0);
	expect(keys, &msg, "FORMERR");
	msg.len_bytes = 11;
	expect(keys, &msg, "DROP");
	start_query(&msg, "x.test", DDNS_TYPE_A);
	ddns_buf_put(&msg, "\0\0\51\20\0\0\1\0\0\0\0", 11); /* EDNS 1 */
	msg.base[11] = 1;
	expect(keys, &msg, "BADSIG"); /* 16: BADVERS of OPT */
	start_query(&msg, "x.test", DDNS_TYPE_A);
	sign(&msg, "K.test", DDNS_TSIG_HMAC_SHA256, 7);
	expect(keys, &msg, "GO signed");
	msg.base[3] ^= 1;
	expect(keys, &msg, "NOTAUTH BADSIG");
	start_query(&msg, "x.test", DDNS_TYPE_A);
	sign(&msg, "other.test", DDNS_TSIG_HMAC_SHA256, 7);
	expect(keys, &msg, "NOTAUTH BADKEY");
	start_query(&msg, "x.test", DDNS_TYPE_A);
	sign(&msg, "k.test", DDNS_TSIG_HMAC_SHA512, 7);
	expect(keys, &msg, "NOTAUTH BADKEY");
	ddns_buf_done(&msg);
	ddns_dns_keys_free(keys);
}

static void
test_keys_end_with_their_policy_and_their_time(void **state)
{
	struct store_test *t = *state;
	struct ddns_dns_keys *keys = NULL;
	struct ddns_buf old = { 0 }, new = { 0 }, past = { 0 }, weak = { 0 };
	struct ddns_cred cred;
	int64_t id, gen, before;

	id = add_key(t->store, "k.test", "hmac-sha256", 7, 0);
	add_secret(t->store, id, "k.test", "hmac-sha256", 8, now.v + 10);
	add_secret(t->store, id, "k.test", "hmac-sha256", 9, now.v);
	add_key(t->store, "weak.test", "hmac-sha1", 6, 0);
	assert_ok(ddns_dns_keys_new(t->store, &file_key, false, &keys));
	assert_ok(ddns_dns_keys_refresh(keys, &before));
	start_query(&old, "x.test", DDNS_TYPE_A);
	sign(&old, "k.test", DDNS_TSIG_HMAC_SHA256, 7);
	start_query(&new, "x.test", DDNS_TYPE_A);
	sign(&new, "k.test", DDNS_TSIG_HMAC_SHA256, 8);
	start_query(&past, "x.test", DDNS_TYPE_A);
	sign(&past, "k.test", DDNS_TSIG_HMAC_SHA256, 9);
	start_query(&weak, "x.test", DDNS_TYPE_A);
	sign(&weak, "weak.test", DDNS_TSIG_HMAC_SHA1, 6);
	expect(keys, &old, "GO signed"); /* both while it rotates */
	expect(keys, &new, "GO signed");
	expect(keys, &past, "NOTAUTH BADSIG");
	expect(keys, &weak, "NOTAUTH BADKEY");
	assert_ok(ddns_store_cred_get(t->store, id, &cred));
	cred.flags = DDNS_CRED_REVOKED;
	cred.name = "k.test";
	cred.note = "";
	assert_ok(ddns_store_cred_set(t->store, &cred));
	assert_ok(ddns_dns_keys_refresh(keys, &gen));
	assert_true(gen != before);
	expect(keys, &old, "NOTAUTH BADKEY");
	ddns_dns_keys_free(keys);
	keys = NULL;
	assert_ok(ddns_dns_keys_new(t->store, &file_key, true, &keys));
	expect(keys, &weak, "GO signed");
	ddns_dns_keys_free(keys);
	ddns_buf_done(&old);
	ddns_buf_done(&new);
	ddns_buf_done(&past);
	ddns_buf_done(&weak);
}

/* ---- records ---- */

static const struct ddns_actor actor = { .protocol = "update",
	.now = { 1700000000000 } };

/* values: separated by '|', none: deletes */
static void
set_records(struct ddns_store *store, int64_t zone_id, const char *owner,
    uint16_t type, const char *values)
{
	struct ddns_name name = name_of(owner);
	struct ddns_rrset set = { 0 };
	struct ddns_zone zone;
	bool changed;

	while (*values != '\0') {
		char text[64];
		size_t len = strcspn(values, "|");
		struct ddns_buf rdata = { 0 };

		snprintf(text, sizeof(text), "%.*s", (int)len, values);
		assert_ok(ddns_rdata_parse(type, text, &rdata));
		assert_ok(ddns_rrset_add(&set, 60, ddns_buf_span(&rdata)));
		ddns_buf_done(&rdata);
		values += len + (values[len] == '|');
	}
	assert_ok(ddns_store_zone_get(store, zone_id, &zone));
	assert_ok(ddns_change_rrset(store, &actor, &zone, &name, type, &set,
	    "NOERROR", "", NULL, &changed));
	ddns_rrset_done(&set);
}

/* Answer and authority in words: "A 192.0.2.1; | SOA serial;" */
static void
put_section(struct ddns_span msg, const struct ddns_msg_header *header,
    const struct ddns_msg_extra *extra, enum ddns_section section,
    struct ddns_buf *out)
{
	size_t pos = extra->section[section];
	struct ddns_msg_rr rr;

	for (unsigned i = 0; i < header->count[section]; i++) {
		struct ddns_buf rdata = { 0 };
		char type[DDNS_TYPE_TEXT_MAX];

		assert_ok(ddns_msg_read_rr(msg, &pos, &rr));
		assert_ok(ddns_rdata_read(rr.type, msg, rr.rdata,
		    rr.rdata_len_bytes, &rdata));
		if (rr.type == DDNS_TYPE_SOA)
			ddns_buf_putf(out, "SOA %u;",
			    ddns_get_u32(rdata.base + rdata.len_bytes - 20));
		else {
			ddns_buf_putf(out, "%s ",
			    ddns_type_format(rr.type, type));
			assert_ok(ddns_rdata_format(rr.type,
			    ddns_buf_span(&rdata), out));
			ddns_buf_put_u8(out, ';');
		}
		ddns_buf_done(&rdata);
	}
}

static void
read_answer(struct ddns_span msg, struct ddns_buf *out)
{
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;

	assert_ok(ddns_msg_read_header(msg, &header));
	assert_ok(ddns_msg_scan(msg, &header, &extra));
	put_section(msg, &header, &extra, DDNS_SECTION_ANSWER, out);
	if (header.count[DDNS_SECTION_AUTHORITY] != 0)
		ddns_buf_put_u8(out, '|');
	put_section(msg, &header, &extra, DDNS_SECTION_AUTHORITY, out);
	if ((header.flags & DDNS_MSG_AA) == 0)
		ddns_buf_put_text(out, " not AA");
	if ((header.flags & DDNS_MSG_TC) != 0)
		ddns_buf_put_text(out, " TC");
	if (ddns_msg_rcode(&header) != 0)
		ddns_buf_putf(out, " %s",
		    ddns_rcode_text(ddns_msg_rcode(&header)));
}

static void
test_query_answers_as_the_primary_would(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		const char *want;
	} rows[] = {
		{ "a.zone", DDNS_TYPE_A, "A 192.0.2.1;A 192.0.2.2;" },
		{ "A.ZONE", DDNS_TYPE_A, "A 192.0.2.1;A 192.0.2.2;" },
		{ "a.zone", DDNS_TYPE_AAAA, "|SOA 16;" },
		{ "zone", DDNS_TYPE_SOA, "SOA 16;" },
		{ "nobody.zone", DDNS_TYPE_SOA, "|SOA 16; NXDOMAIN" },
		{ "ent.zone", DDNS_TYPE_A, "|SOA 16;" },
		{ "x.ent.zone", DDNS_TYPE_ANY, "TXT \"deep\";" },
		{ "q.wild.zone", DDNS_TYPE_TXT, "TXT \"star\";" },
		{ "q.wild.zone", DDNS_TYPE_A, "|SOA 16;" },
		{ "alias.zone", DDNS_TYPE_A, "CNAME a.zone;" },
		{ "alias.zone", DDNS_TYPE_CNAME, "CNAME a.zone;" },
		{ "x.sub.zone", DDNS_TYPE_A, "|NS ns.sub.zone; not AA" },
		{ "sub.zone", DDNS_TYPE_NS, "|NS ns.sub.zone; not AA" },
		{ "sub.zone", DDNS_TYPE_DS, "|SOA 16;" },
		{ "elsewhere", DDNS_TYPE_A, " not AA REFUSED" },
		{ "a.zone", DDNS_TYPE_TKEY, " not AA REFUSED" },
	};
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "zone");
	struct ddns_dns_keys *keys = NULL;

	set_records(t->store, id, "a.zone", DDNS_TYPE_A,
	    "192.0.2.1|192.0.2.2");
	set_records(t->store, id, "x.ent.zone", DDNS_TYPE_TXT, "deep");
	set_records(t->store, id, "*.wild.zone", DDNS_TYPE_TXT, "star");
	set_records(t->store, id, "alias.zone", DDNS_TYPE_CNAME, "a.zone.");
	set_records(t->store, id, "sub.zone", DDNS_TYPE_NS, "ns.sub.zone.");
	set_records(t->store, id, "ns.sub.zone", DDNS_TYPE_A, "192.0.2.3");
	assert_ok(ddns_dns_keys_new(t->store, &file_key, false, &keys));
	for (size_t i = 0; i < DDNS_COUNT(rows); i++) {
		struct ddns_buf msg = { 0 }, out = { 0 }, got = { 0 };
		struct ddns_dns_frame frame;
		unsigned rcode;

		print_message("# %s %u\n", rows[i].name, rows[i].type);
		start_query(&msg, rows[i].name, rows[i].type);
		assert_int_equal(ddns_dns_frame_open(&frame,
		    ddns_buf_span(&msg), false, keys, now, &rcode),
		    DDNS_DNS_GO);
		assert_ok(ddns_dns_query_answer(t->store, &frame, now, &out));
		read_answer(ddns_buf_span(&out), &got);
		assert_string_equal(ddns_buf_text(&got), rows[i].want);
		ddns_dns_frame_done(&frame);
		ddns_buf_done(&msg);
		ddns_buf_done(&out);
		ddns_buf_done(&got);
	}
	ddns_dns_keys_free(keys);
}

static void
test_query_too_large_for_udp_is_truncated(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "zone");
	struct ddns_dns_keys *keys = NULL;
	struct ddns_buf msg = { 0 }, out = { 0 }, got = { 0 }, text = { 0 };
	struct ddns_dns_frame frame;
	unsigned rcode;

	for (int i = 0; i < 40; i++)
		ddns_buf_putf(&text, "%s192.0.2.%d", i == 0 ? "" : "|", i);
	set_records(t->store, id, "big.zone", DDNS_TYPE_A,
	    ddns_buf_text(&text));
	assert_ok(ddns_dns_keys_new(t->store, &file_key, false, &keys));
	for (int tcp = 0; tcp < 2; tcp++) {
		start_query(&msg, "big.zone", DDNS_TYPE_A);
		assert_int_equal(ddns_dns_frame_open(&frame,
		    ddns_buf_span(&msg), tcp == 1, keys, now, &rcode),
		    DDNS_DNS_GO);
		assert_ok(ddns_dns_query_answer(t->store, &frame, now, &out));
		ddns_buf_reset(&got);
		read_answer(ddns_buf_span(&out), &got);
		if (tcp == 0)
			assert_string_equal(ddns_buf_text(&got), " TC");
		else
			assert_true(out.len_bytes > 512);
		ddns_dns_frame_done(&frame);
	}
	ddns_buf_done(&msg);
	ddns_buf_done(&out);
	ddns_buf_done(&got);
	ddns_buf_done(&text);
	ddns_dns_keys_free(keys);
}

/* ---- transfers ---- */

static enum ddns_err
collect(struct ddns_span message, void *arg)
{
	read_answer(message, arg);
	return DDNS_OK;
}

static void
expect_transfer(struct ddns_store *store, int64_t zone_id, bool incremental,
    uint32_t serial, const char *want)
{
	struct ddns_dns_frame frame = { .has_question = true,
		.question = { name_of("zone"), DDNS_TYPE_AXFR,
		DDNS_CLASS_IN }, .tcp = true };
	struct ddns_buf got = { 0 };
	atomic_bool stop = false;
	struct ddns_dns_transfer transfer = { .store = store, .frame = &frame,
		.zone_id = zone_id, .incremental = incremental,
		.serial = serial, .stop = &stop, .send = collect,
		.arg = &got };

	assert_ok(ddns_dns_transfer_run(&transfer));
	assert_string_equal(ddns_buf_text(&got), want);
	ddns_buf_done(&got);
}

static void
test_transfer_tells_what_became_of_each_serial(void **state)
{
	struct store_test *t = *state;
	struct ddns_store *s = t->store;
	int64_t id = add_zone(s, "zone");

	set_records(s, id, "a.zone", DDNS_TYPE_A, "192.0.2.1"); /* 11 */
	assert_ok(ddns_store_begin(s, DDNS_STORE_WRITE)); /* 12, all of it */
	set_records(s, id, "a.zone", DDNS_TYPE_A, "192.0.2.1|192.0.2.2");
	set_records(s, id, "b.zone", DDNS_TYPE_A, "192.0.2.9");
	set_records(s, id, "a.zone", DDNS_TYPE_A, "192.0.2.3");
	set_records(s, id, "b.zone", DDNS_TYPE_A, "");
	assert_ok(ddns_store_commit(s));
	set_records(s, id, "a.zone", DDNS_TYPE_TXT, "x"); /* 13 */
	expect_transfer(s, id, false, 0,
	    "SOA 13;A 192.0.2.3;TXT \"x\";SOA 13;");
	expect_transfer(s, id, true, 11, "SOA 13;"
	    "SOA 11;A 192.0.2.1;SOA 12;A 192.0.2.3;"
	    "SOA 12;SOA 13;TXT \"x\";SOA 13;");
	expect_transfer(s, id, true, 12, "SOA 13;SOA 12;SOA 13;TXT \"x\";"
	    "SOA 13;");
	expect_transfer(s, id, true, 13, "SOA 13;");
	expect_transfer(s, id, true, 14, "SOA 13;"); /* newer than ours */
	/* before all history: as AXFR */
	expect_transfer(s, id, true, 5,
	    "SOA 13;A 192.0.2.3;TXT \"x\";SOA 13;");
}

static enum ddns_err
count(struct ddns_span message, void *arg)
{
	struct ddns_msg_header header;

	assert_ok(ddns_msg_read_header(message, &header));
	((unsigned *)arg)[0]++;
	((unsigned *)arg)[1] += header.count[DDNS_SECTION_ANSWER];
	((unsigned *)arg)[2] += header.count[DDNS_SECTION_QUESTION];
	return ((unsigned *)arg)[0] == ((unsigned *)arg)[3] ? DDNS_EIO :
	    DDNS_OK;
}

static void
test_transfer_of_many_messages(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "zone");
	struct ddns_dns_frame frame = { .has_question = true,
		.question = { name_of("zone"), DDNS_TYPE_AXFR,
		DDNS_CLASS_IN }, .tcp = true };
	unsigned seen[4] = { 0 };
	atomic_bool stop = false;
	struct ddns_dns_transfer transfer = { .store = t->store,
		.frame = &frame, .zone_id = id, .stop = &stop, .send = count,
		.arg = seen };
	char name[32];

	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "host%u.zone", i);
		put_a(t->store, id, name, (uint8_t)i);
	}
	assert_ok(ddns_store_commit(t->store));
	assert_ok(ddns_dns_transfer_run(&transfer));
	assert_true(seen[0] > 3);
	assert_int_equal(seen[1], 3002);
	assert_int_equal(seen[2], 1); /* only the first has the question */
	memset(seen, 0, sizeof(seen));
	seen[3] = 2;
	assert_int_equal(ddns_dns_transfer_run(&transfer), DDNS_EIO);
	assert_int_equal(seen[0], 2);
	stop = true;
	assert_int_equal(ddns_dns_transfer_run(&transfer), DDNS_ESTOP);
	assert_int_equal(seen[0], 2);
}

#define with_store(test)                                              \
	cmocka_unit_test_setup_teardown(test, store_test_setup,       \
	    store_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(test_frame_in_order_of_what_can_be_wrong),
		with_store(test_keys_end_with_their_policy_and_their_time),
		with_store(test_query_answers_as_the_primary_would),
		with_store(test_query_too_large_for_udp_is_truncated),
		with_store(test_transfer_tells_what_became_of_each_serial),
		with_store(test_transfer_of_many_messages),
	};

	return cmocka_run_group_tests_name("ingest_dns", tests, NULL, NULL);
}
