/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_SETTINGS_H
#define DDNS_MODULE_SETTINGS_H

#include <stddef.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/conf/conf.h"
#include "common/dns/tsig.h"

/*
 * The configuration file and what is made of it once: keys with their
 * contexts.  Constant after loading, but for the contexts, which are the
 * listener thread's.
 */
struct ddns_settings {
	struct ddns_module_conf *conf;
	struct ddns_tsig_key **keys; /* conf->keys_count of them */
	char *path;
};

#define DDNS_SETTINGS_DEFAULT_PATH "/etc/unbound/unbound-ddns.conf"

/*
 * Where the file is, as seen from inside a chroot: `env` (the value of
 * DDNS_UNBOUND_CONF, or NULL), else beside the library with ".conf" behind its
 * name where there is one, else the default.  You own the result; NULL: no
 * memory.
 */
char *ddns_settings_path(const char *env, const char *library);
/*
 * DDNS_OK, or why holds one line for the log: no file, a mistake in it, a key
 * file that cannot be read, no zone or no key in it.
 */
enum ddns_err ddns_settings_load(const char *path, struct ddns_settings **ret,
    struct ddns_buf *why) DDNS_MUST_CHECK;
void ddns_settings_free(struct ddns_settings *settings);
/* A ddns_tsig_find_fn; arg is the settings. */
struct ddns_tsig_key *ddns_settings_find_key(const struct ddns_name *name,
    void *arg);
bool ddns_settings_allow(const struct ddns_settings *settings,
    const struct sockaddr *from);

#endif
