/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The order of what can be wrong with a message, and the frame of its answer.
 *
 * Opcode before form: nobody knows the form of an opcode that he does not
 * know.  Form before TSIG: the place of the TSIG record is part of the form.
 * TSIG before all that depends on the content.
 */
#include "common/ingest/dns_frame.h"

#include <string.h>

#define OPT_BYTES 11

static bool
is_known_opcode(unsigned opcode)
{
	return opcode == DDNS_OPCODE_QUERY || opcode == DDNS_OPCODE_UPDATE;
}

/* The first question, to be sent back; there may be none. */
static void
note_question(struct ddns_dns_frame *frame)
{
	size_t pos = DDNS_MSG_HEADER_BYTES;

	frame->has_question = frame->header.count[DDNS_SECTION_QUESTION] == 1 &&
	    ddns_msg_read_question(frame->msg, &pos, &frame->question) ==
	    DDNS_OK;
}

static enum ddns_dns_verdict
verify(struct ddns_dns_frame *frame, struct ddns_dns_keys *keys,
    struct ddns_unix_s now, unsigned *ret_rcode)
{
	enum ddns_err err = ddns_dns_keys_verify(keys, frame->msg,
	    &frame->extra, now, &frame->state, &frame->key, &frame->tsig);

	switch ((int)err) {
	case DDNS_OK:
		frame->has_tsig = true;
		return DDNS_DNS_GO;
	case DDNS_EDENIED:
		frame->has_tsig = true;
		*ret_rcode = DDNS_RCODE_NOTAUTH;
		return DDNS_DNS_ANSWER;
	case DDNS_EFORMAT:
		*ret_rcode = DDNS_RCODE_FORMERR;
		return DDNS_DNS_ANSWER;
	}
	*ret_rcode = DDNS_RCODE_SERVFAIL;
	return DDNS_DNS_ANSWER;
}

enum ddns_dns_verdict
ddns_dns_frame_open(struct ddns_dns_frame *frame, struct ddns_span msg,
    bool tcp, struct ddns_dns_keys *keys, struct ddns_unix_s now,
    unsigned *ret_rcode)
{
	enum ddns_dns_verdict verdict = DDNS_DNS_GO;

	memset(frame, 0, sizeof(*frame));
	frame->msg = msg;
	frame->tcp = tcp;
	if (ddns_msg_read_header(msg, &frame->header) != DDNS_OK ||
	    (frame->header.flags & DDNS_MSG_QR) != 0)
		return DDNS_DNS_DROP;
	if (!is_known_opcode(ddns_msg_opcode(&frame->header))) {
		*ret_rcode = DDNS_RCODE_NOTIMP;
		return DDNS_DNS_ANSWER;
	}
	if (ddns_msg_scan(msg, &frame->header, &frame->extra) != DDNS_OK) {
		frame->extra.has_opt = false; /* nothing in it is certain */
		*ret_rcode = DDNS_RCODE_FORMERR;
		return DDNS_DNS_ANSWER;
	}
	note_question(frame);
	if (frame->extra.has_tsig)
		verdict = verify(frame, keys, now, ret_rcode);
	if (verdict == DDNS_DNS_GO && frame->extra.has_opt &&
	    frame->extra.opt_version != 0) {
		*ret_rcode = DDNS_RCODE_BADVERS;
		return DDNS_DNS_ANSWER;
	}
	return verdict;
}

void
ddns_dns_frame_done(struct ddns_dns_frame *frame)
{
	ddns_dns_key_unref(frame->key);
	frame->key = NULL;
	frame->tsig = NULL;
}

/* ---- the answer ---- */

/* What a client on UDP can take: RFC 1035 s.4.2.1, RFC 6891 s.6.2.5. */
static size_t
limit_of(const struct ddns_dns_frame *frame)
{
	if (frame->tcp)
		return DDNS_MSG_MAX_BYTES;
	if (!frame->extra.has_opt || frame->extra.opt_udp_bytes < 512)
		return 512;
	return frame->extra.opt_udp_bytes < DDNS_DNS_UDP_BYTES ?
	    frame->extra.opt_udp_bytes : DDNS_DNS_UDP_BYTES;
}

static size_t
tsig_bytes(const struct ddns_dns_frame *frame)
{
	if (!frame->has_tsig)
		return 0;
	return frame->state.key_name.len_bytes + 10u +
	    frame->state.alg_name.len_bytes + 16 + 6 +
	    (frame->tsig == NULL ? 0 : ddns_tsig_alg_mac_bytes(
	    ddns_tsig_key_get_alg(frame->tsig)));
}

static void
put_head(const struct ddns_dns_frame *frame, struct ddns_msg_writer *w,
    struct ddns_buf *out)
{
	/* opcode, RD and CD come back as they were */
	uint16_t flags = frame->header.flags &
	    (0x7800 | DDNS_MSG_RD | DDNS_MSG_CD);

	ddns_buf_reset(out);
	ddns_msg_start(w, out, frame->header.id, flags | DDNS_MSG_QR);
	/* one that cannot be written shows in out->err */
	if (frame->has_question && ddns_msg_put_question(w,
	    &frame->question.name, frame->question.type,
	    frame->question.class) != DDNS_OK)
		return;
}

void
ddns_dns_frame_start(const struct ddns_dns_frame *frame,
    struct ddns_msg_writer *w, struct ddns_buf *out)
{
	size_t limit = limit_of(frame), later = tsig_bytes(frame) +
	    (frame->extra.has_opt ? OPT_BYTES : 0);
	size_t head = DDNS_MSG_HEADER_BYTES + (frame->has_question ?
	    frame->question.name.len_bytes + 4u : 0);

	/*
	 * Two names of 255 octets do not leave room for themselves in 512: the
	 * question and the TSIG go out all the same.
	 */
	out->max_bytes = limit > head + later ? limit - later : head;
	put_head(frame, w, out);
}

void
ddns_dns_frame_truncate(const struct ddns_dns_frame *frame,
    struct ddns_msg_writer *w, struct ddns_buf *out)
{
	put_head(frame, w, out);
	ddns_msg_set_flags(w, DDNS_MSG_TC);
}

enum ddns_err
ddns_dns_frame_finish(struct ddns_dns_frame *frame, struct ddns_msg_writer *w,
    unsigned rcode, struct ddns_unix_s now)
{
	enum ddns_err err = w->out->err;

	w->out->max_bytes = 0;
	if (err != DDNS_OK)
		return err;
	ddns_msg_set_rcode(w, rcode);
	if (frame->extra.has_opt)
		err = ddns_msg_put_opt(w, DDNS_DNS_UDP_BYTES, rcode,
		    frame->extra.opt_do);
	if (err == DDNS_OK && frame->has_tsig)
		err = ddns_tsig_sign(w->out, w->start, frame->tsig,
		    &frame->state, now, NULL);
	return err;
}

enum ddns_err
ddns_dns_frame_answer(struct ddns_dns_frame *frame, unsigned rcode,
    struct ddns_unix_s now, struct ddns_buf *out)
{
	struct ddns_msg_writer w;

	ddns_dns_frame_start(frame, &w, out);
	return ddns_dns_frame_finish(frame, &w, rcode, now);
}
