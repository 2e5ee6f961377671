/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_TLS_H
#define DDNS_INGEST_TLS_H

#include <openssl/ssl.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

/*
 * The server side of TLS 1.2 and 1.3 with this certificate (chain) and key.
 * On a mistake `why` says which file and what.  Connections keep the context
 * they began with, so a new one replaces it without anybody noticing.
 */
enum ddns_err ddns_tls_ctx_new(const char *certificate, const char *key,
    SSL_CTX **ret, struct ddns_buf *why) DDNS_MUST_CHECK;

#endif
