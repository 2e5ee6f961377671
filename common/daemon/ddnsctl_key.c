/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TSIG keys.  The secret is random, or comes from a file, never from the
 * command line; the store holds it sealed by the key file, bound to the key's
 * name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon/ddnsctl.h"
#include "common/update/authenticate.h"

#define SECRET_MIN_BYTES 16 /* 128 bits */
#define SECRET_LINE_MAX 1024
#define VALID_SECRETS_MAX 4 /* that the DNS port tries for one name */
#define ALGS "hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512"

struct secret {
	enum ddns_tsig_alg alg;
	uint8_t bytes[DDNS_TSIG_SECRET_MAX];
	size_t len_bytes;
};

static bool
take_alg(struct ctl *ctl, enum ddns_tsig_alg *ret)
{
	const char *text = ctl_opt(ctl, "--alg");

	if (text == NULL)
		return true;
	if (ddns_tsig_alg_parse(text, ret) != DDNS_OK)
		return ctl_usage(ctl, "--alg: \"%s\" is none of hmac-sha1, "
		    ALGS, text);
	if (!ctl_conf(ctl))
		return false;
	if (*ret == DDNS_TSIG_HMAC_SHA1 && !ctl->conf->tsig_sha1)
		return ctl_fail(ctl, "--alg: hmac-sha1 is off (allow-hmac-sha1 "
		    "of the configuration); wanted: " ALGS);
	return true;
}

/* One line of base64 from a file or from standard input. */
static bool
read_secret(struct ctl *ctl, const char *path, struct secret *ret)
{
	bool from_stdin = strcmp(path, "-") == 0, got;
	FILE *file = from_stdin ? stdin : fopen(path, "r");
	char line[SECRET_LINE_MAX];
	enum ddns_err err;

	if (file == NULL)
		return ctl_fail(ctl, "--secret-file: cannot open \"%s\": %s",
		    path, strerror(errno));
	setbuf(file, NULL); /* no copy of the secret behind our back */
	got = fgets(line, sizeof(line), file) != NULL;
	if (!from_stdin)
		fclose(file);
	if (!got)
		return ctl_fail(ctl, "--secret-file: nothing in it");
	line[strcspn(line, " \t\r\n")] = '\0';
	err = ddns_base64_decode(line, strlen(line), ret->bytes,
	    sizeof(ret->bytes), &ret->len_bytes);
	ddns_wipe(line, sizeof(line));
	if (err != DDNS_OK || ret->len_bytes < SECRET_MIN_BYTES)
		return ctl_fail(ctl, "--secret-file: wanted: one line, base64 "
		    "of %d to %d bytes", SECRET_MIN_BYTES,
		    DDNS_TSIG_SECRET_MAX);
	return true;
}

static bool
take_secret(struct ctl *ctl, struct secret *ret)
{
	const char *path = ctl_opt(ctl, "--secret-file");

	if (path != NULL)
		return read_secret(ctl, path, ret);
	ret->len_bytes = ddns_tsig_alg_mac_bytes(ret->alg);
	return ctl_ok(ctl, ddns_random(ret->bytes, ret->len_bytes), "secret");
}

static bool
store_secret(struct ctl *ctl, int64_t cred_id, const char *name,
    const struct secret *secret)
{
	struct ddns_cred_secret row = {
		.cred_id = cred_id,
		.alg = ddns_tsig_alg_text(secret->alg),
		.created = ddns_unix_s_now(),
	};
	struct ddns_span aad = { (const uint8_t *)name, strlen(name) };
	struct ddns_buf sealed = { 0 };
	enum ddns_err err = ddns_secret_seal(&ctl->key, aad,
	    (struct ddns_span){ secret->bytes, secret->len_bytes }, &sealed);

	if (err == DDNS_OK)
		err = sealed.err;
	row.sealed = ddns_buf_span(&sealed);
	if (err == DDNS_OK)
		err = ddns_secret_hash(&ctl->key, row.sealed, row.hash);
	if (err == DDNS_OK)
		err = ddns_store_secret_add(ctl->store, &row);
	ddns_buf_done(&sealed);
	return ctl_ok(ctl, err, "key");
}

