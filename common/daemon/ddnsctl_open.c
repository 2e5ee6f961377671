/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a command works on: the configuration, the store, the key file, and
 * who is sitting there.  The store is opened directly, in transactions of its
 * own, so that every command works whether ddnsd runs or not; ddnsd watches
 * the store and publishes what it finds.
 */
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

#include "common/daemon/ddnsctl.h"

bool
ctl_conf(struct ctl *ctl)
{
	struct ddns_buf why = { 0 };
	enum ddns_err err;

	if (ctl->conf != NULL)
		return true;
	err = ddns_conf_load(ctl->conf_path, &ctl->conf, &why);
	if (err != DDNS_OK)
		ctl_fail(ctl, "%s", why.len_bytes > 0 ? ddns_buf_text(&why) :
		    ddns_err_text(err));
	ddns_buf_done(&why);
	return err == DDNS_OK;
}

/* Only root's word on who stands behind it is taken. */
static char *
find_user(void)
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *pw;

	if (sudo != NULL && *sudo != '\0')
		return ddns_strdup(sudo);
	pw = getpwuid(getuid());
	if (pw != NULL)
		return ddns_strdup(pw->pw_name);
	return ddns_asprintf("uid %u", (unsigned)getuid());
}

/*
 * What root makes must belong to the account that ddnsd runs as: the owner of
 * the folder.  So root makes it as that owner (files that come beside it,
 * too), and is root again afterwards.
 */
struct owner {
	bool changed;
	gid_t old_gid;
};

static void
become_owner(const char *path, struct owner *ret)
{
	char *copy = ddns_strdup(path);
	struct stat st;

	*ret = (struct owner){ .old_gid = getegid() };
	if (geteuid() == 0 && copy != NULL && access(path, F_OK) != 0 &&
	    stat(dirname(copy), &st) == 0 && st.st_uid != 0) {
		ret->changed = setegid(st.st_gid) == 0 &&
		    seteuid(st.st_uid) == 0;
		if (!ret->changed)
			ctl_warn("cannot make \"%s\" as the owner of its "
			    "folder: ddnsd may not be able to use it", path);
	}
	free(copy);
}

static void
become_self(const struct owner *owner)
{
	if (owner->changed && (seteuid(0) != 0 ||
	    setegid(owner->old_gid) != 0))
		abort(); /* cannot be: the saved ids are root's */
}

static bool
open_store(struct ctl *ctl, enum ddns_store_mode mode)
{
	struct owner owner;
	enum ddns_err err;

	if (!ctl_conf(ctl))
		return false;
	if (ctl->store != NULL)
		return true;
	become_owner(ctl->conf->store, &owner);
	err = ddns_store_open(ctl->conf->store, mode, &ctl->store);
	become_self(&owner);
	if (err == DDNS_ENOTFOUND)
		return ctl_fail(ctl, "there is no store \"%s\" yet; make it "
		    "with: ddnsctl init", ctl->conf->store);
	if (err == DDNS_EVERSION)
		return ctl_fail(ctl, "store \"%s\": made by another version "
		    "of this program", ctl->conf->store);
	if (err == DDNS_EBUSY)
		return ctl_ok(ctl, err, "store");
	if (err != DDNS_OK)
		return ctl_fail(ctl, "store \"%s\": %s", ctl->conf->store,
		    ddns_err_text(err));
	return true;
}

bool
ctl_read(struct ctl *ctl)
{
	return open_store(ctl, DDNS_STORE_READ);
}

bool
ctl_make_key(struct ctl *ctl, bool *ret_made)
{
	struct owner owner;
	enum ddns_err err;

	*ret_made = false;
	if (!ctl_conf(ctl))
		return false;
	if (access(ctl->conf->key_file, F_OK) == 0)
		return true;
	become_owner(ctl->conf->key_file, &owner);
	err = ddns_secret_key_create(ctl->conf->key_file);
	become_self(&owner);
	if (err == DDNS_EEXIST)
		return true; /* somebody was faster */
	if (err != DDNS_OK)
		return ctl_fail(ctl, "cannot make key file \"%s\": %s",
		    ctl->conf->key_file, ddns_err_text(err));
	*ret_made = true;
	return true;
}

bool
ctl_load_key(struct ctl *ctl)
{
	enum ddns_err err;

	if (ctl->has_key)
		return true;
	if (!ctl_conf(ctl))
		return false;
	err = ddns_secret_key_load(ctl->conf->key_file, &ctl->key);
	if (err == DDNS_EDENIED)
		return ctl_fail(ctl, "key file \"%s\": others may read or "
		    "write it, or you may not; wanted: mode 0600 or 0640",
		    ctl->conf->key_file);
	if (err != DDNS_OK)
		return ctl_fail(ctl, "key file \"%s\": %s",
		    ctl->conf->key_file, ddns_err_text(err));
	ctl->has_key = true;
	return true;
}

static bool
set_actor(struct ctl *ctl)
{
	uint64_t request = 0;
	enum ddns_err err = ddns_random(&request, sizeof(request));

	if (!ctl_ok(ctl, err, "random numbers"))
		return false;
	if (ctl->user == NULL)
		ctl->user = find_user();
	if (ctl->user == NULL)
		return ctl_ok(ctl, DDNS_ENOMEM, "user");
	ctl->actor = (struct ddns_actor){
		.protocol = "admin",
		.account = ctl->user,
		.credential = "",
		.user_agent = "ddnsctl " PACKAGE_VERSION,
		.request = (int64_t)(request >> 11) | 1,
		.now = ddns_unix_ms_now(),
	};
	return true;
}

bool
ctl_begin(struct ctl *ctl)
{
	bool made_key;

	return ctl_make_key(ctl, &made_key) &&
	    open_store(ctl, DDNS_STORE_WRITE) && set_actor(ctl) && ctl_ok(ctl,
	    ddns_store_begin(ctl->store, DDNS_STORE_WRITE), "store");
}

bool
ctl_commit(struct ctl *ctl)
{
	return ctl_ok(ctl, ddns_store_commit(ctl->store), "commit");
}

bool
ctl_note(struct ctl *ctl, const char *name, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return ctl_ok(ctl, ddns_change_refused(ctl->store, &ctl->actor, name,
	    DDNS_TYPE_NONE, "good", reason), "journal");
}
