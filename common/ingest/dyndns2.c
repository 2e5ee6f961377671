/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a dyndns2 client means.
 *
 * The rules that matter: an empty parameter is an absent one (ddclient 3.10
 * sends `myip=` when it could not find its address, and must not delete
 * anything by that); with no address at all the connection's source counts;
 * what is said for one family says nothing about the other; and where two
 * parameters disagree nothing is guessed.
 */
#include "common/ingest/dyndns2.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/update/hostname.h"

enum param_kind { PARAM_ANY, PARAM_V4, PARAM_V6 };

static const struct {
	const char *name;
	enum param_kind kind;
} address_params[] = {
	{ "myip", PARAM_ANY },
	{ "ip", PARAM_ANY },
	{ "myipv4", PARAM_V4 },
	{ "ipv4", PARAM_V4 },
	{ "ip4", PARAM_V4 },
	{ "myipv6", PARAM_V6 },
	{ "myip6", PARAM_V6 },
	{ "ipv6", PARAM_V6 },
	{ "ip6", PARAM_V6 },
	{ "ipv6addr", PARAM_V6 },
};
static const char *const other_params[] = { "hostname", "offline",
	"wildcard" };

/* What has been said about each family so far. */
enum said { SAID_NOTHING, SAID_KEEP, SAID_ADDR };
struct parse {
	struct ddns_dyndns2 *ret;
	const struct ddns_addr *source;
	enum said said[DDNS_FAMILIES];
};

static void
refuse(struct ddns_dyndns2 *ret, enum ddns_update_code code,
    const char *reason, const char *what)
{
	if (ret->code != DDNS_UPDATE_GOOD)
		return; /* the first reason is the one to tell */
	ret->code = code;
	snprintf(ret->reason, sizeof(ret->reason), "%s%s%s", what,
	    what[0] != '\0' ? ": " : "", reason);
}

static bool
is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

