/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Telling other handles, in whatever process, that there is something new.
 *
 * Watching the log for writes would wake too early: a commit becomes visible
 * only after its last write, when the shared index is set, and nothing more is
 * written then.  So each commit of ours ends with a touch of the log's times,
 * and the others watch for that.  Should the log be removed and made anew, the
 * folder tells.
 */

static void
add_log(struct ddns_store *store)
{
	store->watch_wal = inotify_add_watch(store->watch_fd,
	    store->wal_path, IN_ATTRIB);
}

static void
add_folder(struct ddns_store *store)
{
	char *path = ddns_strdup(store->wal_path);

	if (path != NULL)
		store->watch_dir = inotify_add_watch(store->watch_fd,
		    dirname(path), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	free(path);
}

int
ddns_store_watch_fd(struct ddns_store *store)
{
	if (store->watch_fd >= 0)
		return store->watch_fd;
	store->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (store->watch_fd < 0)
		return -1;
	add_folder(store);
	add_log(store);
	if (store->watch_dir < 0 && store->watch_wal < 0)
		db_watch_close(store);
	return store->watch_fd;
}

/* Was the log removed or made anew?  Then it has to be watched again. */
static bool
is_about_files(const struct ddns_store *store,
    const struct inotify_event *event)
{
	return event->wd == store->watch_dir ||
	    (event->mask & (IN_IGNORED | IN_Q_OVERFLOW)) != 0;
}

void
ddns_store_watch_drain(struct ddns_store *store)
{
	char buf[4096]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	bool again = store->watch_wal < 0;
	ssize_t len;

	if (store->watch_fd < 0)
		return;
	while ((len = read(store->watch_fd, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + len;) {
			const struct inotify_event *event = (const void *)p;

			again |= is_about_files(store, event);
			p += sizeof(*event) + event->len;
		}
	}
	if (again)
		add_log(store);
}

void
db_watch_close(struct ddns_store *store)
{
	if (store->watch_fd >= 0)
		close(store->watch_fd);
	store->watch_fd = store->watch_wal = store->watch_dir = -1;
}

void
db_watch_poke(struct ddns_store *store)
{
	/* who misses it sees the commit with the next one */
	(void)!utimensat(AT_FDCWD, store->wal_path, NULL, 0);
}