/* ---- export ---- */

struct newest {
	struct ctl *ctl;
	const char *name;
	struct ddns_unix_s now, created;
	struct secret *secret;
	bool found;
};

/* The newest that is valid; `ret` wants the algorithm too. */
static enum ddns_err
pick_newest(const struct ddns_cred_secret *row, void *arg)
{
	struct newest *n = arg;
	struct ddns_span aad = { (const uint8_t *)n->name, strlen(n->name) };
	struct ddns_buf plain = { 0 };
	enum ddns_err err;

	if ((row->expires.v != 0 && row->expires.v <= n->now.v) ||
	    (n->found && row->created.v < n->created.v))
		return DDNS_OK;
	err = ddns_tsig_alg_parse(row->alg, &n->secret->alg);
	if (err == DDNS_OK)
		err = ddns_secret_open(&n->ctl->key, aad, row->sealed,
		    &plain);
	if (err == DDNS_OK && plain.len_bytes > sizeof(n->secret->bytes))
		err = DDNS_EFORMAT;
	if (err == DDNS_OK) {
		memcpy(n->secret->bytes, plain.base, plain.len_bytes);
		n->secret->len_bytes = plain.len_bytes;
		n->created = row->created;
		n->found = true;
	}
	if (plain.base != NULL)
		ddns_wipe(plain.base, plain.cap_bytes);
	ddns_buf_done(&plain);
	return err;
}

static bool
load_secret(struct ctl *ctl, int64_t cred_id, const char *name,
    struct secret *ret)
{
	struct newest n = {
		.ctl = ctl,
		.name = name,
		.now = ddns_unix_s_now(),
		.secret = ret,
	};
	enum ddns_err err = ddns_store_secret_list(ctl->store, cred_id,
	    pick_newest, &n);

	if (err == DDNS_EDENIED)
		return ctl_fail(ctl, "key \"%s\" was sealed with another key "
		    "file than \"%s\"", name, ctl->conf->key_file);
	if (!ctl_ok(ctl, err, "key"))
		return false;
	return n.found || ctl_fail(ctl, "key \"%s\" has no valid secret; "
	    "make one: ddnsctl key rotate", name);
}

/* Where updates are taken, as an example to fill in if it is not known. */
static void
format_server(const struct ctl *ctl, char host[DDNS_ADDR_TEXT_MAX],
    uint16_t *port)
{
	struct ddns_addr addr;

	strcpy(host, "192.0.2.53");
	*port = 53;
	if (ctl->conf->dns_count == 0 || ddns_addr_from_sockaddr(
	    (const struct sockaddr *)&ctl->conf->dns[0].addr, &addr, port) !=
	    DDNS_OK)
		return;
	if (ddns_addr_classify(&addr) != DDNS_ADDR_UNSPECIFIED)
		ddns_addr_format(&addr, host);
}

static void
print_clause(const char *name, const char *alg, const char *secret)
{
	printf("key \"%s\" {\n\talgorithm %s;\n\tsecret \"%s\";\n};\n", name,
	    alg, secret);
}

static void
upper(const char *text, char *out, size_t cap)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < cap; i++)
		out[i] = text[i] >= 'a' && text[i] <= 'z' ?
		    (char)(text[i] - 32) : text[i];
	out[i] = '\0';
}

static void
export_nsupdate(const char *name, const char *alg, const char *secret,
    const char *host, uint16_t port)
{
	printf("# a file for nsupdate -k FILE (mode 0600), then e.g.\n"
	    "#   server %s %u\n"
	    "#   update add HOST 60 A 192.0.2.1\n"
	    "#   send\n", host, port);
	print_clause(name, alg, secret);
}

