/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options and arguments to values.  Every refusal names the field, what was
 * given, and what is allowed.
 */
#include <stdlib.h>
#include <string.h>

#include "common/daemon/ddnsctl.h"
#include "common/dns/rdata.h"

#define LABEL_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789._@-"

const char *
ctl_pos(const struct ctl *ctl, unsigned i)
{
	return i < ctl->args.pos_count ? ctl->args.pos[i] : NULL;
}

const char *
ctl_opt_nth(const struct ctl *ctl, const char *name, unsigned i)
{
	for (unsigned k = 0; k < ctl->args.given_count; k++) {
		if (strcmp(ctl->args.given[k].option->name, name) == 0 &&
		    i-- == 0)
			return ctl->args.given[k].value;
	}
	return NULL;
}

const char *
ctl_opt(const struct ctl *ctl, const char *name)
{
	for (unsigned k = ctl->args.given_count; k-- > 0;) {
		if (strcmp(ctl->args.given[k].option->name, name) == 0)
			return ctl->args.given[k].value;
	}
	return NULL;
}

bool
ctl_flag(const struct ctl *ctl, const char *name)
{
	for (unsigned k = 0; k < ctl->args.given_count; k++) {
		if (strcmp(ctl->args.given[k].option->name, name) == 0)
			return true;
	}
	return false;
}

bool
ctl_take_name(struct ctl *ctl, const char *what, const char *text,
    struct ddns_name *ret)
{
	if (ddns_name_parse(text, ret) != DDNS_OK)
		return ctl_usage(ctl, "%s: \"%s\" is no domain name (labels "
		    "of 1 to 63 characters, 253 in all)", what, text);
	ddns_name_lower(ret);
	return true;
}

bool
ctl_take_host_name(struct ctl *ctl, const char *what, const char *text,
    struct ddns_name *ret)
{
	if (!ctl_take_name(ctl, what, text, ret))
		return false;
	if (ddns_name_is_root(ret) || ddns_name_is_wildcard(ret) ||
	    !ddns_name_is_hostname(ret, false))
		return ctl_usage(ctl, "%s: \"%s\" is no host name; allowed "
		    "are letters, digits, and hyphens inside a label (an "
		    "international name in its xn-- form)", what, text);
	return true;
}

bool
ctl_take_seconds(struct ctl *ctl, const char *option, uint32_t least,
    uint32_t most, uint32_t *ret)
{
	const char *text = ctl_opt(ctl, option);
	uint32_t v;

	if (text == NULL)
		return true;
	if (ctl_parse_duration(text, &v) != DDNS_OK || v < least || v > most)
		return ctl_usage(ctl, "%s: \"%s\" is not allowed; wanted: "
		    "%u to %u seconds (or with a unit: 90s, 15m, 24h, 7d, 2w)",
		    option, text, least, most);
	*ret = v;
	return true;
}

bool
ctl_take_number(struct ctl *ctl, const char *option, uint32_t least,
    uint32_t most, uint32_t *ret)
{
	const char *text = ctl_opt(ctl, option);

	if (text == NULL)
		return true;
	if (ctl_parse_u32(text, least, most, ret) != DDNS_OK)
		return ctl_usage(ctl, "%s: \"%s\" is not allowed; wanted: "
		    "a number from %u to %u", option, text, least, most);
	return true;
}

bool
ctl_take_time(struct ctl *ctl, const char *option, struct ddns_unix_ms *ret)
{
	const char *text = ctl_opt(ctl, option);

	if (text == NULL)
		return true;
	if (ctl_parse_time(text, ddns_unix_ms_now(), ret) != DDNS_OK)
		return ctl_usage(ctl, "%s: \"%s\" is no time; wanted: "
		    "2026-11-21, 2026-11-21T05:00Z, @SECONDS, or how long ago: "
		    "90s, 15m, 24h, 7d, 2w", option, text);
	return true;
}

bool
ctl_take_expiry(struct ctl *ctl, const char *option, struct ddns_unix_s *ret)
{
	const char *text = ctl_opt(ctl, option);
	struct ddns_unix_s now = ddns_unix_s_now();
	struct ddns_unix_ms at;
	uint32_t in_s;

	if (text == NULL)
		return true;
	if (strcmp(text, "never") == 0) {
		ret->v = 0;
		return true;
	}
	if (ctl_parse_duration(text, &in_s) == DDNS_OK) {
		ret->v = now.v + in_s;
	} else if (ctl_parse_time(text, ddns_unix_ms_now(), &at) == DDNS_OK) {
		ret->v = at.v / 1000;
	} else {
		return ctl_usage(ctl, "%s: \"%s\" is no time; wanted: never, "
		    "a time from now (12h, 90d, 52w), 2026-11-21, or "
		    "2026-11-21T05:00Z", option, text);
	}
	if (ret->v <= now.v)
		return ctl_usage(ctl, "%s: \"%s\" is not in the future",
		    option, text);
	return true;
}

void
ctl_take_bit(const struct ctl *ctl, const char *yes, const char *no,
    unsigned bit, unsigned *flags)
{
	if (ctl_flag(ctl, yes))
		*flags |= bit;
	if (no != NULL && ctl_flag(ctl, no))
		*flags &= ~bit;
}

bool
ctl_take_type(struct ctl *ctl, const char *what, const char *text,
    uint16_t *ret)
{
	if (ddns_type_parse(text, ret) != DDNS_OK || *ret == DDNS_TYPE_NONE)
		return ctl_usage(ctl, "%s: \"%s\" is no record type; wanted: "
		    "A, AAAA, TXT, ... or TYPE65280", what, text);
	return true;
}

