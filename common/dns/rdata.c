/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RR data between text, message and the one canonical wire form that the
 * store keeps.
 *
 * What comes from the network is walked by ourselves first: the types whose
 * data holds names are in one table, which says where the names are, whether
 * a sender may have compressed them (RFC 3597 s.4) and whether their case
 * counts (RFC 4034 s.6.2, RFC 6840 s.5.1).  All else is copied.  ldns then
 * sees only flat rdata, never the message, to check the form of the types that
 * it knows; types it does not know are opaque (RFC 3597).  A and AAAA never
 * reach it.
 */
#include "common/dns/rdata.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldns/ldns.h>

#include "common/dns/rrset.h"

#define TYPE_HINFO 13

/* ---- types ---- */

enum ddns_err
ddns_type_parse(const char *text, uint16_t *ret)
{
	unsigned long v;
	char *end;

	if (strncasecmp(text, "TYPE", 4) == 0 &&
	    isdigit((unsigned char)text[4])) {
		v = strtoul(text + 4, &end, 10);
		if (*end != '\0' || end - text > 9 || v > UINT16_MAX)
			return DDNS_EFORMAT;
		*ret = (uint16_t)v;
		return DDNS_OK;
	}
	v = (unsigned long)ldns_get_rr_type_by_name(text);
	if (v == 0 || v > UINT16_MAX)
		return DDNS_EFORMAT;
	*ret = (uint16_t)v;
	return DDNS_OK;
}

/* The meta types, which ldns has no descriptor of. */
static const char *
meta_text(uint16_t type)
{
	switch (type) {
	case DDNS_TYPE_NONE:
		return "NONE";
	case DDNS_TYPE_IXFR:
		return "IXFR";
	case DDNS_TYPE_AXFR:
		return "AXFR";
	case DDNS_TYPE_MAILB:
		return "MAILB";
	case DDNS_TYPE_MAILA:
		return "MAILA";
	case DDNS_TYPE_ANY:
		return "ANY";
	}
	return NULL;
}

const char *
ddns_type_format(uint16_t type, char out[DDNS_TYPE_TEXT_MAX])
{
	const ldns_rr_descriptor *d = ldns_rr_descript(type);
	const char *text = meta_text(type);

	if (text == NULL && d != NULL && d->_type == type)
		text = d->_name;
	if (text != NULL && strlen(text) < DDNS_TYPE_TEXT_MAX)
		strcpy(out, text);
	else
		snprintf(out, DDNS_TYPE_TEXT_MAX, "TYPE%u", type);
	return out;
}

static bool
ldns_knows(uint16_t type)
{
	const ldns_rr_descriptor *d = ldns_rr_descript(type);

	return d != NULL && d->_type == type && type != DDNS_TYPE_NONE;
}

/* What was appended since the buffer had `start` bytes. */
static struct ddns_span
tail_of(const struct ddns_buf *buf, size_t start)
{
	if (buf->len_bytes <= start)
		return (struct ddns_span){ 0 };
	return (struct ddns_span){ buf->base + start,
		buf->len_bytes - start };
}

/* ---- the walk ---- */

/*
 * n  a name, may be compressed, case does not count
 * N  a name, not compressed, case does not count
 * k  a name, not compressed, case is kept
 * s  a character string
 * t  one or more of them, to the end
 * v  the parameters of SVCB, to the end
 * r  the rest, opaque: base64 in text
 * *  the rest, whatever it is
 * a digit: so many bytes
 */
struct shape {
	uint16_t type;
	const char *fields;
};

