/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One dyndns2 update from the request to the reply.
 *
 * Everything up to the question "is there something to write?" happens in one
 * read snapshot and in one go; most requests end there.  Otherwise the update
 * travels to the writer and comes back by the mailbox after its commit, and
 * only then the client hears `good`.  A client that hangs up meanwhile does not
 * stop it.
 *
 * Nothing of a request is logged or stored but the host names, the address and
 * the user agent; the parameters that may hold a secret are never looked at
 * again after the credential was judged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/ingest/credentials.h"
#include "common/ingest/dyndns2.h"
#include "common/ingest/forwarded.h"
#include "common/ingest/http.h"
#include "common/ingest/reply.h"
#include "common/update/authorize.h"

#define CHALLENGE \
	"WWW-Authenticate: Basic realm=\"ddns\", charset=\"UTF-8\"\r\n"
#define NAME_SHOWN_MAX 256

struct pending {
	struct ddns_letter letter;
	struct ddns_ingest *ingest;
	struct ddns_http_exchange *exchange; /* NULL: the client has gone */
	enum ddns_client client;
	enum ddns_err err; /* the job's */
	struct ddns_update update;
};

/* One request while it is judged. */
struct visit {
	struct ddns_ingest *ingest;
	struct ddns_http_exchange *exchange;
	const struct ddns_form *form;
	struct ddns_forwarded from;
	enum ddns_client client;
	struct ddns_principal who;
	struct ddns_dyndns2 request;
};

static void
send_reply(struct ddns_http_exchange *exchange,
    const struct ddns_reply_rule *rule, struct ddns_span body)
{
	struct ddns_http_reply reply = { .status = rule->status,
		.body = body };
	char header[64];

	if (rule->status == 401) {
		reply.headers = CHALLENGE;
	} else if (rule->retry_after_s != 0) {
		snprintf(header, sizeof(header), "Retry-After: %u\r\n",
		    rule->retry_after_s);
		reply.headers = header;
	}
	ddns_http_exchange_reply(exchange, &reply);
}

static void
send_code(struct ddns_http_exchange *exchange, enum ddns_client client,
    enum ddns_situation situation, const char *code)
{
	const struct ddns_reply_rule *rule = ddns_reply_rule(client,
	    situation);
	struct ddns_buf body = { 0 };

	ddns_buf_putf(&body, "%s\n", rule->word != NULL ? rule->word : code);
	send_reply(exchange, rule, ddns_buf_span(&body));
	ddns_buf_done(&body);
}

/* Into the journal, and into the log the first time. */
static void
note(struct ddns_ingest *ingest, const struct ddns_actor *actor,
    int64_t cred_id, const char *name, uint16_t type, const char *result,
    const char *reason, bool harmless)
{
	struct ddns_attempt attempt = { .actor = actor, .name = name,
		.type = type, .result = result, .reason = reason,
		.cred_id = cred_id, .harmless = harmless };
	char source[DDNS_ADDR_TEXT_MAX];

	if (ingest->attempts == NULL || /* stopping */
	    !ddns_attempts_add(ingest->attempts, &attempt) || harmless)
		return;
	ddns_addr_format(&actor->source, source);
	ddns_log(DDNS_LOG_INFO, "update refused host=%s result=%s reason=%s "
	    "credential=%s source=%s agent=%s", DDNS_Q(name), result,
	    DDNS_Q(reason), DDNS_Q(actor->credential), source,
	    DDNS_Q(actor->user_agent));
}

/* The first host as it was sent: enough to recognise a refused request by. */
static void
shown_name(const struct ddns_form *form, char out[NAME_SHOWN_MAX])
{
	ddns_update_clean(ddns_form_get(form, "hostname"), out,
	    NAME_SHOWN_MAX);
}

static uint16_t
type_of(const struct ddns_update *update)
{
	bool v4 = update->op[DDNS_FAMILY_V4].op != DDNS_OP_KEEP;
	bool v6 = update->op[DDNS_FAMILY_V6].op != DDNS_OP_KEEP;

	if (v4 == v6)
		return DDNS_TYPE_ANY;
	return v4 ? DDNS_TYPE_A : DDNS_TYPE_AAAA;
}

