/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include "common/dns/tsig.h"
#include "tests/unit/dns_tsig_vectors.h"

static const struct ddns_unix_s now = { VECTOR_NOW };

static struct ddns_name
name_of(const char *text)
{
	struct ddns_name name;

	assert_int_equal(ddns_name_parse(text, &name), DDNS_OK);
	return name;
}

static struct ddns_tsig_key *
key_of(const char *name, const char *alg_text)
{
	struct ddns_name key_name = name_of(name);
	struct ddns_tsig_key *key;
	enum ddns_tsig_alg alg;
	uint8_t secret[32];

	for (unsigned i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(i + 1);
	assert_int_equal(ddns_tsig_alg_parse(alg_text, &alg), DDNS_OK);
	assert_int_equal(ddns_tsig_key_new(&key_name, alg,
	    (struct ddns_span){ secret, sizeof(secret) }, &key), DDNS_OK);
	return key;
}

static struct ddns_tsig_key *
find(const struct ddns_name *name, void *arg)
{
	struct ddns_tsig_key *key = arg;

	return ddns_name_equal(name, ddns_tsig_key_get_name(key)) ? key : NULL;
}

static void
put_hex(struct ddns_buf *out, const char *text)
{
	size_t len;

	assert_true(ddns_buf_reserve(out, strlen(text) / 2));
	assert_int_equal(ddns_hex_decode(text, strlen(text),
	    out->base + out->len_bytes, strlen(text) / 2, &len), DDNS_OK);
	out->len_bytes += len;
}

static enum ddns_err
verify_at(const struct ddns_buf *msg, struct ddns_tsig_key *key, int64_t at,
    size_t min_mac_bytes, struct ddns_tsig_state *state,
    struct ddns_tsig_key **used)
{
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;

	assert_int_equal(ddns_msg_read_header(ddns_buf_span(msg), &header),
	    DDNS_OK);
	assert_int_equal(ddns_msg_scan(ddns_buf_span(msg), &header, &extra),
	    DDNS_OK);
	return ddns_tsig_verify_request(ddns_buf_span(msg), &extra, find, key,
	    (struct ddns_unix_s){ at }, min_mac_bytes, state, used);
}

static enum ddns_err
verify_answer(const struct ddns_buf *msg, struct ddns_tsig_key *key,
    struct ddns_tsig_state *request, int64_t at, unsigned *error)
{
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;

	assert_int_equal(ddns_msg_read_header(ddns_buf_span(msg), &header),
	    DDNS_OK);
	assert_int_equal(ddns_msg_scan(ddns_buf_span(msg), &header, &extra),
	    DDNS_OK);
	return ddns_tsig_verify_answer(ddns_buf_span(msg), &extra, key,
	    request, (struct ddns_unix_s){ at }, error);
}

/* The answer that dnspython made: header and question, then TSIG. */
static void
write_answer(struct ddns_buf *out, unsigned rcode)
{
	struct ddns_name zone = name_of("dyn.test");
	struct ddns_msg_writer w;

	ddns_msg_start(&w, out, 0x1234, DDNS_MSG_QR |
	    DDNS_OPCODE_UPDATE << 11 | (uint16_t)rcode);
	assert_int_equal(ddns_msg_put_question(&w, &zone, DDNS_TYPE_SOA,
	    DDNS_CLASS_IN), DDNS_OK);
}

/* dnspython compresses the key's name, we do not: compare from the rdata. */
static void
assert_same_tsig(const struct ddns_buf *ours, const struct ddns_buf *theirs)
{
	struct ddns_msg_header h;
	struct ddns_msg_extra a, b;

	assert_int_equal(ddns_msg_read_header(ddns_buf_span(ours), &h), 0);
	assert_int_equal(ddns_msg_scan(ddns_buf_span(ours), &h, &a), 0);
	assert_int_equal(ddns_msg_read_header(ddns_buf_span(theirs), &h), 0);
	assert_int_equal(ddns_msg_scan(ddns_buf_span(theirs), &h, &b), 0);
	assert_int_equal(a.tsig.rdata_len_bytes, b.tsig.rdata_len_bytes);
	assert_memory_equal(ours->base + a.tsig.rdata,
	    theirs->base + b.tsig.rdata, a.tsig.rdata_len_bytes);
}

static void
test_tsig_agrees_with_dnspython_in_every_algorithm(void **state)
{
	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(vectors); i++) {
		struct ddns_tsig_key *key = key_of("KEY.test",
		    vectors[i].alg), *used;
		struct ddns_buf msg = { 0 }, theirs = { 0 }, ours = { 0 };
		struct ddns_tsig_state server, client;
		unsigned error;

		print_message("# %s\n", vectors[i].alg);
		put_hex(&msg, vectors[i].request);
		assert_int_equal(verify_at(&msg, key, VECTOR_NOW, 0, &server,
		    &used), DDNS_OK);
		assert_ptr_equal(used, key);
		client = server;
		put_hex(&theirs, vectors[i].answer);
		write_answer(&ours, DDNS_RCODE_NXDOMAIN);
		assert_int_equal(ddns_tsig_sign(&ours, 0, key, &server, now,
		    NULL), DDNS_OK);
		assert_same_tsig(&ours, &theirs);
		assert_int_equal(verify_answer(&theirs, key, &client,
		    VECTOR_NOW, &error), DDNS_OK);
		assert_int_equal(error, 0);
		ddns_buf_done(&msg);
		ddns_buf_done(&theirs);
		ddns_buf_done(&ours);
		ddns_tsig_key_free(key);
	}
}