static void
export_bind(const char *name, const char *alg, const char *secret,
    const char *host, uint16_t port)
{
	printf("# named.conf: a secondary that signs with this key (the key "
	    "needs --allow-transfer)\n");
	print_clause(name, alg, secret);
	printf("server %s {\n\tkeys { \"%s\"; };\n};\n", host, name);
	printf("#zone \"dyn.example\" {\n#\ttype secondary;\n#\tprimaries { "
	    "%s port %u; };\n#};\n", host, port);
}

static void
export_kea(const char *name, const char *alg, const char *secret,
    const char *host, uint16_t port)
{
	char alg_upper[32];

	upper(alg, alg_upper, sizeof(alg_upper));
	printf("// kea-dhcp-ddns.conf, in \"DhcpDdns\"\n"
	    "\"tsig-keys\": [\n\t{ \"name\": \"%s\", \"algorithm\": \"%s\", "
	    "\"secret\": \"%s\" }\n],\n"
	    "\"forward-ddns\": { \"ddns-domains\": [\n"
	    "\t{ \"name\": \"dyn.example.\", \"key-name\": \"%s\",\n"
	    "\t  \"dns-servers\": [ { \"ip-address\": \"%s\", \"port\": %u } "
	    "] }\n] }\n", name, alg_upper, secret, name, host, port);
}

static void
export_certbot(const char *name, const char *alg, const char *secret,
    const char *host, uint16_t port)
{
	char alg_upper[32];

	upper(alg, alg_upper, sizeof(alg_upper));
	printf("# for certbot --dns-rfc2136 --dns-rfc2136-credentials FILE "
	    "(mode 0600)\n"
	    "dns_rfc2136_server = %s\n"
	    "dns_rfc2136_port = %u\n"
	    "dns_rfc2136_name = %s.\n"
	    "dns_rfc2136_secret = %s\n"
	    "dns_rfc2136_algorithm = %s\n", host, port, name, secret,
	    alg_upper);
}

static void
export_lego(const char *name, const char *alg, const char *secret,
    const char *host, uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;

	printf("# environment of lego --dns rfc2136\n"
	    "RFC2136_NAMESERVER=%s%s%s:%u\n"
	    "RFC2136_TSIG_KEY=%s.\n"
	    "RFC2136_TSIG_SECRET=%s\n"
	    "RFC2136_TSIG_ALGORITHM=%s.\n", v6 ? "[" : "", host,
	    v6 ? "]" : "", port, name, secret, alg);
}

static void
export_knsupdate(const char *name, const char *alg, const char *secret,
    const char *host, uint16_t port)
{
	/* only the first line is read, and it may be no comment */
	printf("%s:%s:%s\n# a file for knsupdate -k FILE or kdig -k FILE "
	    "(mode 0600); server %s %u\n", alg, name, secret, host, port);
}

static const struct {
	const char *name;
	void (*print)(const char *name, const char *alg, const char *secret,
	    const char *host, uint16_t port);
} programs[] = {
	{ "nsupdate", export_nsupdate }, { "bind", export_bind },
	{ "kea", export_kea }, { "certbot", export_certbot },
	{ "lego", export_lego }, { "knsupdate", export_knsupdate },
};
#define PROGRAMS "nsupdate, bind, kea, certbot, lego, knsupdate"
#define FOR_OPTION                                                        \
	{ "--for", "PROGRAM", "as a snippet for " PROGRAMS " [nsupdate]" }

static bool
take_for(struct ctl *ctl, size_t *ret)
{
	const char *text = ctl_opt(ctl, "--for");

	*ret = 0;
	for (size_t i = 0; text != NULL && i < DDNS_COUNT(programs); i++) {
		if (strcmp(programs[i].name, text) != 0)
			continue;
		*ret = i;
		return true;
	}
	return text == NULL || ctl_usage(ctl, "--for: \"%s\" is none of "
	    PROGRAMS, text);
}

