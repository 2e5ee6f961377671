/* SPDX-License-Identifier: BSD-3-Clause */
/* The module's settings: the file, and the keys made ready. */
#include "unbound-module/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *
ddns_settings_path(const char *env, const char *library)
{
	char *beside;

	if (env != NULL && env[0] != '\0')
		return ddns_strdup(env);
	beside = ddns_asprintf("%s.conf", library);
	if (beside == NULL || access(beside, F_OK) == 0)
		return beside;
	free(beside);
	return ddns_strdup(DDNS_SETTINGS_DEFAULT_PATH);
}

static enum ddns_err
make_keys(struct ddns_settings *settings, struct ddns_buf *why)
{
	const struct ddns_module_conf *conf = settings->conf;
	const struct ddns_conf_key *key;
	char name[DDNS_NAME_TEXT_MAX];
	enum ddns_err err;
	size_t i;

	settings->keys = calloc(conf->keys_count + 1, sizeof(settings->keys[0]));
	if (settings->keys == NULL) {
		ddns_buf_put_text(why, ddns_err_text(DDNS_ENOMEM));
		return DDNS_ENOMEM;
	}
	for (i = 0; i < conf->keys_count; i++) {
		key = &conf->keys[i];
		err = ddns_tsig_key_new(&key->name, key->alg,
		    (struct ddns_span){ key->secret, key->secret_len_bytes },
		    &settings->keys[i]);
		if (err != DDNS_OK) {
			(void)ddns_name_format(&key->name, name);
			ddns_buf_putf(why, "%s: key \"%s\": %s",
			    settings->path, name, ddns_err_text(err));
			return err;
		}
	}
	return DDNS_OK;
}

static enum ddns_err
check(const struct ddns_settings *settings, struct ddns_buf *why)
{
	const struct ddns_module_conf *conf = settings->conf;
	const char *missing = NULL;

	if (conf->listen_count == 0)
		missing = "listen";
	else if (conf->keys_count == 0)
		missing = "key";
	else if (conf->zones_count == 0)
		missing = "zone";
	if (missing == NULL)
		return DDNS_OK;
	ddns_buf_putf(why, "%s: needs one \"%s\" at least", settings->path,
	    missing);
	return DDNS_EFORMAT;
}

enum ddns_err
ddns_settings_load(const char *path, struct ddns_settings **ret,
    struct ddns_buf *why)
{
	struct ddns_settings *settings = NULL;
	enum ddns_err err = DDNS_ENOMEM;

	settings = calloc(1, sizeof(*settings));
	if (settings == NULL)
		goto out;
	settings->path = ddns_strdup(path);
	if (settings->path == NULL)
		goto out;
	err = ddns_module_conf_load(path, &settings->conf, why);
	if (err == DDNS_OK)
		err = check(settings, why);
	if (err == DDNS_OK)
		err = make_keys(settings, why);
	if (err != DDNS_OK)
		goto out;
	*ret = settings;
	settings = NULL;
out:
	if (err != DDNS_OK && why->len_bytes == 0)
		ddns_buf_putf(why, "%s: %s", path, ddns_err_text(err));
	ddns_settings_free(settings);
	return err;
}

void
ddns_settings_free(struct ddns_settings *settings)
{
	size_t i;

	if (settings == NULL)
		return;
	for (i = 0; settings->keys != NULL && i < settings->conf->keys_count;
	    i++)
		ddns_tsig_key_free(settings->keys[i]);
	free(settings->keys);
	ddns_module_conf_free(settings->conf);
	free(settings->path);
	free(settings);
}

struct ddns_tsig_key *
ddns_settings_find_key(const struct ddns_name *name, void *arg)
{
	const struct ddns_settings *settings = arg;
	size_t i;

	for (i = 0; i < settings->conf->keys_count; i++) {
		if (ddns_name_equal(ddns_tsig_key_get_name(settings->keys[i]),
		    name))
			return settings->keys[i];
	}
	return NULL;
}

bool
ddns_settings_allow(const struct ddns_settings *settings,
    const struct sockaddr *from)
{
	struct ddns_addr addr;
	size_t i;

	if (ddns_addr_from_sockaddr(from, &addr, NULL) != DDNS_OK)
		return false;
	for (i = 0; i < settings->conf->allow_count; i++) {
		if (ddns_prefix_has(&settings->conf->allow[i], &addr))
			return true;
	}
	return false;
}
