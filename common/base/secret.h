/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BASE_SECRET_H
#define DDNS_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

#define DDNS_HASH_BYTES 32 /* SHA-256 */
#define DDNS_SEAL_OVERHEAD_BYTES (12 + 16) /* nonce, tag: AES-256-GCM */

/*
 * The key file: 32 random bytes in base64, one line, mode 0600 or 0640.  It
 * keys the hashes of tokens and encrypts TSIG secrets in the store, and it
 * never is in the store.  Immutable after loading: any thread.
 */
struct ddns_secret_key {
	uint8_t token_key[32]; /* HMAC-SHA256 over tokens */
	uint8_t seal_key[32];  /* AES-256-GCM over TSIG secrets */
};

/*
 * DDNS_ENOTFOUND no such file, DDNS_EDENIED others may read or write it,
 * DDNS_EFORMAT no key in it, DDNS_EIO.  ret is set only on DDNS_OK.
 */
enum ddns_err ddns_secret_key_load(const char *path,
    struct ddns_secret_key *ret) DDNS_MUST_CHECK;
/*
 * Makes a new key file with mode 0600 in an existing folder.  DDNS_EEXIST when
 * there is one: it is never overwritten.
 */
enum ddns_err ddns_secret_key_create(const char *path) DDNS_MUST_CHECK;
void ddns_secret_key_wipe(struct ddns_secret_key *key);

enum ddns_err ddns_random(void *out, size_t len_bytes) DDNS_MUST_CHECK;
bool ddns_secret_equal(const void *a, const void *b, size_t len_bytes);
void ddns_wipe(void *p, size_t len_bytes);

/* HMAC-SHA256 with token_key: how tokens are stored and looked up. */
enum ddns_err ddns_secret_hash(const struct ddns_secret_key *key,
    struct ddns_span in, uint8_t ret[DDNS_HASH_BYTES]) DDNS_MUST_CHECK;

/*
 * AES-256-GCM: out is nonce, cipher text, tag.  `aad` binds the text to its
 * place (the key's name) and is not stored.  ddns_secret_open() gives
 * DDNS_EDENIED when the text, the aad or the key does not fit.
 */
enum ddns_err ddns_secret_seal(const struct ddns_secret_key *key,
    struct ddns_span aad, struct ddns_span in, struct ddns_buf *out)
    DDNS_MUST_CHECK;
enum ddns_err ddns_secret_open(const struct ddns_secret_key *key,
    struct ddns_span aad, struct ddns_span in, struct ddns_buf *out)
    DDNS_MUST_CHECK;

#endif
