/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_CONF_CONF_H
#define DDNS_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/addr.h"
#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/dns/name.h"
#include "common/dns/tsig.h"

/*
 * The configuration files: ddnsd.conf (ddnsd, ddnsctl, pdns-backend-ddns) and
 * unbound-ddns.conf (the module).  One table of options each, in conf.c and
 * module.c: name, kind, least, most, default, unit.  Read once, then constant:
 * any thread.  A secret is never in the file itself, but in a file it names.
 *
 * On any mistake the loaders give DDNS_EFORMAT (DDNS_ENOTFOUND: no such file)
 * and `why` holds one line "file:line: what, and what is allowed".
 */

struct ddns_listen {
	struct sockaddr_storage addr;
	socklen_t addr_len;
};

enum ddns_subscriber_kind {
	DDNS_SUBSCRIBER_PDNS_CONTROL,
	DDNS_SUBSCRIBER_NOTIFY,
	DDNS_SUBSCRIBER_UNBOUND_CONTROL
};

struct ddns_conf_key { /* a TSIG key by file */
	struct ddns_name name;
	enum ddns_tsig_alg alg;
	uint8_t secret[DDNS_TSIG_SECRET_MAX];
	size_t secret_len_bytes;
};

struct ddns_conf_subscriber {
	char *name;
	enum ddns_subscriber_kind kind;
	char *address;         /* as written */
	char *path;            /* unix socket, or NULL */
	struct ddns_listen to; /* where path is NULL */
	struct ddns_conf_key key; /* NOTIFY */
	char *server_cert_file;   /* unbound-control over TLS, or NULL */
	char *control_key_file, *control_cert_file;
	char *secret_file;        /* pdns-control over TCP, or NULL */
	/* names answered by what this zone list holds; none: all zones */
	struct ddns_name *zones;
	size_t zones_count;
};

struct ddns_conf {
	char *store;
	char *key_file;
	enum ddns_log_level log_level;

	struct ddns_listen *http, *https, *dns;
	size_t http_count, https_count, dns_count;
	char *tls_certificate, *tls_key;
	struct ddns_prefix *trusted_proxies;
	size_t trusted_proxies_count;

	unsigned max_connections;
	unsigned request_timeout_s;  /* header and body, whole */
	unsigned idle_timeout_s;     /* keep-alive */
	unsigned rate_burst;         /* changes at once, per credential and host */
	unsigned rate_per_min;       /* changes after that */
	unsigned source_failures;    /* failed logins a minute and source */
	unsigned nochg_log_s;        /* one row for all `nochg` within this */
	unsigned journal_keep_days;
	unsigned max_cache_ttl_s;    /* no cache holds data longer than this */
	unsigned purge_again_ms[4];  /* after the first purge; 0 ends */
	bool tsig_sha1;              /* allow hmac-sha1 keys */
	struct ddns_conf_subscriber *subscribers;
	size_t subscribers_count;
	struct ddns_listen *secondaries; /* told of new serials by NOTIFY */
	size_t secondaries_count;
	/* whom `ddnsctl check` asks */
	struct ddns_listen *check_authoritative, *check_resolvers;
	size_t check_authoritative_count, check_resolvers_count;
};

#define DDNS_CONF_DEFAULT_PATH DDNS_SYSCONFDIR "/ddnsd/ddnsd.conf"

enum ddns_err ddns_conf_load(const char *path, struct ddns_conf **ret,
    struct ddns_buf *why) DDNS_MUST_CHECK;
void ddns_conf_free(struct ddns_conf *conf);

struct ddns_module_zone {
	struct ddns_name name;
	uint32_t max_ttl_s; /* 0: no cap */
};

struct ddns_module_conf {
	struct ddns_listen *listen;
	size_t listen_count;
	struct ddns_conf_key *keys;
	size_t keys_count;
	struct ddns_prefix *allow; /* who may send; none: loopback only */
	size_t allow_count;
	struct ddns_module_zone *zones;
	size_t zones_count;
	unsigned grace_us;   /* wait between the two drops before the answer */
	unsigned max_tcp;
};

enum ddns_err ddns_module_conf_load(const char *path,
    struct ddns_module_conf **ret, struct ddns_buf *why) DDNS_MUST_CHECK;
void ddns_module_conf_free(struct ddns_module_conf *conf);

#endif
