/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steps three and four: is there anything to do, and do it.
 *
 * Most requests of a large service say what is known already.  They are
 * answered from a read snapshot: no write, no journal row each, no limit.  Only
 * a real change goes on to the writer, as one job of a group commit.  Between
 * the two the administrator may have changed who may do what; the store's
 * policy number tells, and then the same judgement runs again inside the
 * transaction, where nothing can move any more.
 *
 * Nothing tells a client whether a host is unknown or only not theirs.
 */
#include "common/update/apply.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/update/address.h"
#include "common/update/authorize.h"

/* How old cred.last_used may be before a change writes it again. */
#define LAST_USED_STEP_S 60

static const uint16_t family_type[DDNS_FAMILIES] = { DDNS_TYPE_A,
	DDNS_TYPE_AAAA };

const char *
ddns_update_code_text(enum ddns_update_code code)
{
#define DDNS_UPDATE_CODE_CASE(c, text) \
	case c:                        \
		return text;
	switch (code) {
		DDNS_UPDATE_CODE_MAP(DDNS_UPDATE_CODE_CASE)
	}
	return "911";
}

void
ddns_update_clean(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	for (; text != NULL && *text != '\0' && n + 1 < cap; text++) {
		bool ok = *text >= 0x20 && *text < 0x7f;

		out[n++] = ok ? *text : '?';
	}
	out[n] = '\0';
}

int64_t
ddns_update_next_request(struct ddns_unix_ms now)
{
	static _Atomic uint32_t counter;

	/* below 2^53: JSON readers keep every digit */
	return now.v * 1000 + counter++ % 1000;
}

void
ddns_update_init(struct ddns_update *update, const char *protocol,
    const struct ddns_principal *who, const struct ddns_addr *source,
    bool tls, const char *user_agent, struct ddns_unix_ms now)
{
	memset(update, 0, sizeof(*update));
	update->who = *who;
	ddns_update_clean(user_agent, update->user_agent,
	    sizeof(update->user_agent));
	update->actor = (struct ddns_actor){
		.protocol = protocol,
		.account = update->who.account,
		.credential = update->who.credential,
		.user_agent = update->user_agent,
		.source = *source,
		.tls = tls,
		.request = ddns_update_next_request(now),
		.now = now,
	};
	update->now = ddns_mono_us_now();
	update->job.apply = ddns_update_apply;
	update->job.arg = update;
}

void
ddns_update_done(struct ddns_update *update)
{
	free(update->hosts);
	update->hosts = NULL;
	update->hosts_count = 0;
}

static void
refuse(struct ddns_update_host *host, enum ddns_update_code code,
    const char *reason)
{
	host->code = code;
	host->write[DDNS_FAMILY_V4] = host->write[DDNS_FAMILY_V6] = false;
	host->warn = false;
	snprintf(host->reason, sizeof(host->reason), "%s", reason);
}

static uint32_t
host_ttl_s(const struct ddns_host *host, const struct ddns_zone *zone)
{
	uint32_t ttl = host->ttl_s != 0 ? host->ttl_s : zone->host_ttl_s;

	if (ttl < zone->ttl_min_s)
		return zone->ttl_min_s;
	return ttl > zone->ttl_max_s ? zone->ttl_max_s : ttl;
}

/* Sets want[] to the families that may and shall change. */
static enum ddns_err
judge_grants(struct ddns_store *store, const struct ddns_update *update,
    struct ddns_update_host *host, bool want[DDNS_FAMILIES])
{
	struct ddns_subject subject = { update->who.cred_id,
		update->who.account_id, update->who.kind,
		update->who.credential };
	struct ddns_decision decision;
	bool any = false;
	enum ddns_err err;

	for (int f = 0; f < DDNS_FAMILIES; f++) {
		want[f] = false;
		if (update->op[f].op == DDNS_OP_KEEP)
			continue;
		err = ddns_update_authorize(store, &subject, &host->name,
		    family_type[f], &decision);
		if (err != DDNS_OK)
			return err;
		want[f] = decision.allowed;
		any = any || decision.allowed;
		/* Going offline withdraws what the token may; but an address
		 * that was sent and may not be set is never passed over. */
		if (!decision.allowed && update->op[f].op == DDNS_OP_SET) {
			refuse(host, DDNS_UPDATE_NOHOST, f == DDNS_FAMILY_V4 ?
			    "no grant for type A" : "no grant for type AAAA");
			return DDNS_OK;
		}
	}
	if (!any && (update->op[0].op == DDNS_OP_CLEAR ||
	    update->op[1].op == DDNS_OP_CLEAR))
		refuse(host, DDNS_UPDATE_NOHOST, "no grant for this host");
	return DDNS_OK;
}

static void
judge_addr(const struct ddns_addr *addr, unsigned flags,
    struct ddns_update_host *host)
{
	const char *class = ddns_addr_class_text(ddns_addr_classify(addr));
	char text[DDNS_ADDR_TEXT_MAX];

