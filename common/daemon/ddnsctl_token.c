/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tokens: what a device shows over HTTP.  24 random bytes, made here, shown
 * once, stored as a keyed hash.  Also what tokens and TSIG keys have in
 * common: both are credentials.
 */
#include <stdlib.h>
#include <string.h>

#include "common/daemon/ddnsctl.h"

#define TOKEN_PREFIX "ddns_"
#define TOKEN_RANDOM_BYTES 24 /* 192 bits; 32 characters */

static const struct {
	unsigned bit;
	const char *text;
} flag_names[] = {
	{ DDNS_CRED_REVOKED, "revoked" },
	{ DDNS_CRED_ALLOW_HTTP, "allow-http" },
	{ DDNS_CRED_ALLOW_URL, "allow-url" },
	{ DDNS_CRED_ALLOW_OFFLINE, "allow-offline" },
	{ DDNS_CRED_ALLOW_TRANSFER, "allow-transfer" },
};

json_t *
ctl_json_cred_flags(unsigned flags)
{
	json_t *array = json_array();

	for (size_t i = 0; i < DDNS_COUNT(flag_names); i++) {
		if (flags & flag_names[i].bit)
			json_array_append_new(array,
			    json_string(flag_names[i].text));
	}
	return array;
}

struct secrets {
	struct ddns_unix_s now;
	json_int_t live;
	json_t *alg;
	struct ddns_unix_s newest;
};

static enum ddns_err
count_secret(const struct ddns_cred_secret *secret, void *arg)
{
	struct secrets *s = arg;

	if (secret->expires.v != 0 && secret->expires.v <= s->now.v)
		return DDNS_OK;
	s->live++;
	if (secret->created.v >= s->newest.v) {
		s->newest = secret->created;
		json_decref(s->alg);
		s->alg = ctl_json_text(secret->alg);
	}
	return DDNS_OK;
}

json_t *
ctl_json_cred(struct ctl *ctl, const struct ddns_cred *cred)
{
	struct secrets s = { .now = ddns_unix_s_now() };
	int64_t id = cred->id, account_id = cred->account_id;
	enum ddns_cred_kind kind = cred->kind;
	struct ddns_account account;
	json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "name", ctl_json_text(cred->name),
	    "account", json_null(),
	    "flags", ctl_json_cred_flags(cred->flags),
	    "created", ctl_json_time_s(cred->created),
	    "expires", ctl_json_time_s(cred->expires),
	    "last_used", ctl_json_time_s(cred->last_used),
	    "note", ctl_json_text(cred->note));
	enum ddns_err err = ddns_store_secret_list(ctl->store, id,
	    count_secret, &s);

	json_object_set_new(json, "secrets", json_integer(s.live));
	json_object_set_new(json, "secret_made", ctl_json_time_s(s.newest));
	if (kind == DDNS_CRED_TSIG && s.alg != NULL)
		json_object_set_new(json, "algorithm", json_incref(s.alg));
	json_decref(s.alg);
	if (err == DDNS_OK)
		err = ddns_store_account_get(ctl->store, account_id,
		    &account);
	if (err == DDNS_OK) {
		json_object_set_new(json, "account",
		    ctl_json_text(account.name));
		return json;
	}
	json_decref(json);
	return NULL;
}

/* ---- common to tokens and keys ---- */

struct listing {
	struct ctl *ctl;
	struct ctl_table *table;
};

static enum ddns_err
list_cred(const struct ddns_cred *cred, void *arg)
{
	struct listing *l = arg;

	return ctl_table_add(l->table, ctl_json_cred(l->ctl, cred));
}

bool
ctl_cred_list(struct ctl *ctl, enum ddns_cred_kind kind)
{
	static const struct ctl_column columns[] = {
		{ "name", "NAME" }, { "account", "ACCOUNT" },
		{ "secrets", "SECRETS" }, { "secret_made", "SECRET MADE" },
		{ "last_used", "LAST USED" }, { "expires", "EXPIRES" },
		{ "flags", "FLAGS" }, { "algorithm", "ALGORITHM" },
	};
	const char *account_name = ctl_opt(ctl, "--account");
	struct ddns_account account = { 0 };
	struct ctl_table table;
	struct listing l = { ctl, &table };
	unsigned count = DDNS_COUNT(columns);

	if (!ctl_read(ctl) || (account_name != NULL &&
	    !ctl_find_account(ctl, account_name, &account)))
		return false;
	ctl_table_start(ctl, &table, columns,
	    kind == DDNS_CRED_TSIG ? count : count - 1);
	return ctl_ok(ctl, ddns_store_cred_list(ctl->store, account.id, kind,
	    list_cred, &l), "credentials") && ctl_table_end(&table);
}

