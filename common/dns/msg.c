/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading and writing DNS messages.  ddns_msg_scan() walks the message once
 * and so tells early whether its counts and lengths are true; it only skips
 * names, and the readers that follow decode what they need.  The writer keeps
 * a short list of places where names stand and points at the longest suffix
 * that is already there.
 */
#include "common/dns/msg.h"

#include <stdbool.h>

const char *
ddns_rcode_text(unsigned rcode)
{
	static const char *const low[] = { "NOERROR", "FORMERR", "SERVFAIL",
		"NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE" };

	if (rcode < DDNS_COUNT(low))
		return low[rcode];
	switch (rcode) {
	case DDNS_RCODE_BADSIG:
		return "BADSIG";
	case DDNS_RCODE_BADKEY:
		return "BADKEY";
	case DDNS_RCODE_BADTIME:
		return "BADTIME";
	case DDNS_RCODE_BADTRUNC:
		return "BADTRUNC";
	}
	return "RCODE?";
}

/* ---- reading ---- */

enum ddns_err
ddns_msg_read_header(struct ddns_span msg, struct ddns_msg_header *ret)
{
	const uint8_t *m = msg.base;

	if (msg.len_bytes < DDNS_MSG_HEADER_BYTES)
		return DDNS_EFORMAT;
	ret->id = ddns_get_u16(m);
	ret->flags = ddns_get_u16(m + 2);
	for (int i = 0; i < 4; i++)
		ret->count[i] = ddns_get_u16(m + 4 + 2 * i);
	return DDNS_OK;
}

enum ddns_err
ddns_msg_read_question(struct ddns_span msg, size_t *pos,
    struct ddns_question *ret)
{
	size_t at = *pos;

	if (ddns_name_read(msg, &at, &ret->name) != DDNS_OK ||
	    msg.len_bytes - at < 4)
		return DDNS_EFORMAT;
	ret->type = ddns_get_u16(msg.base + at);
	ret->class = ddns_get_u16(msg.base + at + 2);
	*pos = at + 4;
	return DDNS_OK;
}

/* What follows the owner at `at`; moves *pos behind the whole RR. */
static enum ddns_err
read_fixed(struct ddns_span msg, size_t at, size_t *pos,
    struct ddns_msg_rr *ret)
{
	const uint8_t *p = msg.base + at;

	if (msg.len_bytes - at < 10)
		return DDNS_EFORMAT;
	ret->type = ddns_get_u16(p);
	ret->class = ddns_get_u16(p + 2);
	ret->ttl_s = ddns_get_u32(p + 4);
	ret->rdata_len_bytes = ddns_get_u16(p + 8);
	ret->rdata = at + 10;
	ret->start = *pos;
	if (msg.len_bytes - ret->rdata < ret->rdata_len_bytes)
		return DDNS_EFORMAT;
	*pos = ret->rdata + ret->rdata_len_bytes;
	return DDNS_OK;
}

enum ddns_err
ddns_msg_read_rr(struct ddns_span msg, size_t *pos, struct ddns_msg_rr *ret)
{
	size_t at = *pos;

	if (ddns_name_read(msg, &at, &ret->owner) != DDNS_OK)
		return DDNS_EFORMAT;
	return read_fixed(msg, at, pos, ret);
}

static enum ddns_err
skip_name(struct ddns_span msg, size_t *pos)
{
	size_t at = *pos;

	while (at < msg.len_bytes) {
		uint8_t len = msg.base[at];

		if ((len & 0xc0) == 0xc0 || len == 0) {
			*pos = at + (len == 0 ? 1 : 2);
			return *pos <= msg.len_bytes ? DDNS_OK : DDNS_EFORMAT;
		}
		if (len > DDNS_NAME_LABEL_MAX)
			return DDNS_EFORMAT;
		at += len + 1u;
	}
	return DDNS_EFORMAT;
}

static enum ddns_err
note_opt(const struct ddns_msg_rr *rr, struct ddns_span msg,
    enum ddns_section section, struct ddns_msg_extra *ret)
{
	if (section != DDNS_SECTION_ADDITIONAL || ret->has_opt ||
	    msg.base[rr->start] != 0)
		return DDNS_EFORMAT;
	ret->has_opt = true;
	ret->opt_udp_bytes = rr->class;
	ret->opt_version = (uint8_t)(rr->ttl_s >> 16);
	ret->opt_do = (rr->ttl_s & 0x8000) != 0;
	return DDNS_OK;
}

