/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_HTTP_PARSE_H
#define DDNS_INGEST_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The head of one HTTP/1 request (RFC 9112), parsed in place.  Pure: bytes in,
 * bytes out.  Strict where leniency is a hole (framing, white space before a
 * colon, folded lines, control characters), lenient where real clients are odd
 * (bare LF, blanks and non-ASCII bytes in the target, which FRITZ!Box sends).
 */
#define DDNS_HTTP_HEAD_MAX 8192  /* bytes; the longest seen has 600 */
#define DDNS_HTTP_BODY_MAX 16384 /* bytes of a form */
#define DDNS_HTTP_HEADERS_MAX 64

struct ddns_http_header {
	const char *name, *value;
};

struct ddns_http_request {
	const char *method;
	char *path;  /* of origin or absolute form, not decoded */
	char *query; /* behind the '?', "" when there is none */
	unsigned minor; /* HTTP/1.minor */
	struct ddns_http_header headers[DDNS_HTTP_HEADERS_MAX];
	size_t headers_count;
	size_t content_length;
	bool keep_alive;
	bool expects_continue;
};

/*
 * The length of the head with its empty line, or 0 when it is not whole yet.
 * *scanned is where the last call stopped, 0 at first: no byte is looked at
 * twice however slowly they drip in.
 */
size_t ddns_http_head_len(const char *data, size_t len, size_t *scanned);

/*
 * head: `len` bytes as ddns_http_head_len() found them and room for one more;
 * it is cut into texts that ret borrows.  Returns 0, or the status to refuse
 * the request with (400, 431, 501, 505); then the connection cannot go on.
 */
int ddns_http_parse(char *head, size_t len, struct ddns_http_request *ret);

/* The first header of that name (any case), or NULL. */
const char *ddns_http_get(const struct ddns_http_request *request,
    const char *name);
/* The next one from *at on (0 at first): for headers that may come twice. */
const char *ddns_http_next(const struct ddns_http_request *request,
    const char *name, size_t *at);

#endif
