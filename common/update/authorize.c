/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Step two: may they change that?
 *
 * Each kind of rule is one small question about a name.  Whether a rule fits
 * is asked in the order of the list and the walk ends at the first that does,
 * so a denial in front of a wide permission cuts a hole into it, and a rule
 * behind it is never looked at.
 */
#include "common/update/authorize.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/dns/rdata.h"

struct walk {
	struct ddns_store *store;
	const struct ddns_subject *who;
	const struct ddns_name *name;
	uint16_t type;
	const char *type_text;
	struct ddns_name key_name; /* len_bytes == 0: not a TSIG key */
	struct ddns_decision *ret;
};

const char *
ddns_grant_kind_text(enum ddns_grant_kind kind)
{
#define DDNS_GRANT_CASE(code, text) \
	case code:                  \
		return text;
	switch (kind) {
		DDNS_GRANT_MAP(DDNS_GRANT_CASE)
	}
	return "unknown";
}

static bool
has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (n == len && strncasecmp(words, word, n) == 0)
			return true;
		words += n + strspn(words + n, " ");
	}
	return false;
}

static bool
type_fits(const struct ddns_grant *grant, uint16_t type, const char *text)
{
	if (has_word(grant->types, "ANY"))
		return true;
	if (type == DDNS_TYPE_ANY)
		return grant->deny && grant->types[0] != '\0';
	return has_word(grant->types, text);
}

/* "4.3.2.1.in-addr.arpa": no leading zeros, so each address has one name. */
static bool
reverse_v4(const uint8_t *p, struct ddns_addr *ret)
{
	ret->family = AF_INET;
	for (int i = 3; i >= 0; i--) {
		unsigned v = 0, len = *p++;

		if (len == 0 || len > 3 || (len > 1 && *p == '0'))
			return false;
		for (; len > 0; len--, p++) {
			if (*p < '0' || *p > '9')
				return false;
			v = v * 10 + (unsigned)(*p - '0');
		}
		if (v > 255)
			return false;
		ret->bytes[i] = (uint8_t)v;
	}
	return true;
}

static bool
reverse_v6(const uint8_t *p, struct ddns_addr *ret)
{
	ret->family = AF_INET6;
	for (int i = 31; i >= 0; i--, p += 2) {
		int v = p[0] == 1 ? ddns_hex_value((char)p[1]) : -1;

		if (v < 0)
			return false;
		ret->bytes[i / 2] |= (uint8_t)(i % 2 == 0 ? v << 4 : v);
	}
	return true;
}

bool
ddns_name_is_reverse(const struct ddns_name *name, struct ddns_addr *ret)
{
	static const struct ddns_name v4 = { 14,
		"\7in-addr\4arpa" };
	static const struct ddns_name v6 = { 10, "\3ip6\4arpa" };
	struct ddns_addr addr = { 0 };
	bool ok = false;

	if (ddns_name_labels(name) == 6 && ddns_name_is_under(name, &v4))
		ok = reverse_v4(name->wire, &addr);
	else if (ddns_name_labels(name) == 34 && ddns_name_is_under(name, &v6))
		ok = reverse_v6(name->wire, &addr);
	if (ok)
		*ret = addr;
	return ok;
}

static bool
is_below(const struct ddns_name *name, const struct ddns_name *top)
{
	return ddns_name_is_under(name, top) && !ddns_name_equal(name, top);
}

/* Exactly the label that ACME asks for (RFC 8555 s.8.4), directly below. */
static bool
is_acme_of(const struct ddns_name *name, const struct ddns_name *host)
{
	static const char label[] = "\017_acme-challenge";
	struct ddns_name parent;

	return strncasecmp((const char *)name->wire, label,
	    sizeof(label) - 1) == 0 && ddns_name_parent(name, &parent) &&
	    ddns_name_equal(&parent, host);
}

static enum ddns_err
is_host_of(struct ddns_store *store, const struct ddns_name *name,
    int64_t account_id, bool *ret)
{
	struct ddns_host host;
	enum ddns_err err = ddns_store_host_get(store, name, &host);

	*ret = err == DDNS_OK && host.account_id == account_id;
	return err == DDNS_ENOTFOUND ? DDNS_OK : err;
}

static bool
is_reverse_in(const struct ddns_name *name, const struct ddns_prefix *range)
{
	struct ddns_addr addr;

	return ddns_name_is_reverse(name, &addr) &&
	    ddns_prefix_has(range, &addr);
}

