/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Grants: the ordered rules of a token or key, and which of them decides.
 *
 * A rule in words, on the command line and in the list:
 *
 *     [deny] KIND [NAME | PREFIX] TYPE...
 */
#include <stdlib.h>
#include <string.h>

#include "common/daemon/ddnsctl.h"
#include "common/dns/rdata.h"
#include "common/update/address.h"
#include "common/update/authenticate.h"
#include "common/update/authorize.h"

#define KINDS "name NAME, below NAME, subtree NAME, acme NAME, range PREFIX, " \
	"account, self, selfsub"

static const struct {
	enum ddns_grant_kind kind;
	const char *default_types; /* NULL: must be given */
	bool name, range, key_only;
} kinds[] = {
	{ DDNS_GRANT_NAME, NULL, true, false, false },
	{ DDNS_GRANT_BELOW, NULL, true, false, false },
	{ DDNS_GRANT_SUBTREE, NULL, true, false, false },
	{ DDNS_GRANT_SELF, NULL, false, false, true },
	{ DDNS_GRANT_SELFSUB, NULL, false, false, true },
	{ DDNS_GRANT_ACCOUNT, NULL, false, false, false },
	{ DDNS_GRANT_ACME, "TXT", true, false, false },
	{ DDNS_GRANT_RANGE, "PTR", false, true, false },
};

/* The next word of *rest, or NULL. */
static char *
next_word(char **rest)
{
	char *word;

	do {
		word = strsep(rest, " \t");
	} while (word != NULL && *word == '\0');
	return word;
}

static bool
take_kind(struct ctl *ctl, const char *word, size_t *ret)
{
	for (size_t i = 0; word != NULL && i < DDNS_COUNT(kinds); i++) {
		if (strcmp(ddns_grant_kind_text(kinds[i].kind), word) == 0) {
			*ret = i;
			return true;
		}
	}
	return ctl_usage(ctl, "RULE: \"%s\" is no kind of rule; wanted: "
	    "[deny] one of " KINDS ", and types", word != NULL ? word : "");
}

static void
warn_foreign(struct ctl *ctl, const struct ddns_name *name)
{
	struct ddns_zone zone;
	char text[DDNS_NAME_TEXT_MAX];

	ddns_name_format(name, text);
	if (ddns_store_zone_find(ctl->store, name, &zone) == DDNS_ENOTFOUND)
		ctl_warn("\"%s\" is in none of our zones", text);
}

static bool
take_target(struct ctl *ctl, size_t kind, const char *word,
    struct ddns_grant *grant)
{
	if (word == NULL)
		return ctl_usage(ctl, "RULE: %s wants a %s",
		    ddns_grant_kind_text(kinds[kind].kind),
		    kinds[kind].name ? "name" :
		    "prefix: 192.0.2.0/24, 2001:db8::/32");
	if (kinds[kind].range) {
		if (ddns_prefix_parse(word, &grant->range) != DDNS_OK)
			return ctl_usage(ctl, "RULE: \"%s\" is no prefix; "
			    "wanted: 192.0.2.0/24, 2001:db8::/32", word);
		return true;
	}
	if (!ctl_take_name(ctl, "RULE", word, &grant->name))
		return false;
	warn_foreign(ctl, &grant->name);
	return true;
}

