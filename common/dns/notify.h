/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_DNS_NOTIFY_H
#define DDNS_DNS_NOTIFY_H

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/dns/msg.h"
#include "common/dns/name.h"

/*
 * NOTIFY, RFC 1996, one question a message: a changed name and type.  Type
 * SOA at a zone's apex means the whole zone, type ANY all types of the name.
 * The zone's SOA may ride in the authority section, which receivers ignore
 * unless they understand it (RFC 1996 s.3.9).  Pure.
 */
struct ddns_notify {
	uint16_t id;
	struct ddns_name name;
	uint16_t type;
	bool has_soa;
	struct ddns_name zone; /* owner of that SOA */
	uint32_t serial;
};

/* The request, unsigned, appended to out.  soa_rdata empty: without SOA. */
enum ddns_err ddns_notify_write(const struct ddns_notify *notify,
    uint32_t soa_ttl_s, struct ddns_span soa_rdata, struct ddns_buf *out)
    DDNS_MUST_CHECK;

/*
 * Reads one NOTIFY request.  `in` is a whole message, not trusted; extra its
 * scan.  Answer section is skipped (RFC 1996 s.3.7), authority is searched
 * for a SOA.  ret is set only on DDNS_OK.
 *
 * DDNS_EFORMAT  not exactly one question, or a malformed one
 * DDNS_EUNSUPPORTED  opcode is not NOTIFY, QR is set, class is not IN
 */
enum ddns_err ddns_notify_read(struct ddns_span in,
    const struct ddns_msg_header *header, const struct ddns_msg_extra *extra,
    struct ddns_notify *ret) DDNS_MUST_CHECK;

/*
 * The answer to a request: header and question only, RFC 1996 s.4.7, appended
 * to out without TSIG.
 */
enum ddns_err ddns_notify_write_answer(const struct ddns_msg_header *header,
    const struct ddns_question *question, unsigned rcode,
    struct ddns_buf *out) DDNS_MUST_CHECK;

#endif
