/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include "common/dns/notify.h"

#define SOA "\2ns\1x\0\1h\1x\0\0\0\0\7" "22223333444455555"
static const struct ddns_span soa = { (const uint8_t *)SOA,
	sizeof(SOA) - 2 };

static struct ddns_name
name_of(const char *text)
{
	struct ddns_name name;

	assert_int_equal(ddns_name_parse(text, &name), DDNS_OK);
	return name;
}

static enum ddns_err
read_back(const struct ddns_buf *msg, struct ddns_notify *ret)
{
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;

	assert_int_equal(ddns_msg_read_header(ddns_buf_span(msg), &header),
	    DDNS_OK);
	assert_int_equal(ddns_msg_scan(ddns_buf_span(msg), &header, &extra),
	    DDNS_OK);
	return ddns_notify_read(ddns_buf_span(msg), &header, &extra, ret);
}

static void
test_notify_with_soa_goes_there_and_back(void **state)
{
	struct ddns_notify in = { .id = 9, .name = name_of("a.dyn.test"),
		.type = DDNS_TYPE_AAAA, .zone = name_of("dyn.test") }, out;
	struct ddns_buf msg = { 0 };

	(void)state;
	assert_int_equal(ddns_notify_write(&in, 60, soa, &msg), DDNS_OK);
	assert_int_equal(ddns_get_u16(msg.base + 2), 0x2400); /* NOTIFY, AA */
	assert_int_equal(read_back(&msg, &out), DDNS_OK);
	assert_int_equal(out.id, 9);
	assert_int_equal(out.type, DDNS_TYPE_AAAA);
	assert_true(ddns_name_equal(&out.name, &in.name));
	assert_true(out.has_soa);
	assert_true(ddns_name_equal(&out.zone, &in.zone));
	assert_int_equal(out.serial, 7);
	ddns_buf_done(&msg);
}

static void
test_notify_without_soa_or_with_a_foreign_one(void **state)
{
	struct ddns_notify in = { .id = 9, .name = name_of("dyn.test"),
		.type = DDNS_TYPE_SOA, .zone = name_of("other.test") }, out;
	struct ddns_buf msg = { 0 };

	(void)state;
	assert_int_equal(ddns_notify_write(&in, 60, (struct ddns_span){ 0 },
	    &msg), DDNS_OK);
	assert_int_equal(msg.len_bytes, 12 + 10 + 4);
	assert_int_equal(read_back(&msg, &out), DDNS_OK);
	assert_false(out.has_soa);
	ddns_buf_reset(&msg);
	assert_int_equal(ddns_notify_write(&in, 60, soa, &msg), DDNS_OK);
	assert_int_equal(read_back(&msg, &out), DDNS_OK);
	assert_false(out.has_soa);
	ddns_buf_done(&msg);
}

static void
test_notify_read_refuses(void **state)
{
	struct ddns_notify in = { .id = 9, .name = name_of("dyn.test"),
		.type = DDNS_TYPE_SOA, .zone = name_of("dyn.test") },
		out = { .id = 77 };
	struct ddns_name zone = name_of("dyn.test");
	struct ddns_span bad_soa = { soa.base, soa.len_bytes - 1 };
	struct ddns_buf msg = { 0 };
	struct ddns_msg_writer w;

	(void)state;
	assert_int_equal(ddns_notify_write(&in, 60, soa, &msg), DDNS_OK);
	msg.base[2] ^= 0x80;
	assert_int_equal(read_back(&msg, &out), DDNS_EUNSUPPORTED); /* QR */
	msg.base[2] ^= 0x80 ^ 0x08;
	assert_int_equal(read_back(&msg, &out), DDNS_EUNSUPPORTED); /* UPDATE */
	msg.base[2] ^= 0x08;
	msg.base[25] = DDNS_CLASS_CH;
	assert_int_equal(read_back(&msg, &out), DDNS_EUNSUPPORTED);
	ddns_buf_reset(&msg);
	assert_int_equal(ddns_notify_write(&in, 60, bad_soa, &msg), DDNS_OK);
	assert_int_equal(read_back(&msg, &out), DDNS_EFORMAT);
	ddns_buf_reset(&msg);
	ddns_msg_start(&w, &msg, 1, DDNS_OPCODE_NOTIFY << 11);
	assert_int_equal(read_back(&msg, &out), DDNS_EFORMAT); /* none */
	assert_int_equal(ddns_msg_put_question(&w, &zone, 6, 1), DDNS_OK);
	assert_int_equal(ddns_msg_put_question(&w, &zone, 6, 1), DDNS_OK);
	assert_int_equal(read_back(&msg, &out), DDNS_EFORMAT); /* two */
	assert_int_equal(out.id, 77);
	ddns_buf_done(&msg);
}

static void
test_notify_answer_has_header_and_question_only(void **state)
{
	struct ddns_msg_header h = { .id = 0x0102 };
	struct ddns_question q = { name_of("A.dyn.test"), 1, 1 }, back;
	struct ddns_buf msg = { 0 };
	size_t pos = DDNS_MSG_HEADER_BYTES;

	(void)state;
	assert_int_equal(ddns_notify_write_answer(&h, &q, DDNS_RCODE_NOTAUTH,
	    &msg), DDNS_OK);
	assert_int_equal(ddns_get_u16(msg.base), 0x0102);
	assert_int_equal(ddns_get_u16(msg.base + 2), 0xa409);
	assert_int_equal(ddns_msg_read_question(ddns_buf_span(&msg), &pos,
	    &back), DDNS_OK);
	assert_memory_equal(back.name.wire, q.name.wire, q.name.len_bytes);
	assert_int_equal(pos, msg.len_bytes);
	ddns_buf_done(&msg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notify_with_soa_goes_there_and_back),
		cmocka_unit_test(
		    test_notify_without_soa_or_with_a_foreign_one),
		cmocka_unit_test(test_notify_read_refuses),
		cmocka_unit_test(
		    test_notify_answer_has_header_and_question_only),
	};

	return cmocka_run_group_tests_name("dns_notify", tests, NULL, NULL);
}