/* Journal rows of the hosts that ended without a change. */
static void
note_hosts(struct ddns_ingest *ingest, const struct ddns_update *update)
{
	char name[DDNS_NAME_TEXT_MAX];

	for (size_t i = 0; i < update->hosts_count; i++) {
		const struct ddns_update_host *host = &update->hosts[i];

		if (host->name.len_bytes == 0 || (host->companion &&
		    host->code == DDNS_UPDATE_NOHOST))
			continue;
		ddns_name_format(&host->name, name);
		if (host->warn && host->code == DDNS_UPDATE_GOOD)
			ddns_log(DDNS_LOG_WARNING, "update of host=%s by "
			    "credential=%s: %s", DDNS_Q(name),
			    DDNS_Q(update->who.credential), host->reason);
		if (host->code != DDNS_UPDATE_GOOD)
			note(ingest, &update->actor, update->who.cred_id,
			    name, type_of(update),
			    ddns_update_code_text(host->code), host->reason,
			    host->code == DDNS_UPDATE_NOCHG);
	}
}

static void
pending_free(struct pending *pending)
{
	if (pending == NULL)
		return;
	ddns_update_done(&pending->update);
	free(pending);
}

static void
answer(struct pending *pending)
{
	const struct ddns_reply_rule *rule;
	struct ddns_buf body = { 0 };

	note_hosts(pending->ingest, &pending->update);
	if (pending->exchange != NULL) {
		rule = ddns_reply_format(pending->client, &pending->update,
		    &body);
		pending->exchange->gone = NULL;
		send_reply(pending->exchange, rule, ddns_buf_span(&body));
	}
	ddns_buf_done(&body);
	pending_free(pending);
}

static void
on_gone(void *arg)
{
	struct pending *pending = arg;

	pending->exchange = NULL;
}

static void
on_letter(struct ddns_letter *letter)
{
	struct pending *pending = (struct pending *)((char *)letter -
	    offsetof(struct pending, letter));

	pending->ingest->pending--;
	if (pending->err != DDNS_OK) {
		ddns_log(DDNS_LOG_ERROR, "an update could not be stored: %s",
		    ddns_err_text(pending->err));
		ddns_update_fail(&pending->update);
	}
	answer(pending);
}

/* In the writer's thread. */
static void
on_done(enum ddns_err err, void *arg)
{
	struct ddns_update *update = arg;
	struct pending *pending = (struct pending *)((char *)update -
	    offsetof(struct pending, update));

	pending->err = err;
	ddns_mailbox_post(pending->ingest->mailbox, &pending->letter);
}

/* ---- the credential ---- */

static void
actor_of(const struct visit *visit, const char *agent,
    struct ddns_actor *ret)
{
	struct ddns_unix_ms now = ddns_unix_ms_now();

	*ret = (struct ddns_actor){
		.protocol = "dyndns2",
		.account = visit->who.account,
		.credential = visit->who.credential,
		.user_agent = agent,
		.source = visit->from.source,
		.tls = visit->from.tls,
		.request = ddns_update_next_request(now),
		.now = now,
	};
}

/*
 * What strangers send must not fill the journal: beyond as many rows a minute
 * as failures are let pass, a source's attempts have no name and no agent any
 * more, and so become one row.
 */
static bool
is_shown(const struct visit *visit)
{
	uint64_t key = ddns_limit_key_source(visit->ingest->failures,
	    &visit->from.source);

	return visit->who.cred_id != 0 || ddns_limit_take(
	    visit->ingest->failures, ~key, ddns_mono_us_now());
}

static void
refuse_login(struct visit *visit, enum ddns_situation situation,
    const char *reason, bool harmless)
{
	const char *code = situation == DDNS_SITUATION_LIMITED ? "abuse" :
	    situation == DDNS_SITUATION_BUSY ? "911" : "badauth";
	char agent[DDNS_UPDATE_AGENT_MAX] = "", name[NAME_SHOWN_MAX] = "";
	struct ddns_actor actor;

	if (is_shown(visit)) {
		ddns_update_clean(ddns_http_get(&visit->exchange->request,
		    "User-Agent"), agent, sizeof(agent));
		shown_name(visit->form, name);
	}
	actor_of(visit, agent, &actor);
	note(visit->ingest, &actor, 0, name, DDNS_TYPE_ANY, code, reason,
	    harmless);
	send_code(visit->exchange, visit->client, situation, code);
}

/*
 * A valid credential always passes, however often others failed from the same
 * address; so it is judged first, and the brake is for failures alone.
 */
static void
refuse_failure(struct visit *visit, enum ddns_auth auth)
{
	uint64_t key = ddns_limit_key_source(visit->ingest->failures,
	    &visit->from.source);

	if (!ddns_limit_take(visit->ingest->failures, key,
	    ddns_mono_us_now()))
		refuse_login(visit, DDNS_SITUATION_LIMITED,
		    "too many wrong credentials from this source", false);
	else
		refuse_login(visit, DDNS_SITUATION_BADAUTH,
		    ddns_auth_text(auth), false);
}