static void
test_tsig_streams_agree_with_dnspython(void **state)
{
	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(vectors); i++) {
		struct ddns_tsig_key *key = key_of("key.test",
		    vectors[i].alg), *used;
		struct ddns_buf msg = { 0 };
		struct ddns_tsig_state server, client;

		put_hex(&msg, vectors[i].request);
		assert_int_equal(verify_at(&msg, key, VECTOR_NOW, 0, &server,
		    &used), DDNS_OK);
		client = server;
		for (int n = 0; n < 3; n++) {
			struct ddns_buf theirs = { 0 }, ours = { 0 };
			unsigned error;

			put_hex(&theirs, vectors[i].stream[n]);
			write_answer(&ours, DDNS_RCODE_NOERROR);
			assert_int_equal(ddns_tsig_sign(&ours, 0, key,
			    &server, now, NULL), DDNS_OK);
			assert_same_tsig(&ours, &theirs);
			assert_int_equal(verify_answer(&ours, key, &client,
			    VECTOR_NOW, &error), DDNS_OK);
			ddns_buf_done(&theirs);
			ddns_buf_done(&ours);
		}
		ddns_buf_done(&msg);
		ddns_tsig_key_free(key);
	}
}

static void
test_tsig_stream_detects_a_missing_message(void **state)
{
	struct ddns_tsig_key *key = key_of("key.test", "hmac-sha256"), *used;
	struct ddns_buf msg = { 0 }, answer = { 0 };
	struct ddns_tsig_state client;
	unsigned error;

	(void)state;
	put_hex(&msg, vectors[2].request);
	assert_int_equal(verify_at(&msg, key, VECTOR_NOW, 0, &client, &used),
	    DDNS_OK);
	put_hex(&answer, vectors[2].stream[1]);
	assert_int_equal(verify_answer(&answer, key, &client, VECTOR_NOW,
	    &error), DDNS_EDENIED);
	ddns_buf_done(&msg);
	ddns_buf_done(&answer);
	ddns_tsig_key_free(key);
}