static enum ddns_err
scan_rr(struct ddns_span msg, enum ddns_section section, size_t *pos,
    struct ddns_msg_extra *ret)
{
	size_t at = *pos, owner = *pos;
	struct ddns_msg_rr rr;

	/* TSIG is the last of all: nothing may follow it */
	if (ret->has_tsig || skip_name(msg, &at) != DDNS_OK ||
	    read_fixed(msg, at, pos, &rr) != DDNS_OK)
		return DDNS_EFORMAT;
	if (rr.type == DDNS_TYPE_OPT)
		return note_opt(&rr, msg, section, ret);
	if (rr.type != DDNS_TYPE_TSIG)
		return DDNS_OK;
	if (section != DDNS_SECTION_ADDITIONAL)
		return DDNS_EFORMAT;
	ret->has_tsig = true;
	return ddns_msg_read_rr(msg, &owner, &ret->tsig);
}

static enum ddns_err
scan_section(struct ddns_span msg, const struct ddns_msg_header *header,
    enum ddns_section section, size_t *pos, struct ddns_msg_extra *ret)
{
	enum ddns_err err = DDNS_OK;

	for (unsigned n = header->count[section]; n > 0 && err == DDNS_OK;
	    n--) {
		if (section != DDNS_SECTION_QUESTION)
			err = scan_rr(msg, section, pos, ret);
		else if (skip_name(msg, pos) != DDNS_OK ||
		    msg.len_bytes - *pos < 4)
			err = DDNS_EFORMAT;
		else
			*pos += 4;
	}
	return err;
}

enum ddns_err
ddns_msg_scan(struct ddns_span msg, const struct ddns_msg_header *header,
    struct ddns_msg_extra *ret)
{
	size_t pos = DDNS_MSG_HEADER_BYTES;
	enum ddns_err err = DDNS_OK;

	*ret = (struct ddns_msg_extra){ 0 };
	if (msg.len_bytes < pos)
		return DDNS_EFORMAT;
	for (int s = 0; s < 4 && err == DDNS_OK; s++) {
		ret->section[s] = pos;
		err = scan_section(msg, header, (enum ddns_section)s, &pos,
		    ret);
	}
	return err == DDNS_OK && pos != msg.len_bytes ? DDNS_EFORMAT : err;
}

/* ---- writing ---- */

