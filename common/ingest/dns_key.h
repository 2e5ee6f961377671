/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_DNS_KEY_H
#define DDNS_INGEST_DNS_KEY_H

#include "common/dns/tsig.h"
#include "common/update/authenticate.h"

/*
 * TSIG keys out of the store, opened once and kept while no policy changes.
 * All of it runs in the thread of the event loop.
 */
struct ddns_dns_keys;

/* One key; references, since answers may outlive its place in the cache. */
struct ddns_dns_key;

/* store (READ) and secret are borrowed. */
enum ddns_err ddns_dns_keys_new(struct ddns_store *store,
    const struct ddns_secret_key *secret, bool allow_sha1,
    struct ddns_dns_keys **ret) DDNS_MUST_CHECK;
void ddns_dns_keys_free(struct ddns_dns_keys *keys);

/*
 * Forgets all when the policy has changed; call it before a batch of requests.
 * *ret_policy_gen is what holds from now on.
 */
enum ddns_err ddns_dns_keys_refresh(struct ddns_dns_keys *keys,
    int64_t *ret_policy_gen) DDNS_MUST_CHECK;

/*
 * As ddns_tsig_verify_request(), with the keys of the store; while a key
 * rotates, with each of its secrets.  A key that is revoked or expired, or
 * whose account is disabled, is unknown (BADKEY).  *ret_tsig (NULL: unsigned)
 * is what the answer is to be signed with, for this thread only; it lives as
 * long as *ret_key, a reference, which is NULL together with it.
 */
enum ddns_err ddns_dns_keys_verify(struct ddns_dns_keys *keys,
    struct ddns_span msg, const struct ddns_msg_extra *extra,
    struct ddns_unix_s now, struct ddns_tsig_state *ret,
    struct ddns_dns_key **ret_key, struct ddns_tsig_key **ret_tsig)
    DDNS_MUST_CHECK;

void ddns_dns_key_unref(struct ddns_dns_key *key); /* NULL is fine */
const struct ddns_principal *ddns_dns_key_get_who(
    const struct ddns_dns_key *key);

#endif