static void
test_tsig_request_and_answer_of_our_own(void **state)
{
	struct ddns_tsig_key *key = key_of("key.test", "hmac-sha512"), *twin,
		*used;
	struct ddns_name zone = name_of("dyn.test");
	struct ddns_buf msg = { 0 }, answer = { 0 };
	struct ddns_tsig_state client, server;
	struct ddns_msg_writer w;
	unsigned error;

	(void)state;
	assert_int_equal(ddns_tsig_key_dup(key, &twin), DDNS_OK);
	ddns_msg_start(&w, &msg, 99, DDNS_OPCODE_NOTIFY << 11);
	assert_int_equal(ddns_msg_put_question(&w, &zone, 1, 1), DDNS_OK);
	assert_int_equal(ddns_tsig_sign(&msg, 0, key, NULL, now, &client),
	    DDNS_OK);
	assert_true(msg.len_bytes <= 12 + 14 + DDNS_TSIG_RR_MAX);
	assert_int_equal(verify_at(&msg, twin, VECTOR_NOW + 300, 0, &server,
	    &used), DDNS_OK);
	assert_int_equal(server.original_id, 99);
	write_answer(&answer, 0);
	assert_int_equal(ddns_tsig_sign(&answer, 0, twin, &server, now, NULL),
	    DDNS_OK);
	assert_int_equal(verify_answer(&answer, key, &client, VECTOR_NOW,
	    &error), DDNS_OK);
	/* an unsigned one is not an answer, nor is one for another request */
	client.mac[0] ^= 1;
	client.stream = false;
	assert_int_equal(verify_answer(&answer, key, &client, VECTOR_NOW,
	    &error), DDNS_EDENIED);
	ddns_buf_reset(&answer);
	write_answer(&answer, 0);
	assert_int_equal(verify_answer(&answer, key, &client, VECTOR_NOW,
	    &error), DDNS_EDENIED);
	ddns_buf_done(&msg);
	ddns_buf_done(&answer);
	ddns_tsig_key_free(key);
	ddns_tsig_key_free(twin);
}

static void
test_tsig_original_id_survives_a_forwarder(void **state)
{
	struct ddns_tsig_key *key = key_of("key.test", "hmac-sha256"), *used;
	struct ddns_buf msg = { 0 }, answer = { 0 };
	struct ddns_tsig_state server, client;
	unsigned error;

	(void)state;
	put_hex(&msg, vectors[2].request);
	assert_int_equal(verify_at(&msg, key, VECTOR_NOW, 0, &client, &used),
	    DDNS_OK);
	ddns_set_u16(msg.base, 0xbeef);
	assert_int_equal(verify_at(&msg, key, VECTOR_NOW, 0, &server, &used),
	    DDNS_OK);
	assert_int_equal(server.original_id, 0x1234);
	write_answer(&answer, 0);
	ddns_set_u16(answer.base, 0xbeef);
	assert_int_equal(ddns_tsig_sign(&answer, 0, key, &server, now, NULL),
	    DDNS_OK);
	ddns_set_u16(answer.base, 0x1234); /* the forwarder puts it back */
	assert_int_equal(verify_answer(&answer, key, &client, VECTOR_NOW,
	    &error), DDNS_OK);
	ddns_buf_done(&msg);
	ddns_buf_done(&answer);
	ddns_tsig_key_free(key);
}

static void
test_tsig_badkey_for_unknown_key_or_algorithm(void **state)
{
	static const char *const keys[][2] = { { "other", "hmac-sha256" },
		{ "key.test", "hmac-sha512" } };

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(keys); i++) {
		struct ddns_tsig_key *key = key_of(keys[i][0], keys[i][1]),
			*used = key;
		struct ddns_buf msg = { 0 }, answer = { 0 };
		struct ddns_tsig_state server, client;
		unsigned error;

		put_hex(&msg, vectors[2].request);
		assert_int_equal(verify_at(&msg, key, VECTOR_NOW, 0, &server,
		    &used), DDNS_EDENIED);
		assert_int_equal(server.error, DDNS_RCODE_BADKEY);
		assert_false(server.sign);
		assert_null(used);
		client = server;
		write_answer(&answer, DDNS_RCODE_NOTAUTH);
		assert_int_equal(ddns_tsig_sign(&answer, 0, NULL, &server, now,
		    NULL), DDNS_OK);
		struct ddns_tsig_key *ours = key_of("key.test", "hmac-sha256");
		assert_int_equal(verify_answer(&answer, ours, &client,
		    VECTOR_NOW, &error), DDNS_EDENIED);
		assert_int_equal(error, DDNS_RCODE_BADKEY);
		ddns_buf_done(&msg);
		ddns_buf_done(&answer);
		ddns_tsig_key_free(key);
		ddns_tsig_key_free(ours);
	}
}

