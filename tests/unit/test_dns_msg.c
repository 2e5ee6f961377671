/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include "common/dns/msg.h"

static struct ddns_name
name_of(const char *text)
{
	struct ddns_name name;

	assert_int_equal(ddns_name_parse(text, &name), DDNS_OK);
	return name;
}

static struct ddns_span
hex(const char *text, uint8_t *out, size_t cap)
{
	size_t len;

	assert_int_equal(ddns_hex_decode(text, strlen(text), out, cap, &len),
	    DDNS_OK);
	return (struct ddns_span){ out, len };
}

static enum ddns_err
scan(struct ddns_span msg, struct ddns_msg_extra *extra)
{
	struct ddns_msg_header header;
	enum ddns_err err = ddns_msg_read_header(msg, &header);

	return err != DDNS_OK ? err : ddns_msg_scan(msg, &header, extra);
}

static void
test_msg_written_is_what_is_read(void **state)
{
	struct ddns_name zone = name_of("Dyn.test"), a = name_of("a.dyn.TEST"),
		b = name_of("x.a.dyn.test");
	struct ddns_span rdata = { (const uint8_t *)"\300\0\2\1", 4 };
	struct ddns_buf out = { 0 };
	struct ddns_msg_writer w;
	struct ddns_msg_header h;
	struct ddns_msg_extra extra;
	struct ddns_question q;
	struct ddns_msg_rr rr;
	size_t pos = DDNS_MSG_HEADER_BYTES;

	(void)state;
	ddns_buf_put_u16(&out, 0xffff); /* a message need not start at 0 */
	ddns_msg_start(&w, &out, 7, DDNS_MSG_QR | DDNS_MSG_AA);
	assert_int_equal(ddns_msg_put_question(&w, &zone, DDNS_TYPE_SOA,
	    DDNS_CLASS_IN), DDNS_OK);
	assert_int_equal(ddns_msg_put_rr(&w, DDNS_SECTION_ANSWER, &a,
	    DDNS_TYPE_A, DDNS_CLASS_IN, 60, rdata), DDNS_OK);
	assert_int_equal(ddns_msg_put_rr(&w, DDNS_SECTION_AUTHORITY, &b,
	    DDNS_TYPE_A, DDNS_CLASS_IN, 61, rdata), DDNS_OK);
	assert_int_equal(ddns_msg_put_opt(&w, 1232, DDNS_RCODE_BADVERS, true),
	    DDNS_OK);
	ddns_msg_set_flags(&w, DDNS_MSG_TC);

	struct ddns_span msg = { out.base + 2, out.len_bytes - 2 };
	/* 8 labels' bytes are saved by pointers: two of two bytes each */
	assert_int_equal(msg.len_bytes, 12 + 14 + (4 + 14) + (4 + 14) + 11);
	assert_int_equal(ddns_msg_read_header(msg, &h), DDNS_OK);
	assert_int_equal(h.id, 7);
	assert_int_equal(h.flags, DDNS_MSG_QR | DDNS_MSG_AA | DDNS_MSG_TC);
	assert_int_equal(ddns_msg_scan(msg, &h, &extra), DDNS_OK);
	assert_true(extra.has_opt && extra.opt_do && !extra.has_tsig);
	assert_int_equal(extra.opt_udp_bytes, 1232);
	assert_int_equal(ddns_msg_read_question(msg, &pos, &q), DDNS_OK);
	assert_memory_equal(q.name.wire, zone.wire, zone.len_bytes);
	assert_int_equal(pos, extra.section[DDNS_SECTION_ANSWER]);
	assert_int_equal(ddns_msg_read_rr(msg, &pos, &rr), DDNS_OK);
	assert_true(ddns_name_equal(&rr.owner, &a));
	assert_int_equal(rr.ttl_s, 60);
	assert_memory_equal(msg.base + rr.rdata, rdata.base, 4);
	assert_int_equal(pos, extra.section[DDNS_SECTION_AUTHORITY]);
	assert_int_equal(ddns_msg_read_rr(msg, &pos, &rr), DDNS_OK);
	assert_true(ddns_name_equal(&rr.owner, &b));
	assert_int_equal(ddns_msg_read_rr(msg, &pos, &rr), DDNS_OK);
	assert_int_equal(rr.type, DDNS_TYPE_OPT);
	assert_int_equal(rr.ttl_s, 0x01008000);
	assert_int_equal(pos, msg.len_bytes);
	ddns_buf_done(&out);
}

