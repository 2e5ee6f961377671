/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/store/engine.h"

/*
 * One commit costs one sync of the disk whether it holds one job or hundreds.
 * So the thread takes whatever waits, applies it in the order it came, and
 * commits when nothing waits any more or the group is full or old enough.
 * Jobs that come while it commits make the next group: the busier the store,
 * the larger the groups.
 *
 * The first job of a group needs no mark: if it fails there is nothing else
 * to keep, and the transaction starts again.
 */

#define GROUP_MAX_US 3000 /* collecting; bounds what the first job waits */
#define RECENT_COMMITS 1024

struct ddns_writer {
	struct ddns_store *store;
	void (*on_commit)(void *arg);
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct ddns_write_job *first, **end;
	size_t waiting;
	bool stop;
	struct ddns_writer_stats stats;
	uint32_t recent_us[RECENT_COMMITS]; /* a ring of commit times */
};

struct group {
	struct ddns_write_job *first, **end;
	uint32_t jobs, failed;
};

/* The next job; NULL when none waits. */
static struct ddns_write_job *
take_job(struct ddns_writer *w)
{
	struct ddns_write_job *job;

	pthread_mutex_lock(&w->lock);
	job = w->first;
	if (job != NULL) {
		w->first = job->next;
		if (w->first == NULL)
			w->end = &w->first;
		w->waiting--;
		job->next = NULL;
	}
	pthread_mutex_unlock(&w->lock);
	return job;
}

static bool
wait_for_jobs(struct ddns_writer *w)
{
	bool more;

	pthread_mutex_lock(&w->lock);
	while (w->first == NULL && !w->stop)
		pthread_cond_wait(&w->wake, &w->lock);
	more = w->first != NULL;
	pthread_mutex_unlock(&w->lock);
	return more;
}

/* Alone in the transaction: undone by beginning again. */
static enum ddns_err
apply_first(struct ddns_writer *w, struct ddns_write_job *job)
{
	job->err = job->apply(w->store, job->arg);
	if (job->err == DDNS_OK)
		return DDNS_OK;
	ddns_store_rollback(w->store);
	return ddns_store_begin(w->store, DDNS_STORE_WRITE);
}

/* An error is the group's: what went before can not be kept either. */
static enum ddns_err
apply_marked(struct ddns_writer *w, struct ddns_write_job *job)
{
	enum ddns_err err = ddns_store_mark(w->store);

	if (err != DDNS_OK)
		return err;
	job->err = job->apply(w->store, job->arg);
	return job->err == DDNS_OK ? ddns_store_mark_keep(w->store)
				   : ddns_store_mark_undo(w->store);
}

static enum ddns_err
collect(struct ddns_writer *w, struct group *group)
{
	struct ddns_mono_us start = ddns_mono_us_now();
	enum ddns_err err = ddns_store_begin(w->store, DDNS_STORE_WRITE);
	struct ddns_write_job *job;
	bool empty = true;

	while ((job = take_job(w)) != NULL) {
		*group->end = job;
		group->end = &job->next;
		group->jobs++;
		job->err = DDNS_OK;
		if (err == DDNS_OK)
			err = empty ? apply_first(w, job)
				    : apply_marked(w, job);
		if (job->err == DDNS_OK)
			empty = false;
		if (group->jobs == DDNS_WRITER_MAX_GROUP ||
		    (err == DDNS_OK &&
		    ddns_mono_us_now().v - start.v >= GROUP_MAX_US))
			break; /* what can not be kept need not wait */
	}
	return err;
}

static void
finish(struct group *group, enum ddns_err err)
{
	struct ddns_write_job *next;

	for (struct ddns_write_job *job = group->first; job != NULL;
	    job = next) {
		next = job->next; /* done may free the job */
		if (job->err == DDNS_OK)
			job->err = err;
		if (job->err != DDNS_OK)
			group->failed++;
		if (job->done != NULL)
			job->done(job->err, job->arg);
	}
}

