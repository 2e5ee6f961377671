/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both keys come from the one in the file by HMAC-SHA256 with a label each, so
 * that a fault in one use says nothing of the other.
 */
#include "common/base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#define NONCE_BYTES 12
#define TAG_BYTES 16

enum ddns_err
ddns_random(void *out, size_t len_bytes)
{
	return RAND_bytes(out, (int)len_bytes) == 1 ? DDNS_OK : DDNS_ECRYPTO;
}

bool
ddns_secret_equal(const void *a, const void *b, size_t len_bytes)
{
	return CRYPTO_memcmp(a, b, len_bytes) == 0;
}

void
ddns_wipe(void *p, size_t len_bytes)
{
	if (p != NULL)
		OPENSSL_cleanse(p, len_bytes);
}

void
ddns_secret_key_wipe(struct ddns_secret_key *key)
{
	ddns_wipe(key, sizeof(*key));
}

static enum ddns_err
hmac(const uint8_t key[32], struct ddns_span in, uint8_t ret[DDNS_HASH_BYTES])
{
	unsigned int len = 0;

	if (HMAC(EVP_sha256(), key, 32, in.base, in.len_bytes, ret, &len) ==
	    NULL || len != DDNS_HASH_BYTES)
		return DDNS_ECRYPTO;
	return DDNS_OK;
}

static enum ddns_err
derive(const uint8_t master[32], const char *label, uint8_t ret[32])
{
	return hmac(master,
	    (struct ddns_span){ (const uint8_t *)label, strlen(label) }, ret);
}

static enum ddns_err
read_key_file(const char *path, char *text, size_t cap, size_t *ret_len)
{
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? DDNS_ENOTFOUND : DDNS_EIO;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return DDNS_EIO;
	}
	if ((st.st_mode & 027) != 0) { /* group may read, nobody else */
		close(fd);
		return DDNS_EDENIED;
	}
	n = read(fd, text, cap);
	close(fd);
	if (n < 0)
		return DDNS_EIO;
	*ret_len = (size_t)n;
	return DDNS_OK;
}

enum ddns_err
ddns_secret_key_load(const char *path, struct ddns_secret_key *ret)
{
	struct ddns_secret_key key;
	uint8_t master[32];
	char text[128];
	size_t len = 0, n = 0;
	enum ddns_err err;

	err = read_key_file(path, text, sizeof(text), &len);
	if (err != DDNS_OK)
		return err;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	err = ddns_base64_decode(text, len, master, sizeof(master), &n);
	if (err == DDNS_OK && n != sizeof(master))
		err = DDNS_EFORMAT;
	if (err == DDNS_ENOSPACE)
		err = DDNS_EFORMAT;
	if (err == DDNS_OK)
		err = derive(master, "ddnsd token 1", key.token_key);
	if (err == DDNS_OK)
		err = derive(master, "ddnsd seal 1", key.seal_key);
	if (err == DDNS_OK)
		*ret = key;
	ddns_wipe(text, sizeof(text));
	ddns_wipe(master, sizeof(master));
	ddns_wipe(&key, sizeof(key));
	return err;
}

enum ddns_err
ddns_secret_key_create(const char *path)
{
	struct ddns_buf line = { 0 };
	uint8_t master[32];
	enum ddns_err err;
	int fd;

	err = ddns_random(master, sizeof(master));
	if (err != DDNS_OK)
		return err;
	ddns_base64_encode(&line, (struct ddns_span){ master, 32 });
	ddns_buf_put_u8(&line, '\n');
	ddns_wipe(master, sizeof(master));
	err = line.err;
	if (err != DDNS_OK)
		goto out;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = errno == EEXIST ? DDNS_EEXIST : DDNS_EIO;
		goto out;
	}
	if (write(fd, line.base, line.len_bytes) != (ssize_t)line.len_bytes ||
	    fsync(fd) != 0)
		err = DDNS_EIO;
	if (close(fd) != 0)
		err = DDNS_EIO;
	if (err != DDNS_OK)
		unlink(path);
out:
	ddns_wipe(line.base, line.len_bytes);
	ddns_buf_done(&line);
	return err;
}

enum ddns_err
ddns_secret_hash(const struct ddns_secret_key *key, struct ddns_span in,
    uint8_t ret[DDNS_HASH_BYTES])
{
	return hmac(key->token_key, in, ret);
}

enum ddns_err
ddns_secret_seal(const struct ddns_secret_key *key, struct ddns_span aad,
    struct ddns_span in, struct ddns_buf *out)
{
	EVP_CIPHER_CTX *ctx = NULL;
	uint8_t *p;
	int n = 0;
	enum ddns_err err = DDNS_ECRYPTO;

	if (!ddns_buf_reserve(out, in.len_bytes + DDNS_SEAL_OVERHEAD_BYTES))
		return out->err;
	p = out->base + out->len_bytes;
	if (ddns_random(p, NONCE_BYTES) != DDNS_OK)
		return DDNS_ECRYPTO;
	ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL)
		return DDNS_ENOMEM;
	if (EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->seal_key,
	    p) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &n, aad.base,
	    (int)aad.len_bytes) != 1 ||
	    EVP_EncryptUpdate(ctx, p + NONCE_BYTES, &n, in.base,
	    (int)in.len_bytes) != 1 ||
	    EVP_EncryptFinal_ex(ctx, p + NONCE_BYTES + n, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES,
	    p + NONCE_BYTES + in.len_bytes) != 1)
		goto out;
	out->len_bytes += in.len_bytes + DDNS_SEAL_OVERHEAD_BYTES;
	err = DDNS_OK;
out:
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

enum ddns_err
ddns_secret_open(const struct ddns_secret_key *key, struct ddns_span aad,
    struct ddns_span in, struct ddns_buf *out)
{
	EVP_CIPHER_CTX *ctx = NULL;
	uint8_t tag[TAG_BYTES];
	size_t len;
	uint8_t *p;
	int n = 0;
	enum ddns_err err = DDNS_EDENIED;

	if (in.len_bytes < DDNS_SEAL_OVERHEAD_BYTES)
		return DDNS_EDENIED;
	len = in.len_bytes - DDNS_SEAL_OVERHEAD_BYTES;
	if (!ddns_buf_reserve(out, len))
		return out->err;
	p = out->base + out->len_bytes;
	memcpy(tag, in.base + NONCE_BYTES + len, sizeof(tag));
	ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL)
		return DDNS_ENOMEM;
	if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->seal_key,
	    in.base) != 1 ||
	    EVP_DecryptUpdate(ctx, NULL, &n, aad.base,
	    (int)aad.len_bytes) != 1 ||
	    EVP_DecryptUpdate(ctx, p, &n, in.base + NONCE_BYTES,
	    (int)len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES,
	    tag) != 1 ||
	    EVP_DecryptFinal_ex(ctx, p + n, &n) != 1) {
		ddns_wipe(p, len);
		goto out;
	}
	out->len_bytes += len;
	err = DDNS_OK;
out:
	EVP_CIPHER_CTX_free(ctx);
	return err;
}
