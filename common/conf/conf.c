/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/conf/table.h"

#define AT(member) offsetof(struct ddns_conf, member)
#define UINT(name, member, min, max, def, unit) \
	{ name, DDNS_OPTION_UINT, AT(member), 0, min, max, def, unit, 1 }
#define LIST(name, kind, member, port) \
	{ name, kind, AT(member), AT(member##_count), port, 0, NULL, "", 0 }
#define TEXT(name, member, def) \
	{ name, DDNS_OPTION_TEXT, AT(member), 0, 0, 0, def, "", 1 }

static const struct ddns_option options[] = {
	TEXT("store", store, DDNS_LOCALSTATEDIR "/lib/ddnsd/ddnsd.db"),
	TEXT("key-file", key_file, DDNS_LOCALSTATEDIR "/lib/ddnsd/secret.key"),
	{ "log-level", DDNS_OPTION_LEVEL, AT(log_level), 0, 0, 0, "info", "",
	    1 },
	LIST("http-listen", DDNS_OPTION_LISTENS, http, 80),
	LIST("https-listen", DDNS_OPTION_LISTENS, https, 443),
	LIST("dns-listen", DDNS_OPTION_LISTENS, dns, 53),
	TEXT("tls-certificate", tls_certificate, NULL),
	TEXT("tls-key", tls_key, NULL),
	LIST("trusted-proxies", DDNS_OPTION_PREFIXES, trusted_proxies, 0),
	UINT("max-connections", max_connections, 1, 100000, "1000", ""),
	UINT("request-timeout", request_timeout_s, 1, 300, "10", "seconds"),
	UINT("idle-timeout", idle_timeout_s, 1, 3600, "30", "seconds"),
	UINT("rate-burst", rate_burst, 1, 1000000, "10", "changes"),
	UINT("rate-per-minute", rate_per_min, 1, 1000000, "10", "changes"),
	UINT("source-failures", source_failures, 1, 1000000, "30",
	    "failures a minute"),
	UINT("nochg-log-interval", nochg_log_s, 1, 86400, "60", "seconds"),
	UINT("journal-keep-days", journal_keep_days, 1, 36500, "90", "days"),
	UINT("max-cache-ttl", max_cache_ttl_s, 1, 604800, "86400", "seconds"),
	{ "purge-again", DDNS_OPTION_UINTS, AT(purge_again_ms), 0, 1, 60000,
	    "{5, 150}", "milliseconds", 4 },
	{ "allow-hmac-sha1", DDNS_OPTION_BOOL, AT(tsig_sha1), 0, 0, 0, "no",
	    "", 1 },
	LIST("secondaries", DDNS_OPTION_LISTENS, secondaries, 53),
	LIST("check-authoritative", DDNS_OPTION_LISTENS, check_authoritative,
	    53),
	LIST("check-resolvers", DDNS_OPTION_LISTENS, check_resolvers, 53),
};

struct subscriber_text {
	char *kind, *address;
	char *key_name, *key_algorithm, *key_file;
	char *server_cert_file, *control_key_file, *control_cert_file;
	char *secret_file;
	struct ddns_name *zones;
	size_t zones_count;
};

#undef AT
#define AT(member) offsetof(struct subscriber_text, member)
static const struct ddns_option subscriber_options[] = {
	TEXT("kind", kind, NULL),
	TEXT("address", address, NULL),
	TEXT("key-name", key_name, NULL),
	TEXT("key-algorithm", key_algorithm, "hmac-sha256"),
	TEXT("key-file", key_file, NULL),
	TEXT("server-cert-file", server_cert_file, NULL),
	TEXT("control-key-file", control_key_file, NULL),
	TEXT("control-cert-file", control_cert_file, NULL),
	TEXT("secret-file", secret_file, NULL),
	LIST("zones", DDNS_OPTION_NAMES, zones, 0),
};

static void
subscriber_done(struct ddns_conf_subscriber *s)
{
	free(s->name);
	free(s->address);
	free(s->path);
	free(s->server_cert_file);
	free(s->control_key_file);
	free(s->control_cert_file);
	free(s->secret_file);
	free(s->zones);
	ddns_wipe(&s->key, sizeof(s->key));
}

static const struct {
	const char *text;
	enum ddns_subscriber_kind kind;
	uint16_t port;
} kinds[] = {
	{ "pdns-control", DDNS_SUBSCRIBER_PDNS_CONTROL, 53000 },
	{ "notify", DDNS_SUBSCRIBER_NOTIFY, 5453 },
	{ "unbound-control", DDNS_SUBSCRIBER_UNBOUND_CONTROL, 8953 },
};

static enum ddns_err
read_key(const struct subscriber_text *text, struct ddns_conf_subscriber *s,
    struct ddns_buf *why)
{
	if (text->key_name == NULL || text->key_file == NULL) {
		ddns_buf_put_text(why, "kind \"notify\" wants key-name and "
		    "key-file");
		return DDNS_EFORMAT;
	}
	if (ddns_name_parse(text->key_name, &s->key.name) != DDNS_OK) {
		ddns_buf_putf(why, "key-name: \"%s\" is no domain name",
		    text->key_name);
		return DDNS_EFORMAT;
	}
	ddns_name_lower(&s->key.name);
	if (ddns_tsig_alg_parse(text->key_algorithm, &s->key.alg) != DDNS_OK) {
		ddns_buf_putf(why, "key-algorithm: \"%s\" is none of "
		    "hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, "
		    "hmac-sha512", text->key_algorithm);
		return DDNS_EFORMAT;
	}
	return ddns_option_read_secret(text->key_file, &s->key, why);
}

static enum ddns_err
read_address(const struct subscriber_text *text, uint16_t port,
    struct ddns_conf_subscriber *s, struct ddns_buf *why)
{
	if (text->address == NULL) {
		ddns_buf_put_text(why, "wants an address");
		return DDNS_EFORMAT;
	}
	if (text->address[0] == '/') {
		s->path = ddns_strdup(text->address);
		if (s->path == NULL)
			return DDNS_ENOMEM;
		if (s->kind != DDNS_SUBSCRIBER_NOTIFY)
			return DDNS_OK;
	} else if (ddns_addr_parse_port(text->address, port, &s->to.addr,
	    &s->to.addr_len) == DDNS_OK) {
		return DDNS_OK;
	}
	ddns_buf_putf(why, "address: \"%s\" is no address%s", text->address,
	    s->kind == DDNS_SUBSCRIBER_NOTIFY ? "" :
	    " and no path of a socket");
	return DDNS_EFORMAT;
}

static enum ddns_err
read_kind(const struct subscriber_text *text, struct ddns_conf_subscriber *s,
    uint16_t *ret_port, struct ddns_buf *why)
{
	for (size_t i = 0; text->kind != NULL && i < DDNS_COUNT(kinds); i++) {
		if (strcmp(kinds[i].text, text->kind) != 0)
			continue;
		s->kind = kinds[i].kind;
		*ret_port = kinds[i].port;
		return DDNS_OK;
	}
	ddns_buf_putf(why, "kind: \"%s\" is none of pdns-control, notify, "
	    "unbound-control", text->kind != NULL ? text->kind : "");
	return DDNS_EFORMAT;
}

static enum ddns_err
read_subscriber(struct subscriber_text *text, const char *title,
    struct ddns_conf_subscriber *s, struct ddns_buf *why)
{
	enum ddns_err err;
	uint16_t port = 0;

	s->name = ddns_strdup(title);
	if (s->name == NULL)
		return DDNS_ENOMEM;
	err = read_kind(text, s, &port, why);
	if (err == DDNS_OK)
		err = read_address(text, port, s, why);
	if (err == DDNS_OK && s->kind == DDNS_SUBSCRIBER_NOTIFY)
		err = read_key(text, s, why);
	if (err != DDNS_OK)
		return err;
#define MOVE(member)                     \
	do {                             \
		s->member = text->member; \
		text->member = NULL;     \
	} while (0)
	MOVE(address);
	MOVE(server_cert_file);
	MOVE(control_key_file);
	MOVE(control_cert_file);
	MOVE(secret_file);
	MOVE(zones);
#undef MOVE
	s->zones_count = text->zones_count;
	return DDNS_OK;
}

static enum ddns_err
add_subscriber(void *into, const char *title, void *take_section,
    struct ddns_buf *why)
{
	struct ddns_conf *conf = into;
	struct subscriber_text *text = take_section;
	struct ddns_conf_subscriber s, *list;
	enum ddns_err err;

	memset(&s, 0, sizeof(s));
	err = read_subscriber(text, title, &s, why);
	if (err == DDNS_OK) {
		list = realloc(conf->subscribers,
		    (conf->subscribers_count + 1) * sizeof(*list));
		if (list == NULL) {
			err = DDNS_ENOMEM;
		} else {
			conf->subscribers = list;
			list[conf->subscribers_count++] = s;
			memset(&s, 0, sizeof(s)); /* moved */
		}
	}
	subscriber_done(&s);
	ddns_option_done(subscriber_options, DDNS_COUNT(subscriber_options),
	    text);
	free(text);
	return err;
}

static const struct ddns_option_section sections[] = {
	{ "subscriber", subscriber_options, DDNS_COUNT(subscriber_options),
	    sizeof(struct subscriber_text), add_subscriber },
};

static enum ddns_err
check_whole(const char *path, const struct ddns_conf *conf,
    struct ddns_buf *why)
{
	if (conf->https_count > 0 &&
	    (conf->tls_certificate == NULL || conf->tls_key == NULL)) {
		ddns_buf_putf(why, "%s: https-listen wants tls-certificate and "
		    "tls-key", path);
		return DDNS_EFORMAT;
	}
	return DDNS_OK;
}

enum ddns_err
ddns_conf_load(const char *path, struct ddns_conf **ret, struct ddns_buf *why)
{
	struct ddns_conf *conf = calloc(1, sizeof(*conf));
	enum ddns_err err;

	if (conf == NULL)
		return DDNS_ENOMEM;
	err = ddns_option_load(path, options, DDNS_COUNT(options), sections,
	    DDNS_COUNT(sections), conf, why);
	if (err == DDNS_OK)
		err = check_whole(path, conf, why);
	if (err == DDNS_OK) {
		*ret = conf;
		conf = NULL;
	}
	ddns_conf_free(conf);
	return err;
}

void
ddns_conf_free(struct ddns_conf *conf)
{
	if (conf == NULL)
		return;
	ddns_option_done(options, DDNS_COUNT(options), conf);
	for (size_t i = 0; i < conf->subscribers_count; i++)
		subscriber_done(&conf->subscribers[i]);
	free(conf->subscribers);
	free(conf);
}