static enum ddns_err
name_fits(const struct walk *walk, const struct ddns_grant *grant, bool *ret)
{
	const struct ddns_name *name = walk->name;
	bool is_key = walk->key_name.len_bytes != 0;

	*ret = false;
	switch (grant->kind) {
	case DDNS_GRANT_NAME:
		*ret = ddns_name_equal(name, &grant->name);
		break;
	case DDNS_GRANT_BELOW:
		*ret = is_below(name, &grant->name);
		break;
	case DDNS_GRANT_SUBTREE:
		*ret = ddns_name_is_under(name, &grant->name);
		break;
	case DDNS_GRANT_SELF:
		*ret = is_key && ddns_name_equal(name, &walk->key_name);
		break;
	case DDNS_GRANT_SELFSUB:
		*ret = is_key && ddns_name_is_under(name, &walk->key_name);
		break;
	case DDNS_GRANT_ACCOUNT:
		return is_host_of(walk->store, name, walk->who->account_id,
		    ret);
	case DDNS_GRANT_ACME:
		*ret = is_acme_of(name, &grant->name);
		break;
	case DDNS_GRANT_RANGE:
		*ret = is_reverse_in(name, &grant->range);
		break;
	}
	return DDNS_OK;
}

static enum ddns_err
ask_grant(const struct ddns_grant *grant, void *arg)
{
	struct walk *walk = arg;
	struct ddns_grant rule = *grant;
	bool fits;
	enum ddns_err err;

	if (!type_fits(&rule, walk->type, walk->type_text))
		return DDNS_OK;
	err = name_fits(walk, &rule, &fits);
	if (err != DDNS_OK || !fits)
		return err;
	walk->ret->allowed = !rule.deny;
	walk->ret->position = rule.position;
	walk->ret->grant_id = rule.id;
	walk->ret->deny = rule.deny;
	walk->ret->kind = rule.kind;
	walk->ret->name = rule.name;
	walk->ret->range = rule.range;
	return DDNS_ESTOP;
}

enum ddns_err
ddns_update_authorize(struct ddns_store *store,
    const struct ddns_subject *who, const struct ddns_name *name,
    uint16_t type, struct ddns_decision *ret)
{
	char type_text[DDNS_TYPE_TEXT_MAX];
	struct walk walk = { .store = store, .who = who, .name = name,
		.type = type, .ret = ret,
		.type_text = ddns_type_format(type, type_text) };
	enum ddns_err err;

	memset(ret, 0, sizeof(*ret));
	if (who->kind == DDNS_CRED_TSIG &&
	    ddns_name_parse(who->cred_name, &walk.key_name) != DDNS_OK)
		walk.key_name.len_bytes = 0;
	err = ddns_store_grant_list(store, who->cred_id, ask_grant, &walk);
	if (err != DDNS_OK)
		memset(ret, 0, sizeof(*ret));
	return err;
}

void
ddns_decision_format(const struct ddns_decision *decision,
    struct ddns_buf *out)
{
	char text[DDNS_NAME_TEXT_MAX];

	if (decision->position == 0) {
		ddns_buf_put_text(out, "no rule fits");
		return;
	}
	ddns_buf_putf(out, "rule %d: %s %s", decision->position,
	    decision->deny ? "deny" : "allow",
	    ddns_grant_kind_text(decision->kind));
	if (decision->kind == DDNS_GRANT_RANGE) {
		ddns_addr_format(&decision->range.addr, text);
		ddns_buf_putf(out, " %s/%u", text, decision->range.len_bits);
	} else if (decision->name.len_bytes != 0) {
		ddns_name_format(&decision->name, text);
		ddns_buf_putf(out, " %s", text);
	}
}

struct only {
	struct ddns_name name;
	unsigned count;
	bool account;
};

static enum ddns_err
only_grant(const struct ddns_grant *grant, void *arg)
{
	struct only *only = arg;

	if (grant->deny || (only->count > 0 &&
	    grant->kind == DDNS_GRANT_NAME &&
	    ddns_name_equal(&only->name, &grant->name)))
		return DDNS_OK;
	if (grant->kind == DDNS_GRANT_ACME)
		return DDNS_OK; /* no host */
	only->count++;
	only->account = grant->kind == DDNS_GRANT_ACCOUNT;
	only->name = grant->name;
	if (grant->kind != DDNS_GRANT_NAME &&
	    grant->kind != DDNS_GRANT_ACCOUNT)
		only->count = 2; /* a wide rule names nothing */
	return only->count > 1 ? DDNS_ESTOP : DDNS_OK;
}

static enum ddns_err
only_host(const struct ddns_host *host, void *arg)
{
	struct only *only = arg;

	only->name = host->name;
	return ++only->count > 1 ? DDNS_ESTOP : DDNS_OK;
}

enum ddns_err
ddns_update_only_host(struct ddns_store *store,
    const struct ddns_subject *who, struct ddns_name *ret)
{
	struct only only = { .count = 0 };
	enum ddns_err err;

	err = ddns_store_grant_list(store, who->cred_id, only_grant, &only);
	if (err == DDNS_OK && only.count == 1 && only.account) {
		only.count = 0;
		err = ddns_store_host_list(store, who->account_id, 0,
		    only_host, &only);
	}
	if (err != DDNS_OK)
		return err;
	if (only.count != 1)
		return DDNS_ENOTFOUND;
	*ret = only.name;
	return DDNS_OK;
}
