/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accounts: who owns hosts, tokens and keys.
 */
#include <stdlib.h>

#include "common/daemon/ddnsctl.h"

static json_t *
account_json(const struct ddns_account *account)
{
	return json_pack("{s:o, s:b, s:o, s:o}",
	    "account", ctl_json_text(account->name),
	    "disabled", account->disabled,
	    "created", ctl_json_time_s(account->created),
	    "note", ctl_json_text(account->note));
}

static const struct ctl_option note_options[] = {
	{ "--note", "TEXT", "for people" },
	{ NULL, NULL, NULL }
};

static bool
run_account_add(struct ctl *ctl)
{
	struct ddns_account account = {
		.name = ctl_pos(ctl, 0),
		.note = "",
		.created = ddns_unix_s_now(),
	};
	enum ddns_err err;

	if (!ctl_take_label(ctl, "NAME", account.name) ||
	    !ctl_take_note(ctl, &account.note) || !ctl_begin(ctl))
		return false;
	err = ddns_store_account_add(ctl->store, &account, &account.id);
	if (err == DDNS_EEXIST)
		return ctl_fail(ctl, "there is an account \"%s\" already",
		    account.name);
	return ctl_ok(ctl, err, "account") &&
	    ctl_note(ctl, "", "account add %s", account.name) &&
	    ctl_commit(ctl) &&
	    ctl_done(ctl, account_json(&account), "account %s is there",
	    account.name);
}

struct counting {
	struct ctl *ctl;
	struct ctl_table *table;
	json_int_t hosts, tokens, keys;
};

static enum ddns_err
count_host(const struct ddns_host *host, void *arg)
{
	(void)host;
	((struct counting *)arg)->hosts++;
	return DDNS_OK;
}

static enum ddns_err
count_cred(const struct ddns_cred *cred, void *arg)
{
	struct counting *c = arg;

	if (cred->kind == DDNS_CRED_TOKEN)
		c->tokens++;
	else
		c->keys++;
	return DDNS_OK;
}

static enum ddns_err
add_counts(struct counting *c, int64_t id, json_t *into)
{
	enum ddns_err err;

	c->hosts = c->tokens = c->keys = 0;
	err = ddns_store_host_list(c->ctl->store, id, 0, count_host, c);
	if (err == DDNS_OK)
		err = ddns_store_cred_list(c->ctl->store, id, 0, count_cred,
		    c);
	json_object_set_new(into, "hosts", json_integer(c->hosts));
	json_object_set_new(into, "tokens", json_integer(c->tokens));
	json_object_set_new(into, "keys", json_integer(c->keys));
	return err;
}

static enum ddns_err
list_account(const struct ddns_account *account, void *arg)
{
	struct counting *c = arg;
	int64_t id = account->id;
	json_t *row = account_json(account);
	enum ddns_err err = add_counts(c, id, row);

	if (err == DDNS_OK)
		return ctl_table_add(c->table, row);
	json_decref(row);
	return err;
}

static bool
run_account_list(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {
		{ "account", "ACCOUNT" }, { "disabled", "DISABLED" },
		{ "hosts", "HOSTS" }, { "tokens", "TOKENS" },
		{ "keys", "KEYS" }, { "created", "CREATED" },
		{ "note", "NOTE" },
	};
	struct ctl_table table;
	struct counting c = { .ctl = ctl, .table = &table };

	if (!ctl_read(ctl))
		return false;
	ctl_table_start(ctl, &table, columns, DDNS_COUNT(columns));
	return ctl_ok(ctl, ddns_store_account_list(ctl->store, list_account,
	    &c), "accounts") && ctl_table_end(&table);
}

static enum ddns_err
add_host_name(const struct ddns_host *host, void *arg)
{
	return json_array_append_new(arg, ctl_json_name(&host->name)) == 0 ?
	    DDNS_OK : DDNS_ENOMEM;
}

static enum ddns_err
add_cred_name(const struct ddns_cred *cred, void *arg)
{
	return json_array_append_new(arg, ctl_json_text(cred->name)) == 0 ?
	    DDNS_OK : DDNS_ENOMEM;
}