static bool
export_secret(struct ctl *ctl, int64_t cred_id, const char *name,
    const struct secret *secret, size_t program)
{
	const char *alg = ddns_tsig_alg_text(secret->alg);
	char host[DDNS_ADDR_TEXT_MAX];
	struct ddns_buf text = { 0 };
	struct ddns_cred cred;
	uint16_t port;
	bool ok = true;

	ddns_base64_encode(&text,
	    (struct ddns_span){ secret->bytes, secret->len_bytes });
	if (ctl->json) {
		ok = ctl_ok(ctl, ddns_store_cred_get(ctl->store, cred_id,
		    &cred), "key");
		if (ok) {
			json_t *json = ctl_json_cred(ctl, &cred);

			json_object_set_new(json, "algorithm",
			    json_string(alg));
			json_object_set_new(json, "secret",
			    json_string(ddns_buf_text(&text)));
			ok = ctl_show(ctl, json);
		}
	} else {
		format_server(ctl, host, &port);
		programs[program].print(name, alg, ddns_buf_text(&text),
		    host, port);
	}
	if (text.base != NULL)
		ddns_wipe(text.base, text.cap_bytes);
	ddns_buf_done(&text);
	return ok;
}

static const struct ctl_option export_options[] = {
	FOR_OPTION,
	{ NULL, NULL, NULL }
};

static bool
run_key_export(struct ctl *ctl)
{
	struct secret secret = { .len_bytes = 0 };
	char name[DDNS_NAME_TEXT_MAX];
	struct ddns_cred cred;
	size_t program;
	bool ok;

	if (!take_for(ctl, &program) || !ctl_read(ctl) ||
	    !ctl_load_key(ctl) ||
	    !ctl_find_cred(ctl, ctl_pos(ctl, 0), DDNS_CRED_TSIG, &cred))
		return false;
	snprintf(name, sizeof(name), "%s", cred.name);
	ok = load_secret(ctl, cred.id, name, &secret) &&
	    export_secret(ctl, cred.id, name, &secret, program);
	ddns_wipe(&secret, sizeof(secret));
	return ok;
}

/* ---- add ---- */

static const struct ctl_option add_options[] = {
	{ "--account", "ACCOUNT", "whose it is; needed" },
	{ "--alg", "ALGORITHM", "hmac-sha256 [default], -sha224, -sha384, "
	    "-sha512" },
	{ "--grant", "RULE", "a rule, as of grant add; may be given again" },
	{ "--allow-transfer", NULL, "may ask for zone transfers" },
	{ "--secret-file", "FILE", "with this secret, base64 on one line; - "
	    "is stdin" },
	{ "--expires", "TIME", "valid so long (90d), or until a date" },
	{ "--note", "TEXT", "for people" },
	FOR_OPTION,
	{ NULL, NULL, NULL }
};

static bool
add_grants(struct ctl *ctl, const struct ddns_cred *cred)
{
	const char *rule;
	unsigned i;

	for (i = 0; (rule = ctl_opt_nth(ctl, "--grant", i)) != NULL; i++) {
		if (!ctl_grant_add(ctl, cred, rule, 0))
			return false;
	}
	if (i == 0)
		ctl_warn("the key may change nothing yet; see: ddnsctl grant "
		    "add %s", cred->name);
	return true;
}

static bool
add_key(struct ctl *ctl, struct ddns_cred *cred, const struct secret *secret)
{
	struct ddns_account account;
	enum ddns_err err;

	if (!ctl_begin(ctl) || !ctl_load_key(ctl) ||
	    !ctl_find_account(ctl, ctl_opt(ctl, "--account"), &account))
		return false;
	cred->account_id = account.id;
	err = ddns_store_cred_add(ctl->store, cred, &cred->id);
	if (err == DDNS_EEXIST)
		return ctl_fail(ctl, "there is a token or key \"%s\" already",
		    cred->name);
	return ctl_ok(ctl, err, "key") && add_grants(ctl, cred) &&
	    store_secret(ctl, cred->id, cred->name, secret) &&
	    ctl_note(ctl, "", "key add %s, %s", cred->name,
	    ddns_tsig_alg_text(secret->alg)) && ctl_commit(ctl);
}

