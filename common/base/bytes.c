/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
ddns_buf_done(struct ddns_buf *buf)
{
	free(buf->base);
	*buf = (struct ddns_buf){ .max_bytes = buf->max_bytes };
}

void
ddns_buf_reset(struct ddns_buf *buf)
{
	buf->len_bytes = 0;
	buf->err = DDNS_OK;
}

bool
ddns_buf_reserve(struct ddns_buf *buf, size_t more_bytes)
{
	size_t want, cap;
	uint8_t *base;

	if (buf->err != DDNS_OK)
		return false;
	want = buf->len_bytes + more_bytes;
	if (want < more_bytes ||
	    (buf->max_bytes != 0 && want > buf->max_bytes)) {
		buf->err = DDNS_ENOSPACE;
		return false;
	}
	if (want < buf->cap_bytes)
		return true;
	cap = buf->cap_bytes < 64 ? 64 : buf->cap_bytes;
	while (cap <= want) /* one more than asked: room for a NUL */
		cap *= 2;
	base = realloc(buf->base, cap);
	if (base == NULL) {
		buf->err = DDNS_ENOMEM;
		return false;
	}
	buf->base = base;
	buf->cap_bytes = cap;
	return true;
}

void
ddns_buf_put(struct ddns_buf *buf, const void *base, size_t len_bytes)
{
	if (len_bytes == 0 || !ddns_buf_reserve(buf, len_bytes))
		return;
	memcpy(buf->base + buf->len_bytes, base, len_bytes);
	buf->len_bytes += len_bytes;
}

void
ddns_buf_put_u8(struct ddns_buf *buf, uint8_t v)
{
	ddns_buf_put(buf, &v, 1);
}

void
ddns_buf_put_u16(struct ddns_buf *buf, uint16_t v)
{
	uint8_t b[2];

	ddns_set_u16(b, v);
	ddns_buf_put(buf, b, sizeof(b));
}

void
ddns_buf_put_u32(struct ddns_buf *buf, uint32_t v)
{
	uint8_t b[4];

	ddns_set_u32(b, v);
	ddns_buf_put(buf, b, sizeof(b));
}

void
ddns_buf_put_text(struct ddns_buf *buf, const char *text)
{
	ddns_buf_put(buf, text, strlen(text));
}

void
ddns_buf_putf(struct ddns_buf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !ddns_buf_reserve(buf, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf((char *)buf->base + buf->len_bytes, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->len_bytes += (size_t)n;
}

const char *
ddns_buf_text(struct ddns_buf *buf)
{
	if (!ddns_buf_reserve(buf, 0))
		return "";
	buf->base[buf->len_bytes] = '\0';
	return (const char *)buf->base;
}

static void
put_base64(struct ddns_buf *buf, struct ddns_span in, const char *alphabet,
    bool pad)
{
	for (size_t i = 0; i < in.len_bytes; i += 3) {
		size_t left = in.len_bytes - i;
		uint32_t v = (uint32_t)in.base[i] << 16;
		char quad[4];
		size_t n;

		if (left > 1)
			v |= (uint32_t)in.base[i + 1] << 8;
		if (left > 2)
			v |= in.base[i + 2];
		for (int k = 0; k < 4; k++)
			quad[k] = alphabet[(v >> (18 - 6 * k)) & 63];
		n = left > 2 ? 4 : left + 1;
		for (; pad && n < 4; n++)
			quad[n] = '=';
		ddns_buf_put(buf, quad, n);
	}
}

void
ddns_base64_encode(struct ddns_buf *buf, struct ddns_span in)
{
	put_base64(buf, in,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/", true);
}

void
ddns_base64url_encode(struct ddns_buf *buf, struct ddns_span in)
{
	put_base64(buf, in,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_", false);
}

void
ddns_hex_encode(struct ddns_buf *buf, struct ddns_span in)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < in.len_bytes; i++) {
		char pair[2] = { digit[in.base[i] >> 4],
			digit[in.base[i] & 15] };
		ddns_buf_put(buf, pair, 2);
	}
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

enum ddns_err
ddns_base64_decode(const char *text, size_t text_len, uint8_t *out,
    size_t cap_bytes, size_t *ret_len)
{
	size_t n = 0, chars = text_len;
	uint32_t acc = 0;

	while (chars > 0 && text_len - chars < 2 && text[chars - 1] == '=')
		chars--;
	if (chars % 4 == 1 || (chars != text_len && text_len % 4 != 0))
		return DDNS_EFORMAT;
	for (size_t i = 0; i < chars; i++) {
		int v = base64_value(text[i]);

		if (v < 0)
			return DDNS_EFORMAT;
		acc = acc << 6 | (uint32_t)v;
		if (i % 4 == 0)
			continue;
		if (n == cap_bytes)
			return DDNS_ENOSPACE;
		out[n++] = (uint8_t)(acc >> (6 - 2 * (i % 4)));
	}
	*ret_len = n;
	return DDNS_OK;
}

int
ddns_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum ddns_err
ddns_hex_decode(const char *text, size_t text_len, uint8_t *out,
    size_t cap_bytes, size_t *ret_len)
{
	if (text_len % 2 != 0)
		return DDNS_EFORMAT;
	if (text_len / 2 > cap_bytes)
		return DDNS_ENOSPACE;
	for (size_t i = 0; i < text_len; i += 2) {
		int hi = ddns_hex_value(text[i]), lo = ddns_hex_value(text[i + 1]);

		if (hi < 0 || lo < 0)
			return DDNS_EFORMAT;
		out[i / 2] = (uint8_t)(hi << 4 | lo);
	}
	*ret_len = text_len / 2;
	return DDNS_OK;
}

char *
ddns_strdup(const char *text)
{
	return text == NULL ? NULL : strdup(text);
}

char *
ddns_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return text;
}
