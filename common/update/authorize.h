/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_UPDATE_AUTHORIZE_H
#define DDNS_UPDATE_AUTHORIZE_H

#include "common/store/store.h"

/*
 * May this credential change this name and type?  The grants of the credential
 * are an ordered list, the first that fits decides, none fits: no.
 *
 * The question of type DDNS_TYPE_ANY is "every type": an allowing rule fits it
 * only when it says ANY, a denying one when it names any type at all.
 */
struct ddns_subject {
	int64_t cred_id;
	int64_t account_id;
	enum ddns_cred_kind kind;
	const char *cred_name; /* of a TSIG key: its name (SELF, SELFSUB) */
};

struct ddns_decision {
	bool allowed;
	/* the rule that decided; position 0: none fitted */
	int position;
	int64_t grant_id;
	bool deny;
	enum ddns_grant_kind kind;
	struct ddns_name name;    /* len_bytes == 0: the kind has none */
	struct ddns_prefix range; /* of DDNS_GRANT_RANGE */
};

/* DDNS_OK: *ret is the decision.  Any other error: nothing is allowed. */
enum ddns_err ddns_update_authorize(struct ddns_store *store,
    const struct ddns_subject *who, const struct ddns_name *name,
    uint16_t type, struct ddns_decision *ret) DDNS_MUST_CHECK;

/*
 * The deciding rule as a line for people, `rule 2: allow subtree dyn.test`, or
 * `no rule fits`.  For ddnsctl and the journal.
 */
void ddns_decision_format(const struct ddns_decision *decision,
    struct ddns_buf *out);

const char *ddns_grant_kind_text(enum ddns_grant_kind kind); /* "name" */

/*
 * The one host that the credential can mean when a client names none: one
 * allowing rule of kind NAME, or one of kind ACCOUNT whose account has one
 * host.  DDNS_ENOTFOUND when there is none or more than one.
 */
enum ddns_err ddns_update_only_host(struct ddns_store *store,
    const struct ddns_subject *who, struct ddns_name *ret) DDNS_MUST_CHECK;

/*
 * The address that a name in in-addr.arpa (4 labels) or ip6.arpa (32) stands
 * for; false for any other name.
 */
bool ddns_name_is_reverse(const struct ddns_name *name, struct ddns_addr *ret);

#endif
