/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The message reader: what the scan accepts, the readers walk to the same
 * places, and writing it again gives what reads the same.
 */
#include "common/dns/msg.h"
#include "tests/fuzz/fuzz.h"

static void
put_again(struct ddns_msg_writer *w, struct ddns_span msg,
    enum ddns_section section, const struct ddns_msg_rr *rr)
{
	enum ddns_err err = ddns_msg_put_rr(w, section, &rr->owner, rr->type,
	    rr->class, rr->ttl_s, (struct ddns_span){ msg.base + rr->rdata,
	    rr->rdata_len_bytes });

	FUZZ_CHECK(err == DDNS_OK || err == DDNS_ENOSPACE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ddns_span msg = { data, size };
	size_t pos = DDNS_MSG_HEADER_BYTES;
	struct ddns_msg_extra extra, again;
	struct ddns_msg_header header;
	struct ddns_question question;
	struct ddns_msg_writer w;
	struct ddns_buf out = { 0 };
	struct ddns_msg_rr rr;

	if (ddns_msg_read_header(msg, &header) != DDNS_OK ||
	    ddns_msg_scan(msg, &header, &extra) != DDNS_OK)
		return 0;
	ddns_msg_start(&w, &out, header.id, header.flags);
	for (int s = 0; s < 4; s++) {
		FUZZ_CHECK(pos == extra.section[s]);
		for (unsigned n = header.count[s]; n > 0; n--) {
			if (s == 0 && ddns_msg_read_question(msg, &pos,
			    &question) != DDNS_OK)
				goto out;
			if (s == 0 && ddns_msg_put_question(&w,
			    &question.name, question.type, question.class) !=
			    DDNS_OK)
				goto out;
			if (s != 0 && ddns_msg_read_rr(msg, &pos, &rr) !=
			    DDNS_OK)
				goto out;
			if (s != 0)
				put_again(&w, msg, (enum ddns_section)s, &rr);
		}
	}
	FUZZ_CHECK(pos == size);
	FUZZ_CHECK(ddns_msg_read_header(ddns_buf_span(&out), &header) ==
	    DDNS_OK);
	FUZZ_CHECK(ddns_msg_scan(ddns_buf_span(&out), &header, &again) ==
	    DDNS_OK);
	FUZZ_CHECK(again.has_opt == extra.has_opt);
out:
	ddns_buf_done(&out);
	return 0;
}
