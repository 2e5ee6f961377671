/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Step one: whose request is this?
 *
 * A token is random, so it needs no slow hash: its HMAC under the key of the
 * key file finds the row, and that look-up tells an attacker nothing, since the
 * order of HMACs has nothing to do with the order of tokens.  The hash found is
 * compared once more in constant time, so that no index of any engine decides.
 * Every attempt costs one HMAC and one index step, known token or not.
 */
#include "common/update/authenticate.h"

#include <stdio.h>
#include <string.h>

const char *
ddns_auth_text(enum ddns_auth auth)
{
#define DDNS_AUTH_CASE(code, text) \
	case code:                 \
		return text;
	switch (auth) {
		DDNS_AUTH_MAP(DDNS_AUTH_CASE)
	}
	return "";
}

static bool
is_past(struct ddns_unix_s t, struct ddns_unix_s now)
{
	return t.v != 0 && t.v <= now.v;
}

enum ddns_auth
ddns_update_judge_cred(const struct ddns_cred *cred,
    const struct ddns_account *account, struct ddns_unix_s now,
    struct ddns_principal *ret_who)
{
	memset(ret_who, 0, sizeof(*ret_who));
	ret_who->cred_id = cred->id;
	ret_who->account_id = account->id;
	ret_who->kind = cred->kind;
	ret_who->flags = cred->flags;
	ret_who->last_used = cred->last_used;
	snprintf(ret_who->account, sizeof(ret_who->account), "%s",
	    account->name);
	snprintf(ret_who->credential, sizeof(ret_who->credential), "%s",
	    cred->name);
	if ((cred->flags & DDNS_CRED_REVOKED) != 0)
		return DDNS_AUTH_REVOKED;
	if (is_past(cred->expires, now))
		return DDNS_AUTH_EXPIRED;
	if (account->disabled)
		return DDNS_AUTH_DISABLED;
	return DDNS_AUTH_OK;
}

static enum ddns_auth
judge_token(const struct ddns_login *login,
    const struct ddns_cred_secret *secret, struct ddns_unix_s now,
    const struct ddns_principal *who, enum ddns_auth so_far)
{
	if (so_far != DDNS_AUTH_OK)
		return so_far;
	if (is_past(secret->expires, now)) /* rotated away */
		return DDNS_AUTH_EXPIRED;
	if (!login->tls && (who->flags & DDNS_CRED_ALLOW_HTTP) == 0)
		return DDNS_AUTH_NEEDS_TLS;
	if (login->in_url && (who->flags & DDNS_CRED_ALLOW_URL) == 0)
		return DDNS_AUTH_NOT_IN_URL;
	return DDNS_AUTH_OK;
}

enum ddns_err
ddns_update_authenticate(struct ddns_store *store,
    const struct ddns_secret_key *key, const struct ddns_login *login,
    struct ddns_unix_s now, struct ddns_principal *ret_who,
    enum ddns_auth *ret_auth)
{
	struct ddns_cred_secret secret;
	struct ddns_cred cred;
	struct ddns_account account;
	uint8_t hash[DDNS_HASH_BYTES];
	enum ddns_err err;

	memset(ret_who, 0, sizeof(*ret_who));
	*ret_auth = DDNS_AUTH_UNKNOWN;
	if (login->token.len_bytes == 0 ||
	    login->token.len_bytes > DDNS_TOKEN_MAX)
		return DDNS_OK;
	err = ddns_secret_hash(key, login->token, hash);
	if (err != DDNS_OK)
		return err;
	err = ddns_store_secret_find(store, hash, &secret, &cred, &account);
	if (err == DDNS_ENOTFOUND)
		return DDNS_OK;
	if (err != DDNS_OK)
		return err;
	if (!ddns_secret_equal(hash, secret.hash, sizeof(hash)) ||
	    cred.kind != DDNS_CRED_TOKEN)
		return DDNS_OK;
	*ret_auth = ddns_update_judge_cred(&cred, &account, now, ret_who);
	*ret_auth = judge_token(login, &secret, now, ret_who, *ret_auth);
	return DDNS_OK;
}
