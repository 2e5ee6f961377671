/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_UPDATE_AUTHENTICATE_H
#define DDNS_UPDATE_AUTHENTICATE_H

#include "common/store/store.h"

#define DDNS_TOKEN_MAX 512 /* bytes; ours, tokens have 37 */
#define DDNS_PRINCIPAL_NAME_MAX 128 /* bytes of a name kept for the journal */

/* Who a credential turned out to be.  A value, no pointers. */
struct ddns_principal {
	int64_t cred_id; /* 0: nobody */
	int64_t account_id;
	enum ddns_cred_kind kind;
	unsigned flags; /* enum ddns_cred_flags */
	struct ddns_unix_s last_used;
	char account[DDNS_PRINCIPAL_NAME_MAX];
	char credential[DDNS_PRINCIPAL_NAME_MAX];
};

/* What authenticate found; the text goes into the journal, not to the client */
#define DDNS_AUTH_MAP(X)                                                     \
	X(DDNS_AUTH_OK,          "")                                         \
	X(DDNS_AUTH_UNKNOWN,     "no such credential")                       \
	X(DDNS_AUTH_REVOKED,     "the credential is revoked")                \
	X(DDNS_AUTH_EXPIRED,     "the credential has expired")               \
	X(DDNS_AUTH_DISABLED,    "the account is disabled")                  \
	X(DDNS_AUTH_NEEDS_TLS,   "the credential may not come without TLS")  \
	X(DDNS_AUTH_NOT_IN_URL,  "the credential may not stand in the URL")
#define DDNS_AUTH_ENUM(code, text) code,
enum ddns_auth { DDNS_AUTH_MAP(DDNS_AUTH_ENUM) };
const char *ddns_auth_text(enum ddns_auth auth);

struct ddns_login {
	struct ddns_span token; /* as it came, not trusted */
	bool tls;               /* it came over TLS */
	bool in_url;            /* it stood in the request line */
};

/*
 * Judges a token.  DDNS_OK says only that the judgement could be made: it is
 * in *ret_auth.  *ret_who is filled for every credential that exists, also a
 * refused one (for the journal), and zeroed for DDNS_AUTH_UNKNOWN.  Only reads.
 */
enum ddns_err ddns_update_authenticate(struct ddns_store *store,
    const struct ddns_secret_key *key, const struct ddns_login *login,
    struct ddns_unix_s now, struct ddns_principal *ret_who,
    enum ddns_auth *ret_auth) DDNS_MUST_CHECK;

/*
 * The same judgement of revocation, expiry and account for a credential that
 * was proven in another way (a TSIG key): fills *ret_who.
 */
enum ddns_auth ddns_update_judge_cred(const struct ddns_cred *cred,
    const struct ddns_account *account, struct ddns_unix_s now,
    struct ddns_principal *ret_who);

#endif
