/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An RRset as one block of bytes, kept in canonical order at every step, so
 * that equality is memcmp() and the store needs no codec of its own.  Sets are
 * short: a linear walk and one memmove() a change.
 */
#include "common/dns/rrset.h"

#include <assert.h>
#include <string.h>

#define HEAD_BYTES 6 /* TTL, count */

void
ddns_rrset_done(struct ddns_rrset *set)
{
	ddns_buf_done(&set->bytes);
}

void
ddns_rrset_reset(struct ddns_rrset *set)
{
	ddns_buf_reset(&set->bytes);
}

bool
ddns_rrset_is_absent(const struct ddns_rrset *set)
{
	return set->bytes.len_bytes == 0;
}

uint32_t
ddns_rrset_ttl_s(const struct ddns_rrset *set)
{
	return ddns_rrset_is_absent(set) ? 0 : ddns_get_u32(set->bytes.base);
}

uint16_t
ddns_rrset_count(const struct ddns_rrset *set)
{
	return ddns_rrset_is_absent(set) ? 0 :
	    ddns_get_u16(set->bytes.base + 4);
}

static bool
bytes_equal(const struct ddns_rrset *a, const struct ddns_rrset *b, size_t from)
{
	size_t len = a->bytes.len_bytes;

	return len == b->bytes.len_bytes && (len <= from ||
	    memcmp(a->bytes.base + from, b->bytes.base + from,
	    len - from) == 0);
}

bool
ddns_rrset_equal(const struct ddns_rrset *a, const struct ddns_rrset *b)
{
	return bytes_equal(a, b, 0);
}

bool
ddns_rrset_equal_data(const struct ddns_rrset *a, const struct ddns_rrset *b)
{
	return bytes_equal(a, b, 4);
}

/* Canonical order of rdata, RFC 4034 s.6.3: a prefix stands first. */
static int
compare(struct ddns_span a, struct ddns_span b)
{
	size_t len = a.len_bytes < b.len_bytes ? a.len_bytes : b.len_bytes;
	int c = len == 0 ? 0 : memcmp(a.base, b.base, len);

	if (c != 0 || a.len_bytes == b.len_bytes)
		return c;
	return a.len_bytes < b.len_bytes ? -1 : 1;
}

bool
ddns_rrset_next(const struct ddns_rrset *set, size_t *pos,
    struct ddns_span *ret_rdata)
{
	const uint8_t *at;

	if (*pos == 0)
		*pos = HEAD_BYTES;
	if (*pos >= set->bytes.len_bytes)
		return false;
	at = set->bytes.base + *pos;
	*ret_rdata = (struct ddns_span){ at + 2, ddns_get_u16(at) };
	*pos += 2u + ret_rdata->len_bytes;
	return true;
}

/* Offset of the rdata's entry, or of where it would go. */
static bool
find(const struct ddns_rrset *set, struct ddns_span rdata, size_t *ret_at)
{
	size_t pos = 0, at = HEAD_BYTES;
	struct ddns_span here;

	while (ddns_rrset_next(set, &pos, &here)) {
		int c = compare(here, rdata);

		if (c >= 0) {
			*ret_at = at;
			return c == 0;
		}
		at = pos;
	}
	*ret_at = at;
	return false;
}

bool
ddns_rrset_has(const struct ddns_rrset *set, struct ddns_span rdata)
{
	size_t at;

	return find(set, rdata, &at);
}

static bool
is_rrset(struct ddns_span bytes)
{
	struct ddns_span here, before = { 0 };
	size_t at = HEAD_BYTES, count = 0;

	if (bytes.len_bytes == 0)
		return true;
	if (bytes.len_bytes < HEAD_BYTES ||
	    bytes.len_bytes > DDNS_RRSET_MAX_BYTES ||
	    ddns_get_u32(bytes.base) > DDNS_TTL_MAX_S)
		return false;
	for (; at < bytes.len_bytes; count++) {
		if (bytes.len_bytes - at < 2)
			return false;
		here.base = bytes.base + at + 2;
		here.len_bytes = ddns_get_u16(bytes.base + at);
		if (bytes.len_bytes - at - 2 < here.len_bytes ||
		    (count > 0 && compare(before, here) >= 0))
			return false;
		before = here;
		at += 2 + here.len_bytes;
	}
	return count > 0 && count <= DDNS_RRSET_MAX_RRS &&
	    count == ddns_get_u16(bytes.base + 4);
}

enum ddns_err
ddns_rrset_from_bytes(struct ddns_span bytes, struct ddns_rrset *ret)
{
	if (!is_rrset(bytes))
		return DDNS_EFORMAT;
	ddns_buf_reset(&ret->bytes);
	ddns_buf_put(&ret->bytes, bytes.base, bytes.len_bytes);
	return ret->bytes.err;
}

