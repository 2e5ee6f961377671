/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_DNS_NAME_H
#define DDNS_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

#define DDNS_NAME_WIRE_MAX 255  /* bytes, RFC 1035 s.2.3.4 */
#define DDNS_NAME_LABEL_MAX 63  /* bytes, the same */
#define DDNS_NAME_TEXT_MAX 1024 /* 4 characters an escaped byte, and a NUL */
#define DDNS_NAME_KEY_MAX 512   /* bytes of ddns_name_key() at the most */

/*
 * An absolute domain name, uncompressed, with the root label.  Values, not
 * pointers: copy freely.  A zeroed one (len_bytes == 0) is "no name", all
 * functions below want a real one.  Pure; any thread.
 */
struct ddns_name {
	uint8_t len_bytes; /* 1 (root) to 255 */
	uint8_t wire[DDNS_NAME_WIRE_MAX];
};

/*
 * Presentation form, RFC 1035 s.5.1 with "\." and "\DDD" escapes; a trailing
 * dot may be missing, "." is the root.  Case is kept.  DDNS_EFORMAT on an
 * empty text, an empty or too long label or name, or a broken escape.
 */
enum ddns_err ddns_name_parse(const char *text, struct ddns_name *ret)
    DDNS_MUST_CHECK;
enum ddns_err ddns_name_parse_len(const char *text, size_t text_len,
    struct ddns_name *ret) DDNS_MUST_CHECK;

/*
 * From a message, RFC 1035 s.4.1.4.  `msg` is the whole message, *pos where
 * the name starts; *pos moves behind it on DDNS_OK.  Pointers must point
 * before the place they stand at, so it ends.  DDNS_EFORMAT otherwise.
 */
enum ddns_err ddns_name_read(struct ddns_span msg, size_t *pos,
    struct ddns_name *ret) DDNS_MUST_CHECK;

/*
 * Text without the last dot (the root is "."), escaped as RFC 1035 s.5.1.
 * Returns the length without the NUL.
 */
size_t ddns_name_format(const struct ddns_name *name,
    char out[DDNS_NAME_TEXT_MAX]);

void ddns_name_lower(struct ddns_name *name); /* ASCII only, RFC 4343 */
bool ddns_name_equal(const struct ddns_name *a, const struct ddns_name *b);
/* Equal or below; case does not count. */
bool ddns_name_is_under(const struct ddns_name *name,
    const struct ddns_name *zone);
bool ddns_name_is_root(const struct ddns_name *name);
bool ddns_name_is_wildcard(const struct ddns_name *name); /* first label "*" */
unsigned ddns_name_labels(const struct ddns_name *name); /* root: 0 */
/* Takes the first label off; false (and ret unset) at the root. */
bool ddns_name_parent(const struct ddns_name *name, struct ddns_name *ret);
/* "*." in front; DDNS_ERANGE when it gets too long. */
enum ddns_err ddns_name_wildcard(const struct ddns_name *parent,
    struct ddns_name *ret) DDNS_MUST_CHECK;

/*
 * Letters, digits, hyphen (not first or last in a label), underscore only if
 * allowed: what a host name may be (RFC 952, RFC 1123 s.2.1), and what may be
 * handed to PowerDNS's control socket unescaped.  A leading "*" label passes.
 */
bool ddns_name_is_hostname(const struct ddns_name *name, bool underscore);

/*
 * The name as one sortable key: lower-cased labels from the root down, each
 * followed by a zero byte; inside a label 0x00 becomes 01 01 and 0x01 becomes
 * 01 02.  memcmp() order is the DNSSEC canonical order (RFC 4034 s.6.1), and
 * the key of a name is a prefix of the keys of all below it.  The root's key
 * is empty.  Returns the length.
 */
size_t ddns_name_key(const struct ddns_name *name,
    uint8_t out[DDNS_NAME_KEY_MAX]);
/* The way back; DDNS_EFORMAT for what ddns_name_key() cannot have made. */
enum ddns_err ddns_name_from_key(struct ddns_span key, struct ddns_name *ret)
    DDNS_MUST_CHECK;

/* -1, 0, 1 in canonical order. */
int ddns_name_compare(const struct ddns_name *a, const struct ddns_name *b);
/* For hash tables; case does not count.  Seed it per process. */
uint64_t ddns_name_hash(const struct ddns_name *name, uint64_t seed);

#endif
