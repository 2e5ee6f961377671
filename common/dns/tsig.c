/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signing and checking messages.
 *
 * A key holds a MAC context that was keyed once; EVP_MAC_init() without key or
 * parameters restarts it, which skips the two hash blocks of the key schedule
 * and every allocation, and is what makes TSIG cheaper than the system call
 * that brings the packet.  The part of the TSIG variables that does not change
 * (RFC 8945 s.4.3.3: names, class, TTL) is kept beside it.
 */
#include "common/dns/tsig.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/base/secret.h"

struct alg {
	const char *text, *digest;
	size_t mac_bytes;
};
#define ALG_ROW(code, text, digest, bytes) [code] = { text, digest, bytes },
static const struct alg algs[] = { DDNS_TSIG_ALG_MAP(ALG_ROW) };

struct ddns_tsig_key {
	struct ddns_name name, alg_name; /* lower-case */
	enum ddns_tsig_alg alg;
	EVP_MAC_CTX *mac;
	/* key name, class ANY, TTL 0, algorithm name */
	uint8_t vars[2 * DDNS_NAME_WIRE_MAX + 6];
	size_t vars_len_bytes;
};

/* The TSIG RR's data, as it stands in a message. */
struct tsig {
	struct ddns_name alg_name;
	uint64_t time_signed_s;
	uint16_t fudge_s;
	struct ddns_span mac;
	uint16_t original_id, error;
	struct ddns_span other;
};

/* ---- algorithms and keys ---- */

enum ddns_err
ddns_tsig_alg_parse(const char *text, enum ddns_tsig_alg *ret)
{
	size_t len = strlen(text);

	if (len > 0 && text[len - 1] == '.')
		len--;
	for (size_t i = 0; i < DDNS_COUNT(algs); i++)
		if (strlen(algs[i].text) == len &&
		    strncasecmp(text, algs[i].text, len) == 0) {
			*ret = (enum ddns_tsig_alg)i;
			return DDNS_OK;
		}
	return DDNS_EFORMAT;
}

const char *
ddns_tsig_alg_text(enum ddns_tsig_alg alg)
{
	return algs[alg].text;
}

size_t
ddns_tsig_alg_mac_bytes(enum ddns_tsig_alg alg)
{
	return algs[alg].mac_bytes;
}

static EVP_MAC_CTX *
mac_new(enum ddns_tsig_alg alg, struct ddns_span secret)
{
	char digest[8];
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_END
	};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;

	strcpy(digest, algs[alg].digest);
	if (mac != NULL && EVP_MAC_init(mac, secret.base, secret.len_bytes,
	    params) != 1) {
		EVP_MAC_CTX_free(mac);
		mac = NULL;
	}
	EVP_MAC_free(hmac); /* the context keeps its own reference */
	return mac;
}

static void
make_vars(struct ddns_tsig_key *key)
{
	static const uint8_t class_ttl[6] = { 0, DDNS_CLASS_ANY };
	uint8_t *p = key->vars;

	memcpy(p, key->name.wire, key->name.len_bytes);
	p += key->name.len_bytes;
	memcpy(p, class_ttl, sizeof(class_ttl));
	p += sizeof(class_ttl);
	memcpy(p, key->alg_name.wire, key->alg_name.len_bytes);
	p += key->alg_name.len_bytes;
	key->vars_len_bytes = (size_t)(p - key->vars);
}

enum ddns_err
ddns_tsig_key_new(const struct ddns_name *name, enum ddns_tsig_alg alg,
    struct ddns_span secret, struct ddns_tsig_key **ret)
{
	struct ddns_tsig_key *key;
	enum ddns_err err;