static void
test_msg_repeated_labels_are_no_pointer_to_themselves(void **state)
{
	struct ddns_name n = name_of("a.a.a.a"), m = name_of("a.a");
	struct ddns_buf out = { 0 };
	struct ddns_msg_writer w;
	struct ddns_question q;
	size_t pos = DDNS_MSG_HEADER_BYTES;

	(void)state;
	ddns_msg_start(&w, &out, 1, 0);
	assert_int_equal(ddns_msg_put_question(&w, &n, 1, 1), DDNS_OK);
	assert_int_equal(ddns_msg_put_question(&w, &m, 1, 1), DDNS_OK);
	assert_int_equal(out.len_bytes, 12 + 9 + 4 + 2 + 4);
	assert_int_equal(ddns_msg_read_question(ddns_buf_span(&out), &pos, &q),
	    DDNS_OK);
	assert_true(ddns_name_equal(&q.name, &n));
	assert_int_equal(ddns_msg_read_question(ddns_buf_span(&out), &pos, &q),
	    DDNS_OK);
	assert_true(ddns_name_equal(&q.name, &m));
	ddns_buf_done(&out);
}

static void
test_msg_what_does_not_fit_leaves_no_trace(void **state)
{
	struct ddns_name n = name_of("a.test"), m = name_of("b.test"),
		k = name_of("c.b.test");
	struct ddns_span rdata = { (const uint8_t *)"\300\0\2\1", 4 };
	struct ddns_buf out = { .max_bytes = 12 + 12 + 16 };
	struct ddns_msg_writer w;
	struct ddns_msg_header h;
	struct ddns_msg_extra extra;

	(void)state;
	ddns_msg_start(&w, &out, 1, 0);
	assert_int_equal(ddns_msg_put_question(&w, &n, 1, 1), DDNS_OK);
	assert_int_equal(ddns_msg_put_rr(&w, DDNS_SECTION_ANSWER, &m, 1, 1, 0,
	    rdata), DDNS_ENOSPACE);
	assert_int_equal(out.len_bytes, 12 + 12);
	/* a later name must not point at what was taken back */
	assert_int_equal(ddns_msg_put_rr(&w, DDNS_SECTION_ANSWER, &k, 1, 1, 0,
	    (struct ddns_span){ 0 }), DDNS_OK);
	assert_int_equal(ddns_msg_put_rr(&w, DDNS_SECTION_ANSWER, &n, 1, 1, 0,
	    rdata), DDNS_ENOSPACE);
	assert_int_equal(ddns_msg_read_header(ddns_buf_span(&out), &h),
	    DDNS_OK);
	assert_int_equal(h.count[DDNS_SECTION_ANSWER], 1);
	assert_int_equal(ddns_msg_scan(ddns_buf_span(&out), &h, &extra),
	    DDNS_OK);
	ddns_buf_done(&out);
}

static void
test_msg_has_a_largest_size(void **state)
{
	static uint8_t big[60000];
	struct ddns_name n = name_of("a.test");
	struct ddns_buf out = { 0 };
	struct ddns_msg_writer w;

	(void)state;
	ddns_msg_start(&w, &out, 1, 0);
	assert_int_equal(ddns_msg_put_rr(&w, DDNS_SECTION_ANSWER, &n, 1, 1, 0,
	    (struct ddns_span){ big, sizeof(big) }), DDNS_OK);
	assert_int_equal(ddns_msg_put_rr(&w, DDNS_SECTION_ANSWER, &n, 1, 1, 0,
	    (struct ddns_span){ big, sizeof(big) }), DDNS_ENOSPACE);
	assert_true(out.len_bytes < DDNS_MSG_MAX_BYTES);
	ddns_buf_done(&out);
}

#define HEAD(q, an, ns, ar) "00010000" q an ns ar
#define Q "0161000001" "0001"
#define RR "0161000001" "0001" "0000003c" "0004" "c0000201"
#define OPT "00" "0029" "04d0" "00000000" "0000"
#define TSIG "016b00" "00fa" "00ff" "00000000" "0000"

