/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the name in a TSIG record to a key that can check it.
 *
 * Reading a key from the store, decrypting it and keying a MAC context costs
 * some twenty times what checking a message costs, so keys are kept, up to a
 * number, until anything about policy changes; then all are read anew.  What
 * changes by time alone, expiry, is judged at every use.
 */
#include "common/ingest/dns_key.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_SLOTS 4096  /* a power of two; one key each, about 1 kB */
#define SECRETS_MAX 4     /* of one key while it rotates */

struct secret {
	struct ddns_tsig_key *tsig;
	struct ddns_unix_s expires;
};

struct ddns_dns_key {
	unsigned refs;
	struct ddns_name name;
	struct ddns_principal who;
	struct ddns_unix_s expires;
	struct secret secrets[SECRETS_MAX];
	unsigned secrets_count;
};

struct ddns_dns_keys {
	struct ddns_store *store;
	const struct ddns_secret_key *secret;
	bool allow_sha1;
	int64_t policy_gen;
	uint64_t seed;
	struct ddns_dns_key *slots[CACHE_SLOTS];
};

void
ddns_dns_key_unref(struct ddns_dns_key *key)
{
	if (key == NULL || --key->refs != 0)
		return;
	for (unsigned i = 0; i < key->secrets_count; i++)
		ddns_tsig_key_free(key->secrets[i].tsig);
	free(key);
}

const struct ddns_principal *
ddns_dns_key_get_who(const struct ddns_dns_key *key)
{
	return &key->who;
}

enum ddns_err
ddns_dns_keys_new(struct ddns_store *store,
    const struct ddns_secret_key *secret, bool allow_sha1,
    struct ddns_dns_keys **ret)
{
	struct ddns_dns_keys *keys = calloc(1, sizeof(*keys));
	enum ddns_err err;

	if (keys == NULL)
		return DDNS_ENOMEM;
	keys->store = store;
	keys->secret = secret;
	keys->allow_sha1 = allow_sha1;
	err = ddns_random(&keys->seed, sizeof(keys->seed));
	if (err != DDNS_OK) {
		free(keys);
		return err;
	}
	*ret = keys;
	return DDNS_OK;
}

static void
forget_all(struct ddns_dns_keys *keys)
{
	for (size_t i = 0; i < CACHE_SLOTS; i++) {
		ddns_dns_key_unref(keys->slots[i]);
		keys->slots[i] = NULL;
	}
}

void
ddns_dns_keys_free(struct ddns_dns_keys *keys)
{
	if (keys == NULL)
		return;
	forget_all(keys);
	free(keys);
}

enum ddns_err
ddns_dns_keys_refresh(struct ddns_dns_keys *keys, int64_t *ret_policy_gen)
{
	int64_t gen;
	enum ddns_err err = ddns_store_get_policy_gen(keys->store, &gen);

	if (err != DDNS_OK)
		return err;
	if (gen != keys->policy_gen)
		forget_all(keys);
	keys->policy_gen = gen;
	*ret_policy_gen = gen;
	return DDNS_OK;
}

/* ---- from the store ---- */

struct loading {
	struct ddns_dns_keys *keys;
	struct ddns_dns_key *key;
	struct ddns_unix_s now;
};

static bool
is_past(struct ddns_unix_s expires, struct ddns_unix_s now)
{
	return expires.v != 0 && expires.v <= now.v;
}

static enum ddns_err
open_secret(const struct ddns_cred_secret *stored, void *arg)
{
	struct loading *loading = arg;
	struct ddns_dns_key *key = loading->key;
	struct secret *to = &key->secrets[key->secrets_count];
	const char *name = key->who.credential;
	struct ddns_span aad = { (const uint8_t *)name, strlen(name) };
	struct ddns_buf plain = { 0 };
	enum ddns_tsig_alg alg;
	enum ddns_err err;

	if (key->secrets_count == SECRETS_MAX ||
	    is_past(stored->expires, loading->now) ||
	    ddns_tsig_alg_parse(stored->alg, &alg) != DDNS_OK ||
	    (alg == DDNS_TSIG_HMAC_SHA1 && !loading->keys->allow_sha1))
		return DDNS_OK;
	to->expires = stored->expires;
	err = ddns_secret_open(loading->keys->secret, aad, stored->sealed,
	    &plain);
	if (err == DDNS_OK)
		err = ddns_tsig_key_new(&key->name, alg,
		    ddns_buf_span(&plain), &to->tsig);
	if (err == DDNS_OK)
		key->secrets_count++;
	if (plain.base != NULL)
		ddns_wipe(plain.base, plain.cap_bytes);
	ddns_buf_done(&plain);
	/* sealed with another key file, say: as good as not there */
	return err == DDNS_EDENIED || err == DDNS_ERANGE ? DDNS_OK : err;
}

