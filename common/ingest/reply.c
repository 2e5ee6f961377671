/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/ingest/reply.h"

#include <strings.h>
#include <string.h>

#define WAIT_S 60

/*
 * Lines: situations.  A request with several hosts is always 200 with a line
 * each, but for OPNsense when none of them went well: the status would hide
 * the lines that are good.
 */
static const struct ddns_reply_rule
    rules[DDNS_CLIENTS][DDNS_SITUATIONS] = {
	[DDNS_CLIENT_OTHER] = {
		[DDNS_SITUATION_OK] = { 200, NULL, 0 },
		[DDNS_SITUATION_BADAUTH] = { 401, "badauth", 0 },
		[DDNS_SITUATION_PLACE] = { 403, "badauth", 0 },
		[DDNS_SITUATION_NOHOST] = { 200, NULL, 0 },
		[DDNS_SITUATION_VALUE] = { 200, NULL, 0 },
		[DDNS_SITUATION_LIMITED] = { 429, "abuse", WAIT_S },
		[DDNS_SITUATION_BLOCKED] = { 403, "abuse", 0 },
		[DDNS_SITUATION_BUSY] = { 503, "911", WAIT_S },
	},
	[DDNS_CLIENT_DDCLIENT3] = {
		[DDNS_SITUATION_OK] = { 200, NULL, 0 },
		[DDNS_SITUATION_BADAUTH] = { 401, "badauth", 0 },
		[DDNS_SITUATION_PLACE] = { 200, "badauth", 0 },
		[DDNS_SITUATION_NOHOST] = { 200, NULL, 0 },
		[DDNS_SITUATION_VALUE] = { 200, NULL, 0 },
		[DDNS_SITUATION_LIMITED] = { 200, "abuse", WAIT_S },
		[DDNS_SITUATION_BLOCKED] = { 200, "abuse", 0 },
		[DDNS_SITUATION_BUSY] = { 200, "911", WAIT_S },
	},
	[DDNS_CLIENT_INADYN] = {
		[DDNS_SITUATION_OK] = { 200, NULL, 0 },
		[DDNS_SITUATION_BADAUTH] = { 401, "badauth", 0 },
		[DDNS_SITUATION_PLACE] = { 403, "badauth", 0 },
		[DDNS_SITUATION_NOHOST] = { 200, NULL, 0 },
		[DDNS_SITUATION_VALUE] = { 200, NULL, 0 },
		[DDNS_SITUATION_LIMITED] = { 503, "911", WAIT_S },
		[DDNS_SITUATION_BLOCKED] = { 403, "abuse", 0 },
		[DDNS_SITUATION_BUSY] = { 503, "911", WAIT_S },
	},
	[DDNS_CLIENT_OPNSENSE] = {
		[DDNS_SITUATION_OK] = { 200, NULL, 0 },
		[DDNS_SITUATION_BADAUTH] = { 401, "badauth", 0 },
		[DDNS_SITUATION_PLACE] = { 403, "badauth", 0 },
		[DDNS_SITUATION_NOHOST] = { 404, NULL, 0 },
		[DDNS_SITUATION_VALUE] = { 400, NULL, 0 },
		[DDNS_SITUATION_LIMITED] = { 429, "abuse", WAIT_S },
		[DDNS_SITUATION_BLOCKED] = { 403, "abuse", 0 },
		[DDNS_SITUATION_BUSY] = { 503, "911", WAIT_S },
	},
};

static const struct {
	const char *prefix;
	enum ddns_client client;
} agents[] = {
	{ "ddclient/3", DDNS_CLIENT_DDCLIENT3 },
	{ "inadyn/", DDNS_CLIENT_INADYN },
	{ "OPNsense-dyndns", DDNS_CLIENT_OPNSENSE },
	{ "python-requests/", DDNS_CLIENT_OPNSENSE },
};

/*
 * inadyn sends whatever user agent it is configured with; what gives it away
 * is HTTP/1.0 with Basic and without Accept.
 */
