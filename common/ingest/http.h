/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_HTTP_H
#define DDNS_INGEST_HTTP_H

#include "common/ingest/form.h"
#include "common/ingest/ingest.h"
#include "common/ingest/server.h"

/*
 * The HTTP front end: what is asked on which path.  arg is the struct
 * ddns_ingest.
 */
void ddns_http_handle(struct ddns_http_exchange *exchange, void *arg);

/* ---- for its parts ---- */

/* The dyndns2 update; form: query and body together, borrowed for the call. */
void ddns_http_update(struct ddns_ingest *ingest,
    struct ddns_http_exchange *exchange, const struct ddns_form *form);

/* A short text as the whole body. */
void ddns_http_reply_text(struct ddns_http_exchange *exchange, int status,
    const char *text, const char *headers);

#endif
