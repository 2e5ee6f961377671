/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a request.
 *
 * Every uncached question costs PowerDNS two or three calls, so this is the
 * hot path: one pass over the line, strings are decoded where they stand
 * (decoding never makes them longer) and end in the NUL that replaces their
 * closing quote.  Values that no method of ours reads are checked and skipped.
 */
#include "pdns-backend/request.h"

#include <stdbool.h>
#include <string.h>

struct cursor {
	char *at, *end;
};

static void
skip_blanks(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' ||
	    *c->at == '\r' || *c->at == '\n'))
		c->at++;
}

static bool
take(struct cursor *c, char want)
{
	skip_blanks(c);
	if (c->at >= c->end || *c->at != want)
		return false;
	c->at++;
	return true;
}

static bool
take_word(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len) != 0)
		return false;
	c->at += len;
	return true;
}

static bool
read_hex4(struct cursor *c, unsigned *ret)
{
	unsigned v = 0;

	if (c->end - c->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char d = *c->at++;

		if (d >= '0' && d <= '9')
			v = v * 16 + (unsigned)(d - '0');
		else if ((d | 0x20) >= 'a' && (d | 0x20) <= 'f')
			v = v * 16 + (unsigned)((d | 0x20) - 'a') + 10;
		else
			return false;
	}
	*ret = v;
	return true;
}