static const struct shape shapes[] = {
	{ DDNS_TYPE_A, "4" },
	{ DDNS_TYPE_NS, "n" },
	{ 3 /* MD */, "n" },
	{ 4 /* MF */, "n" },
	{ DDNS_TYPE_CNAME, "n" },
	{ DDNS_TYPE_SOA, "nn44444" },
	{ 7 /* MB */, "n" },
	{ 8 /* MG */, "n" },
	{ 9 /* MR */, "n" },
	{ 10 /* NULL */, "*" },
	{ DDNS_TYPE_PTR, "n" },
	{ TYPE_HINFO, "ss" },
	{ 14 /* MINFO */, "nn" },
	{ DDNS_TYPE_MX, "2n" },
	{ DDNS_TYPE_TXT, "t" },
	{ 17 /* RP */, "nn" },
	{ 18 /* AFSDB */, "2n" },
	{ 21 /* RT */, "2n" },
	{ 24 /* SIG */, "44442n*" },
	{ 26 /* PX */, "2nn" },
	{ DDNS_TYPE_AAAA, "88" },
	{ 30 /* NXT */, "n*" },
	{ DDNS_TYPE_SRV, "222n" },
	{ 35 /* NAPTR */, "22sssn" },
	{ 36 /* KX */, "2N" },
	{ 37 /* CERT */, "221r" },
	{ DDNS_TYPE_DNAME, "N" },
	{ DDNS_TYPE_RRSIG, "44442N*" },
	{ DDNS_TYPE_NSEC, "k*" },
	{ DDNS_TYPE_SVCB, "2kv" },
	{ DDNS_TYPE_HTTPS, "2kv" },
	{ 99 /* SPF */, "t" },
	{ DDNS_TYPE_CAA, "1s*" },
};

static const char *
fields_of(uint16_t type)
{
	for (size_t i = 0; i < DDNS_COUNT(shapes); i++)
		if (shapes[i].type == type)
			return shapes[i].fields;
	return "*";
}

struct walk {
	struct ddns_span msg; /* ends where the rdata ends */
	size_t pos;
	struct ddns_buf *out;
};

static enum ddns_err
walk_bytes(struct walk *w, size_t len)
{
	if (w->msg.len_bytes - w->pos < len)
		return DDNS_EFORMAT;
	if (len == 0)
		return DDNS_OK; /* there may be no bytes at all to point at */
	ddns_buf_put(w->out, w->msg.base + w->pos, len);
	w->pos += len;
	return DDNS_OK;
}

static enum ddns_err
walk_string(struct walk *w)
{
	if (w->pos >= w->msg.len_bytes)
		return DDNS_EFORMAT;
	return walk_bytes(w, 1u + w->msg.base[w->pos]);
}

static enum ddns_err
walk_name(struct walk *w, char kind)
{
	size_t start = w->pos;
	struct ddns_name name;

	if (ddns_name_read(w->msg, &w->pos, &name) != DDNS_OK)
		return DDNS_EFORMAT;
	if (kind != 'n' && w->pos - start != name.len_bytes)
		return DDNS_EFORMAT;
	if (kind != 'k')
		ddns_name_lower(&name);
	ddns_buf_put(w->out, name.wire, name.len_bytes);
	return DDNS_OK;
}

/* A list of character strings that are not empty, and not no list. */
static bool
is_alpn(struct ddns_span value)
{
	size_t at = 0;

	while (at < value.len_bytes && value.base[at] != 0)
		at += 1u + value.base[at];
	return at != 0 && at == value.len_bytes;
}

/* "expected format" of a parameter, RFC 9460 s.7 and s.8. */
static bool
is_svc_value(uint16_t key, struct ddns_span value)
{
	size_t len = value.len_bytes;

	switch (key) {
	case 0: /* mandatory: keys in order, not itself */
		for (size_t i = 0; i + 2 <= len; i += 2)
			if (ddns_get_u16(value.base + i) <= (i == 0 ? 0 :
			    ddns_get_u16(value.base + i - 2)))
				return false;
		return len != 0 && len % 2 == 0;
	case 1:
		return is_alpn(value);
	case 2: /* no-default-alpn */
		return len == 0;
	case 3: /* port */
		return len == 2;
	case 4: /* ipv4hint */
		return len != 0 && len % 4 == 0;
	case 6: /* ipv6hint */
		return len != 0 && len % 16 == 0;
	}
	return true;
}

