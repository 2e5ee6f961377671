/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_CREDENTIALS_H
#define DDNS_INGEST_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/ingest/form.h"
#include "common/ingest/http_parse.h"

/*
 * Where clients put their token: Authorization (Basic: the password, Bearer,
 * Token), X-Api-Key, or the parameters that routers with nothing but a URL
 * field use.  The user name is not needed and not looked at.  Pure.
 */
#define DDNS_CREDENTIALS_MAX 512 /* bytes of a token; ours have 37 */

enum ddns_credentials_from {
	DDNS_CREDENTIALS_NONE,    /* nothing offered: challenge */
	DDNS_CREDENTIALS_BROKEN,  /* offered, but not readable */
	DDNS_CREDENTIALS_HEADER,
	DDNS_CREDENTIALS_URL
};

struct ddns_credentials {
	enum ddns_credentials_from from;
	char token[DDNS_CREDENTIALS_MAX];
	size_t token_len_bytes;
};

/* The first place that holds one.  Wipe with ddns_credentials_wipe(). */
void ddns_credentials_find(const struct ddns_http_request *request,
    const struct ddns_form *form, struct ddns_credentials *ret);
void ddns_credentials_wipe(struct ddns_credentials *credentials);

/* The value of an Authorization header alone. */
void ddns_credentials_parse(const char *value, struct ddns_credentials *ret);

/* May a form parameter of this name hold a secret?  Then it is never logged. */
bool ddns_credentials_is_param(const char *name);

#endif