static void
test_tsig_badsig_for_any_changed_bit(void **state)
{
	struct ddns_tsig_key *key = key_of("key.test", "hmac-sha256"), *used;
	struct ddns_buf msg = { 0 };
	struct ddns_msg_header h;
	struct ddns_msg_extra extra;
	unsigned denied = 0;

	(void)state;
	put_hex(&msg, vectors[2].request);
	for (size_t i = 2; i < msg.len_bytes; i++) { /* the ID may change */
		struct ddns_tsig_state server;
		enum ddns_err err;

		msg.base[i] ^= 0x40;
		if (ddns_msg_read_header(ddns_buf_span(&msg), &h) == DDNS_OK &&
		    ddns_msg_scan(ddns_buf_span(&msg), &h, &extra) ==
		    DDNS_OK && extra.has_tsig) {
			err = ddns_tsig_verify_request(ddns_buf_span(&msg),
			    &extra, find, key, now, 0, &server, &used);
			assert_true(err == DDNS_EDENIED ||
			    err == DDNS_EFORMAT);
			if (err == DDNS_EDENIED) {
				assert_int_not_equal(server.error, 0);
				assert_false(server.sign);
				denied++;
			}
		}
		msg.base[i] ^= 0x40;
	}
	assert_true(denied > msg.len_bytes / 2);
	ddns_buf_done(&msg);
	ddns_tsig_key_free(key);
}

static void
test_tsig_badtime_is_signed_and_tells_both_times(void **state)
{
	static const int64_t at[] = { VECTOR_NOW + 301, VECTOR_NOW - 301 };

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(at); i++) {
		struct ddns_tsig_key *key = key_of("key.test", "hmac-sha256"),
			*used;
		struct ddns_buf msg = { 0 }, answer = { 0 };
		struct ddns_tsig_state server, client;
		struct ddns_msg_header h;
		struct ddns_msg_extra extra;
		uint8_t times[6];
		unsigned error;
		size_t at_time;

		put_hex(&msg, vectors[2].request);
		assert_int_equal(verify_at(&msg, key, VECTOR_NOW +
		    (i == 0 ? 300 : -300), 0, &server, &used), DDNS_OK);
		assert_int_equal(verify_at(&msg, key, at[i], 0, &server,
		    &used), DDNS_EDENIED);
		assert_int_equal(server.error, DDNS_RCODE_BADTIME);
		assert_true(server.sign);
		assert_ptr_equal(used, key);
		client = server;
		write_answer(&answer, DDNS_RCODE_NOTAUTH);
		assert_int_equal(ddns_tsig_sign(&answer, 0, used, &server,
		    (struct ddns_unix_s){ at[i] }, NULL), DDNS_OK);
		assert_int_equal(ddns_msg_read_header(ddns_buf_span(&answer),
		    &h), DDNS_OK);
		assert_int_equal(ddns_msg_scan(ddns_buf_span(&answer), &h,
		    &extra), DDNS_OK);
		/* behind the algorithm's name: Time Signed is the client's */
		at_time = extra.tsig.rdata + 13;
		assert_int_equal(ddns_get_u32(answer.base + at_time + 2),
		    VECTOR_NOW);
		ddns_set_u16(times, 0);
		ddns_set_u32(times + 2, (uint32_t)at[i]);
		assert_memory_equal(answer.base + answer.len_bytes - 6, times,
		    6);
		assert_int_equal(verify_answer(&answer, key, &client,
		    VECTOR_NOW, &error), DDNS_EDENIED);
		assert_int_equal(error, DDNS_RCODE_BADTIME);
		ddns_buf_done(&msg);
		ddns_buf_done(&answer);
		ddns_tsig_key_free(key);
	}
}