/* RFC 9460 s.2.2: the keys rise strictly. */
static enum ddns_err
walk_svc_params(struct walk *w)
{
	int before = -1;

	while (w->pos < w->msg.len_bytes) {
		const uint8_t *p = w->msg.base + w->pos;
		struct ddns_span value;
		uint16_t key;

		if (w->msg.len_bytes - w->pos < 4)
			return DDNS_EFORMAT;
		key = ddns_get_u16(p);
		value = (struct ddns_span){ p + 4, ddns_get_u16(p + 2) };
		if (w->msg.len_bytes - w->pos - 4 < value.len_bytes ||
		    key <= before || !is_svc_value(key, value) ||
		    walk_bytes(w, 4 + value.len_bytes) != DDNS_OK)
			return DDNS_EFORMAT;
		before = key;
	}
	return DDNS_OK;
}

static enum ddns_err
walk_field(struct walk *w, char field)
{
	enum ddns_err err;

	switch (field) {
	case 'n':
	case 'N':
	case 'k':
		return walk_name(w, field);
	case 's':
		return walk_string(w);
	case 't':
		do
			err = walk_string(w);
		while (err == DDNS_OK && w->pos < w->msg.len_bytes);
		return err;
	case 'v':
		return walk_svc_params(w);
	case 'r':
	case '*':
		return walk_bytes(w, w->msg.len_bytes - w->pos);
	}
	return walk_bytes(w, (size_t)(field - '0'));
}

/* ---- ldns, on flat rdata ---- */

/* Fewest fields.  An empty CAA value is no field to ldns, but fine. */
static size_t
fields_min(uint16_t type)
{
	return type == DDNS_TYPE_CAA ? 2 :
	    ldns_rr_descriptor_minimum(ldns_rr_descript(type));
}

/* The rdata as a ldns_rr; NULL when ldns finds it malformed. */
static ldns_rr *
rr_of(uint16_t type, struct ddns_span rdata)
{
	ldns_rr *rr = ldns_rr_new();
	struct ddns_buf wire = { 0 };
	size_t pos = 0;
	bool ok = false;

	if (rr == NULL)
		return NULL;
	ldns_rr_set_type(rr, type);
	ddns_buf_put_u16(&wire, (uint16_t)rdata.len_bytes);
	ddns_buf_put(&wire, rdata.base, rdata.len_bytes);
	if (wire.err == DDNS_OK)
		ok = ldns_wire2rdf(rr, wire.base, wire.len_bytes, &pos) ==
		    LDNS_STATUS_OK && pos == wire.len_bytes &&
		    ldns_rr_rd_count(rr) >= fields_min(type);
	ddns_buf_done(&wire);
	if (ok)
		return rr;
	ldns_rr_free(rr);
	return NULL;
}

static enum ddns_err
check_by_ldns(uint16_t type, struct ddns_span rdata)
{
	ldns_rr *rr;

	if (!ldns_knows(type))
		return DDNS_OK;
	rr = rr_of(type, rdata);
	if (rr == NULL)
		return DDNS_EFORMAT;
	ldns_rr_free(rr);
	return DDNS_OK;
}

enum ddns_err
ddns_rdata_read(uint16_t type, struct ddns_span msg, size_t pos,
    size_t len_bytes, struct ddns_buf *out)
{
	const char *fields = fields_of(type);
	size_t start = out->len_bytes;
	struct walk w = { { msg.base, pos + len_bytes }, pos, out };
	enum ddns_err err = DDNS_OK;

	if (pos > msg.len_bytes || msg.len_bytes - pos < len_bytes)
		return DDNS_EFORMAT;
	for (const char *f = fields; *f != '\0' && err == DDNS_OK; f++)
		err = walk_field(&w, *f);
	if (err == DDNS_OK && w.pos != pos + len_bytes)
		err = DDNS_EFORMAT;
	if (err == DDNS_OK)
		err = out->err;
	if (err == DDNS_OK && strchr(fields, '*') != NULL)
		err = check_by_ldns(type, tail_of(out, start));
	if (err != DDNS_OK && out->len_bytes > start)
		out->len_bytes = start;
	return err;
}

/* ---- text ---- */