bool
ctl_grant_add(struct ctl *ctl, const struct ddns_cred *cred,
    const char *text, int position)
{
	struct ddns_grant grant = {
		.cred_id = cred->id,
		.position = position,
	};
	bool is_key = cred->kind == DDNS_CRED_TSIG;
	char *words = ddns_strdup(text), *rest = words, *types = NULL;
	const char *word = words != NULL ? next_word(&rest) : NULL;
	size_t kind = 0;
	int64_t id;
	bool ok;

	if (word != NULL && strcmp(word, "deny") == 0) {
		grant.deny = true;
		word = next_word(&rest);
	}
	ok = take_kind(ctl, word, &kind);
	if (ok && kinds[kind].key_only && !is_key)
		ok = ctl_usage(ctl, "RULE: %s is about the name of a TSIG "
		    "key; a token has none", word);
	if (ok && (kinds[kind].name || kinds[kind].range))
		ok = take_target(ctl, kind, next_word(&rest), &grant);
	grant.kind = kinds[kind].kind;
	if (rest != NULL)
		rest += strspn(rest, " \t");
	if (ok && (rest == NULL || *rest == '\0') &&
	    kinds[kind].default_types == NULL)
		ok = ctl_usage(ctl, "RULE: no types in \"%s\"; wanted: A AAAA, "
		    "TXT, ... or ANY", text);
	ok = ok && ctl_take_types(ctl, "RULE", rest != NULL && *rest != '\0' ?
	    rest : kinds[kind].default_types, &types);
	grant.types = types;
	ok = ok && ctl_ok(ctl, ddns_store_grant_add(ctl->store, &grant, &id),
	    "grant");
	free(types);
	free(words);
	return ok;
}

/* ---- list ---- */

static void
put_rule(struct ddns_buf *out, const struct ddns_grant *grant)
{
	char text[DDNS_NAME_TEXT_MAX];

	ddns_buf_putf(out, "%s%s", grant->deny ? "deny " : "",
	    ddns_grant_kind_text(grant->kind));
	if (grant->name.len_bytes > 0) {
		ddns_name_format(&grant->name, text);
		ddns_buf_putf(out, " %s", text);
	}
	if (grant->kind == DDNS_GRANT_RANGE) {
		ddns_addr_format(&grant->range.addr, text);
		ddns_buf_putf(out, " %s/%u", text, grant->range.len_bits);
	}
	ddns_buf_putf(out, " %s", grant->types);
}

struct listing {
	struct ctl_table *table;
	json_int_t count;
};

static enum ddns_err
list_grant(const struct ddns_grant *grant, void *arg)
{
	struct listing *l = arg;
	struct ddns_buf rule = { 0 };
	enum ddns_err err;

	put_rule(&rule, grant);
	err = ctl_table_add(l->table, json_pack("{s:I, s:s, s:s, s:o, s:o}",
	    "position", (json_int_t)grant->position,
	    "action", grant->deny ? "deny" : "allow",
	    "kind", ddns_grant_kind_text(grant->kind),
	    "types", ctl_json_text(grant->types),
	    "rule", ctl_json_text(ddns_buf_text(&rule))));
	ddns_buf_done(&rule);
	return err;
}

static bool
run_grant_list(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {
		{ "position", "POSITION" }, { "rule", "RULE" },
	};
	struct ctl_table table;
	struct listing l = { .table = &table };
	struct ddns_cred cred;

	if (!ctl_read(ctl) || !ctl_find_cred(ctl, ctl_pos(ctl, 0), 0, &cred))
		return false;
	ctl_table_start(ctl, &table, columns, DDNS_COUNT(columns));
	return ctl_ok(ctl, ddns_store_grant_list(ctl->store, cred.id,
	    list_grant, &l), "grants") && ctl_table_end(&table);
}

/* ---- add, delete ---- */

static const struct ctl_option add_options[] = {
	{ "--position", "NUMBER", "before the rule that has it [the last]" },
	{ NULL, NULL, NULL }
};

static void
join_words(struct ctl *ctl, unsigned from, struct ddns_buf *out)
{
	const char *word;

	for (unsigned i = from; (word = ctl_pos(ctl, i)) != NULL; i++)
		ddns_buf_putf(out, "%s%s", i > from ? " " : "", word);
}

static bool
run_grant_add(struct ctl *ctl)
{
	const char *name = ctl_pos(ctl, 0);
	struct ddns_buf rule = { 0 };
	struct ddns_cred cred;
	uint32_t position = 0;
	bool ok;

	if (!ctl_take_number(ctl, "--position", 1, 1000000, &position))
		return false;
	join_words(ctl, 1, &rule);
	ok = ctl_begin(ctl) && ctl_find_cred(ctl, name, 0, &cred) &&
	    ctl_grant_add(ctl, &cred, ddns_buf_text(&rule), (int)position) &&
	    ctl_note(ctl, "", "grant add %s: %s", name,
	    ddns_buf_text(&rule)) && ctl_commit(ctl) &&
	    ctl_done(ctl, json_pack("{s:o, s:o}", "credential",
	    ctl_json_text(name), "rule",
	    ctl_json_text(ddns_buf_text(&rule))), "%s: %s", name,
	    ddns_buf_text(&rule));
	ddns_buf_done(&rule);
	return ok;
}

