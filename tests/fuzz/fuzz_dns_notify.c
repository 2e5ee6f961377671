/* SPDX-License-Identifier: BSD-3-Clause */
/* NOTIFY: what is read can be answered, and written again reads the same. */
#include "common/dns/notify.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static enum ddns_err
read_notify(struct ddns_span msg, struct ddns_notify *ret)
{
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;

	if (ddns_msg_read_header(msg, &header) != DDNS_OK ||
	    ddns_msg_scan(msg, &header, &extra) != DDNS_OK)
		return DDNS_EFORMAT;
	return ddns_notify_read(msg, &header, &extra, ret);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ddns_notify notify, again;
	struct ddns_msg_header header = { 0 };
	struct ddns_question question;
	struct ddns_buf out = { 0 }, soa = { 0 };

	if (read_notify((struct ddns_span){ data, size }, &notify) != DDNS_OK)
		return 0;
	if (notify.has_soa) {
		ddns_buf_put(&soa, "\0\0", 2);
		ddns_buf_put_u32(&soa, notify.serial);
		ddns_buf_put(&soa, "1234123412341234", 16);
	}
	FUZZ_CHECK(ddns_notify_write(&notify, 0, ddns_buf_span(&soa), &out) ==
	    DDNS_OK);
	FUZZ_CHECK(read_notify(ddns_buf_span(&out), &again) == DDNS_OK);
	FUZZ_CHECK(again.id == notify.id && again.type == notify.type &&
	    again.has_soa == notify.has_soa &&
	    ddns_name_equal(&again.name, &notify.name));
	if (notify.has_soa)
		FUZZ_CHECK(again.serial == notify.serial &&
		    ddns_name_equal(&again.zone, &notify.zone));
	ddns_buf_reset(&out);
	question.name = notify.name;
	question.type = notify.type;
	question.class = DDNS_CLASS_IN;
	FUZZ_CHECK(ddns_notify_write_answer(&header, &question,
	    DDNS_RCODE_REFUSED, &out) == DDNS_OK);
	ddns_buf_done(&out);
	ddns_buf_done(&soa);
	return 0;
}
