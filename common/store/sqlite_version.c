/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

#include <stdatomic.h>
#include <string.h>

/*
 * Which commit is the newest, without a lock and without a system call.
 *
 * The engine's readers find the newest commit in the header of the log's
 * index, 48 bytes of shared memory (sqlite.org/walformat.html, "The WAL-Index
 * Header"), and take their old snapshot for the newest when these bytes are
 * the same.  Here they are compared in the same way.  A commit writes this
 * copy of the header last, so what was seen before that is never too new.
 *
 * The engine maps the index with the first read and unmaps it at the end.
 * Without the right to write, and with nobody else there, it works without
 * shared memory: then there is nothing to look at.  Nor is there while a store
 * has no log, as a copy that nobody has written to yet.
 */
#define REGION_BYTES 32768
#define INDEX_VERSION 3007000u

static int
note_log(void *arg, int count, char **values, char **names)
{
	bool *logged = arg;

	(void)names;
	*logged = count == 1 && values[0] != NULL &&
	    strcmp(values[0], "wal") == 0;
	return 0;
}

static const uint64_t *
map_index(struct ddns_store *store)
{
	void volatile *base = NULL;
	sqlite3_file *file = NULL;
	bool logged = false;
	int rc;

	/* mapping it where the engine has not would make one */
	if (sqlite3_exec(store->db, "PRAGMA journal_mode", note_log, &logged,
	    NULL) != SQLITE_OK || !logged)
		return NULL;
	if (sqlite3_file_control(store->db, "main",
	    SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == NULL ||
	    file->pMethods == NULL || file->pMethods->iVersion < 2)
		return NULL;
	rc = file->pMethods->xShmMap(file, 0, REGION_BYTES, 0, &base);
	if (rc != SQLITE_OK && rc != SQLITE_READONLY)
		return NULL;
	return (const uint64_t *)base;
}

bool
ddns_store_peek_version(struct ddns_store *store,
    struct ddns_store_version *ret)
{
	if (store->index == NULL)
		store->index = map_index(store);
	if (store->index == NULL)
		return false;
	for (size_t i = 0; i < DDNS_COUNT(ret->v); i++)
		ret->v[i] = __atomic_load_n(&store->index[i],
		    __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_acquire);
	return (uint32_t)ret->v[0] == INDEX_VERSION; /* else not set up */
}