bool
ctl_cred_show(struct ctl *ctl, enum ddns_cred_kind kind)
{
	struct ddns_cred cred;

	return ctl_read(ctl) &&
	    ctl_find_cred(ctl, ctl_pos(ctl, 0), kind, &cred) &&
	    ctl_show(ctl, ctl_json_cred(ctl, &cred));
}

static const char *
kind_text(enum ddns_cred_kind kind)
{
	return kind == DDNS_CRED_TOKEN ? "token" : "key";
}

/* Writes a changed credential; what was borrowed from the store is copied. */
static bool
write_cred(struct ctl *ctl, struct ddns_cred *cred, const char *what)
{
	const char *kind = kind_text(cred->kind);
	char *name = NULL, *note = NULL;
	bool ok;

	ok = ctl_keep(ctl, &cred->name, &name) &&
	    ctl_keep(ctl, &cred->note, &note) &&
	    ctl_ok(ctl, ddns_store_cred_set(ctl->store, cred), kind) &&
	    ctl_note(ctl, "", "%s %s %s", kind, what, name) &&
	    ctl_commit(ctl) && ctl_done(ctl, json_pack("{s:o, s:o, s:o}",
	    "name", ctl_json_text(name),
	    "flags", ctl_json_cred_flags(cred->flags),
	    "expires", ctl_json_time_s(cred->expires)),
	    "%s %s: %s", kind, name, what);
	free(name);
	free(note);
	return ok;
}

bool
ctl_cred_revoke(struct ctl *ctl, enum ddns_cred_kind kind)
{
	struct ddns_cred cred;

	if (!ctl_begin(ctl) ||
	    !ctl_find_cred(ctl, ctl_pos(ctl, 0), kind, &cred))
		return false;
	cred.flags |= DDNS_CRED_REVOKED;
	return write_cred(ctl, &cred, "revoke");
}

bool
ctl_cred_change(struct ctl *ctl, enum ddns_cred_kind kind)
{
	struct ddns_cred cred;

	if (ctl->args.given_count == 0)
		return ctl_usage(ctl, "nothing to set is given");
	if (!ctl_begin(ctl) ||
	    !ctl_find_cred(ctl, ctl_pos(ctl, 0), kind, &cred) ||
	    !ctl_take_note(ctl, &cred.note) ||
	    !ctl_take_expiry(ctl, "--expires", &cred.expires))
		return false;
	ctl_take_bit(ctl, "--allow-http", "--no-allow-http",
	    DDNS_CRED_ALLOW_HTTP, &cred.flags);
	ctl_take_bit(ctl, "--allow-url", "--no-allow-url",
	    DDNS_CRED_ALLOW_URL, &cred.flags);
	ctl_take_bit(ctl, "--allow-offline", "--no-allow-offline",
	    DDNS_CRED_ALLOW_OFFLINE, &cred.flags);
	ctl_take_bit(ctl, "--allow-transfer", "--no-allow-transfer",
	    DDNS_CRED_ALLOW_TRANSFER, &cred.flags);
	return write_cred(ctl, &cred, "set");
}

bool
ctl_cred_delete(struct ctl *ctl, enum ddns_cred_kind kind)
{
	struct ddns_cred cred;
	char *name;
	bool ok;

	if (!ctl_begin(ctl) ||
	    !ctl_find_cred(ctl, ctl_pos(ctl, 0), kind, &cred))
		return false;
	ok = ctl_keep(ctl, &cred.name, &name) &&
	    ctl_ok(ctl, ddns_store_cred_delete(ctl->store, cred.id),
	    kind_text(kind)) &&
	    ctl_note(ctl, "", "%s delete %s", kind_text(kind), name) &&
	    ctl_commit(ctl) && ctl_done(ctl, json_pack("{s:o}",
	    "name", ctl_json_text(name)), "%s %s is deleted",
	    kind_text(kind), name);
	free(name);
	return ok;
}

/* ---- create ---- */

/* A new secret of the credential; `out` receives the token's text. */
static bool
make_token(struct ctl *ctl, int64_t cred_id, struct ddns_buf *out)
{
	uint8_t random[TOKEN_RANDOM_BYTES];
	struct ddns_cred_secret secret = {
		.cred_id = cred_id,
		.alg = "",
		.created = ddns_unix_s_now(),
	};
	enum ddns_err err = ddns_random(random, sizeof(random));

	ddns_buf_put_text(out, TOKEN_PREFIX);
	ddns_base64url_encode(out,
	    (struct ddns_span){ random, sizeof(random) });
	ddns_wipe(random, sizeof(random));
	if (err == DDNS_OK)
		err = out->err;
	if (err == DDNS_OK)
		err = ddns_secret_hash(&ctl->key, ddns_buf_span(out),
		    secret.hash);
	if (err == DDNS_OK)
		err = ddns_store_secret_add(ctl->store, &secret);
	return ctl_ok(ctl, err, "token");
}

