/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_DNS_RDATA_H
#define DDNS_DNS_RDATA_H

#include <stdio.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/dns/name.h"

/*
 * RR data between text and wire, by ldns; A and AAAA, the hot ones, by
 * ourselves.  A library of its own (libddns-rdata) so that the Unbound module
 * does not link ldns.  Any thread.
 */

/*
 * "A", "TYPE65400" (RFC 3597), case does not count.  DDNS_EFORMAT otherwise.
 */
enum ddns_err ddns_type_parse(const char *text, uint16_t *ret) DDNS_MUST_CHECK;
#define DDNS_TYPE_TEXT_MAX 16
const char *ddns_type_format(uint16_t type, char out[DDNS_TYPE_TEXT_MAX]);

/*
 * Presentation form of one RR's data (RFC 1035 s.5.1, RFC 3597 s.5) to
 * canonical wire form: uncompressed, embedded names of the types of RFC 4034
 * s.6.2 (as corrected by RFC 6840 s.5.1) lower-cased.  Names without a last
 * dot are absolute.  DDNS_EFORMAT when it is not data of that type.
 */
enum ddns_err ddns_rdata_parse(uint16_t type, const char *text,
    struct ddns_buf *out) DDNS_MUST_CHECK;

/*
 * Wire to text, appended to out.  PowerDNS's form: names without the last dot
 * (the root is "."), one blank between fields, TXT quoted.  For unknown types,
 * and for data that has no exact text, "\# 2 abcd".
 */
enum ddns_err ddns_rdata_format(uint16_t type, struct ddns_span rdata,
    struct ddns_buf *out) DDNS_MUST_CHECK;

/*
 * From a message: decompresses (RFC 3597 s.4 lists the types where that may
 * be), checks the form, makes it canonical, appends.  rdata starts at pos and
 * has len_bytes in msg.  DDNS_EFORMAT when it is not data of that type.
 */
enum ddns_err ddns_rdata_read(uint16_t type, struct ddns_span msg, size_t pos,
    size_t len_bytes, struct ddns_buf *out) DDNS_MUST_CHECK;

/*
 * A zone file (RFC 1035 s.5, $ORIGIN, $TTL, $INCLUDE refused), one call per
 * RR.  On a mistake DDNS_EFORMAT and ret_line, ret_why (static or borrowed
 * until the next call) name it.  The callback's error ends the reading and is
 * returned.
 */
struct ddns_zonefile_rr {
	struct ddns_name owner; /* lower-cased */
	uint16_t type;
	uint32_t ttl_s;
	struct ddns_span rdata; /* canonical wire */
};
typedef enum ddns_err ddns_zonefile_fn(const struct ddns_zonefile_rr *rr,
    void *arg);
enum ddns_err ddns_zonefile_read(FILE *file, const struct ddns_name *origin,
    uint32_t default_ttl_s, ddns_zonefile_fn *each, void *arg,
    unsigned *ret_line, const char **ret_why) DDNS_MUST_CHECK;

#endif