	if (secret.len_bytes == 0 || secret.len_bytes > DDNS_TSIG_SECRET_MAX)
		return DDNS_ERANGE;
	key = calloc(1, sizeof(*key));
	if (key == NULL)
		return DDNS_ENOMEM;
	key->alg = alg;
	key->name = *name;
	ddns_name_lower(&key->name);
	err = ddns_name_parse(algs[alg].text, &key->alg_name);
	if (err != DDNS_OK)
		goto out;
	make_vars(key);
	err = DDNS_ECRYPTO;
	key->mac = mac_new(alg, secret);
	if (key->mac == NULL)
		goto out;
	err = DDNS_OK;
	*ret = key;
	key = NULL; /* moved to the caller */
out:
	ddns_tsig_key_free(key);
	return err;
}

enum ddns_err
ddns_tsig_key_dup(const struct ddns_tsig_key *key, struct ddns_tsig_key **ret)
{
	struct ddns_tsig_key *dup = malloc(sizeof(*dup));

	if (dup == NULL)
		return DDNS_ENOMEM;
	*dup = *key;
	dup->mac = EVP_MAC_CTX_dup(key->mac);
	if (dup->mac == NULL) {
		free(dup);
		return DDNS_ECRYPTO;
	}
	*ret = dup;
	return DDNS_OK;
}

void
ddns_tsig_key_free(struct ddns_tsig_key *key)
{
	if (key == NULL)
		return;
	EVP_MAC_CTX_free(key->mac); /* wipes what it holds */
	free(key);
}

const struct ddns_name *
ddns_tsig_key_get_name(const struct ddns_tsig_key *key)
{
	return &key->name;
}

enum ddns_tsig_alg
ddns_tsig_key_get_alg(const struct ddns_tsig_key *key)
{
	return key->alg;
}

/* ---- the digest, RFC 8945 s.4.3 ---- */

static void
set_u48(uint8_t *p, uint64_t v)
{
	ddns_set_u16(p, (uint16_t)(v >> 32));
	ddns_set_u32(p + 2, (uint32_t)v);
}

static uint64_t
get_u48(const uint8_t *p)
{
	return (uint64_t)ddns_get_u16(p) << 32 | ddns_get_u32(p + 2);
}

static bool
digest_prior(struct ddns_tsig_key *key, const struct ddns_tsig_state *prior)
{
	uint8_t len[2];

	ddns_set_u16(len, (uint16_t)prior->mac_len_bytes);
	return EVP_MAC_update(key->mac, len, sizeof(len)) == 1 &&
	    EVP_MAC_update(key->mac, prior->mac, prior->mac_len_bytes) == 1;
}

/* The message as it was before TSIG was added: `msg` ends before it. */
static bool
digest_message(struct ddns_tsig_key *key, struct ddns_span msg,
    uint16_t original_id, unsigned arcount)
{
	uint8_t header[DDNS_MSG_HEADER_BYTES];

	memcpy(header, msg.base, sizeof(header));
	ddns_set_u16(header, original_id);
	ddns_set_u16(header + 10, (uint16_t)arcount);
	return EVP_MAC_update(key->mac, header, sizeof(header)) == 1 &&
	    EVP_MAC_update(key->mac, msg.base + sizeof(header),
	    msg.len_bytes - sizeof(header)) == 1;
}

/* The variables; in a stream, after the first, only the timers (s.5.3.1). */
static bool
digest_vars(struct ddns_tsig_key *key, const struct tsig *tsig, bool timers)
{
	uint8_t tail[6 + 2 + 2 + 2];

	set_u48(tail, tsig->time_signed_s);
	ddns_set_u16(tail + 6, tsig->fudge_s);
	if (timers)
		return EVP_MAC_update(key->mac, tail, 8) == 1;
	ddns_set_u16(tail + 8, tsig->error);
	ddns_set_u16(tail + 10, (uint16_t)tsig->other.len_bytes);
	return EVP_MAC_update(key->mac, key->vars, key->vars_len_bytes) == 1 &&
	    EVP_MAC_update(key->mac, tail, sizeof(tail)) == 1 &&
	    (tsig->other.len_bytes == 0 || EVP_MAC_update(key->mac,
	    tsig->other.base, tsig->other.len_bytes) == 1);
}