static enum ddns_err
parse_addr(int family, const char *text, size_t len, struct ddns_buf *out)
{
	uint8_t addr[16];

	if (inet_pton(family, text, addr) != 1)
		return DDNS_EFORMAT;
	ddns_buf_put(out, addr, len);
	return out->err;
}

/* "\# 4 0a000001", RFC 3597 s.5, for any type. */
static enum ddns_err
parse_generic(uint16_t type, const char *text, struct ddns_buf *out)
{
	unsigned long want;
	struct ddns_buf hex = { 0 }, flat = { 0 };
	size_t len = 0;
	char *end;
	enum ddns_err err = DDNS_EFORMAT;

	text += strspn(text + 2, " \t") + 2;
	if (!isdigit((unsigned char)*text))
		return DDNS_EFORMAT;
	want = strtoul(text, &end, 10);
	if (want > UINT16_MAX || (*end != '\0' && strchr(" \t", *end) == NULL))
		return DDNS_EFORMAT;
	for (; *end != '\0'; end++)
		if (strchr(" \t", *end) == NULL)
			ddns_buf_put_u8(&hex, (uint8_t)*end);
	if (hex.len_bytes == want * 2 && ddns_buf_reserve(&flat, want + 1))
		err = ddns_hex_decode(ddns_buf_text(&hex), hex.len_bytes,
		    flat.base, want, &len);
	flat.len_bytes = len;
	if (err == DDNS_OK)
		err = ddns_rdata_read(type, ddns_buf_span(&flat), 0, len, out);
	ddns_buf_done(&hex);
	ddns_buf_done(&flat);
	return err;
}

static void
flatten(const ldns_rr *rr, struct ddns_buf *out)
{
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);

		ddns_buf_put(out, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	}
}

/* Canonical rdata of a RR that ldns has read from text. */
static enum ddns_err
rdata_of_rr(const ldns_rr *rr, struct ddns_buf *out)
{
	struct ddns_buf flat = { 0 };
	enum ddns_err err;

	flatten(rr, &flat);
	err = flat.err;
	if (err == DDNS_OK)
		err = ddns_rdata_read((uint16_t)ldns_rr_get_type(rr),
		    ddns_buf_span(&flat), 0, flat.len_bytes, out);
	ddns_buf_done(&flat);
	return err;
}

/* ldns would take a ';' for the start of a comment and lose the rest. */
static bool
has_comment(const char *text)
{
	bool quoted = false;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (*text == ';' && !quoted)
			return true;
	}
	return false;
}

/* NULL when it is not data of that type. */
static ldns_rr *
rr_of_text(uint16_t type, const char *text)
{
	struct ddns_buf line = { 0 };
	ldns_rdf *root = ldns_dname_new_frm_str(".");
	char type_text[DDNS_TYPE_TEXT_MAX];
	ldns_rr *rr = NULL;

	ddns_buf_putf(&line, ". 0 IN %s %s", ddns_type_format(type, type_text),
	    text);
	if (root != NULL && line.err == DDNS_OK &&
	    ldns_rr_new_frm_str(&rr, ddns_buf_text(&line), 0, root, NULL) !=
	    LDNS_STATUS_OK)
		rr = NULL;
	ldns_rdf_deep_free(root);
	ddns_buf_done(&line);
	if (rr != NULL && ldns_rr_get_type(rr) != type) {
		ldns_rr_free(rr);
		rr = NULL;
	}
	return rr;
}

static enum ddns_err
parse_by_ldns(uint16_t type, const char *text, struct ddns_buf *out)
{
	ldns_rr *rr = rr_of_text(type, text);
	enum ddns_err err = rr == NULL ? DDNS_EFORMAT : rdata_of_rr(rr, out);

	ldns_rr_free(rr);
	return err;
}

/*
 * ldns lets numbers wrap ("MX 65546" becomes 10), so the leading numbers of
 * what came out must not be smaller than those that went in.  Larger may be:
 * "3 1 1 12 34" comes out as "3 1 1 1234".
 */
