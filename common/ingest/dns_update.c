/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DNS UPDATE from the message to the answer, RFC 2136 s.3.
 *
 * What can be refused is refused in the thread of the event loop.  The rest is
 * one job of the writer, which tests the prerequisites and makes the changes
 * in one transaction, so that messages are applied one after the other and
 * each whole or not at all, while many of them share a commit.
 *
 * A message that came this far is remembered by its MAC until its signature is
 * out of date, whatever its answer was: the same octets get the same answer,
 * and a captured message changes nothing when it is sent again, neither one
 * that was a no-op nor one that failed when it was meant (RFC 8945 s.5.2.3
 * leaves that open).  In the same transaction, so a restart forgets nothing.
 */
#include "common/ingest/dns_update.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/dns/rdata.h"
#include "common/update/apply.h"
#include "common/update/message.h"

#define LAST_USED_STEP_S 3600 /* how exact a credential's last use is */

struct update {
	struct ddns_write_job job;
	struct ddns_letter letter;
	struct ddns_ingest *ingest;
	const struct ddns_dns_frame *frame;
	ddns_dns_update_done_fn *done;
	void *arg;
	struct ddns_principal who;
	struct ddns_actor actor; /* its texts are in who */
	struct ddns_zone zone;
	struct ddns_update_message *message;
	int64_t policy_gen;
	unsigned rcode;
	unsigned changes;
	bool repeated; /* the same octets were here before */
	struct ddns_buf why;
	enum ddns_err err; /* the job's */
};

static void
update_free(struct update *u)
{
	if (u == NULL)
		return;
	ddns_update_message_free(u->message);
	ddns_buf_done(&u->why);
	free(u);
}

/* ---- for the journal ---- */

/* What a row about the whole message is about: its first change. */
static void
subject_of(const struct update *u, char name[DDNS_NAME_TEXT_MAX],
    uint16_t *type)
{
	const struct ddns_update_message *m = u->message;
	const struct ddns_name *owner = &u->frame->question.name;

	*type = DDNS_TYPE_ANY;
	if (m != NULL && m->updates_count > 0) {
		owner = &m->updates[0].owner;
		if (m->updates_count == 1)
			*type = m->updates[0].type;
	}
	ddns_name_format(owner, name);
}

static void
note(struct update *u, const char *reason, bool harmless)
{
	char name[DDNS_NAME_TEXT_MAX], source[DDNS_ADDR_TEXT_MAX];
	struct ddns_attempt attempt = { .actor = &u->actor, .name = name,
		.result = ddns_rcode_text(u->rcode), .reason = reason,
		.cred_id = u->who.cred_id, .harmless = harmless };

	if (u->ingest->attempts == NULL) /* stopping */
		return;
	subject_of(u, name, &attempt.type);
	if (!ddns_attempts_add(u->ingest->attempts, &attempt) || harmless)
		return;
	ddns_addr_format(&u->actor.source, source);
	ddns_log(DDNS_LOG_INFO, "update refused name=%s result=%s reason=%s "
	    "key=%s source=%s", DDNS_Q(name), attempt.result, DDNS_Q(reason),
	    DDNS_Q(u->actor.credential), source);
}

static const char *
reason_of(struct update *u)
{
	if (u->why.len_bytes != 0)
		return ddns_buf_text(&u->why);
	switch (u->rcode) {
	case DDNS_RCODE_FORMERR:
		return "malformed";
	case DDNS_RCODE_NOTAUTH:
		return "no zone of ours";
	case DDNS_RCODE_NOTZONE:
		return "a name outside the zone";
	case DDNS_RCODE_NXDOMAIN:
	case DDNS_RCODE_YXDOMAIN:
	case DDNS_RCODE_NXRRSET:
	case DDNS_RCODE_YXRRSET:
		return "a prerequisite does not hold";
	case DDNS_RCODE_SERVFAIL:
		return ddns_err_text(u->err);
	}
	return "";
}

/* Rows of changes are written with them; all else is noted here. */
static void
end(struct update *u)
{
	if (u->rcode != DDNS_RCODE_NOERROR)
		note(u, reason_of(u), false);
	else if (u->changes == 0)
		note(u, u->repeated ? "repeated" : "", true);
	u->done(u->rcode, u->arg);
	update_free(u);
}

/* ---- in the writer ---- */

