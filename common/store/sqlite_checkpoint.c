/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/engine.h"
#include "common/store/sqlite_db.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * Checkpoints (moving the log's pages into the database) in a thread with a
 * handle of its own, so that no commit waits for them.
 *
 * After every STEP_PAGES of new log a passive checkpoint runs beside the
 * writer.  Under steady load it never quite catches up, and the log would grow
 * for ever: the engine starts it anew only when nothing in it is left to move.
 * So above END_PAGES the writer is kept out between two transactions for the
 * little that a passive checkpoint just left over.  Readers with an old
 * snapshot can keep the log from ending; then it is tried again after another
 * step.  When the disk is too slow for what is written, the log reaches
 * MAX_PAGES, and the writer waits.
 */

#define STEP_PAGES 4000  /* 16 MiB */
#define END_PAGES 12000  /* 48 MiB */
#define REST_PAGES 500   /* 2 MiB: a few milliseconds */
#define PASSES 4         /* at the most, to get there */
#define MAX_PAGES 25000  /* 100 MiB: the writer waits for the disk */
#define READERS_WAIT_MS 20 /* how long the writer may stand still for them */

struct db_checkpointer {
	struct ddns_store *store; /* its own */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* of wake, stop, pages */
	pthread_cond_t wake;
	bool stop;
	int pages;   /* in the log after the last commit */
	int done_at; /* pages when the last checkpoint ended */
	pthread_mutex_t gate; /* held by the writer during a transaction */
	pthread_cond_t gate_free;
	atomic_bool gate_wanted;
};

static bool
is_due(const struct db_checkpointer *c)
{
	/* fewer than then: the log was started anew */
	int from = c->pages < c->done_at ? 0 : c->done_at;

	return c->pages - from >= STEP_PAGES;
}

static int
on_log_grown(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct db_checkpointer *c = arg;

	(void)db;
	(void)name;
	pthread_mutex_lock(&c->lock);
	if (pages < c->done_at)
		c->done_at = 0;
	c->pages = pages;
	if (is_due(c)) {
		if (pages >= MAX_PAGES)
			c->gate_wanted = true; /* before the next one */
		pthread_cond_signal(&c->wake);
	}
	pthread_mutex_unlock(&c->lock);
	return SQLITE_OK;
}

static void
checkpoint(struct db_checkpointer *c, int mode)
{
	sqlite3_wal_checkpoint_v2(c->store->db, NULL, mode, NULL, NULL);
}

/*
 * The engine syncs the database only when it has caught up with the whole
 * log, which under load is when the writer has to wait for it.  So what a
 * passive checkpoint wrote is synced beforehand.
 */
static void
checkpoint_beside(struct db_checkpointer *c)
{
	sqlite3_file *file = NULL;

	checkpoint(c, SQLITE_CHECKPOINT_PASSIVE);
	sqlite3_file_control(c->store->db, "main", SQLITE_FCNTL_FILE_POINTER,
	    &file);
	if (file != NULL && file->pMethods != NULL)
		file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static int
get_pages(struct db_checkpointer *c)
{
	int pages;

	pthread_mutex_lock(&c->lock);
	pages = c->pages;
	pthread_mutex_unlock(&c->lock);
	return pages;
}

/* Beside the writer until little is left, then the rest without it. */
static void
end_log(struct db_checkpointer *c, int pages)
{
	int more = get_pages(c);

	for (int i = 0; i < PASSES && more - pages > REST_PAGES &&
	    !c->gate_wanted; i++) {
		pages = more;
		checkpoint_beside(c);
		more = get_pages(c);
	}
	c->gate_wanted = true;
	pthread_mutex_lock(&c->gate);
	checkpoint(c, SQLITE_CHECKPOINT_RESTART);
	c->gate_wanted = false;
	pthread_cond_signal(&c->gate_free);
	pthread_mutex_unlock(&c->gate);
}

static void *
run(void *arg)
{
	struct db_checkpointer *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->stop) {
		int pages = c->pages;

		if (!is_due(c) && !c->gate_wanted) {
			pthread_cond_wait(&c->wake, &c->lock);
			continue;
		}
		pthread_mutex_unlock(&c->lock);
		checkpoint_beside(c);
		if (pages >= END_PAGES || c->gate_wanted)
			end_log(c, pages);
		pthread_mutex_lock(&c->lock);
		if (c->pages >= pages)
			c->done_at = pages;
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static struct db_checkpointer *
checkpointer_new(void)
{
	struct db_checkpointer *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->wake, NULL);
	pthread_mutex_init(&c->gate, NULL);
	pthread_cond_init(&c->gate_free, NULL);
	return c;
}

static void
checkpointer_free(struct db_checkpointer *c)
{
	if (c == NULL)
		return;
	ddns_store_free(c->store);
	pthread_cond_destroy(&c->gate_free);
	pthread_mutex_destroy(&c->gate);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* A thread that no signal meant for the program goes to. */
static enum ddns_err
start_thread(struct db_checkpointer *c)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->running = failed == 0;
	return c->running ? DDNS_OK : DDNS_ENOMEM;
}

enum ddns_err
ddns_engine_serve_writer(struct ddns_store *store)
{
	struct db_checkpointer *c = checkpointer_new();
	enum ddns_err err = DDNS_ENOMEM;

	if (c == NULL)
		goto out;
	err = ddns_store_open(store->path, DDNS_STORE_WRITE, &c->store);
	if (err != DDNS_OK)
		goto out;
	sqlite3_busy_timeout(c->store->db, READERS_WAIT_MS);
	err = start_thread(c);
	if (err != DDNS_OK)
		goto out;
	sqlite3_wal_hook(store->db, on_log_grown, c);
	store->checkpointer = c;
	c = NULL; /* moved to the store */
out:
	checkpointer_free(c);
	return err;
}

void
db_checkpoint_stop(struct ddns_store *store)
{
	struct db_checkpointer *c = store->checkpointer;

	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	checkpoint(c, SQLITE_CHECKPOINT_PASSIVE);
	sqlite3_wal_hook(store->db, NULL, NULL);
	store->checkpointer = NULL;
	checkpointer_free(c);
}

void
db_checkpoint_enter(struct ddns_store *store)
{
	struct db_checkpointer *c = store->checkpointer;

	if (c == NULL)
		return;
	pthread_mutex_lock(&c->gate);
	while (c->gate_wanted)
		pthread_cond_wait(&c->gate_free, &c->gate);
}

void
db_checkpoint_leave(struct ddns_store *store)
{
	if (store->checkpointer != NULL)
		pthread_mutex_unlock(&store->checkpointer->gate);
}