static void
test_msg_scan_refuses_what_lies(void **state)
{
	static const struct {
		const char *hex;
		enum ddns_err err;
	} t[] = {
		{ HEAD("0001", "0000", "0000", "0000") Q, DDNS_OK },
		{ HEAD("0001", "0001", "0000", "0000") Q RR, DDNS_OK },
		{ HEAD("0001", "0000", "0000", "0002") Q OPT TSIG, DDNS_OK },
		{ HEAD("0000", "0000", "0000", "0000"), DDNS_OK },
		{ "000100000000000000000000" "00", DDNS_EFORMAT },
		{ "0001000000000000000000", DDNS_EFORMAT },
		{ HEAD("0001", "0000", "0000", "0000"), DDNS_EFORMAT },
		{ HEAD("0002", "0000", "0000", "0000") Q, DDNS_EFORMAT },
		{ HEAD("0001", "ffff", "0000", "0000") Q RR, DDNS_EFORMAT },
		{ HEAD("0001", "0000", "0000", "0000") Q "00", DDNS_EFORMAT },
		{ HEAD("0001", "0000", "0000", "0000") "01610000010",
		    DDNS_EFORMAT },
		{ HEAD("0000", "0001", "0000", "0000")
		    "0161000001" "0001" "0000003c" "0005" "c0000201",
		    DDNS_EFORMAT },
		{ HEAD("0001", "0000", "0000", "0000") "4161000001" "0001",
		    DDNS_EFORMAT },
		{ HEAD("0001", "0000", "0000", "0000") "c0", DDNS_EFORMAT },
		/* OPT: twice, not in additional, not of the root */
		{ HEAD("0000", "0000", "0000", "0002") OPT OPT, DDNS_EFORMAT },
		{ HEAD("0000", "0000", "0001", "0000") OPT, DDNS_EFORMAT },
		{ HEAD("0000", "0000", "0000", "0001")
		    "0161000029" "04d0" "00000000" "0000", DDNS_EFORMAT },
		/* TSIG: not last, twice, not in additional */
		{ HEAD("0000", "0000", "0000", "0002") TSIG OPT, DDNS_EFORMAT },
		{ HEAD("0000", "0000", "0000", "0002") TSIG TSIG,
		    DDNS_EFORMAT },
		{ HEAD("0000", "0001", "0000", "0000") TSIG, DDNS_EFORMAT },
		{ HEAD("0000", "0000", "0001", "0001") TSIG OPT, DDNS_EFORMAT },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		struct ddns_msg_extra extra;
		uint8_t m[256];
		size_t n = strlen(t[i].hex) & ~(size_t)1;

		print_message("# row %zu\n", i);
		char text[600];
		memcpy(text, t[i].hex, n);
		text[n] = '\0';
		assert_int_equal(scan(hex(text, m, sizeof(m)), &extra),
		    t[i].err);
	}
}

static void
test_msg_readers_move_only_on_success(void **state)
{
	static const uint8_t m[] = { 1, 'a', 0, 0, 1, 0 };
	struct ddns_span msg = { m, sizeof(m) };
	struct ddns_question q;
	struct ddns_msg_rr rr;
	size_t pos = 0;

	(void)state;
	assert_int_equal(ddns_msg_read_question(msg, &pos, &q), DDNS_EFORMAT);
	assert_int_equal(ddns_msg_read_rr(msg, &pos, &rr), DDNS_EFORMAT);
	assert_int_equal(pos, 0);
}

static void
test_rcode_texts(void **state)
{
	(void)state;
	assert_string_equal(ddns_rcode_text(0), "NOERROR");
	assert_string_equal(ddns_rcode_text(10), "NOTZONE");
	assert_string_equal(ddns_rcode_text(18), "BADTIME");
	assert_string_equal(ddns_rcode_text(4000), "RCODE?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_msg_written_is_what_is_read),
		cmocka_unit_test(
		    test_msg_repeated_labels_are_no_pointer_to_themselves),
		cmocka_unit_test(test_msg_what_does_not_fit_leaves_no_trace),
		cmocka_unit_test(test_msg_has_a_largest_size),
		cmocka_unit_test(test_msg_scan_refuses_what_lies),
		cmocka_unit_test(test_msg_readers_move_only_on_success),
		cmocka_unit_test(test_rcode_texts),
	};

	return cmocka_run_group_tests_name("dns_msg", tests, NULL, NULL);
}