static bool
is_disguised_inadyn(const struct ddns_http_request *request)
{
	const char *auth = ddns_http_get(request, "Authorization");

	return request->minor == 0 && auth != NULL &&
	    strncasecmp(auth, "Basic ", 6) == 0 &&
	    ddns_http_get(request, "Accept") == NULL;
}

enum ddns_client
ddns_client_of(const struct ddns_http_request *request)
{
	const char *agent = ddns_http_get(request, "User-Agent");

	for (size_t i = 0; agent != NULL && i < DDNS_COUNT(agents); i++)
		if (strncmp(agent, agents[i].prefix,
		    strlen(agents[i].prefix)) == 0)
			return agents[i].client;
	return is_disguised_inadyn(request) ? DDNS_CLIENT_INADYN :
	    DDNS_CLIENT_OTHER;
}

const struct ddns_reply_rule *
ddns_reply_rule(enum ddns_client client, enum ddns_situation situation)
{
	return &rules[client][situation];
}

enum ddns_situation
ddns_situation_of(enum ddns_update_code code)
{
	switch (code) {
	case DDNS_UPDATE_GOOD:
	case DDNS_UPDATE_NOCHG:
		return DDNS_SITUATION_OK;
	case DDNS_UPDATE_NOHOST:
		return DDNS_SITUATION_NOHOST;
	case DDNS_UPDATE_NOTFQDN:
	case DDNS_UPDATE_NUMHOST:
	case DDNS_UPDATE_DNSERR:
	case DDNS_UPDATE_DONATOR:
		return DDNS_SITUATION_VALUE;
	case DDNS_UPDATE_ABUSE:
		return DDNS_SITUATION_LIMITED;
	case DDNS_UPDATE_BLOCKED:
		return DDNS_SITUATION_BLOCKED;
	case DDNS_UPDATE_BUSY:
		return DDNS_SITUATION_BUSY;
	}
	return DDNS_SITUATION_BUSY;
}

/* "good 198.51.100.7,2001:db8::7"; nothing else ever stands in a line. */
static void
put_line(const struct ddns_update *update, enum ddns_update_code code,
    const char *word, struct ddns_buf *body)
{
	char addr[DDNS_ADDR_TEXT_MAX];
	char mark = ' ';

	ddns_buf_put_text(body,
	    word != NULL ? word : ddns_update_code_text(code));
	for (int f = 0; ddns_situation_of(code) == DDNS_SITUATION_OK &&
	    f < DDNS_FAMILIES; f++) {
		if (update->op[f].op != DDNS_OP_SET)
			continue;
		ddns_addr_format(&update->op[f].addr, addr);
		ddns_buf_putf(body, "%c%s", mark, addr);
		mark = ',';
	}
	ddns_buf_put_u8(body, '\n');
}

const struct ddns_reply_rule *
ddns_reply_format(enum ddns_client client, const struct ddns_update *update,
    struct ddns_buf *body)
{
	const struct ddns_reply_rule *first_bad = NULL;
	const struct ddns_reply_rule *rule = NULL;
	unsigned lines = 0, good = 0;

	for (size_t i = 0; i < update->hosts_count; i++)
		lines += update->hosts[i].companion ? 0 : 1;
	for (size_t i = 0; i < update->hosts_count; i++) {
		const struct ddns_update_host *host = &update->hosts[i];
		enum ddns_situation situation = ddns_situation_of(host->code);

		if (host->companion)
			continue;
		rule = ddns_reply_rule(client, situation);
		if (situation == DDNS_SITUATION_OK)
			good++;
		else if (first_bad == NULL)
			first_bad = rule;
		put_line(update, host->code, lines == 1 ? rule->word : NULL,
		    body);
	}
	if (rule != NULL && lines == 1)
		return rule;
	if (client == DDNS_CLIENT_OPNSENSE && good == 0 && first_bad != NULL)
		return first_bad;
	return ddns_reply_rule(client, DDNS_SITUATION_OK);
}
