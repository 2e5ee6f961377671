/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows of `lookup` and `list`.
 *
 * PowerDNS never tells a remote backend where delegations are, so "auth" is
 * derived here: 0 for what stands at a name with NS that is not the apex (DS
 * is the parent's: 1), and for everything below it.  It must be a number: of
 * `false` PowerDNS makes 1.  Records come by type, so an owner turns out to be
 * a delegation only after its A rows are written: those are then mended.
 *
 * A row has the members that PowerDNS reads and no blanks: it parses each
 * byte, and over a unix socket the whole buffer anew for every 1,500.
 */
#include "pdns-backend/rows.h"

#include <stdio.h>
#include <string.h>

#include "common/dns/rrset.h"
#include "pdns-backend/reply.h"
#include "pdns-backend/types.h"

#define AUTH_YES "\"auth\":1"

void
ddns_rows_init(struct ddns_rows *rows, struct ddns_buf *out)
{
	memset(rows, 0, sizeof(*rows));
	rows->out = out;
	rows->type = DDNS_TYPE_ANY;
}

void
ddns_rows_done(struct ddns_rows *rows)
{
	ddns_buf_done(&rows->owner_json);
}

void
ddns_rows_set_zone(struct ddns_rows *rows, int64_t zone_id,
    const struct ddns_name *apex)
{
	rows->zone_id = zone_id;
	rows->apex = apex;
	rows->cut_below = false;
	rows->owner.len_bytes = 0;
}

void
ddns_rows_set_owner(struct ddns_rows *rows, const struct ddns_name *owner)
{
	rows->owner = *owner;
	rows->owner_at = rows->out->len_bytes;
	rows->owner_known = rows->owner_cut = false;
	ddns_buf_reset(&rows->owner_json);
	ddns_reply_put_name(&rows->owner_json, owner);
}

static void
put_head(struct ddns_rows *rows, const char *type)
{
	struct ddns_buf *out = rows->out;

	if (rows->owner_json.err != DDNS_OK)
		out->err = rows->owner_json.err;
	if (rows->count++ > 0)
		ddns_buf_put_u8(out, ',');
	ddns_buf_put_text(out, "{\"qtype\":\"");
	ddns_buf_put_text(out, type);
	ddns_buf_put_text(out, "\",\"qname\":");
	ddns_buf_put(out, rows->owner_json.base, rows->owner_json.len_bytes);
	ddns_buf_put_text(out, ",\"content\":");
}

static void
put_tail(struct ddns_rows *rows, uint32_t ttl_s, bool auth)
{
	struct ddns_buf *out = rows->out;

	ddns_buf_put_text(out, ",\"ttl\":");
	ddns_reply_put_number(out, ttl_s);
	ddns_buf_put_text(out, auth ? "," AUTH_YES : ",\"auth\":0");
	ddns_buf_put_text(out, ",\"domain_id\":");
	ddns_reply_put_number(out, rows->zone_id);
	ddns_buf_put_u8(out, '}');
}

/* RFC 3597 s.5, for what PowerDNS has no parser for. */
static void
put_generic(struct ddns_rows *rows, const struct ddns_rr *rr)
{
	struct ddns_buf text = { 0 };

	ddns_buf_putf(&text, "\\# %zu%s", rr->rdata.len_bytes,
	    rr->rdata.len_bytes > 0 ? " " : "");
	ddns_hex_encode(&text, rr->rdata);
	ddns_reply_put_string(rows->out, ddns_buf_text(&text));
	if (text.err != DDNS_OK)
		rows->out->err = text.err;
	ddns_buf_done(&text);
}

static void
put_record(struct ddns_rows *rows, const struct ddns_rr *rr, bool auth)
{
	const char *text = ddns_pdns_type_text(rr->type);
	char number[16] = "TYPE";

	if (text != NULL) {
		put_head(rows, text);
		ddns_reply_put_string(rows->out, rr->content);
	} else {
		snprintf(number, sizeof(number), "TYPE%u", rr->type);
		put_head(rows, number);
		put_generic(rows, rr);
	}
	put_tail(rows, rr->ttl_s, auth);
}

/* No string of a row can hold an unescaped quote, so this finds members. */
static void
clear_auth(struct ddns_rows *rows)
{
	uint8_t *at = rows->out->base + rows->owner_at;
	uint8_t *end = rows->out->base + rows->out->len_bytes;

	if (rows->out->err != DDNS_OK || rows->out->base == NULL)
		return;
	while ((at = memmem(at, (size_t)(end - at), AUTH_YES,
	    strlen(AUTH_YES))) != NULL) {
		at += strlen(AUTH_YES);
		at[-1] = '0';
	}
}

void
ddns_rows_put(struct ddns_rows *rows, const struct ddns_rr *rr)
{
	bool auth;

	rows->owner_known = true;
	if (rr->type == DDNS_TYPE_NONE)
		return;
	if (rr->type == DDNS_TYPE_NS && !rows->owner_cut &&
	    !ddns_name_equal(&rows->owner, rows->apex)) {
		rows->owner_cut = true;
		clear_auth(rows);
	}
	auth = !rows->cut_below &&
	    (!rows->owner_cut || rr->type == DDNS_TYPE_DS);
	if (rows->type == DDNS_TYPE_ANY || rows->type == rr->type)
		put_record(rows, rr, auth);
}

void
ddns_rows_put_soa(struct ddns_rows *rows, const struct ddns_zone *zone)
{
	const uint32_t numbers[] = { zone->serial, zone->refresh_s,
		zone->retry_s, zone->expire_s, zone->minimum_s };
	char mname[DDNS_NAME_TEXT_MAX], rname[DDNS_NAME_TEXT_MAX];
	char content[2 * DDNS_NAME_TEXT_MAX + 64];

	ddns_name_format(&zone->mname, mname);
	ddns_name_format(&zone->rname, rname);
	snprintf(content, sizeof(content), "%s %s %u %u %u %u %u", mname,
	    rname, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
	put_head(rows, "SOA");
	ddns_reply_put_string(rows->out, content);
	put_tail(rows, zone->soa_ttl_s, true);
}

void
ddns_rows_put_empty(struct ddns_rows *rows)
{
	put_head(rows, "");
	ddns_buf_put_text(rows->out, "\"\"");
	put_tail(rows, 0, !rows->cut_below);
}
