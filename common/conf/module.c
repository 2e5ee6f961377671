/* SPDX-License-Identifier: BSD-3-Clause */
/* unbound-ddns.conf: the Unbound module's options. */
#include "common/conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/conf/table.h"

#define AT(member) offsetof(struct ddns_module_conf, member)

static const struct ddns_option options[] = {
	{ "listen", DDNS_OPTION_LISTENS, AT(listen), AT(listen_count), 5453, 0,
	    "{\"127.0.0.1:5453\"}", "", 0 },
	{ "allow", DDNS_OPTION_PREFIXES, AT(allow), AT(allow_count), 0, 0,
	    "{\"127.0.0.0/8\", \"::1\"}", "", 0 },
	{ "grace", DDNS_OPTION_UINT, AT(grace_us), 0, 0, 100000, "0",
	    "microseconds", 1 },
	{ "max-tcp", DDNS_OPTION_UINT, AT(max_tcp), 0, 0, 1024, "16",
	    "connections", 1 },
};

struct key_text {
	char *algorithm, *file;
};

static const struct ddns_option key_options[] = {
	{ "algorithm", DDNS_OPTION_TEXT, offsetof(struct key_text, algorithm),
	    0, 0, 0, "hmac-sha256", "", 1 },
	{ "file", DDNS_OPTION_TEXT, offsetof(struct key_text, file), 0, 0, 0,
	    NULL, "", 1 },
};

static const struct ddns_option zone_options[] = {
	{ "max-ttl", DDNS_OPTION_UINT,
	    offsetof(struct ddns_module_zone, max_ttl_s), 0, 0, 2147483647,
	    "0", "seconds", 1 },
};

static enum ddns_err
read_key(const struct key_text *text, const char *title,
    struct ddns_conf_key *key, struct ddns_buf *why)
{
	if (ddns_name_parse(title, &key->name) != DDNS_OK) {
		ddns_buf_put_text(why, "the title is no domain name");
		return DDNS_EFORMAT;
	}
	ddns_name_lower(&key->name);
	if (ddns_tsig_alg_parse(text->algorithm, &key->alg) != DDNS_OK) {
		ddns_buf_putf(why, "algorithm: \"%s\" is none of hmac-sha1, "
		    "hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512",
		    text->algorithm);
		return DDNS_EFORMAT;
	}
	if (text->file == NULL) {
		ddns_buf_put_text(why, "wants a file");
		return DDNS_EFORMAT;
	}
	return ddns_option_read_secret(text->file, key, why);
}

static enum ddns_err
add_key(void *into, const char *title, void *take_section,
    struct ddns_buf *why)
{
	struct ddns_module_conf *conf = into;
	struct key_text *text = take_section;
	struct ddns_conf_key key, *list;
	enum ddns_err err;

	memset(&key, 0, sizeof(key));
	err = read_key(text, title, &key, why);
	if (err == DDNS_OK) {
		list = realloc(conf->keys,
		    (conf->keys_count + 1) * sizeof(*list));
		if (list == NULL) {
			err = DDNS_ENOMEM;
		} else {
			conf->keys = list;
			list[conf->keys_count++] = key;
		}
	}
	ddns_wipe(&key, sizeof(key));
	ddns_option_done(key_options, DDNS_COUNT(key_options), text);
	free(text);
	return err;
}

static enum ddns_err
add_zone(void *into, const char *title, void *take_section,
    struct ddns_buf *why)
{
	struct ddns_module_conf *conf = into;
	struct ddns_module_zone *zone = take_section, *list;
	enum ddns_err err = DDNS_OK;

	if (ddns_name_parse(title, &zone->name) != DDNS_OK) {
		ddns_buf_put_text(why, "the title is no domain name");
		err = DDNS_EFORMAT;
		goto out;
	}
	ddns_name_lower(&zone->name);
	list = realloc(conf->zones, (conf->zones_count + 1) * sizeof(*list));
	if (list == NULL) {
		err = DDNS_ENOMEM;
		goto out;
	}
	conf->zones = list;
	list[conf->zones_count++] = *zone;
out:
	free(zone);
	return err;
}

static const struct ddns_option_section sections[] = {
	{ "key", key_options, DDNS_COUNT(key_options), sizeof(struct key_text),
	    add_key },
	{ "zone", zone_options, DDNS_COUNT(zone_options),
	    sizeof(struct ddns_module_zone), add_zone },
};

enum ddns_err
ddns_module_conf_load(const char *path, struct ddns_module_conf **ret,
    struct ddns_buf *why)
{
	struct ddns_module_conf *conf = calloc(1, sizeof(*conf));
	enum ddns_err err;

	if (conf == NULL)
		return DDNS_ENOMEM;
	err = ddns_option_load(path, options, DDNS_COUNT(options), sections,
	    DDNS_COUNT(sections), conf, why);
	if (err == DDNS_OK && conf->keys_count == 0) {
		ddns_buf_putf(why, "%s: wants at least one key", path);
		err = DDNS_EFORMAT;
	}
	if (err == DDNS_OK) {
		*ret = conf;
		conf = NULL;
	}
	ddns_module_conf_free(conf);
	return err;
}

void
ddns_module_conf_free(struct ddns_module_conf *conf)
{
	if (conf == NULL)
		return;
	ddns_option_done(options, DDNS_COUNT(options), conf);
	for (size_t i = 0; i < conf->keys_count; i++)
		ddns_wipe(&conf->keys[i], sizeof(conf->keys[i]));
	free(conf->keys);
	free(conf->zones);
	free(conf);
}