static bool
login(struct visit *visit)
{
	struct ddns_ingest *ingest = visit->ingest;
	struct ddns_credentials credentials;
	enum ddns_credentials_from from;
	struct ddns_login login;
	enum ddns_auth auth = DDNS_AUTH_UNKNOWN;
	enum ddns_err err = DDNS_OK;

	ddns_credentials_find(&visit->exchange->request, visit->form,
	    &credentials);
	from = credentials.from;
	login = (struct ddns_login){
		.token = { (uint8_t *)credentials.token,
		    credentials.token_len_bytes },
		.tls = visit->from.tls,
		.in_url = from == DDNS_CREDENTIALS_URL,
	};
	if (from == DDNS_CREDENTIALS_HEADER || from == DDNS_CREDENTIALS_URL)
		err = ddns_update_authenticate(ingest->store, ingest->key,
		    &login, ddns_unix_s_now(), &visit->who, &auth);
	ddns_credentials_wipe(&credentials);
	if (err != DDNS_OK) {
		ddns_log(DDNS_LOG_ERROR, "cannot look up a credential: %s: "
		    "%s", ddns_err_text(err),
		    ddns_store_get_error(ingest->store));
		refuse_login(visit, DDNS_SITUATION_BUSY, ddns_err_text(err),
		    false);
		return false;
	}
	if (auth == DDNS_AUTH_OK)
		return true;
	/* GNU wget sends its password only after a challenge: no failure */
	if (from == DDNS_CREDENTIALS_NONE)
		refuse_login(visit, DDNS_SITUATION_BADAUTH,
		    "no credential was sent", true);
	else if (auth == DDNS_AUTH_NEEDS_TLS || auth == DDNS_AUTH_NOT_IN_URL)
		refuse_login(visit, DDNS_SITUATION_PLACE,
		    ddns_auth_text(auth), false);
	else
		refuse_failure(visit, auth);
	return false;
}

/* ---- the update ---- */

/* With hosts named, a line for each: ddclient 3.10 counts them. */
static void
refuse_all(struct visit *visit, enum ddns_update_code code,
    const char *reason)
{
	const char *word = ddns_update_code_text(code);
	enum ddns_situation situation = ddns_situation_of(code);
	const struct ddns_reply_rule *rule = ddns_reply_rule(visit->client,
	    situation);
	size_t lines = code == DDNS_UPDATE_NUMHOST ||
	    visit->request.hosts_count == 0 ? 1 : visit->request.hosts_count;
	char agent[DDNS_UPDATE_AGENT_MAX], name[NAME_SHOWN_MAX];
	struct ddns_buf body = { 0 };
	struct ddns_actor actor;

	ddns_update_clean(ddns_http_get(&visit->exchange->request,
	    "User-Agent"), agent, sizeof(agent));
	shown_name(visit->form, name);
	actor_of(visit, agent, &actor);
	note(visit->ingest, &actor, visit->who.cred_id, name, DDNS_TYPE_ANY,
	    word, reason, false);
	for (size_t i = 0; i < lines; i++)
		ddns_buf_putf(&body, "%s\n",
		    rule->word != NULL ? rule->word : word);
	send_reply(visit->exchange, rule, ddns_buf_span(&body));
	ddns_buf_done(&body);
}

static void
add_bad_host(struct visit *visit, const struct ddns_dyndns2_host *in,
    struct ddns_update *update, struct ddns_update_host *out)
{
	char text[NAME_SHOWN_MAX], name[NAME_SHOWN_MAX];
	size_t len = in->text_len < sizeof(text) ? in->text_len :
	    sizeof(text) - 1;

	memcpy(text, in->text, len);
	text[len] = '\0';
	ddns_update_clean(text, name, sizeof(name));
	out->code = DDNS_UPDATE_NOTFQDN;
	note(visit->ingest, &update->actor, update->who.cred_id, name,
	    type_of(update), "notfqdn", "not a full host name", false);
}