static bool
run_account_show(struct ctl *ctl)
{
	json_t *object, *hosts = json_array(), *creds = json_array();
	struct ddns_account account;
	enum ddns_err err;
	int64_t id;

	if (!ctl_read(ctl) || !ctl_find_account(ctl, ctl_pos(ctl, 0),
	    &account)) {
		json_decref(hosts);
		json_decref(creds);
		return false;
	}
	id = account.id;
	object = account_json(&account);
	err = ddns_store_host_list(ctl->store, id, 0, add_host_name, hosts);
	if (err == DDNS_OK)
		err = ddns_store_cred_list(ctl->store, id, 0, add_cred_name,
		    creds);
	json_object_set_new(object, "hosts", hosts);
	json_object_set_new(object, "credentials", creds);
	if (ctl_ok(ctl, err, "account"))
		return ctl_show(ctl, object);
	json_decref(object);
	return false;
}

static bool
set_account(struct ctl *ctl, struct ddns_account *account, const char *what)
{
	const char *name = ctl_pos(ctl, 0);
	char *note;
	bool ok;

	account->name = name;
	ok = ctl_keep(ctl, &account->note, &note) &&
	    ctl_ok(ctl, ddns_store_account_set(ctl->store, account),
	    "account") && ctl_note(ctl, "", "account %s %s", what, name) &&
	    ctl_commit(ctl) && ctl_done(ctl, account_json(account),
	    "account %s: %s", name, what);
	free(note);
	return ok;
}

static bool
run_account_disable(struct ctl *ctl)
{
	struct ddns_account account;

	if (!ctl_begin(ctl) || !ctl_find_account(ctl, ctl_pos(ctl, 0),
	    &account))
		return false;
	account.disabled = true;
	return set_account(ctl, &account, "disable");
}

static bool
run_account_enable(struct ctl *ctl)
{
	struct ddns_account account;

	if (!ctl_begin(ctl) || !ctl_find_account(ctl, ctl_pos(ctl, 0),
	    &account))
		return false;
	account.disabled = false;
	return set_account(ctl, &account, "enable");
}

static bool
run_account_set(struct ctl *ctl)
{
	struct ddns_account account;

	if (ctl_opt(ctl, "--note") == NULL)
		return ctl_usage(ctl, "nothing to set is given");
	if (!ctl_begin(ctl) || !ctl_find_account(ctl, ctl_pos(ctl, 0),
	    &account) || !ctl_take_note(ctl, &account.note))
		return false;
	return set_account(ctl, &account, "set");
}

static bool
run_account_delete(struct ctl *ctl)
{
	const char *name = ctl_pos(ctl, 0);
	struct ddns_account account;
	enum ddns_err err;

	if (!ctl_begin(ctl) || !ctl_find_account(ctl, name, &account))
		return false;
	err = ddns_store_account_delete(ctl->store, account.id);
	if (err == DDNS_EDENIED)
		return ctl_fail(ctl, "account \"%s\" has hosts; delete them "
		    "or give them away (host set HOST --account) first",
		    name);
	return ctl_ok(ctl, err, "account") &&
	    ctl_note(ctl, "", "account delete %s", name) && ctl_commit(ctl) &&
	    ctl_done(ctl, json_pack("{s:o}", "account", ctl_json_text(name)),
	    "account %s is deleted, with its tokens and keys", name);
}

const struct ctl_command ctl_account_commands[] = {
	{ "account add", "NAME", "make an account", note_options,
	    run_account_add },
	{ "account list", "", "list the accounts", NULL, run_account_list },
	{ "account show", "ACCOUNT", "show an account", NULL,
	    run_account_show },
	{ "account set", "ACCOUNT", "change an account's note", note_options,
	    run_account_set },
	{ "account disable", "ACCOUNT",
	    "refuse every update by its tokens and keys", NULL,
	    run_account_disable },
	{ "account enable", "ACCOUNT", "take it back", NULL,
	    run_account_enable },
	{ "account delete", "ACCOUNT",
	    "delete an account, its tokens and keys", NULL,
	    run_account_delete },
	{ NULL, NULL, NULL, NULL, NULL },
};