static bool
run_key_add(struct ctl *ctl)
{
	struct secret secret = { .alg = DDNS_TSIG_HMAC_SHA256 };
	struct ddns_cred cred = {
		.kind = DDNS_CRED_TSIG,
		.note = "",
		.created = ddns_unix_s_now(),
	};
	char name[DDNS_NAME_TEXT_MAX];
	struct ddns_name parsed;
	size_t program;
	bool ok;

	if (ctl_opt(ctl, "--account") == NULL)
		return ctl_usage(ctl, "--account ACCOUNT is needed: whose key "
		    "it is");
	if (!ctl_take_name(ctl, "NAME", ctl_pos(ctl, 0), &parsed))
		return false;
	if (ddns_name_is_root(&parsed) || ddns_name_is_wildcard(&parsed) ||
	    !ddns_name_is_hostname(&parsed, true))
		return ctl_usage(ctl, "NAME: \"%s\" is no name of a key; "
		    "allowed are letters, digits, hyphens, underscores and "
		    "dots", ctl_pos(ctl, 0));
	if (ddns_name_format(&parsed, name) >= DDNS_PRINCIPAL_NAME_MAX)
		return ctl_usage(ctl, "NAME: longer than %d characters",
		    DDNS_PRINCIPAL_NAME_MAX - 1);
	cred.name = name;
	ctl_take_bit(ctl, "--allow-transfer", NULL, DDNS_CRED_ALLOW_TRANSFER,
	    &cred.flags);
	ok = take_for(ctl, &program) && take_alg(ctl, &secret.alg) &&
	    ctl_take_note(ctl, &cred.note) &&
	    ctl_take_expiry(ctl, "--expires", &cred.expires) &&
	    take_secret(ctl, &secret) && add_key(ctl, &cred, &secret) &&
	    export_secret(ctl, cred.id, name, &secret, program);
	ddns_wipe(&secret, sizeof(secret));
	return ok;
}

/* ---- rotate ---- */

static const struct ctl_option rotate_options[] = {
	{ "--overlap", "TIME", "the old secret stays valid so long [0]" },
	{ "--alg", "ALGORITHM", "another algorithm [as before]" },
	{ "--secret-file", "FILE", "with this secret; - is stdin" },
	FOR_OPTION,
	{ NULL, NULL, NULL }
};

struct present {
	struct ddns_unix_s now;
	enum ddns_tsig_alg alg; /* of the newest */
	unsigned valid;
};

static enum ddns_err
note_secret(const struct ddns_cred_secret *row, void *arg)
{
	struct present *present = arg;

	if (row->expires.v == 0 || row->expires.v > present->now.v)
		present->valid++;
	return ddns_tsig_alg_parse(row->alg, &present->alg);
}

static bool
rotate(struct ctl *ctl, const struct ddns_cred *cred, const char *name,
    uint32_t overlap_s, struct secret *secret)
{
	struct present present = {
		.now = ddns_unix_s_now(),
		.alg = secret->alg,
	};
	struct ddns_unix_s until = { present.now.v + overlap_s };

	if (!ctl_ok(ctl, ddns_store_secret_list(ctl->store, cred->id,
	    note_secret, &present), "key"))
		return false;
	if (overlap_s > 0 && present.valid >= VALID_SECRETS_MAX)
		return ctl_fail(ctl, "key \"%s\" has %u valid secrets, which "
		    "is the most; rotate it without --overlap", name,
		    present.valid);
	secret->alg = present.alg;
	return take_alg(ctl, &secret->alg) &&
	    (secret->len_bytes > 0 || take_secret(ctl, secret)) &&
	    ctl_ok(ctl, ddns_store_secret_expire(ctl->store, cred->id, until),
	    "key") && store_secret(ctl, cred->id, name, secret) &&
	    ctl_note(ctl, "", "key rotate %s, overlap %u s", name,
	    overlap_s) && ctl_commit(ctl);
}

