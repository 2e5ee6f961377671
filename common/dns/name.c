/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/dns/name.h"

#include <stdio.h>
#include <string.h>

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* One character of presentation form; moves *i behind it. */
static enum ddns_err
read_char(const char *text, size_t len, size_t *i, uint8_t *ret)
{
	unsigned v = 0;

	if (text[*i] != '\\') {
		*ret = (uint8_t)text[(*i)++];
		return DDNS_OK;
	}
	if (++*i >= len)
		return DDNS_EFORMAT;
	if (text[*i] < '0' || text[*i] > '9') {
		*ret = (uint8_t)text[(*i)++];
		return DDNS_OK;
	}
	if (len - *i < 3)
		return DDNS_EFORMAT;
	for (int k = 0; k < 3; k++, (*i)++) {
		if (text[*i] < '0' || text[*i] > '9')
			return DDNS_EFORMAT;
		v = v * 10 + (unsigned)(text[*i] - '0');
	}
	if (v > 255)
		return DDNS_EFORMAT;
	*ret = (uint8_t)v;
	return DDNS_OK;
}

enum ddns_err
ddns_name_parse_len(const char *text, size_t text_len, struct ddns_name *ret)
{
	struct ddns_name name;
	size_t n = 1, label = 0; /* next byte, start of the label */

	if (text_len == 0)
		return DDNS_EFORMAT;
	if (text_len == 1 && text[0] == '.') {
		*ret = (struct ddns_name){ .len_bytes = 1 };
		return DDNS_OK;
	}
	for (size_t i = 0; i < text_len;) {
		if (text[i] == '.') {
			if (n == label + 1)
				return DDNS_EFORMAT;
			name.wire[label] = (uint8_t)(n - label - 1);
			label = n++;
			i++;
			continue;
		}
		if (n >= DDNS_NAME_WIRE_MAX - 1 ||
		    n - label > DDNS_NAME_LABEL_MAX ||
		    read_char(text, text_len, &i, &name.wire[n]) != DDNS_OK)
			return DDNS_EFORMAT;
		n++;
	}
	name.wire[label] = (uint8_t)(n - label - 1);
	if (n != label + 1) /* no trailing dot: the root is still to come */
		name.wire[n++] = 0;
	if (n > DDNS_NAME_WIRE_MAX)
		return DDNS_EFORMAT;
	name.len_bytes = (uint8_t)n;
	memset(name.wire + n, 0, sizeof(name.wire) - n);
	*ret = name;
	return DDNS_OK;
}

enum ddns_err
ddns_name_parse(const char *text, struct ddns_name *ret)
{
	return ddns_name_parse_len(text, strlen(text), ret);
}

enum ddns_err
ddns_name_read(struct ddns_span msg, size_t *pos, struct ddns_name *ret)
{
	struct ddns_name name = { 0 };
	size_t at = *pos, end = 0, n = 0, before = *pos;

	for (;;) {
		uint8_t len;

		if (at >= msg.len_bytes)
			return DDNS_EFORMAT;
		len = msg.base[at];
		if ((len & 0xc0) == 0xc0) {
			size_t to;

			if (msg.len_bytes - at < 2)
				return DDNS_EFORMAT;
			to = ddns_get_u16(msg.base + at) & 0x3fff;
			if (to >= before)
				return DDNS_EFORMAT;
			if (end == 0)
				end = at + 2;
			at = before = to;
			continue;
		}
		if (len > DDNS_NAME_LABEL_MAX ||
		    msg.len_bytes - at < (size_t)len + 1 ||
		    n + len + 1 > DDNS_NAME_WIRE_MAX)
			return DDNS_EFORMAT;
		memcpy(name.wire + n, msg.base + at, (size_t)len + 1);
		n += (size_t)len + 1;
		at += (size_t)len + 1;
		if (len == 0)
			break;
	}
	name.len_bytes = (uint8_t)n;
	*pos = end != 0 ? end : at;
	*ret = name;
	return DDNS_OK;
}