enum ddns_err
ddns_rrset_copy(const struct ddns_rrset *from, struct ddns_rrset *to)
{
	if (from == to)
		return DDNS_OK;
	ddns_buf_reset(&to->bytes);
	ddns_buf_put(&to->bytes, from->bytes.base, from->bytes.len_bytes);
	return to->bytes.err;
}

void
ddns_rrset_set_ttl(struct ddns_rrset *set, uint32_t ttl_s)
{
	if (!ddns_rrset_is_absent(set))
		ddns_set_u32(set->bytes.base, ttl_s);
}

static void
step_count(struct ddns_rrset *set, int by)
{
	ddns_set_u16(set->bytes.base + 4,
	    (uint16_t)(ddns_rrset_count(set) + by));
}

static enum ddns_err
insert(struct ddns_rrset *set, size_t at, struct ddns_span rdata)
{
	size_t add = 2 + rdata.len_bytes;
	struct ddns_buf *buf = &set->bytes;
	uint8_t *to;

	if (!ddns_buf_reserve(buf, add))
		return buf->err;
	to = buf->base + at;
	memmove(to + add, to, buf->len_bytes - at);
	ddns_set_u16(to, (uint16_t)rdata.len_bytes);
	if (rdata.len_bytes != 0)
		memcpy(to + 2, rdata.base, rdata.len_bytes);
	buf->len_bytes += add;
	step_count(set, 1);
	return DDNS_OK;
}

enum ddns_err
ddns_rrset_add(struct ddns_rrset *set, uint32_t ttl_s, struct ddns_span rdata)
{
	size_t at, len = set->bytes.len_bytes;
	enum ddns_err err = DDNS_OK;

	if (rdata.len_bytes > UINT16_MAX)
		return DDNS_ERANGE;
	if (!find(set, rdata, &at)) {
		if (ddns_rrset_count(set) >= DDNS_RRSET_MAX_RRS ||
		    len + HEAD_BYTES + 2 + rdata.len_bytes >
		    DDNS_RRSET_MAX_BYTES)
			return DDNS_ERANGE;
		if (len == 0) {
			ddns_buf_put_u32(&set->bytes, ttl_s);
			ddns_buf_put_u16(&set->bytes, 0);
			if (set->bytes.err != DDNS_OK)
				return set->bytes.err;
		}
		err = insert(set, at, rdata);
	}
	if (err == DDNS_OK)
		ddns_rrset_set_ttl(set, ttl_s);
	else
		set->bytes.len_bytes = len;
	return err;
}

void
ddns_rrset_remove(struct ddns_rrset *set, struct ddns_span rdata)
{
	size_t at, cut = 2 + rdata.len_bytes;
	struct ddns_buf *buf = &set->bytes;

	if (!find(set, rdata, &at))
		return;
	if (ddns_rrset_count(set) == 1) {
		ddns_buf_reset(buf);
		return;
	}
	memmove(buf->base + at, buf->base + at + cut,
	    buf->len_bytes - at - cut);
	buf->len_bytes -= cut;
	step_count(set, -1);
}

enum ddns_err
ddns_rrset_of_addr(uint32_t ttl_s, const uint8_t *addr, size_t addr_len_bytes,
    struct ddns_rrset *ret)
{
	assert(addr_len_bytes == 4 || addr_len_bytes == 16);
	ddns_rrset_reset(ret);
	return ddns_rrset_add(ret, ttl_s,
	    (struct ddns_span){ addr, addr_len_bytes });
}

/* Bytes in front of the target, or -1 for a type that has none. */
static int
target_offset(uint16_t type)
{
	switch (type) {
	case DDNS_TYPE_NS:
	case DDNS_TYPE_CNAME:
	case DDNS_TYPE_DNAME:
	case DDNS_TYPE_PTR:
		return 0;
	case DDNS_TYPE_MX:
	case DDNS_TYPE_SVCB:
	case DDNS_TYPE_HTTPS:
		return 2;
	case DDNS_TYPE_SRV:
		return 6;
	}
	return -1;
}

bool
ddns_rdata_target(uint16_t type, struct ddns_span rdata, struct ddns_name *ret)
{
	int skip = target_offset(type);
	size_t pos = 0;
	struct ddns_span tail;

	if (skip < 0 || rdata.len_bytes <= (size_t)skip)
		return false;
	/* as a message of its own a pointer in it has nowhere to point */
	tail = (struct ddns_span){ rdata.base + skip,
		rdata.len_bytes - (size_t)skip };
	return ddns_name_read(tail, &pos, ret) == DDNS_OK;
}