bool
ctl_take_types(struct ctl *ctl, const char *what, const char *text,
    char **ret)
{
	char *words = ddns_strdup(text), *rest = words;
	struct ddns_buf out = { 0 };
	bool ok = words != NULL;

	for (char *word; ok && (word = strsep(&rest, ", \t")) != NULL;) {
		char name[DDNS_TYPE_TEXT_MAX];
		uint16_t type;

		if (*word == '\0')
			continue;
		ok = ctl_take_type(ctl, what, word, &type);
		if (ok)
			ddns_buf_putf(&out, "%s%s",
			    out.len_bytes > 0 ? " " : "",
			    type == DDNS_TYPE_ANY ? "ANY" :
			    ddns_type_format(type, name));
	}
	free(words);
	if (ok && out.len_bytes == 0)
		ok = ctl_usage(ctl, "%s: no type given; wanted: A,AAAA or ANY",
		    what);
	if (ok) {
		*ret = ddns_strdup(ddns_buf_text(&out));
		ok = ctl_ok(ctl, *ret != NULL ? DDNS_OK : DDNS_ENOMEM, what);
	}
	ddns_buf_done(&out);
	return ok;
}

bool
ctl_take_note(struct ctl *ctl, const char **ret)
{
	const char *text = ctl_opt(ctl, "--note");
	json_t *valid;

	if (text == NULL)
		return true;
	valid = json_string(text);
	if (valid == NULL || strlen(text) > 1024) {
		json_decref(valid);
		return ctl_usage(ctl, "--note: wanted: UTF-8 text of at most "
		    "1024 bytes");
	}
	json_decref(valid);
	*ret = text;
	return true;
}

bool
ctl_keep(struct ctl *ctl, const char **text, char **ret)
{
	*ret = ddns_strdup(*text);
	*text = *ret;
	return ctl_ok(ctl, *ret != NULL ? DDNS_OK : DDNS_ENOMEM, "text");
}

bool
ctl_take_label(struct ctl *ctl, const char *what, const char *text)
{
	size_t len = strlen(text);

	if (len < 1 || len > 64 || strspn(text, LABEL_CHARS) != len ||
	    *text == '-')
		return ctl_usage(ctl, "%s: \"%s\" is not allowed; wanted: 1 "
		    "to 64 of letters, digits and . _ @ - (not first)", what,
		    text);
	return true;
}

/* ---- rows by name ---- */

bool
ctl_find_zone(struct ctl *ctl, const char *text, struct ddns_zone *ret)
{
	struct ddns_name name;
	enum ddns_err err;

	if (!ctl_take_name(ctl, "ZONE", text, &name))
		return false;
	err = ddns_store_zone_get_named(ctl->store, &name, ret);
	if (err == DDNS_ENOTFOUND)
		return ctl_fail(ctl, "there is no zone \"%s\"; see: ddnsctl "
		    "zone list", text);
	return ctl_ok(ctl, err, "zone");
}

bool
ctl_find_zone_of(struct ctl *ctl, const struct ddns_name *name,
    struct ddns_zone *ret)
{
	char text[DDNS_NAME_TEXT_MAX];
	enum ddns_err err = ddns_store_zone_find(ctl->store, name, ret);

	if (err == DDNS_ENOTFOUND) {
		ddns_name_format(name, text);
		return ctl_fail(ctl, "\"%s\" is in none of our zones; see: "
		    "ddnsctl zone list", text);
	}
	return ctl_ok(ctl, err, "zone");
}

bool
ctl_find_host(struct ctl *ctl, const char *text, struct ddns_host *ret)
{
	struct ddns_name name;
	enum ddns_err err;

	if (!ctl_take_name(ctl, "HOST", text, &name))
		return false;
	err = ddns_store_host_get(ctl->store, &name, ret);
	if (err == DDNS_ENOTFOUND)
		return ctl_fail(ctl, "there is no host \"%s\"; see: ddnsctl "
		    "host list", text);
	return ctl_ok(ctl, err, "host");
}

bool
ctl_find_account(struct ctl *ctl, const char *text, struct ddns_account *ret)
{
	enum ddns_err err = ddns_store_account_get_named(ctl->store, text,
	    ret);

	if (err == DDNS_ENOTFOUND)
		return ctl_fail(ctl, "there is no account \"%s\"; see: "
		    "ddnsctl account list", text);
	return ctl_ok(ctl, err, "account");
}

bool
ctl_find_cred(struct ctl *ctl, const char *text, enum ddns_cred_kind kind,
    struct ddns_cred *ret)
{
	const char *what = kind == DDNS_CRED_TOKEN ? "token" :
	    kind == DDNS_CRED_TSIG ? "key" : "token or key";
	enum ddns_err err = ddns_store_cred_get_named(ctl->store, text, ret);
	struct ddns_name name;
	char lower[DDNS_NAME_TEXT_MAX];

	/* the name of a TSIG key: any case, last dot or not */
	if (err == DDNS_ENOTFOUND && kind != DDNS_CRED_TOKEN &&
	    ddns_name_parse(text, &name) == DDNS_OK) {
		ddns_name_lower(&name);
		ddns_name_format(&name, lower);
		err = ddns_store_cred_get_named(ctl->store, lower, ret);
		if (err == DDNS_OK && ret->kind != DDNS_CRED_TSIG)
			err = DDNS_ENOTFOUND;
	}
	if (err == DDNS_OK && kind != 0 && ret->kind != kind)
		err = DDNS_ENOTFOUND;
	if (err == DDNS_ENOTFOUND)
		return ctl_fail(ctl, "there is no %s \"%s\"; see: ddnsctl %s "
		    "list", what, text, kind == DDNS_CRED_TSIG ? "key" :
		    "token");
	return ctl_ok(ctl, err, what);
}