static bool
is_yes(const char *value)
{
	static const char *const words[] = { "yes", "on", "true", "1" };

	for (size_t i = 0; value != NULL && i < DDNS_COUNT(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

static void
set_addr(struct parse *parse, const struct ddns_addr *addr, const char *param)
{
	int f = addr->family == AF_INET ? DDNS_FAMILY_V4 : DDNS_FAMILY_V6;
	struct ddns_update_op *op = &parse->ret->op[f];

	if (parse->said[f] == SAID_KEEP || (parse->said[f] == SAID_ADDR &&
	    !ddns_addr_equal(&op->addr, addr))) {
		refuse(parse->ret, DDNS_UPDATE_DNSERR, f == DDNS_FAMILY_V4 ?
		    "more than one IPv4 address" : "more than one IPv6 address",
		    param);
		return;
	}
	parse->said[f] = SAID_ADDR;
	op->op = DDNS_OP_SET;
	op->addr = *addr;
}

static void
set_keep(struct parse *parse, int f, const char *param)
{
	if (parse->said[f] == SAID_ADDR)
		refuse(parse->ret, DDNS_UPDATE_DNSERR, "contradicts another "
		    "parameter", param);
	else
		parse->said[f] = SAID_KEEP;
}

static bool
fits(enum param_kind kind, int family)
{
	return kind == PARAM_ANY ||
	    (kind == PARAM_V4) == (family == AF_INET);
}

/*
 * "2001:db8::7/64" is an address with its network's length.  With nothing
 * behind the network part it is a prefix, which says nothing about this host.
 */
static bool
cut_prefix_len(char *text)
{
	char *slash = strchr(text, '/');
	struct ddns_prefix prefix;
	struct ddns_addr host;
	unsigned bits;

	if (slash == NULL)
		return true;
	if (ddns_prefix_parse(text, &prefix) != DDNS_OK ||
	    prefix.addr.family != AF_INET6)
		return false;
	host = prefix.addr;
	for (bits = 0; bits < prefix.len_bits; bits++)
		host.bytes[bits / 8] &= (uint8_t)~(0x80u >> bits % 8);
	for (bits = 0; bits < 16; bits++)
		if (host.bytes[bits] != 0)
			break;
	*slash = '\0';
	return bits < 16;
}

static void
parse_item(struct parse *parse, const char *item, size_t len,
    const char *param, enum param_kind kind)
{
	char text[DDNS_ADDR_TEXT_MAX + 4];
	struct ddns_addr addr;

	if (is_word(item, len, "no") || is_word(item, len, "preserve")) {
		set_keep(parse, kind == PARAM_V6 ? DDNS_FAMILY_V6 :
		    DDNS_FAMILY_V4, param);
		return;
	}
	if (is_word(item, len, "auto")) {
		if (fits(kind, parse->source->family))
			set_addr(parse, parse->source, param);
		else
			refuse(parse->ret, DDNS_UPDATE_DNSERR, "the "
			    "connection is of the other family", param);
		return;
	}
	if (len >= sizeof(text)) {
		refuse(parse->ret, DDNS_UPDATE_DNSERR, "not an address",
		    param);
		return;
	}
	memcpy(text, item, len);
	text[len] = '\0';
	if (!cut_prefix_len(text)) {
		refuse(parse->ret, DDNS_UPDATE_DNSERR,
		    "a prefix, where an address is wanted", param);
	} else if (ddns_addr_parse(text, &addr) != DDNS_OK) {
		refuse(parse->ret, DDNS_UPDATE_DNSERR, "not an address",
		    param);
	} else if (!fits(kind, addr.family)) {
		refuse(parse->ret, DDNS_UPDATE_DNSERR,
		    "an address of the other family", param);
	} else {
		set_addr(parse, &addr, param);
	}
}

/* Comma lists; blanks around an element are tolerated. */
static size_t
next_item(const char **at, const char **ret_item)
{
	size_t len;

	*at += strspn(*at, ", ");
	*ret_item = *at;
	len = strcspn(*at, ", ");
	*at += len;
	return len;
}

static void
parse_addresses(struct parse *parse, const struct ddns_form *form)
{
	const char *item;
	size_t len;

	for (size_t i = 0; i < DDNS_COUNT(address_params); i++) {
		const char *at = ddns_form_get(form, address_params[i].name);

		while (at != NULL && (len = next_item(&at, &item)) > 0)
			parse_item(parse, item, len, address_params[i].name,
			    address_params[i].kind);
	}
}

static void
parse_host(const char *item, size_t len, struct ddns_dyndns2_host *host)
{
	char text[DDNS_NAME_TEXT_MAX];

	host->text = item;
	host->text_len = len;
	host->name.len_bytes = 0;
	if (len >= sizeof(text))
		return;
	memcpy(text, item, len);
	text[len] = '\0';
	if (ddns_hostname_parse(text, &host->name) != DDNS_OK)
		host->name.len_bytes = 0;
}

static void
parse_hosts(struct ddns_dyndns2 *ret, const char *list)
{
	const char *item;
	size_t len;

	/* deSEC's placeholder for "the one that the token is for" */
	if (list == NULL || strcasecmp(list, "YES") == 0)
		return;
	while ((len = next_item(&list, &item)) > 0) {
		if (ret->hosts_count == DDNS_UPDATE_MAX_HOSTS) {
			refuse(ret, DDNS_UPDATE_NUMHOST,
			    "more than 20 hosts", "hostname");
			return;
		}
		parse_host(item, len, &ret->hosts[ret->hosts_count++]);
	}
}

static void
check_conflicts(const struct ddns_form *form, struct ddns_dyndns2 *ret)
{
	for (size_t i = 0; i < DDNS_COUNT(address_params); i++)
		if (ddns_form_conflicts(form, address_params[i].name))
			refuse(ret, DDNS_UPDATE_DNSERR,
			    "there twice with different values",
			    address_params[i].name);
	for (size_t i = 0; i < DDNS_COUNT(other_params); i++)
		if (ddns_form_conflicts(form, other_params[i]))
			refuse(ret, DDNS_UPDATE_DNSERR,
			    "there twice with different values",
			    other_params[i]);
}

void
ddns_dyndns2_parse(const struct ddns_form *form,
    const struct ddns_addr *source, struct ddns_dyndns2 *ret)
{
	struct parse parse = { .ret = ret, .source = source };

	memset(ret, 0, sizeof(*ret));
	if (form->bad)
		refuse(ret, DDNS_UPDATE_DNSERR, "too many parameters or a "
		    "zero byte", "");
	check_conflicts(form, ret);
	parse_hosts(ret, ddns_form_get(form, "hostname"));
	ret->wildcard = is_yes(ddns_form_get(form, "wildcard"));
	if (is_yes(ddns_form_get(form, "offline"))) {
		for (int f = 0; f < DDNS_FAMILIES; f++)
			ret->op[f].op = DDNS_OP_CLEAR;
		return;
	}
	parse_addresses(&parse, form);
	if (parse.said[DDNS_FAMILY_V4] == SAID_NOTHING &&
	    parse.said[DDNS_FAMILY_V6] == SAID_NOTHING &&
	    source->family != AF_UNSPEC)
		set_addr(&parse, source, "");
}
