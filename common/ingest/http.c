/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/ingest/http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/ingest/credentials.h"
#include "common/ingest/forwarded.h"

#define PATH_SHOWN_MAX 80
#define SEGMENT_SHOWN_MAX 16

enum page { PAGE_UPDATE, PAGE_MAYBE_UPDATE, PAGE_CHECKIP, PAGE_MYIP,
	PAGE_MYIP_JSON, PAGE_NONE };

static const struct {
	const char *path;
	enum page page;
} pages[] = {
	{ "/nic/update", PAGE_UPDATE },
	{ "/v3/update", PAGE_UPDATE },
	{ "/v2/update", PAGE_UPDATE },
	{ "/dyndns/update", PAGE_UPDATE },
	{ "/update", PAGE_MAYBE_UPDATE }, /* DuckDNS and others share it */
	{ "/checkip", PAGE_CHECKIP },
	{ "/checkip/", PAGE_CHECKIP },
	{ "/myip", PAGE_MYIP },
	{ "/api/v1/myip", PAGE_MYIP_JSON },
};

void
ddns_http_reply_text(struct ddns_http_exchange *exchange, int status,
    const char *text, const char *headers)
{
	struct ddns_http_reply reply = { .status = status,
		.body = { (const uint8_t *)text, strlen(text) },
		.headers = headers };

	ddns_http_exchange_reply(exchange, &reply);
}

static void
reply_myip(const struct ddns_ingest *ingest,
    struct ddns_http_exchange *exchange, enum page page)
{
	struct ddns_forwarded from = ddns_forwarded_find(&exchange->request,
	    &exchange->peer, exchange->tls, ingest->conf->trusted_proxies,
	    ingest->conf->trusted_proxies_count);
	struct ddns_http_reply reply = { .status = 200 };
	struct ddns_buf body = { 0 };
	char addr[DDNS_ADDR_TEXT_MAX];

	ddns_addr_format(&from.source, addr);
	if (page == PAGE_CHECKIP) { /* Dyn's page, word for word */
		reply.type = "text/html";
		ddns_buf_putf(&body, "<html><head><title>Current IP Check"
		    "</title></head><body>Current IP Address: %s</body>"
		    "</html>\r\n", addr);
	} else if (page == PAGE_MYIP_JSON) {
		reply.type = "application/json";
		ddns_buf_putf(&body,
		    "{\"ip\":\"%s\",\"family\":%d,\"cgnat\":%s}\n", addr,
		    from.source.family == AF_INET ? 4 : 6,
		    ddns_addr_classify(&from.source) == DDNS_ADDR_CGNAT ?
		    "true" : "false");
	} else {
		ddns_buf_putf(&body, "%s\n", addr);
	}
	reply.body = ddns_buf_span(&body);
	ddns_http_exchange_reply(exchange, &reply);
	ddns_buf_done(&body);
}

static enum page
find_page(const char *path)
{
	for (size_t i = 0; i < DDNS_COUNT(pages); i++)
		if (strcmp(path, pages[i].path) == 0)
			return pages[i].page;
	return PAGE_NONE;
}

static bool
is_form(const struct ddns_http_request *request)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = ddns_http_get(request, "Content-Type");

	return type == NULL || (strncasecmp(type, form,
	    sizeof(form) - 1) == 0 && (type[sizeof(form) - 1] == '\0' ||
	    strchr("; \t", type[sizeof(form) - 1]) != NULL));
}

static void
reply_update(struct ddns_ingest *ingest,
    struct ddns_http_exchange *exchange, enum page page)
{
	struct ddns_http_request *request = &exchange->request;
	struct ddns_form form = { .count = 0 };

	if (request->content_length > 0 && !is_form(request)) {
		ddns_http_reply_text(exchange, 415,
		    "a form is wanted\n", NULL);
		return;
	}
	ddns_form_parse(request->query, &form);
	if (exchange->body != NULL)
		ddns_form_parse(exchange->body, &form);
	if (page == PAGE_UPDATE || ddns_form_get(&form, "hostname") != NULL) {
		ddns_http_update(ingest, exchange, &form);
	} else {
		ddns_http_reply_text(exchange, 404, "Not Found\n", NULL);
	}
}

/* Other services have tokens in the path, and those are long. */
static void
shown_path(const char *path, char out[PATH_SHOWN_MAX])
{
	size_t n = 0;

	while (*path != '\0' && n + SEGMENT_SHOWN_MAX + 2 < PATH_SHOWN_MAX) {
		size_t len = strcspn(path + 1, "/");

		out[n++] = '/';
		if (len > SEGMENT_SHOWN_MAX) {
			out[n++] = '*';
		} else {
			memcpy(out + n, path + 1, len);
			n += len;
		}
		path += 1 + len;
	}
	out[n] = '\0';
}

/*
 * A path that somebody mistyped in a router: the log should say so, but not as
 * often as a stranger likes.  The key is not that of his wrong credentials.
 */
static void
reply_none(const struct ddns_ingest *ingest,
    struct ddns_http_exchange *exchange)
{
	uint64_t key = ~ddns_limit_key_source(ingest->failures,
	    &exchange->peer);
	char source[DDNS_ADDR_TEXT_MAX], path[PATH_SHOWN_MAX];

	ddns_addr_format(&exchange->peer, source);
	shown_path(exchange->request.path, path);
	if (strstr(exchange->request.query, "hostname=") != NULL &&
	    ddns_limit_take(ingest->failures, key, ddns_mono_us_now()))
		ddns_log(DDNS_LOG_INFO, "what looks like a dyndns2 update "
		    "came to the unknown path %s from %s; it is /nic/update",
		    DDNS_Q(path), source);
	ddns_http_reply_text(exchange, 404, "Not Found\n", NULL);
}

void
ddns_http_handle(struct ddns_http_exchange *exchange, void *arg)
{
	const char *method = exchange->request.method;
	enum page page = find_page(exchange->request.path);
	bool is_get = strcmp(method, "GET") == 0;
	bool is_update = page == PAGE_UPDATE || page == PAGE_MAYBE_UPDATE;

	if (page == PAGE_NONE) {
		reply_none(arg, exchange);
	} else if (!is_get && !(is_update && strcmp(method, "POST") == 0)) {
		/* HEAD too: it must not change anything */
		ddns_http_reply_text(exchange, 405, "Method Not Allowed\n",
		    is_update ? "Allow: GET, POST\r\n" : "Allow: GET\r\n");
	} else if (is_update) {
		reply_update(arg, exchange, page);
	} else {
		reply_myip(arg, exchange, page);
	}
}