static bool
add_host_grant(struct ctl *ctl, int64_t cred_id, int64_t account_id,
    const char *text, const char *types)
{
	struct ddns_grant grant = {
		.cred_id = cred_id,
		.kind = DDNS_GRANT_NAME,
		.types = types,
	};
	struct ddns_host host;
	int64_t id;

	if (!ctl_find_host(ctl, text, &host))
		return false;
	if (host.account_id != account_id)
		return ctl_fail(ctl, "--host: \"%s\" belongs to another "
		    "account", text);
	grant.name = host.name;
	return ctl_ok(ctl, ddns_store_grant_add(ctl->store, &grant, &id),
	    "grant");
}

static bool
add_grants(struct ctl *ctl, int64_t cred_id, int64_t account_id,
    const char *types)
{
	struct ddns_grant grant = {
		.cred_id = cred_id,
		.kind = DDNS_GRANT_ACCOUNT,
		.types = types,
	};
	const char *host;
	unsigned i;
	int64_t id;

	for (i = 0; (host = ctl_opt_nth(ctl, "--host", i)) != NULL; i++) {
		if (!add_host_grant(ctl, cred_id, account_id, host, types))
			return false;
	}
	return i > 0 || ctl_ok(ctl, ddns_store_grant_add(ctl->store, &grant,
	    &id), "grant");
}

static bool
create_token(struct ctl *ctl, struct ddns_cred *cred, const char *types,
    struct ddns_buf *token)
{
	struct ddns_account account;
	enum ddns_err err;

	if (!ctl_begin(ctl) || !ctl_load_key(ctl) ||
	    !ctl_find_account(ctl, ctl_opt(ctl, "--account"), &account))
		return false;
	cred->account_id = account.id;
	err = ddns_store_cred_add(ctl->store, cred, &cred->id);
	if (err == DDNS_EEXIST)
		return ctl_fail(ctl, "there is a token or key \"%s\" already",
		    cred->name);
	return ctl_ok(ctl, err, "token") &&
	    add_grants(ctl, cred->id, cred->account_id, types) &&
	    make_token(ctl, cred->id, token) &&
	    ctl_note(ctl, "", "token create %s", cred->name) &&
	    ctl_commit(ctl);
}

static const struct ctl_option create_options[] = {
	{ "--account", "ACCOUNT", "whose it is; needed" },
	{ "--host", "HOST", "only this host; may be given again [all of the "
	    "account]" },
	{ "--types", "TYPES", "what it may change [A,AAAA]" },
	{ "--allow-http", NULL, "may come without TLS" },
	{ "--allow-url", NULL, "may stand in the URL" },
	{ "--allow-offline", NULL, "may withdraw addresses" },
	{ "--expires", "TIME", "valid so long (90d), or until a date" },
	{ "--note", "TEXT", "for people" },
	{ NULL, NULL, NULL }
};

static bool
show_token(struct ctl *ctl, int64_t cred_id, struct ddns_buf *token)
{
	struct ddns_cred cred;
	json_t *json;

	if (!ctl->json) {
		puts(ddns_buf_text(token));
		return true;
	}
	if (!ctl_ok(ctl, ddns_store_cred_get(ctl->store, cred_id, &cred),
	    "token"))
		return false;
	json = ctl_json_cred(ctl, &cred);
	json_object_set_new(json, "token",
	    json_string(ddns_buf_text(token)));
	return ctl_show(ctl, json);
}

static void
wipe_buf(struct ddns_buf *buf)
{
	if (buf->base != NULL)
		ddns_wipe(buf->base, buf->cap_bytes);
	ddns_buf_done(buf);
}