/* prior NULL: a request. */
static enum ddns_err
digest(struct ddns_tsig_key *key, const struct ddns_tsig_state *prior,
    struct ddns_span msg, unsigned arcount, const struct tsig *tsig,
    uint8_t ret[DDNS_TSIG_MAC_MAX])
{
	size_t len = 0;

	if (EVP_MAC_init(key->mac, NULL, 0, NULL) != 1 ||
	    (prior != NULL && !digest_prior(key, prior)) ||
	    !digest_message(key, msg, tsig->original_id, arcount) ||
	    !digest_vars(key, tsig, prior != NULL && prior->stream) ||
	    EVP_MAC_final(key->mac, ret, &len, DDNS_TSIG_MAC_MAX) != 1)
		return DDNS_ECRYPTO;
	assert(len == algs[key->alg].mac_bytes);
	return DDNS_OK;
}

/* ---- checking ---- */

/*
 * RFC 8945 s.4.2.  The algorithm's name must not be compressed, and the parts
 * must fill the rdata exactly.
 */
static enum ddns_err
read_tsig(struct ddns_span msg, const struct ddns_msg_rr *rr, struct tsig *ret)
{
	struct ddns_span rdata = { msg.base + rr->rdata, rr->rdata_len_bytes };
	size_t pos = 0;
	const uint8_t *p;

	if (rr->class != DDNS_CLASS_ANY || rr->ttl_s != 0 ||
	    ddns_name_read(rdata, &pos, &ret->alg_name) != DDNS_OK ||
	    rdata.len_bytes - pos < 10)
		return DDNS_EFORMAT;
	ddns_name_lower(&ret->alg_name);
	p = rdata.base + pos;
	ret->time_signed_s = get_u48(p);
	ret->fudge_s = ddns_get_u16(p + 6);
	ret->mac = (struct ddns_span){ p + 10, ddns_get_u16(p + 8) };
	pos += 10;
	if (rdata.len_bytes - pos < ret->mac.len_bytes ||
	    rdata.len_bytes - pos - ret->mac.len_bytes < 6)
		return DDNS_EFORMAT;
	p += 10 + ret->mac.len_bytes;
	pos += ret->mac.len_bytes + 6;
	ret->original_id = ddns_get_u16(p);
	ret->error = ddns_get_u16(p + 2);
	ret->other = (struct ddns_span){ p + 6, ddns_get_u16(p + 4) };
	return rdata.len_bytes - pos == ret->other.len_bytes ? DDNS_OK :
	    DDNS_EFORMAT;
}

static bool
in_time(const struct tsig *tsig, struct ddns_unix_s now)
{
	int64_t off = now.v - (int64_t)tsig->time_signed_s;

	return off <= tsig->fudge_s && -off <= tsig->fudge_s;
}

static struct ddns_span
before_tsig(struct ddns_span msg, const struct ddns_msg_extra *extra)
{
	return (struct ddns_span){ msg.base, extra->tsig.start };
}

/* ARCOUNT without the TSIG, which the scan has found there. */
static unsigned
arcount_before(struct ddns_span msg)
{
	return ddns_get_u16(msg.base + 10) - 1u;
}

/* `len` is what the hash allows, s.5.2.2.1. */
static bool
mac_len_fits(size_t len, enum ddns_tsig_alg alg)
{
	size_t full = algs[alg].mac_bytes, half = full / 2;

	return len <= full && len >= (half > 10 ? half : 10);
}

static enum ddns_err
deny(struct ddns_tsig_state *state, unsigned error, bool sign)
{
	state->error = error;
	state->sign = sign;
	return DDNS_EDENIED;
}

enum ddns_err
ddns_tsig_verify_request(struct ddns_span msg,
    const struct ddns_msg_extra *extra, ddns_tsig_find_fn *find, void *arg,
    struct ddns_unix_s now, size_t min_mac_bytes, struct ddns_tsig_state *ret,
    struct ddns_tsig_key **ret_key)
{
	uint8_t want[DDNS_TSIG_MAC_MAX];
	struct ddns_tsig_key *key;
	struct tsig tsig;
	enum ddns_err err;
	size_t full;