struct at_position {
	int position;
	int64_t id;
};

static enum ddns_err
find_position(const struct ddns_grant *grant, void *arg)
{
	struct at_position *at = arg;

	if (grant->position != at->position)
		return DDNS_OK;
	at->id = grant->id;
	return DDNS_ESTOP;
}

static bool
run_grant_delete(struct ctl *ctl)
{
	const char *name = ctl_pos(ctl, 0), *text = ctl_pos(ctl, 1);
	struct at_position at = { 0 };
	struct ddns_cred cred;
	uint32_t position;

	if (ctl_parse_u32(text, 1, 1000000, &position) != DDNS_OK)
		return ctl_usage(ctl, "POSITION: \"%s\" is no number; see: "
		    "ddnsctl grant list %s", text, name);
	at.position = (int)position;
	if (!ctl_begin(ctl) || !ctl_find_cred(ctl, name, 0, &cred) ||
	    !ctl_ok(ctl, ddns_store_grant_list(ctl->store, cred.id,
	    find_position, &at), "grants"))
		return false;
	if (at.id == 0)
		return ctl_fail(ctl, "\"%s\" has no rule at position %s",
		    name, text);
	return ctl_ok(ctl, ddns_store_grant_delete(ctl->store, at.id),
	    "grant") && ctl_note(ctl, "", "grant delete %s: position %s",
	    name, text) && ctl_commit(ctl) && ctl_done(ctl,
	    json_pack("{s:o, s:I}", "credential", ctl_json_text(name),
	    "position", (json_int_t)position), "%s: rule %s is deleted",
	    name, text);
}

/* ---- why ---- */

struct question {
	struct ddns_cred cred;
	char cred_name[DDNS_NAME_TEXT_MAX];
	struct ddns_name name;
	uint16_t type;
	struct ddns_addr addr; /* AF_UNSPEC: not asked about */
	struct ddns_decision decision;
};

static bool
take_question(struct ctl *ctl, struct question *q)
{
	const char *addr = ctl_pos(ctl, 3);

	if (!ctl_take_name(ctl, "NAME", ctl_pos(ctl, 1), &q->name) ||
	    !ctl_take_type(ctl, "TYPE", ctl_pos(ctl, 2), &q->type))
		return false;
	if (addr == NULL)
		return true;
	if (ddns_addr_parse(addr, &q->addr) != DDNS_OK)
		return ctl_usage(ctl, "ADDRESS: \"%s\" is no address", addr);
	if ((q->type == DDNS_TYPE_A && q->addr.family != AF_INET) ||
	    (q->type == DDNS_TYPE_AAAA && q->addr.family != AF_INET6))
		return ctl_usage(ctl, "ADDRESS: \"%s\" does not go with type "
		    "%s", addr, ctl_pos(ctl, 2));
	return true;
}

/* Sets *refusal to why the credential itself is no good, "" if it is. */
static enum ddns_err
judge_cred(struct ctl *ctl, struct question *q, const char **refusal)
{
	struct ddns_cred cred = q->cred;
	struct ddns_principal who;
	struct ddns_account account;
	enum ddns_err err = ddns_store_account_get(ctl->store,
	    cred.account_id, &account);

	cred.name = q->cred_name;
	cred.note = "";
	if (err == DDNS_OK)
		*refusal = ddns_auth_text(ddns_update_judge_cred(&cred,
		    &account, ddns_unix_s_now(), &who));
	return err;
}