static bool
numbers_wrapped(const char *in, const char *out)
{
	char *in_end, *out_end;

	while (isdigit((unsigned char)*in) && isdigit((unsigned char)*out)) {
		unsigned long long want = strtoull(in, &in_end, 10);

		if (want > strtoull(out, &out_end, 10))
			return true;
		if (*in_end != ' ' && *in_end != '\t')
			return false;
		in = in_end + strspn(in_end, " \t");
		out = out_end + strspn(out_end, " ");
	}
	return false;
}

static enum ddns_err
parse_and_compare(uint16_t type, const char *text, struct ddns_buf *out)
{
	size_t start = out->len_bytes;
	struct ddns_buf back = { 0 };
	enum ddns_err err = parse_by_ldns(type, text, out);

	if (err == DDNS_OK)
		err = ddns_rdata_format(type, tail_of(out, start), &back);
	if (err == DDNS_OK && numbers_wrapped(text, ddns_buf_text(&back)))
		err = DDNS_EFORMAT;
	if (err != DDNS_OK && out->len_bytes > start)
		out->len_bytes = start;
	ddns_buf_done(&back);
	return err;
}

enum ddns_err
ddns_rdata_parse(uint16_t type, const char *text, struct ddns_buf *out)
{
	text += strspn(text, " \t");
	if (strpbrk(text, "\r\n") != NULL || has_comment(text))
		return DDNS_EFORMAT;
	if (strncmp(text, "\\#", 2) == 0)
		return parse_generic(type, text, out);
	if (type == DDNS_TYPE_A)
		return parse_addr(AF_INET, text, 4, out);
	if (type == DDNS_TYPE_AAAA)
		return parse_addr(AF_INET6, text, 16, out);
	if (!ldns_knows(type))
		return DDNS_EFORMAT;
	return parse_and_compare(type, text, out);
}

static void
format_generic(struct ddns_span rdata, struct ddns_buf *out)
{
	ddns_buf_putf(out, "\\# %zu", rdata.len_bytes);
	if (rdata.len_bytes != 0)
		ddns_buf_put_u8(out, ' ');
	ddns_hex_encode(out, rdata);
}

static enum ddns_err
format_addr(int family, size_t len, struct ddns_span rdata,
    struct ddns_buf *out)
{
	char text[INET6_ADDRSTRLEN];

	if (rdata.len_bytes != len ||
	    inet_ntop(family, rdata.base, text, sizeof(text)) == NULL)
		return DDNS_EFORMAT;
	ddns_buf_put_text(out, text);
	return out->err;
}

static bool
format_name(const ldns_rdf *rdf, struct ddns_buf *out)
{
	struct ddns_span wire = { ldns_rdf_data(rdf), ldns_rdf_size(rdf) };
	char text[DDNS_NAME_TEXT_MAX];
	struct ddns_name name;
	size_t pos = 0;

	if (ddns_name_read(wire, &pos, &name) != DDNS_OK)
		return false;
	ddns_name_format(&name, text);
	ddns_buf_put_text(out, text);
	return true;
}

static bool
format_rdf(const ldns_rdf *rdf, struct ddns_buf *out)
{
	ldns_buffer *text = NULL;
	bool ok = false;

	if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME)
		return format_name(rdf, out);
	if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_CERT_ALG) {
		/* a number: PowerDNS does not read the mnemonics */
		ddns_buf_putf(out, "%u", ddns_get_u16(ldns_rdf_data(rdf)));
		return true;
	}
	text = ldns_buffer_new(256);
	if (text != NULL && ldns_rdf2buffer_str(text, rdf) == LDNS_STATUS_OK) {
		const uint8_t *base = ldns_buffer_begin(text);
		size_t len = ldns_buffer_position(text);

		while (len > 0 && base[len - 1] == ' ')
			len--; /* as ldns leaves behind lists */
		ddns_buf_put(out, base, len);
		ok = true;
	}
	ldns_buffer_free(text);
	return ok;
}

