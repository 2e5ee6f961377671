/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/ingest/credentials.h"

#include <string.h>
#include <strings.h>

#include "common/base/bytes.h"
#include "common/base/secret.h"

/* Synology, QNAP, HE and DuckDNS words for the same thing. */
static const char *const params[] = { "password", "pass", "token", "key" };

void
ddns_credentials_wipe(struct ddns_credentials *credentials)
{
	ddns_wipe(credentials, sizeof(*credentials));
}

bool
ddns_credentials_is_param(const char *name)
{
	for (size_t i = 0; i < DDNS_COUNT(params); i++)
		if (strcasecmp(name, params[i]) == 0)
			return true;
	return false;
}

static void
take(struct ddns_credentials *ret, enum ddns_credentials_from from,
    const char *token, size_t len)
{
	ret->from = DDNS_CREDENTIALS_BROKEN;
	if (len == 0 || len > sizeof(ret->token))
		return;
	for (size_t i = 0; i < len; i++)
		if (token[i] == '\0' || token[i] == '\r' || token[i] == '\n')
			return;
	memmove(ret->token, token, len);
	ret->token_len_bytes = len;
	ret->from = from;
}

/* RFC 7617 s.2: the user name ends at the first colon. */
static void
take_basic(struct ddns_credentials *ret, const char *text)
{
	char plain[DDNS_CREDENTIALS_MAX + 256];
	const char *colon;
	size_t len;

	ret->from = DDNS_CREDENTIALS_BROKEN;
	if (ddns_base64_decode(text, strlen(text), (uint8_t *)plain,
	    sizeof(plain), &len) != DDNS_OK)
		return;
	colon = memchr(plain, ':', len);
	if (colon != NULL)
		take(ret, DDNS_CREDENTIALS_HEADER, colon + 1,
		    len - (size_t)(colon + 1 - plain));
	ddns_wipe(plain, sizeof(plain));
}

/* The text behind the scheme, or NULL when it is another scheme. */
static const char *
after_scheme(const char *value, const char *scheme)
{
	size_t len = strlen(scheme);

	if (strncasecmp(value, scheme, len) != 0 ||
	    (value[len] != ' ' && value[len] != '\t'))
		return NULL;
	return value + len + strspn(value + len, " \t");
}

void
ddns_credentials_parse(const char *value, struct ddns_credentials *ret)
{
	const char *text;

	memset(ret, 0, sizeof(*ret));
	if ((text = after_scheme(value, "Basic")) != NULL) {
		take_basic(ret, text);
	} else if ((text = after_scheme(value, "Bearer")) != NULL ||
	    (text = after_scheme(value, "Token")) != NULL) {
		take(ret, DDNS_CREDENTIALS_HEADER, text, strlen(text));
	} else {
		ret->from = DDNS_CREDENTIALS_BROKEN;
	}
}

void
ddns_credentials_find(const struct ddns_http_request *request,
    const struct ddns_form *form, struct ddns_credentials *ret)
{
	const char *value;

	memset(ret, 0, sizeof(*ret));
	if ((value = ddns_http_get(request, "Authorization")) != NULL)
		ddns_credentials_parse(value, ret);
	else if ((value = ddns_http_get(request, "X-Api-Key")) != NULL)
		take(ret, DDNS_CREDENTIALS_HEADER, value, strlen(value));
	else
		for (size_t i = 0; i < DDNS_COUNT(params); i++)
			if ((value = ddns_form_get(form, params[i])) != NULL) {
				take(ret, DDNS_CREDENTIALS_URL, value,
				    strlen(value));
				break;
			}
}