/* The request of a vector with its MAC cut to `keep` bytes. */
static void
truncated(struct ddns_buf *msg, size_t vector, size_t mac_bytes, size_t keep)
{
	size_t tail = 6, end, rdlen;
	struct ddns_msg_header h;
	struct ddns_msg_extra extra;

	put_hex(msg, vectors[vector].request);
	assert_int_equal(ddns_msg_read_header(ddns_buf_span(msg), &h), 0);
	assert_int_equal(ddns_msg_scan(ddns_buf_span(msg), &h, &extra), 0);
	end = msg->len_bytes;
	memmove(msg->base + end - tail - (mac_bytes - keep),
	    msg->base + end - tail, tail);
	msg->len_bytes -= mac_bytes - keep;
	rdlen = extra.tsig.rdata_len_bytes - (mac_bytes - keep);
	ddns_set_u16(msg->base + extra.tsig.rdata - 2, (uint16_t)rdlen);
	ddns_set_u16(msg->base + extra.tsig.rdata + rdlen - tail - keep - 2,
	    (uint16_t)keep);
}

static void
test_tsig_truncation_by_the_rules_and_by_policy(void **state)
{
	static const struct {
		size_t vector, full, keep, min;
		enum ddns_err err;
		unsigned error;
	} t[] = {
		{ 2, 32, 16, 16, DDNS_OK, 0 },
		{ 2, 32, 20, 16, DDNS_OK, 0 },
		{ 2, 32, 16, 17, DDNS_EDENIED, DDNS_RCODE_BADTRUNC },
		{ 2, 32, 31, 0, DDNS_EDENIED, DDNS_RCODE_BADTRUNC },
		{ 2, 32, 15, 10, DDNS_EFORMAT, 0 },
		{ 2, 32, 0, 10, DDNS_EFORMAT, 0 },
		{ 0, 20, 10, 10, DDNS_OK, 0 },
		{ 0, 20, 9, 1, DDNS_EFORMAT, 0 },
		{ 4, 64, 32, 32, DDNS_OK, 0 },
		{ 4, 64, 31, 10, DDNS_EFORMAT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		struct ddns_tsig_key *key = key_of("key.test",
		    vectors[t[i].vector].alg), *used = NULL;
		struct ddns_buf msg = { 0 }, answer = { 0 };
		struct ddns_tsig_state server, client;
		unsigned error;

		print_message("# row %zu\n", i);
		truncated(&msg, t[i].vector, t[i].full, t[i].keep);
		assert_int_equal(verify_at(&msg, key, VECTOR_NOW, t[i].min,
		    &server, &used), t[i].err);
		if (t[i].err != DDNS_EFORMAT) {
			/* the cut MAC goes into the answer as it came */
			assert_int_equal(server.error, t[i].error);
			assert_int_equal(server.mac_len_bytes, t[i].keep);
			assert_true(server.sign);
			client = server;
			write_answer(&answer, DDNS_RCODE_NOTAUTH);
			assert_int_equal(ddns_tsig_sign(&answer, 0, used,
			    &server, now, NULL), DDNS_OK);
			assert_int_equal(verify_answer(&answer, key, &client,
			    VECTOR_NOW, &error), t[i].err);
			assert_int_equal(error, t[i].error);
		}
		ddns_buf_done(&msg);
		ddns_buf_done(&answer);
		ddns_tsig_key_free(key);
	}
}

static void
test_tsig_malformed_is_no_tsig(void **state)
{
	struct ddns_tsig_key *key = key_of("key.test", "hmac-sha256"), *used;
	struct ddns_msg_header h;
	struct ddns_msg_extra extra;
	struct ddns_tsig_state server;
	struct ddns_buf msg = { 0 };
	static const struct {
		int from; /* of the rdata */
		uint8_t to;
	} t[] = {
		{ -8, 1 },   /* class: 0x01ff */
		{ -6, 1 },   /* TTL */
		{ 0, 0xc0 }, /* algorithm compressed */
		{ 21, 1 },   /* MAC size: 288 */
		{ 59, 1 },   /* other size */
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		ddns_buf_reset(&msg);
		put_hex(&msg, vectors[2].request);
		assert_int_equal(ddns_msg_read_header(ddns_buf_span(&msg), &h),
		    DDNS_OK);
		assert_int_equal(ddns_msg_scan(ddns_buf_span(&msg), &h,
		    &extra), DDNS_OK);
		msg.base[(int)extra.tsig.rdata + t[i].from] = t[i].to;
		print_message("# row %zu\n", i);
		assert_int_equal(verify_at(&msg, key, VECTOR_NOW, 0, &server,
		    &used), DDNS_EFORMAT);
	}
	ddns_buf_done(&msg);
	ddns_tsig_key_free(key);
}

static void
test_tsig_sign_fails_whole_when_there_is_no_room(void **state)
{
	struct ddns_tsig_key *key = key_of("key.test", "hmac-sha256");
	struct ddns_buf out = { .max_bytes = 40 };

	(void)state;
	write_answer(&out, 0);
	size_t len = out.len_bytes;
	assert_int_equal(ddns_tsig_sign(&out, 0, key, NULL, now, NULL),
	    DDNS_ENOSPACE);
	assert_int_equal(out.len_bytes, len);
	assert_int_equal(ddns_get_u16(out.base + 10), 0);
	ddns_buf_done(&out);
	ddns_tsig_key_free(key);
}

static void
test_tsig_algs_and_keys(void **state)
{
	struct ddns_name name = name_of("k");
	struct ddns_tsig_key *key = NULL;
	static uint8_t secret[DDNS_TSIG_SECRET_MAX + 1];
	enum ddns_tsig_alg alg;

	(void)state;
	assert_int_equal(ddns_tsig_alg_parse("HMAC-SHA384.", &alg), DDNS_OK);
	assert_int_equal(alg, DDNS_TSIG_HMAC_SHA384);
	assert_string_equal(ddns_tsig_alg_text(alg), "hmac-sha384");
	assert_int_equal(ddns_tsig_alg_mac_bytes(alg), 48);
	assert_int_equal(ddns_tsig_alg_parse("hmac-md5", &alg), DDNS_EFORMAT);
	assert_int_equal(ddns_tsig_alg_parse("", &alg), DDNS_EFORMAT);
	assert_int_equal(ddns_tsig_key_new(&name, alg,
	    (struct ddns_span){ secret, 0 }, &key), DDNS_ERANGE);
	assert_int_equal(ddns_tsig_key_new(&name, alg,
	    (struct ddns_span){ secret, sizeof(secret) }, &key), DDNS_ERANGE);
	assert_null(key);
	ddns_tsig_key_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_tsig_agrees_with_dnspython_in_every_algorithm),
		cmocka_unit_test(test_tsig_streams_agree_with_dnspython),
		cmocka_unit_test(test_tsig_stream_detects_a_missing_message),
		cmocka_unit_test(test_tsig_request_and_answer_of_our_own),
		cmocka_unit_test(test_tsig_original_id_survives_a_forwarder),
		cmocka_unit_test(
		    test_tsig_badkey_for_unknown_key_or_algorithm),
		cmocka_unit_test(test_tsig_badsig_for_any_changed_bit),
		cmocka_unit_test(
		    test_tsig_badtime_is_signed_and_tells_both_times),
		cmocka_unit_test(
		    test_tsig_truncation_by_the_rules_and_by_policy),
		cmocka_unit_test(test_tsig_malformed_is_no_tsig),
		cmocka_unit_test(
		    test_tsig_sign_fails_whole_when_there_is_no_room),
		cmocka_unit_test(test_tsig_algs_and_keys),
	};

	return cmocka_run_group_tests_name("dns_tsig", tests, NULL, NULL);
}