static void
count_commit(struct ddns_writer *w, int64_t us)
{
	pthread_mutex_lock(&w->lock);
	w->recent_us[w->stats.commits++ % RECENT_COMMITS] =
	    us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
	pthread_mutex_unlock(&w->lock);
}

static void
count_group(struct ddns_writer *w, const struct group *group)
{
	pthread_mutex_lock(&w->lock);
	w->stats.jobs += group->jobs;
	w->stats.failed += group->failed;
	w->stats.last_group = group->jobs;
	if (group->jobs > w->stats.max_group)
		w->stats.max_group = group->jobs;
	pthread_mutex_unlock(&w->lock);
}

static enum ddns_err
commit(struct ddns_writer *w)
{
	struct ddns_mono_us start = ddns_mono_us_now();
	enum ddns_err err = ddns_store_commit(w->store);

	if (err != DDNS_OK || !ddns_engine_has_changed(w->store))
		return err;
	count_commit(w, ddns_mono_us_now().v - start.v);
	if (w->on_commit != NULL)
		w->on_commit(w->arg);
	return DDNS_OK;
}

static void
write_group(struct ddns_writer *w)
{
	struct group group = { .end = &group.first };
	enum ddns_err err = collect(w, &group);

	if (err == DDNS_OK)
		err = commit(w);
	else
		ddns_store_rollback(w->store);
	finish(&group, err);
	count_group(w, &group);
}

static void *
run(void *arg)
{
	struct ddns_writer *w = arg;

	while (wait_for_jobs(w))
		write_group(w);
	return NULL;
}

/* A thread that no signal meant for the program goes to. */
static bool
start_thread(struct ddns_writer *w)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed == 0;
}

static void
release(struct ddns_writer *w)
{
	ddns_store_free(w->store);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

enum ddns_err
ddns_writer_start(struct ddns_store *take_store, void (*on_commit)(void *arg),
    void *arg, struct ddns_writer **ret)
{
	struct ddns_writer *w = calloc(1, sizeof(*w));
	enum ddns_err err;

	if (w == NULL) {
		ddns_store_free(take_store);
		return DDNS_ENOMEM;
	}
	w->store = take_store;
	w->on_commit = on_commit;
	w->arg = arg;
	w->end = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	err = ddns_engine_serve_writer(w->store);
	if (err == DDNS_OK && !start_thread(w))
		err = DDNS_ENOMEM;
	if (err != DDNS_OK) {
		release(w);
		return err;
	}
	*ret = w;
	return DDNS_OK;
}

enum ddns_err
ddns_writer_submit(struct ddns_writer *w, struct ddns_write_job *job)
{
	enum ddns_err err = DDNS_OK;

	pthread_mutex_lock(&w->lock);
	if (w->stop) {
		err = DDNS_ESTOP;
	} else if (w->waiting >= DDNS_WRITER_MAX_WAITING) {
		err = DDNS_EBUSY;
	} else {
		job->next = NULL;
		*w->end = job;
		w->end = &job->next;
		if (w->waiting++ == 0)
			pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

void
ddns_writer_free(struct ddns_writer *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	release(w);
}

static int
compare_us(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void
ddns_writer_get_stats(struct ddns_writer *w, struct ddns_writer_stats *ret)
{
	uint32_t us[RECENT_COMMITS];
	size_t count;

	pthread_mutex_lock(&w->lock);
	*ret = w->stats;
	memcpy(us, w->recent_us, sizeof(us));
	pthread_mutex_unlock(&w->lock);
	count = ret->commits < RECENT_COMMITS ? (size_t)ret->commits
					      : RECENT_COMMITS;
	qsort(us, count, sizeof(us[0]), compare_us);
	ret->commit_p50_us = count != 0 ? us[count / 2] : 0;
	ret->commit_p99_us = count != 0 ? us[count * 99 / 100] : 0;
}
