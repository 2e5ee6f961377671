/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The beginning: store and key file, and is the configuration right?
 */
#include "common/daemon/ddnsctl.h"

static bool
run_init(struct ctl *ctl)
{
	bool made_key = false;

	if (!ctl_make_key(ctl, &made_key) || !ctl_load_key(ctl) ||
	    !ctl_begin(ctl) || !ctl_commit(ctl))
		return false;
	return ctl_done(ctl, json_pack("{s:s, s:s, s:b}", "store",
	    ctl->conf->store, "key_file", ctl->conf->key_file, "made_key",
	    made_key), "store %s and key file %s are there",
	    ctl->conf->store, ctl->conf->key_file);
}

static bool
run_config_check(struct ctl *ctl)
{
	if (!ctl_conf(ctl))
		return false;
	return ctl_done(ctl, json_pack("{s:s, s:s, s:s}", "conf",
	    ctl->conf_path, "store", ctl->conf->store, "key_file",
	    ctl->conf->key_file), "configuration OK");
}

const struct ctl_command ctl_config_commands[] = {
	{ "init", "", "make the store and the key file if they are missing",
	    NULL, run_init },
	{ "config check", "", "read the configuration and name its mistakes",
	    NULL, run_config_check },
	{ NULL, NULL, NULL, NULL, NULL },
};