/* Does the text mean just these bytes?  ldns is not exact for odd ones. */
static bool
text_means(uint16_t type, const char *text, struct ddns_span rdata)
{
	ldns_rr *rr = rr_of_text(type, text);
	struct ddns_buf flat = { 0 };
	bool same = false;

	if (rr != NULL) {
		flatten(rr, &flat);
		same = flat.err == DDNS_OK &&
		    flat.len_bytes == rdata.len_bytes &&
		    (rdata.len_bytes == 0 || memcmp(flat.base, rdata.base,
		    rdata.len_bytes) == 0);
	}
	ldns_rr_free(rr);
	ddns_buf_done(&flat);
	return same;
}

/* false: it has no text of its own, or not an exact one. */
static bool
format_by_ldns(uint16_t type, struct ddns_span rdata, struct ddns_buf *out)
{
	bool sure = strpbrk(fields_of(type), "*v") == NULL;
	ldns_rr *rr = rr_of(type, rdata);
	struct ddns_buf text = { 0 };
	bool ok = rr != NULL;

	for (size_t i = 0; ok && i < ldns_rr_rd_count(rr); i++) {
		if (i != 0)
			ddns_buf_put_u8(&text, ' ');
		ok = format_rdf(ldns_rr_rdf(rr, i), &text);
	}
	if (ok && type == DDNS_TYPE_CAA && ldns_rr_rd_count(rr) == 2)
		ddns_buf_put_text(&text, " \"\"");
	ldns_rr_free(rr);
	ok = ok && text.err == DDNS_OK &&
	    (sure || text_means(type, ddns_buf_text(&text), rdata));
	if (ok)
		ddns_buf_put(out, text.base, text.len_bytes);
	ddns_buf_done(&text);
	return ok;
}

/*
 * Types that both ldns and PowerDNS 4.7 have a form of their own for, and the
 * same; all others pass in the form of RFC 3597.
 */
static bool
has_form(uint16_t type)
{
	static const uint16_t types[] = { DDNS_TYPE_NS, DDNS_TYPE_CNAME,
		DDNS_TYPE_SOA, 7 /* MB */, 8 /* MG */, 9 /* MR */,
		DDNS_TYPE_PTR, TYPE_HINFO, 14 /* MINFO */, DDNS_TYPE_MX,
		DDNS_TYPE_TXT, 17 /* RP */, 18 /* AFSDB */, 25 /* KEY */,
		29 /* LOC */, DDNS_TYPE_SRV, 35 /* NAPTR */, 36 /* KX */,
		37 /* CERT */, DDNS_TYPE_DNAME, 42 /* APL */, DDNS_TYPE_DS,
		44 /* SSHFP */, 45 /* IPSECKEY */, DDNS_TYPE_RRSIG,
		DDNS_TYPE_NSEC, DDNS_TYPE_DNSKEY, DDNS_TYPE_DHCID,
		DDNS_TYPE_NSEC3, DDNS_TYPE_NSEC3PARAM, 52 /* TLSA */,
		53 /* SMIMEA */, 57 /* RKEY */, 59 /* CDS */, 60 /* CDNSKEY */,
		61 /* OPENPGPKEY */, 62 /* CSYNC */, 63 /* ZONEMD */,
		DDNS_TYPE_SVCB, DDNS_TYPE_HTTPS, 99 /* SPF */, 104 /* NID */,
		105 /* L32 */, 106 /* L64 */, 107 /* LP */, 108 /* EUI48 */,
		109 /* EUI64 */, 256 /* URI */, DDNS_TYPE_CAA };

	for (size_t i = 0; i < DDNS_COUNT(types); i++)
		if (types[i] == type)
			return ldns_knows(type);
	return false;
}

enum ddns_err
ddns_rdata_format(uint16_t type, struct ddns_span rdata, struct ddns_buf *out)
{
	if (type == DDNS_TYPE_A)
		return format_addr(AF_INET, 4, rdata, out);
	if (type == DDNS_TYPE_AAAA)
		return format_addr(AF_INET6, 16, rdata, out);
	if (has_form(type) && format_by_ldns(type, rdata, out))
		return out->err;
	format_generic(rdata, out);
	return out->err;
}

/* ---- zone files ---- */

