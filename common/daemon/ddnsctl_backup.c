/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A copy of the store while it is used, and an end for old journal rows.
 */
#include "common/daemon/ddnsctl.h"

#define TRIM_ROWS 2000 /* in one transaction: ddnsd's updates get between */

static bool
run_backup(struct ctl *ctl)
{
	const char *path = ctl_pos(ctl, 0);
	enum ddns_err err;

	if (!ctl_read(ctl))
		return false;
	err = ddns_store_backup(ctl->store, path);
	if (err == DDNS_EEXIST)
		return ctl_fail(ctl, "\"%s\" is there already", path);
	return ctl_ok(ctl, err, path) && ctl_done(ctl, json_pack("{s:o, s:s}",
	    "file", ctl_json_text(path), "key_file", ctl->conf->key_file),
	    "the store is copied to %s; keep the key file %s with it",
	    path, ctl->conf->key_file);
}

static const struct ctl_option trim_options[] = {
	{ "--older-than", "TIME", "only rows older than this "
	    "[journal-keep-days of the configuration]" },
	{ NULL, NULL, NULL }
};

static bool
run_journal_trim(struct ctl *ctl)
{
	struct ddns_unix_ms before = ddns_unix_ms_now();
	json_int_t removed = 0;
	unsigned once;

	if (!ctl_conf(ctl))
		return false;
	before.v -= (int64_t)ctl->conf->journal_keep_days * 86400 * 1000;
	if (!ctl_take_time(ctl, "--older-than", &before))
		return false;
	do {
		once = 0;
		if (!ctl_begin(ctl) || !ctl_ok(ctl,
		    ddns_journal_trim(ctl->store, before, TRIM_ROWS, &once),
		    "journal") || !ctl_commit(ctl))
			return false;
		removed += once;
	} while (once == TRIM_ROWS);
	if (removed > 0 && (!ctl_begin(ctl) ||
	    !ctl_note(ctl, "", "journal trim: %lld rows",
	    (long long)removed) || !ctl_commit(ctl)))
		return false;
	return ctl_done(ctl, json_pack("{s:I}", "removed", removed),
	    "%lld rows removed", (long long)removed);
}

const struct ctl_command ctl_backup_commands[] = {
	{ "backup", "FILE", "copy the store into a new file, while it is used",
	    NULL, run_backup },
	{ "journal trim", "", "remove old rows of the journal", trim_options,
	    run_journal_trim },
	{ NULL, NULL, NULL, NULL, NULL },
};