static enum ddns_err
add_hosts(struct visit *visit, struct ddns_update *update)
{
	const struct ddns_dyndns2 *request = &visit->request;
	size_t n = request->hosts_count;

	update->hosts = calloc(request->wildcard ? 2 * n : n,
	    sizeof(*update->hosts));
	if (update->hosts == NULL)
		return DDNS_ENOMEM;
	update->hosts_count = n;
	for (size_t i = 0; i < n; i++) {
		struct ddns_update_host *host = &update->hosts[i];

		host->name = request->hosts[i].name;
		if (host->name.len_bytes == 0)
			add_bad_host(visit, &request->hosts[i], update, host);
	}
	/* The wildcard rides along where it is a host of its own. */
	for (size_t i = 0; request->wildcard && i < n; i++) {
		struct ddns_update_host *host =
		    &update->hosts[update->hosts_count];

		if (update->hosts[i].name.len_bytes == 0 ||
		    ddns_name_wildcard(&update->hosts[i].name, &host->name) !=
		    DDNS_OK)
			continue;
		host->companion = true;
		update->hosts_count++;
	}
	return DDNS_OK;
}

static enum ddns_err
find_only_host(struct visit *visit)
{
	struct ddns_subject subject = { visit->who.cred_id,
		visit->who.account_id, visit->who.kind,
		visit->who.credential };
	struct ddns_dyndns2_host *host = &visit->request.hosts[0];
	enum ddns_err err;

	if (visit->request.hosts_count > 0)
		return DDNS_OK;
	err = ddns_update_only_host(visit->ingest->store, &subject,
	    &host->name);
	if (err == DDNS_OK)
		visit->request.hosts_count = 1;
	return err;
}

static void
run(struct visit *visit)
{
	struct ddns_ingest *ingest = visit->ingest;
	struct pending *pending = calloc(1, sizeof(*pending));
	struct ddns_update *update;
	bool write = false;
	enum ddns_err err;

	if (pending == NULL) {
		refuse_all(visit, DDNS_UPDATE_BUSY, "out of memory");
		return;
	}
	pending->ingest = ingest;
	pending->exchange = visit->exchange;
	pending->client = visit->client;
	pending->letter.open = on_letter;
	update = &pending->update;
	ddns_update_init(update, "dyndns2", &visit->who, &visit->from.source,
	    visit->from.tls, ddns_http_get(&visit->exchange->request,
	    "User-Agent"), ddns_unix_ms_now());
	memcpy(update->op, visit->request.op, sizeof(update->op));
	update->job.done = on_done;
	if (add_hosts(visit, update) != DDNS_OK) {
		pending_free(pending);
		refuse_all(visit, DDNS_UPDATE_BUSY, "out of memory");
		return;
	}
	err = ddns_update_evaluate(ingest->store, ingest->changes, update,
	    &write);
	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "cannot judge an update: %s: %s",
		    ddns_err_text(err), ddns_store_get_error(ingest->store));
	if (write && ddns_writer_submit(ingest->writer, &update->job) !=
	    DDNS_OK) {
		ddns_update_fail(update);
		write = false;
	}
	if (!write) {
		answer(pending);
		return;
	}
	ingest->pending++;
	visit->exchange->gone_arg = pending;
	visit->exchange->gone = on_gone;
}

static void
judge(struct visit *visit)
{
	enum ddns_err err;

	if (!login(visit))
		return;
	ddns_dyndns2_parse(visit->form, &visit->from.source,
	    &visit->request);
	if (visit->request.code != DDNS_UPDATE_GOOD) {
		refuse_all(visit, visit->request.code,
		    visit->request.reason);
		return;
	}
	err = find_only_host(visit);
	if (err == DDNS_ENOTFOUND)
		refuse_all(visit, DDNS_UPDATE_NOTFQDN, "no host was named, "
		    "and the credential is not for just one");
	else if (err != DDNS_OK)
		refuse_all(visit, DDNS_UPDATE_BUSY, ddns_err_text(err));
	else
		run(visit);
}

void
ddns_http_update(struct ddns_ingest *ingest,
    struct ddns_http_exchange *exchange, const struct ddns_form *form)
{
	struct visit visit = {
		.ingest = ingest,
		.exchange = exchange,
		.form = form,
		.from = ddns_forwarded_find(&exchange->request,
		    &exchange->peer, exchange->tls,
		    ingest->conf->trusted_proxies,
		    ingest->conf->trusted_proxies_count),
		.client = ddns_client_of(&exchange->request),
	};
	enum ddns_err err;

	/* One snapshot for all of it: one lock instead of one for each
	 * question, and the policy's number fits what was judged. */
	err = ddns_store_begin(ingest->store, DDNS_STORE_READ);
	if (err == DDNS_OK) {
		judge(&visit);
		ddns_store_rollback(ingest->store);
	} else {
		ddns_log(DDNS_LOG_ERROR, "cannot read the store: %s: %s",
		    ddns_err_text(err), ddns_store_get_error(ingest->store));
		refuse_login(&visit, DDNS_SITUATION_BUSY, ddns_err_text(err),
		    false);
	}
}
