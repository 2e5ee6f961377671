/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_DNS_TSIG_H
#define DDNS_DNS_TSIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/dns/msg.h"
#include "common/dns/name.h"

/*
 * TSIG, RFC 8945, over OpenSSL's EVP_MAC.  Pure but for the crypto: bytes and
 * a clock in, bytes out.  Shared by DNS UPDATE, NOTIFY (both ends), transfers
 * and the Unbound module.
 */
#define DDNS_TSIG_ALG_MAP(X)                                             \
	X(DDNS_TSIG_HMAC_SHA1,   "hmac-sha1",   "SHA1",   20)            \
	X(DDNS_TSIG_HMAC_SHA224, "hmac-sha224", "SHA224", 28)            \
	X(DDNS_TSIG_HMAC_SHA256, "hmac-sha256", "SHA256", 32)            \
	X(DDNS_TSIG_HMAC_SHA384, "hmac-sha384", "SHA384", 48)            \
	X(DDNS_TSIG_HMAC_SHA512, "hmac-sha512", "SHA512", 64)
#define DDNS_TSIG_ALG_ENUM(code, text, digest, bytes) code,
enum ddns_tsig_alg { DDNS_TSIG_ALG_MAP(DDNS_TSIG_ALG_ENUM) };

#define DDNS_TSIG_MAC_MAX 64     /* bytes */
#define DDNS_TSIG_SECRET_MAX 512 /* bytes; ours */
#define DDNS_TSIG_FUDGE_S 300    /* RFC 8945 s.10 */
/* What ddns_tsig_sign() may add at the most: leave that much room. */
#define DDNS_TSIG_RR_MAX (255 + 10 + 16 + 6 + 2 + 2 + 64 + 2 + 2 + 2 + 6)

enum ddns_err ddns_tsig_alg_parse(const char *text, enum ddns_tsig_alg *ret)
    DDNS_MUST_CHECK; /* "hmac-sha256", last dot and case do not count */
const char *ddns_tsig_alg_text(enum ddns_tsig_alg alg);
size_t ddns_tsig_alg_mac_bytes(enum ddns_tsig_alg alg);

/*
 * A key with its keyed MAC context, made once and restarted for each message.
 * One thread at a time (the context is state): ddns_tsig_key_dup() for more.
 * DDNS_ERANGE: the secret is empty or above DDNS_TSIG_SECRET_MAX.
 */
struct ddns_tsig_key;
enum ddns_err ddns_tsig_key_new(const struct ddns_name *name,
    enum ddns_tsig_alg alg, struct ddns_span secret,
    struct ddns_tsig_key **ret) DDNS_MUST_CHECK;
enum ddns_err ddns_tsig_key_dup(const struct ddns_tsig_key *key,
    struct ddns_tsig_key **ret) DDNS_MUST_CHECK;
void ddns_tsig_key_free(struct ddns_tsig_key *key); /* wipes the secret */
const struct ddns_name *ddns_tsig_key_get_name(
    const struct ddns_tsig_key *key); /* lower-cased */
enum ddns_tsig_alg ddns_tsig_key_get_alg(const struct ddns_tsig_key *key);

/*
 * What a verified request leaves behind for the answer (RFC 8945 s.5.3), and
 * what each message of a stream leaves for the next (s.5.3.1).
 */
struct ddns_tsig_state {
	struct ddns_name key_name; /* as in the request, lower-cased */
	struct ddns_name alg_name;
	uint8_t mac[DDNS_TSIG_MAC_MAX]; /* request's as received, or prior */
	size_t mac_len_bytes;
	uint64_t time_signed_s; /* of the request, 48 bits */
	uint16_t fudge_s;
	uint16_t original_id;
	unsigned error;  /* TSIG error to answer with: 0, BADKEY, ... */
	bool stream;     /* true after the first message of an answer */
	bool sign;       /* answer must carry a MAC (all but BADKEY, BADSIG) */
};

/*
 * Finds the key for a name; NULL when unknown.  Borrowed by verify for the
 * call.
 */
typedef struct ddns_tsig_key *ddns_tsig_find_fn(const struct ddns_name *name,
    void *arg);

/*
 * Checks a request.  `msg` is whole and untrusted, `extra` its scan with
 * has_tsig.  Order: key, MAC, time, truncation (RFC 8945 s.5.2; s.10.1).
 *
 * DDNS_OK       verified; *ret is for the answer, *ret_key the key
 * DDNS_EDENIED  not: answer NOTAUTH with ret->error (ret is set, *ret_key is
 *               set for BADTIME and BADTRUNC, whose answers are signed)
 * DDNS_EFORMAT  FORMERR, no TSIG in the answer: TSIG rdata malformed, class
 *               not ANY, TTL not 0, MAC longer than the hash or shorter than
 *               the larger of 10 octets and half the hash (s.5.2.2.1)
 * min_mac_bytes local policy for truncated MACs; 0: full length only
 */
enum ddns_err ddns_tsig_verify_request(struct ddns_span msg,
    const struct ddns_msg_extra *extra, ddns_tsig_find_fn *find, void *arg,
    struct ddns_unix_s now, size_t min_mac_bytes,
    struct ddns_tsig_state *ret, struct ddns_tsig_key **ret_key)
    DDNS_MUST_CHECK;

/*
 * Appends TSIG to the message that starts at msg_start in out, and counts it.
 * key NULL: unsigned error (BADKEY, BADSIG: empty MAC).  state NULL: this is
 * a request.  BADTIME: Time Signed is the request's, other data the server's
 * time (s.5.2.3).  In a stream call it for each message with the same state.
 * ret_request (may be NULL) receives what ddns_tsig_verify_answer() needs.
 * The answer's Original ID is the request's, so that a client behind a
 * forwarder (RFC 2136 s.6) finds its own.  The message must be whole: nothing
 * may be added behind the TSIG.
 */
enum ddns_err ddns_tsig_sign(struct ddns_buf *out, size_t msg_start,
    struct ddns_tsig_key *key, struct ddns_tsig_state *state,
    struct ddns_unix_s now, struct ddns_tsig_state *ret_request)
    DDNS_MUST_CHECK;

/*
 * Checks an answer to the request that left `request` (client side; also the
 * following messages of a stream: it is updated).  DDNS_EDENIED: not
 * authentic or a TSIG error, treat as not received (s.5.3.2); ret_error tells
 * the TSIG error field when the MAC was good or the error is one that comes
 * unsigned, else 0.  Every message must be signed in full length, as ours are.
 */
enum ddns_err ddns_tsig_verify_answer(struct ddns_span msg,
    const struct ddns_msg_extra *extra, struct ddns_tsig_key *key,
    struct ddns_tsig_state *request, struct ddns_unix_s now,
    unsigned *ret_error) DDNS_MUST_CHECK;

#endif