	switch (ddns_update_check_addr(addr, flags)) {
	case DDNS_ADDR_PUBLISH:
		break;
	case DDNS_ADDR_PUBLISH_WARN:
		host->warn = true;
		snprintf(host->reason, sizeof(host->reason),
		    "published, though %s", class);
		break;
	case DDNS_ADDR_REFUSE:
		refuse(host, DDNS_UPDATE_DNSERR, "");
		ddns_addr_format(addr, text);
		snprintf(host->reason, sizeof(host->reason),
		    "%.46s is %.44s", text, class);
		break;
	}
}

static enum ddns_err
make_set(const struct ddns_update_op *op, uint32_t ttl_s,
    struct ddns_rrset *ret)
{
	ddns_rrset_reset(ret);
	if (op->op != DDNS_OP_SET)
		return DDNS_OK;
	return ddns_rrset_of_addr(ttl_s, op->addr.bytes,
	    ddns_addr_len_bytes(&op->addr), ret);
}

/* Does the stored RRset differ from what is asked for? */
static enum ddns_err
compare(struct ddns_store *store, const struct ddns_update *update, int f,
    struct ddns_update_host *host)
{
	struct ddns_rrset now = { 0 }, want = { 0 };
	enum ddns_err err;

	err = ddns_store_rrset_get(store, host->zone.id, &host->name,
	    family_type[f], &now);
	if (err == DDNS_OK)
		err = make_set(&update->op[f], host->ttl_s, &want);
	if (err == DDNS_OK)
		host->write[f] = !ddns_rrset_equal(&now, &want);
	ddns_rrset_done(&now);
	ddns_rrset_done(&want);
	return err;
}

static bool
is_within_limit(struct ddns_limit *limit, const struct ddns_update *update,
    const struct ddns_update_host *host)
{
	for (int f = 0; limit != NULL && f < DDNS_FAMILIES; f++) {
		if (host->write[f] && !ddns_limit_take(limit,
		    ddns_limit_key_change(limit, update->who.cred_id,
		    &host->name, family_type[f]), update->now))
			return false;
	}
	return true;
}

static bool
is_offline(const struct ddns_update *update)
{
	return update->op[DDNS_FAMILY_V4].op == DDNS_OP_CLEAR ||
	    update->op[DDNS_FAMILY_V6].op == DDNS_OP_CLEAR;
}

static enum ddns_err
judge_host(struct ddns_store *store, struct ddns_limit *limit,
    const struct ddns_update *update, struct ddns_update_host *host)
{
	bool want[DDNS_FAMILIES];
	struct ddns_host row;
	unsigned flags;
	enum ddns_err err;

	if (host->name.len_bytes == 0)
		return DDNS_OK; /* refused by the parser */
	host->code = DDNS_UPDATE_NOCHG;
	host->reason[0] = '\0';
	err = ddns_store_host_get(store, &host->name, &row);
	if (err == DDNS_ENOTFOUND) {
		refuse(host, DDNS_UPDATE_NOHOST, "the host is not registered");
		return DDNS_OK;
	}
	if (err != DDNS_OK)
		return err;
	host->host_id = row.id;
	flags = row.flags;
	err = judge_grants(store, update, host, want);
	if (err != DDNS_OK || host->code != DDNS_UPDATE_NOCHG)
		return err;
	if ((flags & DDNS_HOST_DISABLED) != 0) {
		refuse(host, DDNS_UPDATE_BLOCKED, "the host is disabled");
		return DDNS_OK;
	}
	if (is_offline(update) &&
	    (update->who.flags & DDNS_CRED_ALLOW_OFFLINE) == 0) {
		refuse(host, DDNS_UPDATE_DONATOR,
		    "the credential may not withdraw addresses");
		return DDNS_OK;
	}
	for (int f = 0; f < DDNS_FAMILIES; f++)
		if (want[f] && update->op[f].op == DDNS_OP_SET &&
		    host->code == DDNS_UPDATE_NOCHG)
			judge_addr(&update->op[f].addr, flags, host);
	if (host->code != DDNS_UPDATE_NOCHG)
		return DDNS_OK;
	err = ddns_store_zone_get(store, row.zone_id, &host->zone);
	host->ttl_s = err == DDNS_OK ? host_ttl_s(&row, &host->zone) : 0;
	for (int f = 0; f < DDNS_FAMILIES && err == DDNS_OK; f++) {
		host->write[f] = false;
		if (want[f])
			err = compare(store, update, f, host);
	}
	if (err != DDNS_OK)
		return err;
	if (!is_within_limit(limit, update, host))
		refuse(host, DDNS_UPDATE_ABUSE, "too many changes");
	else if (host->write[DDNS_FAMILY_V4] || host->write[DDNS_FAMILY_V6])
		host->code = DDNS_UPDATE_GOOD;
	return DDNS_OK;
}