struct reader {
	FILE *file;
	uint32_t ttl_s;
	ldns_rdf *origin, *before;
	int line;
};

static enum ddns_err
hand_over(const ldns_rr *rr, ddns_zonefile_fn *each, void *arg,
    const char **ret_why)
{
	const ldns_rdf *owner = ldns_rr_owner(rr);
	struct ddns_span wire = { ldns_rdf_data(owner), ldns_rdf_size(owner) };
	struct ddns_zonefile_rr out = {
		.type = (uint16_t)ldns_rr_get_type(rr),
		.ttl_s = ldns_rr_ttl(rr)
	};
	struct ddns_buf rdata = { 0 };
	size_t pos = 0;
	enum ddns_err err;

	*ret_why = "not class IN";
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return DDNS_EFORMAT;
	*ret_why = "TTL above 2147483647";
	if (out.ttl_s > DDNS_TTL_MAX_S)
		return DDNS_EFORMAT;
	*ret_why = "malformed owner or data";
	err = ddns_name_read(wire, &pos, &out.owner);
	if (err == DDNS_OK)
		err = rdata_of_rr(rr, &rdata);
	if (err == DDNS_OK) {
		ddns_name_lower(&out.owner);
		out.rdata = ddns_buf_span(&rdata);
		*ret_why = "refused";
		err = each(&out, arg);
	}
	ddns_buf_done(&rdata);
	return err;
}

static enum ddns_err
read_one(struct reader *r, ddns_zonefile_fn *each, void *arg,
    const char **ret_why)
{
	ldns_rr *rr = NULL;
	enum ddns_err err;
	ldns_status status = ldns_rr_new_frm_fp_l(&rr, r->file, &r->ttl_s,
	    &r->origin, &r->before, &r->line);

	if (status == LDNS_STATUS_SYNTAX_EMPTY ||
	    status == LDNS_STATUS_SYNTAX_TTL ||
	    status == LDNS_STATUS_SYNTAX_ORIGIN)
		return DDNS_OK;
	if (status == LDNS_STATUS_SYNTAX_INCLUDE) {
		*ret_why = "$INCLUDE is not supported";
		return DDNS_EFORMAT;
	}
	if (status != LDNS_STATUS_OK) {
		*ret_why = ldns_get_errorstr_by_id(status);
		return status == LDNS_STATUS_MEM_ERR ? DDNS_ENOMEM :
		    DDNS_EFORMAT;
	}
	err = hand_over(rr, each, arg, ret_why);
	ldns_rr_free(rr);
	return err;
}

/*
 * ldns reads comments and empty lines together with the record behind them;
 * taken away here, so that the line of a mistake is the record's own.
 */
static void
skip_comments(struct reader *r)
{
	int c = getc(r->file);

	while (c == ';' || c == '\n') {
		while (c != '\n' && c != EOF)
			c = getc(r->file);
		if (c == EOF)
			break;
		r->line++;
		c = getc(r->file);
	}
	if (c != EOF)
		(void)ungetc(c, r->file);
}

enum ddns_err
ddns_zonefile_read(FILE *file, const struct ddns_name *origin,
    uint32_t default_ttl_s, ddns_zonefile_fn *each, void *arg,
    unsigned *ret_line, const char **ret_why)
{
	struct reader r = { .file = file, .ttl_s = default_ttl_s, .line = 1 };
	enum ddns_err err = DDNS_ENOMEM;

	*ret_why = "";
	*ret_line = 0;
	r.origin = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME,
	    origin->len_bytes, origin->wire);
	if (r.origin == NULL)
		goto out;
	err = DDNS_OK;
	while (err == DDNS_OK) {
		skip_comments(&r);
		if (feof(file) || ferror(file))
			break;
		*ret_line = (unsigned)r.line;
		err = read_one(&r, each, arg, ret_why);
	}
	if (err == DDNS_OK && ferror(file))
		err = DDNS_EIO;
out:
	ldns_rdf_deep_free(r.origin);
	ldns_rdf_deep_free(r.before);
	return err;
}
