/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BASE_BYTES_H
#define DDNS_BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* Borrowed, read only. */
struct ddns_span {
	const uint8_t *base;
	size_t len_bytes;
};

/*
 * Bytes that grow.  A writer that once failed stays failed: write all, then
 * look at `err` once.  Zero-initialised is empty and valid.  Any thread, one
 * at a time.
 */
struct ddns_buf {
	uint8_t *base;
	size_t len_bytes, cap_bytes;
	size_t max_bytes; /* 0: no bound; else more is DDNS_ENOSPACE */
	enum ddns_err err;
};

/* Frees what is inside and makes the buffer empty and valid again. */
void ddns_buf_done(struct ddns_buf *buf);
/* Empties but keeps the memory, and forgives an earlier failure. */
void ddns_buf_reset(struct ddns_buf *buf);
void ddns_buf_put(struct ddns_buf *buf, const void *base, size_t len_bytes);
void ddns_buf_put_u8(struct ddns_buf *buf, uint8_t v);
void ddns_buf_put_u16(struct ddns_buf *buf, uint16_t v); /* network order */
void ddns_buf_put_u32(struct ddns_buf *buf, uint32_t v);
void ddns_buf_put_text(struct ddns_buf *buf, const char *text); /* no NUL */
void ddns_buf_putf(struct ddns_buf *buf, const char *fmt, ...)
    DDNS_PRINTF(2, 3);
/*
 * The content as a C string: a NUL is kept behind the content, not counted.
 * Borrowed until the next write.  "" when the buffer has failed.
 */
const char *ddns_buf_text(struct ddns_buf *buf);
/* Makes room for more bytes without a length change; false: buf->err is set. */
bool ddns_buf_reserve(struct ddns_buf *buf, size_t more_bytes);

static inline struct ddns_span
ddns_buf_span(const struct ddns_buf *buf)
{
	return (struct ddns_span){ buf->base, buf->len_bytes };
}

static inline uint16_t
ddns_get_u16(const uint8_t *p)
{
	return (uint16_t)((p[0] << 8) | p[1]);
}

static inline uint32_t
ddns_get_u32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) |
	    ((uint32_t)p[2] << 8) | p[3];
}

static inline void
ddns_set_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
ddns_set_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/*
 * Text encodings.  The *_encode() append to buf.  The *_decode() write at most
 * cap bytes to out: DDNS_EFORMAT on a wrong character or padding,
 * DDNS_ENOSPACE when out is too small.  base64 is RFC 4648 s.4 (decoding also
 * takes missing padding); hex decodes either case.
 */
void ddns_base64_encode(struct ddns_buf *buf, struct ddns_span in);
void ddns_base64url_encode(struct ddns_buf *buf, struct ddns_span in);
void ddns_hex_encode(struct ddns_buf *buf, struct ddns_span in);
enum ddns_err ddns_base64_decode(const char *text, size_t text_len,
    uint8_t *out, size_t cap_bytes, size_t *ret_len) DDNS_MUST_CHECK;
enum ddns_err ddns_hex_decode(const char *text, size_t text_len, uint8_t *out,
    size_t cap_bytes, size_t *ret_len) DDNS_MUST_CHECK;
int ddns_hex_value(char c); /* of one digit; -1: it is none */

/* strdup, strndup and asprintf that return NULL on no memory; you own it. */
char *ddns_strdup(const char *text); /* NULL in, NULL out */
char *ddns_asprintf(const char *fmt, ...) DDNS_PRINTF(1, 2);

#endif
