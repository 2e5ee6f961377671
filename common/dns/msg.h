/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_DNS_MSG_H
#define DDNS_DNS_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/dns/name.h"
#include "common/dns/rrset.h"

/*
 * DNS messages, RFC 1035 s.4.  Pure: bytes in, bytes out.  No allocation on
 * the reading side.
 */
#define DDNS_MSG_HEADER_BYTES 12
#define DDNS_MSG_MAX_BYTES 65535

enum ddns_opcode {
	DDNS_OPCODE_QUERY = 0,
	DDNS_OPCODE_NOTIFY = 4,
	DDNS_OPCODE_UPDATE = 5
};

enum ddns_rcode { /* RFC 1035, 2136, 8945 */
	DDNS_RCODE_NOERROR = 0,
	DDNS_RCODE_FORMERR = 1,
	DDNS_RCODE_SERVFAIL = 2,
	DDNS_RCODE_NXDOMAIN = 3,
	DDNS_RCODE_NOTIMP = 4,
	DDNS_RCODE_REFUSED = 5,
	DDNS_RCODE_YXDOMAIN = 6,
	DDNS_RCODE_YXRRSET = 7,
	DDNS_RCODE_NXRRSET = 8,
	DDNS_RCODE_NOTAUTH = 9,
	DDNS_RCODE_NOTZONE = 10,
	DDNS_RCODE_BADVERS = 16, /* of OPT */
	DDNS_RCODE_BADSIG = 16,  /* of TSIG */
	DDNS_RCODE_BADKEY = 17,
	DDNS_RCODE_BADTIME = 18,
	DDNS_RCODE_BADTRUNC = 22
};
const char *ddns_rcode_text(unsigned rcode); /* static; "RCODE?" */

enum ddns_msg_flags {
	DDNS_MSG_QR = 0x8000,
	DDNS_MSG_AA = 0x0400,
	DDNS_MSG_TC = 0x0200,
	DDNS_MSG_RD = 0x0100,
	DDNS_MSG_RA = 0x0080,
	DDNS_MSG_AD = 0x0020,
	DDNS_MSG_CD = 0x0010
};

struct ddns_msg_header {
	uint16_t id;
	uint16_t flags; /* DDNS_MSG_*, opcode and rcode bits as on the wire */
	uint16_t count[4];
};
enum ddns_section { DDNS_SECTION_QUESTION, DDNS_SECTION_ANSWER,
	DDNS_SECTION_AUTHORITY, DDNS_SECTION_ADDITIONAL };

static inline unsigned
ddns_msg_opcode(const struct ddns_msg_header *h)
{
	return (h->flags >> 11) & 15;
}

static inline unsigned
ddns_msg_rcode(const struct ddns_msg_header *h)
{
	return h->flags & 15;
}

struct ddns_question {
	struct ddns_name name;
	uint16_t type, class;
};

/* One RR where it stands in a message; nothing is copied but the owner. */
struct ddns_msg_rr {
	struct ddns_name owner;
	uint16_t type, class;
	uint32_t ttl_s;
	size_t start;      /* offset of the owner */
	size_t rdata;      /* offset of the rdata */
	uint16_t rdata_len_bytes;
};

/* DDNS_EFORMAT when there are fewer than 12 bytes. */
enum ddns_err ddns_msg_read_header(struct ddns_span msg,
    struct ddns_msg_header *ret) DDNS_MUST_CHECK;
/*
 * *pos starts at DDNS_MSG_HEADER_BYTES and moves behind what was read; it
 * stays, and *ret is not to be used, on DDNS_EFORMAT.
 */
enum ddns_err ddns_msg_read_question(struct ddns_span msg, size_t *pos,
    struct ddns_question *ret) DDNS_MUST_CHECK;
enum ddns_err ddns_msg_read_rr(struct ddns_span msg, size_t *pos,
    struct ddns_msg_rr *ret) DDNS_MUST_CHECK;

/*
 * What stands behind the sections that carry data: OPT (RFC 6891) and TSIG
 * (RFC 8945).  Walks the whole message once; names are skipped, not checked.
 *
 * DDNS_EFORMAT  truncated, trailing bytes, counts that lie, two OPT, OPT not
 *               in additional or not of the root, TSIG not the last RR of
 *               additional
 */
struct ddns_msg_extra {
	bool has_opt, has_tsig;
	uint16_t opt_udp_bytes;
	uint8_t opt_version;
	bool opt_do;
	size_t section[4]; /* offset where each section starts */
	struct ddns_msg_rr tsig;
};
enum ddns_err ddns_msg_scan(struct ddns_span msg,
    const struct ddns_msg_header *header, struct ddns_msg_extra *ret)
    DDNS_MUST_CHECK;

/*
 * Writing, RFC 1035 s.4.1 with compression of owner names (s.4.1.4).  The
 * buffer is the caller's; out->max_bytes (or 65535) bounds the message.  A
 * write that does not fit leaves the message as it was before that RR, and the
 * writer says so with DDNS_ENOSPACE (then set TC or start the next message).
 * Counts are kept in the header as RRs are added; sections in order.  A
 * failure of ddns_msg_start() shows at the next put.
 */
struct ddns_msg_writer {
	struct ddns_buf *out;
	size_t start;              /* where the message starts in out */
	uint16_t names[32];        /* offsets that later names may point at */
	unsigned names_count;
};
void ddns_msg_start(struct ddns_msg_writer *w, struct ddns_buf *out,
    uint16_t id, uint16_t flags);
enum ddns_err ddns_msg_put_question(struct ddns_msg_writer *w,
    const struct ddns_name *name, uint16_t type, uint16_t class)
    DDNS_MUST_CHECK;
enum ddns_err ddns_msg_put_rr(struct ddns_msg_writer *w,
    enum ddns_section section, const struct ddns_name *owner, uint16_t type,
    uint16_t class, uint32_t ttl_s, struct ddns_span rdata) DDNS_MUST_CHECK;
/* OPT with our UDP size; rcode's upper bits go into it (RFC 6891 s.6.1.3). */
enum ddns_err ddns_msg_put_opt(struct ddns_msg_writer *w, uint16_t udp_bytes,
    unsigned rcode, bool dnssec_ok) DDNS_MUST_CHECK;
void ddns_msg_set_rcode(struct ddns_msg_writer *w, unsigned rcode);
void ddns_msg_set_flags(struct ddns_msg_writer *w, uint16_t flags); /* or */

#endif