static enum ddns_err
judge_all(struct ddns_store *store, struct ddns_limit *limit,
    struct ddns_update *update, bool *ret_write)
{
	enum ddns_err err = DDNS_OK;

	*ret_write = false;
	for (size_t i = 0; i < update->hosts_count && err == DDNS_OK; i++) {
		err = judge_host(store, limit, update, &update->hosts[i]);
		if (update->hosts[i].code == DDNS_UPDATE_GOOD)
			*ret_write = true;
	}
	return err;
}

enum ddns_err
ddns_update_evaluate(struct ddns_store *store, struct ddns_limit *limit,
    struct ddns_update *update, bool *ret_write)
{
	enum ddns_err err;

	*ret_write = false;
	err = ddns_store_get_policy_gen(store, &update->policy_gen);
	if (err == DDNS_OK)
		err = judge_all(store, limit, update, ret_write);
	if (err != DDNS_OK) {
		*ret_write = false;
		for (size_t i = 0; i < update->hosts_count; i++)
			refuse(&update->hosts[i], DDNS_UPDATE_BUSY,
			    ddns_err_text(err));
	}
	return err;
}

static enum ddns_err
apply_host(struct ddns_store *store, const struct ddns_update *update,
    struct ddns_update_host *host)
{
	struct ddns_rrset set = { 0 };
	enum ddns_err err = DDNS_OK;
	bool any = false;

	for (int f = 0; f < DDNS_FAMILIES && err == DDNS_OK; f++) {
		bool changed = false;

		if (!host->write[f])
			continue;
		err = make_set(&update->op[f], host->ttl_s, &set);
		if (err == DDNS_OK)
			err = ddns_change_rrset(store, &update->actor,
			    &host->zone, &host->name, family_type[f], &set,
			    "good", host->reason, NULL, &changed);
		any = any || changed;
	}
	if (err == DDNS_OK && any)
		err = ddns_store_host_touch(store, host->host_id,
		    ddns_unix_s_of_ms(update->actor.now));
	if (err == DDNS_OK && !any)
		host->code = DDNS_UPDATE_NOCHG; /* another was faster */
	ddns_rrset_done(&set);
	return err;
}

/* The credential may have gone, too: its account and state count again. */
static enum ddns_err
judge_again(struct ddns_store *store, struct ddns_update *update)
{
	struct ddns_principal who = update->who;
	struct ddns_account account;
	struct ddns_cred cred;
	enum ddns_err err;
	bool write;

	err = ddns_store_cred_get(store, who.cred_id, &cred);
	if (err == DDNS_OK) {
		struct ddns_unix_s now = ddns_unix_s_of_ms(update->actor.now);
		struct ddns_account unknown = { .id = cred.account_id,
			.name = "" };

		if (ddns_update_judge_cred(&cred, &unknown, now, &who) !=
		    DDNS_AUTH_OK)
			err = DDNS_ENOTFOUND;
		update->who.flags = who.flags;
	}
	if (err == DDNS_OK)
		err = ddns_store_account_get(store, who.account_id, &account);
	if (err == DDNS_OK && account.disabled)
		err = DDNS_ENOTFOUND;
	if (err == DDNS_OK)
		return judge_all(store, NULL, update, &write);
	if (err != DDNS_ENOTFOUND)
		return err;
	for (size_t i = 0; i < update->hosts_count; i++)
		refuse(&update->hosts[i], DDNS_UPDATE_NOHOST,
		    "the credential was withdrawn meanwhile");
	return DDNS_OK;
}

enum ddns_err
ddns_update_apply(struct ddns_store *store, void *arg)
{
	struct ddns_update *update = arg;
	struct ddns_unix_s now = ddns_unix_s_of_ms(update->actor.now);
	int64_t policy_gen;
	enum ddns_err err;

	err = ddns_store_get_policy_gen(store, &policy_gen);
	if (err == DDNS_OK && policy_gen != update->policy_gen)
		err = judge_again(store, update);
	for (size_t i = 0; i < update->hosts_count && err == DDNS_OK; i++)
		if (update->hosts[i].code == DDNS_UPDATE_GOOD)
			err = apply_host(store, update, &update->hosts[i]);
	if (err == DDNS_OK &&
	    now.v - update->who.last_used.v >= LAST_USED_STEP_S)
		err = ddns_store_cred_touch(store, update->who.cred_id, now);
	return err;
}

void
ddns_update_fail(struct ddns_update *update)
{
	for (size_t i = 0; i < update->hosts_count; i++)
		if (update->hosts[i].write[DDNS_FAMILY_V4] ||
		    update->hosts[i].write[DDNS_FAMILY_V6])
			refuse(&update->hosts[i], DDNS_UPDATE_BUSY,
			    "the change could not be stored");
}