/* What else stands in the way of a name that the grants allow. */
static enum ddns_err
judge_name(struct ctl *ctl, const struct question *q, const char **refusal)
{
	struct ddns_zone zone;
	struct ddns_host host;
	enum ddns_err err = ddns_store_zone_find(ctl->store, &q->name, &zone);

	if (err == DDNS_ENOTFOUND) {
		*refusal = "the name is in none of our zones";
		return DDNS_OK;
	}
	if (err != DDNS_OK)
		return err;
	err = ddns_store_host_get(ctl->store, &q->name, &host);
	if (err == DDNS_ENOTFOUND) {
		if (q->cred.kind == DDNS_CRED_TOKEN)
			*refusal = "the name is no registered host; over HTTP "
			    "only hosts are updated";
		host.flags = 0;
		err = q->cred.kind == DDNS_CRED_TOKEN ? DDNS_OK : err;
	}
	if (err == DDNS_ENOTFOUND)
		return DDNS_OK; /* a key may make names; no host, no policy */
	if (err != DDNS_OK || **refusal != '\0')
		return err;
	if (host.flags & DDNS_HOST_DISABLED)
		*refusal = "the host is disabled";
	else if (q->addr.family != AF_UNSPEC && ddns_update_check_addr(
	    &q->addr, host.flags) == DDNS_ADDR_REFUSE)
		*refusal = ddns_addr_class_text(
		    ddns_addr_classify(&q->addr));
	return DDNS_OK;
}

static bool
answer(struct ctl *ctl, const struct question *q, const char *refusal)
{
	struct ddns_buf rule = { 0 };
	bool allowed = *refusal == '\0';
	json_t *json;

	ddns_decision_format(&q->decision, &rule);
	if (*refusal == '\0' && !q->decision.allowed) {
		refusal = ddns_buf_text(&rule);
		allowed = false;
	}
	json = json_pack("{s:b, s:o, s:o, s:o, s:o, s:I, s:o}",
	    "allowed", allowed,
	    "credential", ctl_json_text(q->cred_name),
	    "name", ctl_json_name(&q->name),
	    "type", json_string(ctl_pos(ctl, 2)),
	    "rule", ctl_json_text(ddns_buf_text(&rule)),
	    "position", (json_int_t)q->decision.position,
	    "reason", ctl_json_text(allowed ? "" : refusal));
	ctl_done(ctl, json, "%s: %s", allowed ? "allowed" : "refused",
	    allowed ? ddns_buf_text(&rule) : refusal);
	ddns_buf_done(&rule);
	return allowed; /* else exit code 1 */
}

static bool
run_why(struct ctl *ctl)
{
	struct question q = { .type = 0 };
	const char *refusal = "";
	struct ddns_subject subject;
	enum ddns_err err;

	if (!take_question(ctl, &q) || !ctl_read(ctl) ||
	    !ctl_find_cred(ctl, ctl_pos(ctl, 0), 0, &q.cred))
		return false;
	snprintf(q.cred_name, sizeof(q.cred_name), "%s", q.cred.name);
	subject = (struct ddns_subject){ q.cred.id, q.cred.account_id,
		q.cred.kind, q.cred_name };
	err = judge_cred(ctl, &q, &refusal);
	if (err == DDNS_OK)
		err = ddns_update_authorize(ctl->store, &subject, &q.name,
		    q.type, &q.decision);
	if (err == DDNS_OK && *refusal == '\0' && q.decision.allowed)
		err = judge_name(ctl, &q, &refusal);
	return ctl_ok(ctl, err, "why") && answer(ctl, &q, refusal);
}

const struct ctl_command ctl_grant_commands[] = {
	{ "grant add", "CREDENTIAL RULE...",
	    "add a rule: [deny] KIND [NAME|PREFIX] TYPE...", add_options,
	    run_grant_add },
	{ "grant list", "CREDENTIAL", "list the rules, in their order", NULL,
	    run_grant_list },
	{ "grant delete", "CREDENTIAL POSITION", "delete a rule", NULL,
	    run_grant_delete },
	{ "why", "CREDENTIAL NAME TYPE [ADDRESS]",
	    "tell which rule allows or refuses a change", NULL, run_why },
	{ NULL, NULL, NULL, NULL, NULL },
};
