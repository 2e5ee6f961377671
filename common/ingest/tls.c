/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/ingest/tls.h"

#include <openssl/err.h>

/* Forward secrecy and AEAD only; all that speaks TLS 1.2 at all has these. */
#define CIPHERS_TLS12 \
	"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20"

static enum ddns_err
fail(struct ddns_buf *why, const char *what, const char *file)
{
	unsigned long code = ERR_get_error();
	char text[256];

	ERR_error_string_n(code, text, sizeof(text));
	ddns_buf_putf(why, "%s %s: %s", what, file,
	    code != 0 ? text : "unknown error");
	ERR_clear_error();
	return DDNS_EFORMAT;
}

enum ddns_err
ddns_tls_ctx_new(const char *certificate, const char *key, SSL_CTX **ret,
    struct ddns_buf *why)
{
	SSL_CTX *ctx;
	enum ddns_err err = DDNS_OK;

	ERR_clear_error();
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL)
		return DDNS_ENOMEM;
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* An idle connection need not hold 34 KiB of buffers. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets */
	SSL_CTX_set_dh_auto(ctx, 1);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, CIPHERS_TLS12) != 1)
		err = fail(why, "TLS of", "this OpenSSL");
	else if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		err = fail(why, "tls-certificate", certificate);
	else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		err = fail(why, "tls-key", key);
	else if (SSL_CTX_check_private_key(ctx) != 1)
		err = fail(why, "tls-key does not fit the certificate", key);
	if (err != DDNS_OK) {
		SSL_CTX_free(ctx);
		return err;
	}
	*ret = ctx;
	return DDNS_OK;
}