	*ret_key = NULL;
	if (!extra->has_tsig || read_tsig(msg, &extra->tsig, &tsig) != DDNS_OK)
		return DDNS_EFORMAT;
	*ret = (struct ddns_tsig_state){
		.key_name = extra->tsig.owner, .alg_name = tsig.alg_name,
		.time_signed_s = tsig.time_signed_s, .fudge_s = tsig.fudge_s,
		.original_id = tsig.original_id, .sign = true
	};
	ddns_name_lower(&ret->key_name);
	key = find(&ret->key_name, arg);
	if (key == NULL || !ddns_name_equal(&key->alg_name, &tsig.alg_name))
		return deny(ret, DDNS_RCODE_BADKEY, false);
	if (!mac_len_fits(tsig.mac.len_bytes, key->alg))
		return DDNS_EFORMAT;
	memcpy(ret->mac, tsig.mac.base, tsig.mac.len_bytes);
	ret->mac_len_bytes = tsig.mac.len_bytes;
	err = digest(key, NULL, before_tsig(msg, extra), arcount_before(msg),
	    &tsig, want);
	if (err != DDNS_OK)
		return err;
	if (!ddns_secret_equal(want, tsig.mac.base, tsig.mac.len_bytes))
		return deny(ret, DDNS_RCODE_BADSIG, false);
	*ret_key = key;
	if (!in_time(&tsig, now))
		return deny(ret, DDNS_RCODE_BADTIME, true);
	full = algs[key->alg].mac_bytes;
	if (tsig.mac.len_bytes < full && (min_mac_bytes == 0 ||
	    tsig.mac.len_bytes < min_mac_bytes))
		return deny(ret, DDNS_RCODE_BADTRUNC, true);
	return DDNS_OK;
}

static void
remember(struct ddns_tsig_state *state, struct ddns_span mac)
{
	if (mac.len_bytes != 0)
		memcpy(state->mac, mac.base, mac.len_bytes);
	state->mac_len_bytes = mac.len_bytes;
}

enum ddns_err
ddns_tsig_verify_answer(struct ddns_span msg,
    const struct ddns_msg_extra *extra, struct ddns_tsig_key *key,
    struct ddns_tsig_state *request, struct ddns_unix_s now,
    unsigned *ret_error)
{
	uint8_t want[DDNS_TSIG_MAC_MAX];
	struct tsig tsig;
	enum ddns_err err;

	*ret_error = 0;
	if (!extra->has_tsig ||
	    read_tsig(msg, &extra->tsig, &tsig) != DDNS_OK ||
	    !ddns_name_equal(&extra->tsig.owner, &key->name) ||
	    !ddns_name_equal(&tsig.alg_name, &key->alg_name))
		return DDNS_EDENIED;
	if (tsig.mac.len_bytes == 0 && (tsig.error == DDNS_RCODE_BADKEY ||
	    tsig.error == DDNS_RCODE_BADSIG))
		*ret_error = tsig.error;
	if (tsig.mac.len_bytes != algs[key->alg].mac_bytes)
		return DDNS_EDENIED;
	err = digest(key, request, before_tsig(msg, extra),
	    arcount_before(msg), &tsig, want);
	if (err != DDNS_OK)
		return err;
	if (!ddns_secret_equal(want, tsig.mac.base, tsig.mac.len_bytes))
		return DDNS_EDENIED;
	*ret_error = tsig.error;
	if (tsig.error != 0 || !in_time(&tsig, now))
		return DDNS_EDENIED;
	remember(request, tsig.mac);
	request->stream = true;
	return DDNS_OK;
}

/* ---- signing ---- */

static void
put_u48(struct ddns_buf *out, uint64_t v)
{
	uint8_t b[6];

	set_u48(b, v);
	ddns_buf_put(out, b, sizeof(b));
}