static bool
run_token_create(struct ctl *ctl)
{
	struct ddns_cred cred = {
		.kind = DDNS_CRED_TOKEN,
		.name = ctl_pos(ctl, 0),
		.note = "",
		.created = ddns_unix_s_now(),
	};
	const char *types_text = ctl_opt(ctl, "--types");
	struct ddns_buf token = { 0 };
	char *types = NULL;
	bool ok;

	if (ctl_opt(ctl, "--account") == NULL)
		return ctl_usage(ctl, "--account ACCOUNT is needed: whose "
		    "token it is");
	ctl_take_bit(ctl, "--allow-http", NULL, DDNS_CRED_ALLOW_HTTP,
	    &cred.flags);
	ctl_take_bit(ctl, "--allow-url", NULL, DDNS_CRED_ALLOW_URL,
	    &cred.flags);
	ctl_take_bit(ctl, "--allow-offline", NULL, DDNS_CRED_ALLOW_OFFLINE,
	    &cred.flags);
	ok = ctl_take_label(ctl, "NAME", cred.name) &&
	    ctl_take_note(ctl, &cred.note) &&
	    ctl_take_expiry(ctl, "--expires", &cred.expires) &&
	    ctl_take_types(ctl, "--types",
	    types_text != NULL ? types_text : "A AAAA", &types) &&
	    create_token(ctl, &cred, types, &token) &&
	    show_token(ctl, cred.id, &token);
	free(types);
	wipe_buf(&token);
	return ok;
}

/* ---- rotate ---- */

static const struct ctl_option rotate_options[] = {
	{ "--overlap", "TIME", "the old one stays valid so long [0]" },
	{ NULL, NULL, NULL }
};

static bool
run_token_rotate(struct ctl *ctl)
{
	const char *name = ctl_pos(ctl, 0);
	struct ddns_buf token = { 0 };
	struct ddns_unix_s until = ddns_unix_s_now();
	struct ddns_cred cred;
	uint32_t overlap_s = 0;
	bool ok;

	if (!ctl_take_seconds(ctl, "--overlap", 0, 31536000, &overlap_s) ||
	    !ctl_begin(ctl) || !ctl_load_key(ctl) ||
	    !ctl_find_cred(ctl, name, DDNS_CRED_TOKEN, &cred))
		return false;
	if (cred.flags & DDNS_CRED_REVOKED)
		return ctl_fail(ctl, "token \"%s\" is revoked; create another",
		    name);
	until.v += overlap_s;
	ok = ctl_ok(ctl, ddns_store_secret_expire(ctl->store, cred.id, until),
	    "token") && make_token(ctl, cred.id, &token) &&
	    ctl_note(ctl, "", "token rotate %s, overlap %u s", name,
	    overlap_s) && ctl_commit(ctl) &&
	    show_token(ctl, cred.id, &token);
	wipe_buf(&token);
	return ok;
}

static bool
run_token_list(struct ctl *ctl)
{
	return ctl_cred_list(ctl, DDNS_CRED_TOKEN);
}

static bool
run_token_show(struct ctl *ctl)
{
	return ctl_cred_show(ctl, DDNS_CRED_TOKEN);
}

static bool
run_token_set(struct ctl *ctl)
{
	return ctl_cred_change(ctl, DDNS_CRED_TOKEN);
}

static bool
run_token_revoke(struct ctl *ctl)
{
	return ctl_cred_revoke(ctl, DDNS_CRED_TOKEN);
}

static bool
run_token_delete(struct ctl *ctl)
{
	return ctl_cred_delete(ctl, DDNS_CRED_TOKEN);
}

static const struct ctl_option list_options[] = {
	{ "--account", "ACCOUNT", "only of this account" },
	{ NULL, NULL, NULL }
};

static const struct ctl_option set_options[] = {
	{ "--allow-http", NULL, "may come without TLS" },
	{ "--no-allow-http", NULL, "may not [default]" },
	{ "--allow-url", NULL, "may stand in the URL" },
	{ "--no-allow-url", NULL, "may not [default]" },
	{ "--allow-offline", NULL, "may withdraw addresses" },
	{ "--no-allow-offline", NULL, "may not [default]" },
	{ "--expires", "TIME", "valid so long (90d), until a date, or never" },
	{ "--note", "TEXT", "for people" },
	{ NULL, NULL, NULL }
};

const struct ctl_command ctl_token_commands[] = {
	{ "token create", "NAME", "make a token and show it, once",
	    create_options, run_token_create },
	{ "token list", "", "list the tokens", list_options, run_token_list },
	{ "token show", "TOKEN", "show what is known of a token", NULL,
	    run_token_show },
	{ "token set", "TOKEN", "change what a token may", set_options,
	    run_token_set },
	{ "token rotate", "TOKEN", "make a new secret, and end the old one",
	    rotate_options, run_token_rotate },
	{ "token revoke", "TOKEN", "refuse it from now on", NULL,
	    run_token_revoke },
	{ "token delete", "TOKEN", "delete it and its grants", NULL,
	    run_token_delete },
	{ NULL, NULL, NULL, NULL, NULL },
};