/* The policy changed on the way: the key or its grants may be gone. */
static enum ddns_err
judge_again(struct ddns_store *store, struct update *u)
{
	struct ddns_account account;
	struct ddns_principal who;
	struct ddns_cred cred;
	enum ddns_err err;

	err = ddns_store_cred_get(store, u->who.cred_id, &cred);
	cred.name = u->who.credential; /* borrowed until the next call */
	if (err == DDNS_OK)
		err = ddns_store_account_get(store, cred.account_id, &account);
	if (err == DDNS_OK && ddns_update_judge_cred(&cred, &account,
	    ddns_unix_s_of_ms(u->actor.now), &who) == DDNS_AUTH_OK)
		return DDNS_OK;
	if (err != DDNS_OK && err != DDNS_ENOTFOUND)
		return err;
	u->rcode = DDNS_RCODE_REFUSED;
	ddns_buf_put_text(&u->why, "the key was withdrawn");
	return DDNS_EDENIED;
}

static bool
deletes_all_types(const struct ddns_update_message *message)
{
	for (size_t i = 0; i < message->updates_count; i++)
		if (message->updates[i].type == DDNS_TYPE_ANY)
			return true;
	return false;
}

static enum ddns_err
authorize(struct ddns_store *store, struct update *u)
{
	struct ddns_subject who = { u->who.cred_id, u->who.account_id,
		DDNS_CRED_TSIG, u->who.credential };

	return ddns_update_message_authorize(store, &u->zone, &who,
	    u->message, &u->rcode, NULL, &u->why);
}

/* The serial steps all the time; the rest of a zone is policy. */
static bool
needs_soa(const struct ddns_update_message *message)
{
	for (size_t i = 0; i < message->prereqs_count; i++)
		if (message->prereqs[i].type == DDNS_TYPE_SOA)
			return true;
	for (size_t i = 0; i < message->updates_count; i++)
		if (message->updates[i].type == DDNS_TYPE_SOA)
			return true;
	return false;
}

static enum ddns_err
get_zone_again(struct ddns_store *store, struct update *u)
{
	enum ddns_err err = ddns_store_zone_get(store, u->zone.id, &u->zone);

	if (err != DDNS_ENOTFOUND)
		return err;
	u->rcode = DDNS_RCODE_NOTAUTH;
	return DDNS_EDENIED;
}

/*
 * What was decided in the loop, decided again where it may have changed: all
 * of it with the policy, and with what is at a name for a deletion of "all
 * types".
 */
static enum ddns_err
decide_again(struct ddns_store *store, struct update *u)
{
	int64_t gen;
	enum ddns_err err = ddns_store_get_policy_gen(store, &gen);
	bool changed = gen != u->policy_gen;

	if (err == DDNS_OK && (changed || needs_soa(u->message)))
		err = get_zone_again(store, u);
	if (err == DDNS_OK && changed)
		err = judge_again(store, u);
	if (err != DDNS_OK || (!changed && !deletes_all_types(u->message)))
		return err;
	err = authorize(store, u);
	return err == DDNS_OK && u->rcode != DDNS_RCODE_NOERROR ?
	    DDNS_EDENIED : err;
}

static enum ddns_err
test_and_apply(struct ddns_store *store, struct update *u)
{
	enum ddns_err err = decide_again(store, u);

	if (err == DDNS_OK)
		err = ddns_update_message_test(store, &u->zone, u->message,
		    &u->rcode);
	if (err != DDNS_OK || u->rcode != DDNS_RCODE_NOERROR)
		return err;
	err = ddns_update_message_apply(store, &u->actor, &u->zone,
	    u->message, &u->changes);
	if (err == DDNS_ERANGE) { /* a set with too many RRs */
		u->rcode = DDNS_RCODE_REFUSED;
		ddns_buf_put_text(&u->why, "too many records of one type");
		return DDNS_EDENIED;
	}
	return err;
}

static struct ddns_span
mac_of(const struct update *u)
{
	return (struct ddns_span){ u->frame->state.mac,
		u->frame->state.mac_len_bytes };
}

/* When its signature is out of date, by its own time and fudge. */
static struct ddns_unix_s
forget_at(const struct update *u)
{
	const struct ddns_tsig_state *state = &u->frame->state;

	return (struct ddns_unix_s){ (int64_t)state->time_signed_s +
		state->fudge_s + 1 };
}

static enum ddns_err
remember(struct ddns_store *store, const struct update *u)
{
	uint8_t answer[2];

	ddns_set_u16(answer, (uint16_t)u->rcode);
	return ddns_store_replay_put(store, forget_at(u), mac_of(u),
	    (struct ddns_span){ answer, sizeof(answer) });
}

/*
 * Looked up only now, when the job failed, for hardly ever is a message one
 * that was here before: DDNS_EEXIST then, and the answer is what it was.
 */
static enum ddns_err
find_repeated(struct ddns_store *store, struct update *u, enum ddns_err failed)
{
	struct ddns_buf answer = { 0 };
	enum ddns_err err = ddns_store_replay_get(store, forget_at(u),
	    mac_of(u), &answer);

	if (err == DDNS_OK && answer.len_bytes == 2) {
		u->rcode = ddns_get_u16(answer.base);
		u->repeated = true;
		failed = DDNS_EEXIST;
	}
	ddns_buf_done(&answer);
	return err == DDNS_OK || err == DDNS_ENOTFOUND ? failed : err;
}