static bool
run_key_rotate(struct ctl *ctl)
{
	struct secret secret = { .alg = DDNS_TSIG_HMAC_SHA256 };
	char name[DDNS_NAME_TEXT_MAX];
	struct ddns_cred cred;
	uint32_t overlap_s = 0;
	size_t program;
	bool ok;

	/* a given secret is read before the writer's lock is taken */
	if (!take_for(ctl, &program) ||
	    !ctl_take_seconds(ctl, "--overlap", 0, 31536000, &overlap_s) ||
	    (ctl_opt(ctl, "--secret-file") != NULL &&
	    !take_secret(ctl, &secret)) || !ctl_begin(ctl) ||
	    !ctl_load_key(ctl) ||
	    !ctl_find_cred(ctl, ctl_pos(ctl, 0), DDNS_CRED_TSIG, &cred))
		return false;
	snprintf(name, sizeof(name), "%s", cred.name);
	if (cred.flags & DDNS_CRED_REVOKED)
		return ctl_fail(ctl, "key \"%s\" is revoked; add another",
		    name);
	ok = rotate(ctl, &cred, name, overlap_s, &secret) &&
	    export_secret(ctl, cred.id, name, &secret, program);
	ddns_wipe(&secret, sizeof(secret));
	return ok;
}

/* ---- what keys share with tokens ---- */

static bool
run_key_list(struct ctl *ctl)
{
	return ctl_cred_list(ctl, DDNS_CRED_TSIG);
}

static bool
run_key_show(struct ctl *ctl)
{
	return ctl_cred_show(ctl, DDNS_CRED_TSIG);
}

static bool
run_key_set(struct ctl *ctl)
{
	return ctl_cred_change(ctl, DDNS_CRED_TSIG);
}

static bool
run_key_revoke(struct ctl *ctl)
{
	return ctl_cred_revoke(ctl, DDNS_CRED_TSIG);
}

static bool
run_key_delete(struct ctl *ctl)
{
	return ctl_cred_delete(ctl, DDNS_CRED_TSIG);
}

static const struct ctl_option list_options[] = {
	{ "--account", "ACCOUNT", "only of this account" },
	{ NULL, NULL, NULL }
};

static const struct ctl_option set_options[] = {
	{ "--allow-transfer", NULL, "may ask for zone transfers" },
	{ "--no-allow-transfer", NULL, "may not [default]" },
	{ "--expires", "TIME", "valid so long (90d), until a date, or never" },
	{ "--note", "TEXT", "for people" },
	{ NULL, NULL, NULL }
};

const struct ctl_command ctl_key_commands[] = {
	{ "key add", "NAME", "make a TSIG key and print it", add_options,
	    run_key_add },
	{ "key list", "", "list the TSIG keys", list_options, run_key_list },
	{ "key show", "KEY", "show what is known of a key", NULL,
	    run_key_show },
	{ "key export", "KEY", "print a key, ready for a program",
	    export_options, run_key_export },
	{ "key set", "KEY", "change what a key may", set_options,
	    run_key_set },
	{ "key rotate", "KEY", "make a new secret, and end the old one",
	    rotate_options, run_key_rotate },
	{ "key revoke", "KEY", "refuse it from now on", NULL,
	    run_key_revoke },
	{ "key delete", "KEY", "delete it and its grants", NULL,
	    run_key_delete },
	{ NULL, NULL, NULL, NULL, NULL },
};