static void
put_rr(struct ddns_buf *out, const struct ddns_name *key_name,
    const struct tsig *tsig)
{
	ddns_buf_put(out, key_name->wire, key_name->len_bytes);
	ddns_buf_put_u16(out, DDNS_TYPE_TSIG);
	ddns_buf_put_u16(out, DDNS_CLASS_ANY);
	ddns_buf_put_u32(out, 0);
	ddns_buf_put_u16(out, (uint16_t)(tsig->alg_name.len_bytes + 16 +
	    tsig->mac.len_bytes + tsig->other.len_bytes));
	ddns_buf_put(out, tsig->alg_name.wire, tsig->alg_name.len_bytes);
	put_u48(out, tsig->time_signed_s);
	ddns_buf_put_u16(out, tsig->fudge_s);
	ddns_buf_put_u16(out, (uint16_t)tsig->mac.len_bytes);
	ddns_buf_put(out, tsig->mac.base, tsig->mac.len_bytes);
	ddns_buf_put_u16(out, tsig->original_id);
	ddns_buf_put_u16(out, tsig->error);
	ddns_buf_put_u16(out, (uint16_t)tsig->other.len_bytes);
	ddns_buf_put(out, tsig->other.base, tsig->other.len_bytes);
}

static struct tsig
tsig_of(const struct ddns_tsig_key *key, const struct ddns_tsig_state *state,
    uint16_t id, struct ddns_unix_s now)
{
	struct tsig tsig = {
		.alg_name = key != NULL ? key->alg_name : state->alg_name,
		.time_signed_s = (uint64_t)now.v, .fudge_s = DDNS_TSIG_FUDGE_S,
		.original_id = id
	};

	if (state == NULL)
		return tsig;
	tsig.original_id = state->original_id;
	tsig.error = (uint16_t)state->error;
	if (state->error == DDNS_RCODE_BADTIME) {
		tsig.time_signed_s = state->time_signed_s;
		tsig.fudge_s = state->fudge_s;
	}
	return tsig;
}

enum ddns_err
ddns_tsig_sign(struct ddns_buf *out, size_t msg_start,
    struct ddns_tsig_key *key, struct ddns_tsig_state *state,
    struct ddns_unix_s now, struct ddns_tsig_state *ret_request)
{
	uint8_t mac[DDNS_TSIG_MAC_MAX], server_time[6];
	size_t len = out->len_bytes;
	unsigned arcount;
	struct tsig tsig;
	uint8_t *msg;

	assert(key != NULL || state != NULL);
	if (out->err != DDNS_OK)
		return out->err;
	assert(len - msg_start >= DDNS_MSG_HEADER_BYTES);
	msg = out->base + msg_start;
	arcount = ddns_get_u16(msg + 10);
	tsig = tsig_of(key, state, ddns_get_u16(msg), now);
	if (tsig.error == DDNS_RCODE_BADTIME) {
		set_u48(server_time, (uint64_t)now.v);
		tsig.other = (struct ddns_span){ server_time, 6 };
	}
	if (key != NULL) {
		enum ddns_err err = digest(key, state, (struct ddns_span){
		    msg, len - msg_start }, arcount, &tsig, mac);

		if (err != DDNS_OK)
			return err;
		tsig.mac = (struct ddns_span){ mac,
			algs[key->alg].mac_bytes };
	}
	put_rr(out, key != NULL ? &key->name : &state->key_name, &tsig);
	if (out->err != DDNS_OK) {
		out->len_bytes = len;
		return out->err;
	}
	ddns_set_u16(out->base + msg_start + 10, (uint16_t)(arcount + 1));
	if (state != NULL) {
		remember(state, tsig.mac);
		state->stream = true;
	}
	if (ret_request != NULL) {
		*ret_request = (struct ddns_tsig_state){
			.key_name = key != NULL ? key->name : state->key_name,
			.alg_name = tsig.alg_name,
			.time_signed_s = tsig.time_signed_s,
			.fudge_s = tsig.fudge_s,
			.original_id = tsig.original_id, .sign = true
		};
		remember(ret_request, tsig.mac);
	}
	return DDNS_OK;
}