static size_t
format_char(uint8_t c, char *out)
{
	if (c <= 0x20 || c >= 0x7f)
		return (size_t)sprintf(out, "\\%03u", c);
	if (strchr(".\\\"$();@", c) != NULL) {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	out[0] = (char)c;
	return 1;
}

size_t
ddns_name_format(const struct ddns_name *name, char out[DDNS_NAME_TEXT_MAX])
{
	size_t n = 0;

	if (name->len_bytes <= 1) {
		strcpy(out, ".");
		return 1;
	}
	for (size_t at = 0; name->wire[at] != 0; at += name->wire[at] + 1u) {
		if (at != 0)
			out[n++] = '.';
		for (size_t i = 1; i <= name->wire[at]; i++)
			n += format_char(name->wire[at + i], out + n);
	}
	out[n] = '\0';
	return n;
}

void
ddns_name_lower(struct ddns_name *name)
{
	/* a length byte is at most 63, below 'A' */
	for (size_t i = 0; i < name->len_bytes; i++)
		name->wire[i] = lower(name->wire[i]);
}

static bool
wire_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool
ddns_name_equal(const struct ddns_name *a, const struct ddns_name *b)
{
	return a->len_bytes == b->len_bytes &&
	    wire_equal(a->wire, b->wire, a->len_bytes);
}

bool
ddns_name_is_under(const struct ddns_name *name, const struct ddns_name *zone)
{
	size_t at = 0;

	while (name->len_bytes - at > zone->len_bytes)
		at += name->wire[at] + 1u;
	return name->len_bytes - at == zone->len_bytes &&
	    wire_equal(name->wire + at, zone->wire, zone->len_bytes);
}

bool
ddns_name_is_root(const struct ddns_name *name)
{
	return name->len_bytes == 1;
}

bool
ddns_name_is_wildcard(const struct ddns_name *name)
{
	return name->len_bytes > 2 && name->wire[0] == 1 &&
	    name->wire[1] == '*';
}

unsigned
ddns_name_labels(const struct ddns_name *name)
{
	unsigned labels = 0;

	for (size_t at = 0; name->wire[at] != 0; at += name->wire[at] + 1u)
		labels++;
	return labels;
}

bool
ddns_name_parent(const struct ddns_name *name, struct ddns_name *ret)
{
	struct ddns_name parent = { 0 };
	size_t skip;

	if (ddns_name_is_root(name))
		return false;
	skip = name->wire[0] + 1u;
	parent.len_bytes = (uint8_t)(name->len_bytes - skip);
	memcpy(parent.wire, name->wire + skip, parent.len_bytes);
	*ret = parent;
	return true;
}

enum ddns_err
ddns_name_wildcard(const struct ddns_name *parent, struct ddns_name *ret)
{
	struct ddns_name name = { 0 };

	if (parent->len_bytes > DDNS_NAME_WIRE_MAX - 2)
		return DDNS_ERANGE;
	name.wire[0] = 1;
	name.wire[1] = '*';
	memcpy(name.wire + 2, parent->wire, parent->len_bytes);
	name.len_bytes = (uint8_t)(parent->len_bytes + 2);
	*ret = name;
	return DDNS_OK;
}

static bool
is_ldh(uint8_t c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-';
}

bool
ddns_name_is_hostname(const struct ddns_name *name, bool underscore)
{
	size_t at = ddns_name_is_wildcard(name) ? 2 : 0;

	for (; name->wire[at] != 0; at += name->wire[at] + 1u) {
		const uint8_t *label = name->wire + at + 1;
		size_t len = name->wire[at];

		if (label[0] == '-' || label[len - 1] == '-')
			return false;
		for (size_t i = 0; i < len; i++)
			if (!is_ldh(label[i]) &&
			    !(underscore && label[i] == '_'))
				return false;
	}
	return true;
}

static unsigned
label_starts(const struct ddns_name *name, uint8_t starts[128])
{
	unsigned labels = 0;

	for (size_t at = 0; name->wire[at] != 0; at += name->wire[at] + 1u)
		starts[labels++] = (uint8_t)at;
	return labels;
}

size_t
ddns_name_key(const struct ddns_name *name, uint8_t out[DDNS_NAME_KEY_MAX])
{
	uint8_t starts[128];
	size_t n = 0;

	for (unsigned i = label_starts(name, starts); i-- > 0;) {
		const uint8_t *label = name->wire + starts[i];

		for (size_t k = 1; k <= label[0]; k++) {
			uint8_t c = lower(label[k]);

			if (c <= 1) {
				out[n++] = 1;
				c++;
			}
			out[n++] = c;
		}
		out[n++] = 0;
	}
	return n;
}

enum ddns_err
ddns_name_from_key(struct ddns_span key, struct ddns_name *ret)
{
	struct ddns_name name = { 0 };
	size_t at = DDNS_NAME_WIRE_MAX - 1; /* filled from the back */
	uint8_t label[DDNS_NAME_LABEL_MAX];
	size_t len = 0;

	for (size_t i = 0; i < key.len_bytes; i++) {
		uint8_t c = key.base[i];

		if (c == 0) {
			if (len == 0 || at < len + 1)
				return DDNS_EFORMAT;
			at -= len + 1;
			name.wire[at] = (uint8_t)len;
			memcpy(name.wire + at + 1, label, len);
			len = 0;
			continue;
		}
		if (c == 1) {
			if (++i == key.len_bytes ||
			    (key.base[i] != 1 && key.base[i] != 2))
				return DDNS_EFORMAT;
			c = key.base[i] - 1;
		}
		if (len == sizeof(label))
			return DDNS_EFORMAT;
		label[len++] = c;
	}
	if (len != 0)
		return DDNS_EFORMAT;
	name.len_bytes = (uint8_t)(DDNS_NAME_WIRE_MAX - at);
	memmove(name.wire, name.wire + at, name.len_bytes);
	memset(name.wire + name.len_bytes, 0,
	    sizeof(name.wire) - name.len_bytes);
	*ret = name;
	return DDNS_OK;
}

int
ddns_name_compare(const struct ddns_name *a, const struct ddns_name *b)
{
	uint8_t ka[DDNS_NAME_KEY_MAX], kb[DDNS_NAME_KEY_MAX];
	size_t la = ddns_name_key(a, ka), lb = ddns_name_key(b, kb);
	int c = memcmp(ka, kb, la < lb ? la : lb);

	if (c != 0)
		return c < 0 ? -1 : 1;
	return la == lb ? 0 : la < lb ? -1 : 1;
}

uint64_t
ddns_name_hash(const struct ddns_name *name, uint64_t seed)
{
	uint64_t h = seed ^ 0xcbf29ce484222325u; /* FNV-1a, then a mix */

	for (size_t i = 0; i < name->len_bytes; i++)
		h = (h ^ lower(name->wire[i])) * 0x100000001b3u;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 33;
}