static char *
put_utf8(char *out, unsigned v)
{
	if (v < 0x80) {
		*out++ = (char)v;
		return out;
	}
	if (v < 0x800) {
		*out++ = (char)(0xc0 | v >> 6);
	} else if (v < 0x10000) {
		*out++ = (char)(0xe0 | v >> 12);
		*out++ = (char)(0x80 | (v >> 6 & 0x3f));
	} else {
		*out++ = (char)(0xf0 | v >> 18);
		*out++ = (char)(0x80 | (v >> 12 & 0x3f));
		*out++ = (char)(0x80 | (v >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (v & 0x3f));
	return out;
}

/* Behind "\u"; a pair of surrogates (RFC 8259 s.7) is one character. */
static bool
read_unicode(struct cursor *c, char **out)
{
	unsigned v, low;

	if (!read_hex4(c, &v) || (v >= 0xdc00 && v <= 0xdfff))
		return false;
	if (v >= 0xd800 && v <= 0xdbff) {
		if (!take_word(c, "\\u") || !read_hex4(c, &low) ||
		    low < 0xdc00 || low > 0xdfff)
			return false;
		v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
	}
	*out = put_utf8(*out, v);
	return true;
}

static bool
read_escape(struct cursor *c, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (c->at >= c->end)
		return false;
	if (*c->at == 'u') {
		c->at++;
		return read_unicode(c, out);
	}
	found = *c->at == '\0' ? NULL : strchr(from, *c->at);
	if (found == NULL)
		return false;
	c->at++;
	*(*out)++ = to[found - from];
	return true;
}

static bool
read_string(struct cursor *c, const char **ret, size_t *ret_len)
{
	char *start, *out;

	if (!take(c, '"'))
		return false;
	start = out = c->at;
	while (c->at < c->end && *c->at != '"') {
		if ((unsigned char)*c->at < 0x20)
			return false;
		if (*c->at != '\\') {
			*out++ = *c->at++;
			continue;
		}
		c->at++;
		if (!read_escape(c, &out))
			return false;
	}
	if (c->at >= c->end)
		return false;
	c->at++;
	*out = '\0'; /* on the closing quote or before it */
	*ret = start;
	*ret_len = (size_t)(out - start);
	return true;
}

static size_t
skip_digits(struct cursor *c)
{
	char *start = c->at;

	while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
		c->at++;
	return (size_t)(c->at - start);
}

/* RFC 8259 s.6; what is no integer of 64 bits is OTHER. */
static bool
read_number(struct cursor *c, struct ddns_param *ret)
{
	bool minus = c->at < c->end && *c->at == '-', integer = true;
	char *start = c->at += minus;
	size_t digits = skip_digits(c);
	int64_t v = 0;

	if (digits == 0 || (digits > 1 && *start == '0'))
		return false;
	for (size_t i = 0; i < digits && integer; i++)
		integer = !__builtin_mul_overflow(v, 10, &v) &&
		    !__builtin_sub_overflow(v, start[i] - '0', &v);
	if (c->at < c->end && *c->at == '.') {
		c->at++;
		integer = false;
		if (skip_digits(c) == 0)
			return false;
	}
	if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
		c->at++;
		integer = false;
		if (c->at < c->end && (*c->at == '+' || *c->at == '-'))
			c->at++;
		if (skip_digits(c) == 0)
			return false;
	}
	/* gathered below zero, where there is one more */
	if (integer && (minus || v != INT64_MIN)) {
		ret->kind = DDNS_PARAM_INTEGER;
		ret->integer = minus ? v : -v;
	}
	return true;
}

static bool read_value(struct cursor *c, unsigned depth,
    struct ddns_param *ret);

/* Behind the opening bracket. */
static bool
skip_list(struct cursor *c, bool object, unsigned depth)
{
	const char close = object ? '}' : ']';
	struct ddns_param value;
	const char *key;
	size_t key_len;

	if (depth == 0)
		return false;
	if (take(c, close))
		return true;
	do {
		if (object && (!read_string(c, &key, &key_len) ||
		    !take(c, ':')))
			return false;
		if (!read_value(c, depth - 1, &value))
			return false;
	} while (take(c, ','));
	return take(c, close);
}

static bool
read_value(struct cursor *c, unsigned depth, struct ddns_param *ret)
{
	skip_blanks(c);
	ret->kind = DDNS_PARAM_OTHER;
	if (c->at >= c->end)
		return false;
	switch (*c->at) {
	case '"':
		ret->kind = DDNS_PARAM_STRING;
		return read_string(c, &ret->text, &ret->text_len);
	case '{':
	case '[':
		return skip_list(c, *c->at++ == '{', depth);
	case 't':
		return take_word(c, "true");
	case 'f':
		return take_word(c, "false");
	case 'n':
		return take_word(c, "null");
	default:
		return read_number(c, ret);
	}
}

static bool
read_params(struct cursor *c, struct ddns_request *req)
{
	struct ddns_param param = { 0 };
	size_t key_len;

	if (!take(c, '{'))
		return false;
	req->params_count = 0;
	if (take(c, '}'))
		return true;
	do {
		if (!read_string(c, &param.key, &key_len) || !take(c, ':') ||
		    !read_value(c, DDNS_REQUEST_DEPTH_MAX, &param))
			return false;
		if (req->params_count < DDNS_REQUEST_PARAMS_MAX)
			req->params[req->params_count++] = param;
	} while (take(c, ','));
	return take(c, '}');
}

static bool
read_member(struct cursor *c, struct ddns_request *req)
{
	struct ddns_param value;
	const char *key;
	size_t key_len;

	if (!read_string(c, &key, &key_len) || !take(c, ':'))
		return false;
	if (strcmp(key, "parameters") == 0)
		return read_params(c, req);
	if (!read_value(c, DDNS_REQUEST_DEPTH_MAX, &value))
		return false;
	if (strcmp(key, "method") == 0 && value.kind == DDNS_PARAM_STRING)
		req->method = value.text;
	return true;
}

enum ddns_err
ddns_request_parse(char *line, size_t len, struct ddns_request *ret)
{
	struct cursor c = { line, line + len };

	ret->method = NULL;
	ret->params_count = 0;
	if (!take(&c, '{'))
		return DDNS_EFORMAT;
	do {
		if (!read_member(&c, ret))
			return DDNS_EFORMAT;
	} while (take(&c, ','));
	if (!take(&c, '}'))
		return DDNS_EFORMAT;
	skip_blanks(&c);
	return c.at == c.end && ret->method != NULL ? DDNS_OK : DDNS_EFORMAT;
}

const struct ddns_param *
ddns_request_find(const struct ddns_request *req, const char *key,
    enum ddns_param_kind kind)
{
	for (size_t i = 0; i < req->params_count; i++)
		if (req->params[i].kind == kind &&
		    strcmp(req->params[i].key, key) == 0)
			return &req->params[i];
	return NULL;
}

const char *
ddns_request_text(const struct ddns_request *req, const char *key)
{
	const struct ddns_param *param;

	param = ddns_request_find(req, key, DDNS_PARAM_STRING);
	if (param == NULL || strlen(param->text) != param->text_len)
		return NULL;
	return param->text;
}

int64_t
ddns_request_integer(const struct ddns_request *req, const char *key,
    int64_t missing)
{
	const struct ddns_param *param;

	param = ddns_request_find(req, key, DDNS_PARAM_INTEGER);
	return param == NULL ? missing : param->integer;
}