static enum ddns_err
apply(struct ddns_store *store, void *arg)
{
	struct update *u = arg;
	struct ddns_unix_s now = ddns_unix_s_of_ms(u->actor.now);
	enum ddns_err err = test_and_apply(store, u);

	if (err == DDNS_OK)
		err = remember(store, u);
	if (err == DDNS_EEXIST || err == DDNS_EDENIED)
		return find_repeated(store, u, err);
	if (err == DDNS_OK && now.v - u->who.last_used.v >= LAST_USED_STEP_S)
		err = ddns_store_cred_touch(store, u->who.cred_id, now);
	return err;
}

static void
on_done(enum ddns_err err, void *arg)
{
	struct update *u = arg;

	u->err = err;
	ddns_mailbox_post(u->ingest->mailbox, &u->letter);
}

/* ---- in the loop ---- */

static void
on_letter(struct ddns_letter *letter)
{
	struct update *u = (struct update *)(
	    (char *)letter - offsetof(struct update, letter));

	u->ingest->pending--;
	if (u->err != DDNS_OK) {
		u->changes = 0; /* undone */
		if (!u->repeated && (u->err != DDNS_EDENIED ||
		    u->rcode == DDNS_RCODE_NOERROR))
			u->rcode = DDNS_RCODE_SERVFAIL;
	}
	end(u);
}

static enum ddns_err
find_zone(struct update *u)
{
	enum ddns_err err = ddns_store_zone_get_named(u->ingest->store,
	    &u->message->zone, &u->zone);

	if (err == DDNS_ENOTFOUND) {
		u->rcode = DDNS_RCODE_NOTAUTH;
		return DDNS_OK;
	}
	return err;
}

/* With something malformed in it: which mistake comes first? */
static enum ddns_err
find_mistake(struct update *u)
{
	enum ddns_err err = ddns_update_message_test(u->ingest->store,
	    &u->zone, u->message, &u->rcode);

	if (err == DDNS_OK && u->rcode == DDNS_RCODE_NOERROR)
		u->rcode = u->message->prescan_rcode;
	return err;
}

/* DDNS_OK and NOERROR: it is for the writer. */
static enum ddns_err
judge(struct update *u)
{
	const struct ddns_dns_frame *frame = u->frame;
	enum ddns_err err = ddns_update_message_read(frame->msg,
	    &frame->header, &frame->extra, &u->message, &u->rcode);

	if (err != DDNS_OK)
		return err == DDNS_EFORMAT ? DDNS_OK : err;
	err = find_zone(u);
	if (err != DDNS_OK || u->rcode != DDNS_RCODE_NOERROR)
		return err;
	if (frame->key == NULL) {
		/* REFUSED is what makes Windows go on to sign */
		u->rcode = DDNS_RCODE_REFUSED;
		ddns_buf_put_text(&u->why, "not signed");
		return DDNS_OK;
	}
	if (ddns_update_message_is_bad(u->message))
		return find_mistake(u);
	return authorize(u->ingest->store, u);
}

static void
submit(struct update *u)
{
	u->job.apply = apply;
	u->job.done = on_done;
	u->job.arg = u;
	u->letter.open = on_letter;
	u->err = ddns_writer_submit(u->ingest->writer, &u->job);
	if (u->err == DDNS_OK) {
		u->ingest->pending++;
		return;
	}
	u->rcode = DDNS_RCODE_SERVFAIL;
	end(u);
}

void
ddns_dns_update_start(struct ddns_ingest *ingest, int64_t policy_gen,
    const struct ddns_dns_frame *frame, const struct ddns_addr *source,
    struct ddns_unix_ms now, ddns_dns_update_done_fn *done, void *arg)
{
	struct update *u = calloc(1, sizeof(*u));

	if (u == NULL) {
		done(DDNS_RCODE_SERVFAIL, arg);
		return;
	}
	u->ingest = ingest;
	u->frame = frame;
	u->done = done;
	u->arg = arg;
	u->policy_gen = policy_gen;
	if (frame->key != NULL)
		u->who = *ddns_dns_key_get_who(frame->key);
	u->actor = (struct ddns_actor){ .protocol = "update",
		.account = u->who.account, .credential = u->who.credential,
		.source = *source, .now = now,
		.request = ddns_update_next_request(now) };
	u->err = judge(u);
	if (u->err != DDNS_OK)
		u->rcode = DDNS_RCODE_SERVFAIL;
	if (u->rcode == DDNS_RCODE_NOERROR)
		submit(u);
	else
		end(u);
}
