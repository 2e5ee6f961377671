/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NOTIFY between text-book messages and a struct: both ends of the channel
 * between ddnsd and the resolvers.
 */
#include "common/dns/notify.h"

#include <string.h>

#define FLAGS_NOTIFY (DDNS_OPCODE_NOTIFY << 11)

enum ddns_err
ddns_notify_write(const struct ddns_notify *notify, uint32_t soa_ttl_s,
    struct ddns_span soa_rdata, struct ddns_buf *out)
{
	struct ddns_msg_writer w;
	enum ddns_err err;

	ddns_msg_start(&w, out, notify->id, FLAGS_NOTIFY | DDNS_MSG_AA);
	err = ddns_msg_put_question(&w, &notify->name, notify->type,
	    DDNS_CLASS_IN);
	if (err == DDNS_OK && soa_rdata.len_bytes != 0)
		err = ddns_msg_put_rr(&w, DDNS_SECTION_AUTHORITY,
		    &notify->zone, DDNS_TYPE_SOA, DDNS_CLASS_IN, soa_ttl_s,
		    soa_rdata);
	return err;
}

/* The serial of a SOA where it stands in a message (RFC 1035 s.3.3.13). */
static enum ddns_err
read_serial(struct ddns_span msg, const struct ddns_msg_rr *rr, uint32_t *ret)
{
	size_t end = rr->rdata + rr->rdata_len_bytes, pos = rr->rdata;
	struct ddns_name name;

	msg.len_bytes = end;
	if (ddns_name_read(msg, &pos, &name) != DDNS_OK ||
	    ddns_name_read(msg, &pos, &name) != DDNS_OK || end - pos != 20)
		return DDNS_EFORMAT;
	*ret = ddns_get_u32(msg.base + pos);
	return DDNS_OK;
}

/* A SOA in the authority section, if there is one that fits the question. */
static enum ddns_err
read_soa(struct ddns_span in, const struct ddns_msg_header *header,
    const struct ddns_msg_extra *extra, struct ddns_notify *notify)
{
	size_t pos = extra->section[DDNS_SECTION_AUTHORITY];
	struct ddns_msg_rr rr;

	for (unsigned i = 0; i < header->count[DDNS_SECTION_AUTHORITY]; i++) {
		if (ddns_msg_read_rr(in, &pos, &rr) != DDNS_OK)
			return DDNS_EFORMAT;
		if (rr.type != DDNS_TYPE_SOA || rr.class != DDNS_CLASS_IN ||
		    notify->has_soa ||
		    !ddns_name_is_under(&notify->name, &rr.owner))
			continue;
		if (read_serial(in, &rr, &notify->serial) != DDNS_OK)
			return DDNS_EFORMAT;
		notify->zone = rr.owner;
		notify->has_soa = true;
	}
	return DDNS_OK;
}

enum ddns_err
ddns_notify_read(struct ddns_span in, const struct ddns_msg_header *header,
    const struct ddns_msg_extra *extra, struct ddns_notify *ret)
{
	struct ddns_notify notify = { .id = header->id };
	struct ddns_question question;
	size_t pos = DDNS_MSG_HEADER_BYTES;

	if (ddns_msg_opcode(header) != DDNS_OPCODE_NOTIFY ||
	    (header->flags & DDNS_MSG_QR) != 0)
		return DDNS_EUNSUPPORTED;
	if (header->count[DDNS_SECTION_QUESTION] != 1 ||
	    ddns_msg_read_question(in, &pos, &question) != DDNS_OK)
		return DDNS_EFORMAT;
	if (question.class != DDNS_CLASS_IN)
		return DDNS_EUNSUPPORTED;
	notify.name = question.name;
	notify.type = question.type;
	if (read_soa(in, header, extra, &notify) != DDNS_OK)
		return DDNS_EFORMAT;
	*ret = notify;
	return DDNS_OK;
}

enum ddns_err
ddns_notify_write_answer(const struct ddns_msg_header *header,
    const struct ddns_question *question, unsigned rcode, struct ddns_buf *out)
{
	struct ddns_msg_writer w;

	ddns_msg_start(&w, out, header->id, FLAGS_NOTIFY | DDNS_MSG_QR |
	    DDNS_MSG_AA | (rcode & 15));
	return ddns_msg_put_question(&w, &question->name, question->type,
	    question->class);
}
