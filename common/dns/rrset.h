/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_DNS_RRSET_H
#define DDNS_DNS_RRSET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/dns/name.h"

/* RR types and classes that code of ours names; all others pass as numbers. */
enum ddns_type {
	DDNS_TYPE_NONE = 0, /* in the store: a registered name without data */
	DDNS_TYPE_A = 1,
	DDNS_TYPE_NS = 2,
	DDNS_TYPE_CNAME = 5,
	DDNS_TYPE_SOA = 6,
	DDNS_TYPE_PTR = 12,
	DDNS_TYPE_MX = 15,
	DDNS_TYPE_TXT = 16,
	DDNS_TYPE_AAAA = 28,
	DDNS_TYPE_SRV = 33,
	DDNS_TYPE_DNAME = 39,
	DDNS_TYPE_OPT = 41,
	DDNS_TYPE_DS = 43,
	DDNS_TYPE_RRSIG = 46,
	DDNS_TYPE_NSEC = 47,
	DDNS_TYPE_DNSKEY = 48,
	DDNS_TYPE_DHCID = 49,
	DDNS_TYPE_NSEC3 = 50,
	DDNS_TYPE_NSEC3PARAM = 51,
	DDNS_TYPE_SVCB = 64,
	DDNS_TYPE_HTTPS = 65,
	DDNS_TYPE_TKEY = 249,
	DDNS_TYPE_TSIG = 250,
	DDNS_TYPE_IXFR = 251,
	DDNS_TYPE_AXFR = 252,
	DDNS_TYPE_MAILB = 253,
	DDNS_TYPE_MAILA = 254,
	DDNS_TYPE_ANY = 255,
	DDNS_TYPE_CAA = 257
};

enum ddns_class {
	DDNS_CLASS_IN = 1,
	DDNS_CLASS_CH = 3,
	DDNS_CLASS_NONE = 254,
	DDNS_CLASS_ANY = 255
};

#define DDNS_RRSET_MAX_RRS 1024 /* of one RRset; ours, keeps answers sane */
#define DDNS_RRSET_MAX_BYTES 60000 /* so that it fits into one answer */
#define DDNS_TTL_MAX_S 2147483647u /* RFC 2181 s.8 */

/*
 * The RRs of one owner and type, as a value in one block of bytes:
 *     u32 TTL, u16 count, count times (u16 length, rdata)
 * all in network order, the rdata uncompressed, names in it lower-cased,
 * sorted as RFC 4034 s.6.3, no duplicates.  So two sets are the same RRset
 * exactly when their bytes are equal.  The store and the journal keep it so.
 * A set without RRs (absent) is len_bytes == 0.
 *
 * Zero-initialised is the absent set.  Owner frees with _done.
 */
struct ddns_rrset {
	struct ddns_buf bytes;
};

void ddns_rrset_done(struct ddns_rrset *set);
void ddns_rrset_reset(struct ddns_rrset *set); /* absent again, keeps memory */
bool ddns_rrset_is_absent(const struct ddns_rrset *set);
uint32_t ddns_rrset_ttl_s(const struct ddns_rrset *set); /* 0 when absent */
uint16_t ddns_rrset_count(const struct ddns_rrset *set);
bool ddns_rrset_equal(const struct ddns_rrset *a, const struct ddns_rrset *b);
/* As equal, but the TTL may differ (RFC 2136 s.3.2.3). */
bool ddns_rrset_equal_data(const struct ddns_rrset *a,
    const struct ddns_rrset *b);
bool ddns_rrset_has(const struct ddns_rrset *set, struct ddns_span rdata);

/* From stored bytes, checked: DDNS_EFORMAT if they are no RRset. */
enum ddns_err ddns_rrset_from_bytes(struct ddns_span bytes,
    struct ddns_rrset *ret) DDNS_MUST_CHECK;
enum ddns_err ddns_rrset_copy(const struct ddns_rrset *from,
    struct ddns_rrset *to) DDNS_MUST_CHECK; /* `to` is initialised before */
void ddns_rrset_set_ttl(struct ddns_rrset *set, uint32_t ttl_s);
/*
 * Adds or removes one RR.  rdata must be canonical already (ddns_rdata_*).
 * Adding makes ttl_s the TTL of the whole set (RFC 2181 s.5.2).  Adding what
 * is there changes only the TTL; removing what is not there, nothing.
 * DDNS_ERANGE above DDNS_RRSET_MAX_RRS or DDNS_RRSET_MAX_BYTES.  rdata must
 * not lie in the set itself.
 */
enum ddns_err ddns_rrset_add(struct ddns_rrset *set, uint32_t ttl_s,
    struct ddns_span rdata) DDNS_MUST_CHECK;
void ddns_rrset_remove(struct ddns_rrset *set, struct ddns_span rdata);

/*
 *	for (size_t pos = 0; ddns_rrset_next(set, &pos, &rdata);)
 * rdata is borrowed from the set.
 */
bool ddns_rrset_next(const struct ddns_rrset *set, size_t *pos,
    struct ddns_span *ret_rdata);

/* A set of one address record; addr is AF_INET (A) or AF_INET6 (AAAA). */
enum ddns_err ddns_rrset_of_addr(uint32_t ttl_s, const uint8_t *addr,
    size_t addr_len_bytes, struct ddns_rrset *ret) DDNS_MUST_CHECK;

/*
 * The name that the rdata points at, for the types whose target a server adds
 * to an answer or follows: CNAME, DNAME, NS, MX, SRV, PTR, SVCB, HTTPS.
 * false for any other type and for malformed rdata.
 */
bool ddns_rdata_target(uint16_t type, struct ddns_span rdata,
    struct ddns_name *ret);

#endif