void
ddns_msg_start(struct ddns_msg_writer *w, struct ddns_buf *out, uint16_t id,
    uint16_t flags)
{
	static const uint8_t counts[8];

	*w = (struct ddns_msg_writer){ .out = out, .start = out->len_bytes };
	ddns_buf_put_u16(out, id);
	ddns_buf_put_u16(out, flags);
	ddns_buf_put(out, counts, sizeof(counts));
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool
label_equal(const uint8_t *a, const uint8_t *b)
{
	if (a[0] != b[0])
		return false;
	for (unsigned i = 1; i <= a[0]; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

/*
 * Does the name that we wrote at `at` (an offset in the message) equal the
 * uncompressed one at `name`?
 */
static bool
written_equal(const struct ddns_msg_writer *w, size_t at, const uint8_t *name)
{
	const uint8_t *m = w->out->base + w->start;

	for (;;) {
		while ((m[at] & 0xc0) == 0xc0)
			at = ddns_get_u16(m + at) & 0x3fff;
		if (!label_equal(m + at, name))
			return false;
		if (*name == 0)
			return true;
		at += m[at] + 1u;
		name += *name + 1u;
	}
}

static bool
find_suffix(const struct ddns_msg_writer *w, unsigned names_count,
    const uint8_t *name, uint16_t *ret_at)
{
	for (unsigned i = 0; i < names_count; i++)
		if (written_equal(w, w->names[i], name)) {
			*ret_at = w->names[i];
			return true;
		}
	return false;
}

static void
put_name(struct ddns_msg_writer *w, const struct ddns_name *name)
{
	const uint8_t *label = name->wire;
	unsigned before = w->names_count; /* this one is not whole yet */
	uint16_t to;

	while (*label != 0 && w->out->err == DDNS_OK) {
		size_t at = w->out->len_bytes - w->start;

		if (find_suffix(w, before, label, &to)) {
			ddns_buf_put_u16(w->out, 0xc000 | to);
			return;
		}
		ddns_buf_put(w->out, label, *label + 1u);
		if (at <= 0x3fff && w->names_count < DDNS_COUNT(w->names))
			w->names[w->names_count++] = (uint16_t)at;
		label += *label + 1u;
	}
	ddns_buf_put_u8(w->out, 0);
}

/* After a write: counts it, or takes it back whole. */
static enum ddns_err
settle(struct ddns_msg_writer *w, enum ddns_section section, size_t len,
    unsigned names_count)
{
	uint8_t *count = w->out->base + w->start + 4 + 2 * (int)section;
	enum ddns_err err = w->out->err;

	if (err == DDNS_OK && w->out->len_bytes - w->start >
	    DDNS_MSG_MAX_BYTES)
		err = DDNS_ENOSPACE;
	if (err == DDNS_OK) {
		ddns_set_u16(count, (uint16_t)(ddns_get_u16(count) + 1));
		return DDNS_OK;
	}
	w->out->len_bytes = len;
	w->names_count = names_count;
	if (err == DDNS_ENOSPACE)
		w->out->err = DDNS_OK; /* the message before it is still good */
	return err;
}

enum ddns_err
ddns_msg_put_question(struct ddns_msg_writer *w, const struct ddns_name *name,
    uint16_t type, uint16_t class)
{
	size_t len = w->out->len_bytes;
	unsigned names_count = w->names_count;

	if (w->out->err != DDNS_OK)
		return w->out->err;
	put_name(w, name);
	ddns_buf_put_u16(w->out, type);
	ddns_buf_put_u16(w->out, class);
	return settle(w, DDNS_SECTION_QUESTION, len, names_count);
}

enum ddns_err
ddns_msg_put_rr(struct ddns_msg_writer *w, enum ddns_section section,
    const struct ddns_name *owner, uint16_t type, uint16_t class,
    uint32_t ttl_s, struct ddns_span rdata)
{
	size_t len = w->out->len_bytes;
	unsigned names_count = w->names_count;

	if (w->out->err != DDNS_OK)
		return w->out->err;
	if (rdata.len_bytes > UINT16_MAX)
		return DDNS_ERANGE;
	put_name(w, owner);
	ddns_buf_put_u16(w->out, type);
	ddns_buf_put_u16(w->out, class);
	ddns_buf_put_u32(w->out, ttl_s);
	ddns_buf_put_u16(w->out, (uint16_t)rdata.len_bytes);
	ddns_buf_put(w->out, rdata.base, rdata.len_bytes);
	return settle(w, section, len, names_count);
}

enum ddns_err
ddns_msg_put_opt(struct ddns_msg_writer *w, uint16_t udp_bytes, unsigned rcode,
    bool dnssec_ok)
{
	static const struct ddns_name root = { .len_bytes = 1 };
	enum ddns_err err = ddns_msg_put_rr(w, DDNS_SECTION_ADDITIONAL, &root,
	    DDNS_TYPE_OPT, udp_bytes,
	    (uint32_t)(rcode >> 4) << 24 | (dnssec_ok ? 0x8000u : 0),
	    (struct ddns_span){ 0 });

	if (err == DDNS_OK)
		ddns_msg_set_rcode(w, rcode & 15);
	return err;
}

static void
set_bits(struct ddns_msg_writer *w, uint16_t keep, uint16_t bits)
{
	uint8_t *flags;

	if (w->out->len_bytes < w->start + DDNS_MSG_HEADER_BYTES)
		return; /* the start has failed already */
	flags = w->out->base + w->start + 2;
	ddns_set_u16(flags, (ddns_get_u16(flags) & keep) | bits);
}

void
ddns_msg_set_rcode(struct ddns_msg_writer *w, unsigned rcode)
{
	set_bits(w, 0xfff0, rcode & 15);
}

void
ddns_msg_set_flags(struct ddns_msg_writer *w, uint16_t flags)
{
	set_bits(w, 0xffff, flags);
}
