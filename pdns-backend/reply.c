/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing a reply.
 *
 * By hand into one buffer: the shapes are few and fixed, PowerDNS parses each
 * byte, and a whole zone may have to pass.  So no blanks and no members that
 * PowerDNS does not read.  Names and content go without the last dot, the form
 * in which PowerDNS itself writes them.
 */
#include "pdns-backend/reply.h"

static void
put_escaped(struct ddns_buf *out, unsigned char c)
{
	/* >= 0x80: the DNS escape, "\\DDD" in JSON; the text is ASCII then */
	if (c >= 0x80)
		ddns_buf_putf(out, "\\\\%03u", c);
	else if (c < 0x20)
		ddns_buf_putf(out, "\\u%04x", c);
	else
		ddns_buf_put(out, (char[]){ '\\', (char)c }, 2);
}

static void
put_text(struct ddns_buf *out, const char *text)
{
	const char *plain = text;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\')
			continue;
		ddns_buf_put(out, plain, (size_t)(text - plain));
		put_escaped(out, c);
		plain = text + 1;
	}
	ddns_buf_put(out, plain, (size_t)(text - plain));
}

void
ddns_reply_put_string(struct ddns_buf *out, const char *text)
{
	ddns_buf_put_u8(out, '"');
	put_text(out, text);
	ddns_buf_put_u8(out, '"');
}

void
ddns_reply_put_number(struct ddns_buf *out, int64_t v)
{
	uint64_t rest = v < 0 ? -(uint64_t)v : (uint64_t)v;
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (v < 0)
		digits[--at] = '-';
	ddns_buf_put(out, digits + at, sizeof(digits) - at);
}

void
ddns_reply_put_name(struct ddns_buf *out, const struct ddns_name *name)
{
	char text[DDNS_NAME_TEXT_MAX];

	ddns_name_format(name, text);
	ddns_reply_put_string(out, text);
}

void
ddns_reply_put_result(struct ddns_buf *out, const char *json, const char *why)
{
	ddns_buf_put_text(out, DDNS_REPLY_BEGIN);
	ddns_buf_put_text(out, json);
	if (why != NULL) {
		ddns_buf_put_text(out, ",\"log\":[");
		ddns_reply_put_string(out, why);
		ddns_buf_put_u8(out, ']');
	}
	ddns_buf_put_text(out, DDNS_REPLY_END);
}