/*
 * DDNS_ENOTFOUND also for a key that may not be used.  The texts of a row live
 * until the next call, so what is needed of the first is copied.
 */
static enum ddns_err
load_who(struct ddns_dns_keys *keys, struct ddns_dns_key *key,
    struct ddns_unix_s now)
{
	char text[DDNS_NAME_TEXT_MAX];
	struct ddns_account account;
	struct ddns_cred cred;
	enum ddns_err err;

	if (ddns_name_format(&key->name, text) >= DDNS_PRINCIPAL_NAME_MAX)
		return DDNS_ENOTFOUND;
	err = ddns_store_cred_get_named(keys->store, text, &cred);
	if (err != DDNS_OK || cred.kind != DDNS_CRED_TSIG)
		return err != DDNS_OK ? err : DDNS_ENOTFOUND;
	cred.name = text;
	cred.note = "";
	key->expires = cred.expires;
	err = ddns_store_account_get(keys->store, cred.account_id, &account);
	if (err == DDNS_OK && ddns_update_judge_cred(&cred, &account, now,
	    &key->who) != DDNS_AUTH_OK)
		err = DDNS_ENOTFOUND;
	return err;
}

static enum ddns_err
load_key(struct ddns_dns_keys *keys, const struct ddns_name *name,
    struct ddns_unix_s now, struct ddns_dns_key **ret)
{
	struct loading loading = { keys, calloc(1, sizeof(*loading.key)),
		now };
	enum ddns_err err;

	if (loading.key == NULL)
		return DDNS_ENOMEM;
	loading.key->refs = 1;
	loading.key->name = *name;
	err = load_who(keys, loading.key, now);
	if (err == DDNS_OK)
		err = ddns_store_secret_list(keys->store,
		    loading.key->who.cred_id, open_secret, &loading);
	if (err == DDNS_OK)
		*ret = loading.key;
	else
		ddns_dns_key_unref(loading.key);
	return err;
}

/* Borrowed from the cache. */
static enum ddns_err
get_key(struct ddns_dns_keys *keys, const struct ddns_name *name,
    struct ddns_unix_s now, struct ddns_dns_key **ret)
{
	struct ddns_dns_key **slot = &keys->slots[
	    ddns_name_hash(name, keys->seed) & (CACHE_SLOTS - 1)];
	struct ddns_dns_key *key = NULL;
	enum ddns_err err;

	if (*slot == NULL || !ddns_name_equal(&(*slot)->name, name)) {
		err = load_key(keys, name, now, &key);
		if (err != DDNS_OK)
			return err;
		ddns_dns_key_unref(*slot);
		*slot = key;
	}
	if (is_past((*slot)->expires, now))
		return DDNS_ENOTFOUND;
	*ret = *slot;
	return DDNS_OK;
}

/* ---- checking ---- */

static struct ddns_tsig_key *
give(const struct ddns_name *name, void *arg)
{
	(void)name;
	return arg;
}

enum ddns_err
ddns_dns_keys_verify(struct ddns_dns_keys *keys, struct ddns_span msg,
    const struct ddns_msg_extra *extra, struct ddns_unix_s now,
    struct ddns_tsig_state *ret, struct ddns_dns_key **ret_key,
    struct ddns_tsig_key **ret_tsig)
{
	struct ddns_name name = extra->tsig.owner;
	struct ddns_tsig_state state;
	struct ddns_dns_key *key = NULL;
	bool bad_signature = false;
	enum ddns_err err;

	*ret_key = NULL;
	*ret_tsig = NULL;
	ddns_name_lower(&name);
	err = get_key(keys, &name, now, &key);
	if (err != DDNS_OK && err != DDNS_ENOTFOUND)
		return err;
	err = ddns_tsig_verify_request(msg, extra, give, NULL, now, 0, ret,
	    ret_tsig); /* BADKEY, or malformed: that comes before any key */
	if (key == NULL || err != DDNS_EDENIED)
		return err;
	for (unsigned i = 0; i < key->secrets_count; i++) {
		if (is_past(key->secrets[i].expires, now))
			continue;
		err = ddns_tsig_verify_request(msg, extra, give,
		    key->secrets[i].tsig, now, 0, &state, ret_tsig);
		if (*ret_tsig != NULL) {
			*ret = state;
			key->refs++;
			*ret_key = key;
			return err;
		}
		if (err != DDNS_EDENIED)
			return err;
		bad_signature = bad_signature ||
		    state.error == DDNS_RCODE_BADSIG;
	}
	if (bad_signature)
		ret->error = DDNS_RCODE_BADSIG;
	return DDNS_EDENIED;
}
