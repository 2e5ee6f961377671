/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BACKEND_REQUEST_H
#define DDNS_BACKEND_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/*
 * One request of PowerDNS's remote protocol: a JSON object on one line,
 *     {"method": "lookup", "parameters": {"qname": "a.test.", ...}}
 * read in place, without any allocation.  Pure; any thread.
 */
#define DDNS_REQUEST_PARAMS_MAX 24 /* PowerDNS sends 8 at the most */
#define DDNS_REQUEST_DEPTH_MAX 16  /* of nested values, so that it ends */

enum ddns_param_kind {
	DDNS_PARAM_STRING,
	DDNS_PARAM_INTEGER, /* a number without fraction, within 64 bits */
	DDNS_PARAM_OTHER    /* true, null, an array, 1.5, ...: only checked */
};

struct ddns_param {
	const char *key;
	enum ddns_param_kind kind;
	const char *text; /* STRING: decoded, a NUL behind it */
	size_t text_len;
	int64_t integer;
};

struct ddns_request {
	const char *method;
	struct ddns_param params[DDNS_REQUEST_PARAMS_MAX];
	size_t params_count; /* what is more is checked and dropped */
};

/*
 * line    untrusted; its bytes are changed, *ret borrows from it.  line[len]
 *         must be writable (it holds the newline).
 *
 * DDNS_EFORMAT  not one JSON object (RFC 8259), or without a method
 */
enum ddns_err ddns_request_parse(char *line, size_t len,
    struct ddns_request *ret) DDNS_MUST_CHECK;

/* The first of that name and kind, or NULL. */
const struct ddns_param *ddns_request_find(const struct ddns_request *req,
    const char *key, enum ddns_param_kind kind);
/* Its text, or NULL; also NULL when it holds a NUL. */
const char *ddns_request_text(const struct ddns_request *req, const char *key);
int64_t ddns_request_integer(const struct ddns_request *req, const char *key,
    int64_t missing);

#endif
