/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TSIG: any message may be checked, and what comes out may be answered.  The
 * input without its TSIG, signed by us, must verify; as an answer too.
 */
#include "common/dns/tsig.h"
#include "tests/fuzz/fuzz.h"

static const struct ddns_unix_s now = { 1700000000 };

static struct ddns_tsig_key *
find(const struct ddns_name *name, void *arg)
{
	(void)name;
	return arg; /* every name, so that the MAC is reached */
}

static struct ddns_tsig_key *
new_key(void)
{
	struct ddns_name name = { 3, { 1, 'k', 0 } };
	struct ddns_tsig_key *key;

	FUZZ_CHECK(ddns_tsig_key_new(&name, DDNS_TSIG_HMAC_SHA256,
	    (struct ddns_span){ (const uint8_t *)"secret", 6 }, &key) ==
	    DDNS_OK);
	return key;
}

static void
answer(struct ddns_tsig_key *key, struct ddns_tsig_state *state)
{
	struct ddns_buf out = { 0 };
	struct ddns_msg_writer w;

	ddns_msg_start(&w, &out, 1, DDNS_MSG_QR);
	FUZZ_CHECK(ddns_tsig_sign(&out, 0, state->sign ? key : NULL, state,
	    now, NULL) == DDNS_OK);
	ddns_buf_done(&out);
}

static void
sign_and_check(struct ddns_span msg, const struct ddns_msg_extra *extra,
    struct ddns_tsig_key *key)
{
	struct ddns_tsig_state request, state;
	struct ddns_buf out = { 0 };
	struct ddns_msg_header header;
	struct ddns_msg_extra again;
	struct ddns_tsig_key *used;
	unsigned error;

	ddns_buf_put(&out, msg.base, extra->has_tsig ? extra->tsig.start :
	    msg.len_bytes);
	if (extra->has_tsig)
		ddns_set_u16(out.base + 10,
		    (uint16_t)(ddns_get_u16(out.base + 10) - 1));
	FUZZ_CHECK(ddns_tsig_sign(&out, 0, key, NULL, now, &request) ==
	    DDNS_OK);
	FUZZ_CHECK(ddns_msg_read_header(ddns_buf_span(&out), &header) ==
	    DDNS_OK);
	FUZZ_CHECK(ddns_msg_scan(ddns_buf_span(&out), &header, &again) ==
	    DDNS_OK);
	FUZZ_CHECK(ddns_tsig_verify_request(ddns_buf_span(&out), &again, find,
	    key, now, 0, &state, &used) == DDNS_OK);
	FUZZ_CHECK(ddns_tsig_verify_answer(ddns_buf_span(&out), &again, key,
	    &request, now, &error) == DDNS_EDENIED);
	ddns_buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ddns_tsig_key *key;
	struct ddns_span msg = { data, size };
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;
	struct ddns_tsig_state state;
	struct ddns_tsig_key *used;
	enum ddns_err err;
	unsigned error;

	if (key == NULL)
		key = new_key();
	if (size > 60000 || ddns_msg_read_header(msg, &header) != DDNS_OK ||
	    ddns_msg_scan(msg, &header, &extra) != DDNS_OK ||
	    (!extra.has_tsig && header.count[3] == UINT16_MAX))
		return 0;
	err = ddns_tsig_verify_request(msg, &extra, find, key, now, 16,
	    &state, &used);
	FUZZ_CHECK(err != DDNS_ECRYPTO);
	if (err == DDNS_OK || err == DDNS_EDENIED) {
		struct ddns_tsig_state request = state;

		FUZZ_CHECK((err == DDNS_OK) == (state.error == 0));
		answer(key, &state);
		err = ddns_tsig_verify_answer(msg, &extra, key, &request, now,
		    &error);
		FUZZ_CHECK(err == DDNS_EDENIED);
	}
	sign_and_check(msg, &extra, key);
	return 0;
}
