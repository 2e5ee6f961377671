/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the module does with a datagram.  First octet even: the rest is the
 * datagram; odd: the rest is signed first, so that what stands behind the
 * signature is reached too.
 */
#include "tests/fuzz/fuzz.h"
#include "unbound-module/verify.h"

static const struct ddns_unix_s now = { 1700000000 };

static struct ddns_tsig_key *
find(const struct ddns_name *name, void *arg)
{
	struct ddns_tsig_key *key = arg;

	return ddns_name_equal(name, ddns_tsig_key_get_name(key)) ? key : NULL;
}

static void
check_answer(struct ddns_request *request)
{
	struct ddns_buf out = { .max_bytes = DDNS_ANSWER_MAX_BYTES };
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;

	FUZZ_CHECK(ddns_verify_answer(request, request->rcode, now, &out) ==
	    DDNS_OK);
	FUZZ_CHECK(ddns_msg_read_header(ddns_buf_span(&out), &header) ==
	    DDNS_OK);
	FUZZ_CHECK(ddns_msg_scan(ddns_buf_span(&out), &header, &extra) ==
	    DDNS_OK);
	FUZZ_CHECK((header.flags & DDNS_MSG_QR) != 0);
	FUZZ_CHECK(header.id == request->header.id);
	ddns_buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ddns_stats stats;
	static struct ddns_tsig_key *key;
	static struct ddns_zones *zones;
	struct ddns_module_zone list[2] = {
		{ { 10, "\3dyn\4test" }, 60 }, { { 6, "\4anad" }, 0 } };
	struct ddns_name key_name = { 3, { 1, 'k', 0 } };
	struct ddns_request request;
	struct ddns_buf msg = { 0 };

	if (key == NULL) {
		FUZZ_CHECK(ddns_tsig_key_new(&key_name, DDNS_TSIG_HMAC_SHA256,
		    (struct ddns_span){ (const uint8_t *)"secret", 6 },
		    &key) == DDNS_OK);
		FUZZ_CHECK(ddns_zones_new(list, 2, 1, &zones) == DDNS_OK);
	}
	if (size == 0)
		return 0;
	ddns_buf_put(&msg, data + 1, size - 1);
	if ((data[0] & 1) != 0 && (size < 1 + DDNS_MSG_HEADER_BYTES ||
	    ddns_tsig_sign(&msg, 0, key, NULL, now, NULL) != DDNS_OK))
		ddns_buf_reset(&msg);
	ddns_verify(ddns_buf_span(&msg), find, key, zones, now, &stats,
	    &request);
	if (request.verdict == DDNS_VERDICT_DROP) {
		FUZZ_CHECK(request.zone != NULL && request.key == key);
		FUZZ_CHECK(ddns_name_is_under(&request.notify.name,
		    &request.zone->name));
	}
	if (request.verdict != DDNS_VERDICT_IGNORE)
		check_answer(&request);
	ddns_buf_done(&msg);
	return 0;
}
